"""Cells by name, listed in `seqtag.settings.registry.CELLS`: most of them recurrent, some without a state.

Each knows its Keras layer, which is the reference, and writes itself as ONNX.
"""
