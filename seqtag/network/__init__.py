"""The network: the only package that imports Keras and TensorFlow.

Arrays in, arrays out: nothing here knows a word, a tag's name or a file. Call `runtime.start` before any
other module of this package is imported.
"""
