"""The network as an ONNX graph, built from settings and NumPy weights: one writer for each part of `seqtag.network`.

No TensorFlow, no Keras, no `onnx`; nothing here knows a word, a tag's name or a file.
"""
