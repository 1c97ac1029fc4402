"""A trained model at work on ONNX Runtime: batches, windows for long sentences, probabilities, the tagger; the
output layer of a language model.

Nothing here imports TensorFlow or Keras.
"""
