"""Recurrent cells by name, listed in `seqtag.parts.CELLS`.

Each knows its Keras layer, which is the reference, and writes itself as an ONNX operator.
"""
