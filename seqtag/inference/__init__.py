"""A trained model at work on ONNX Runtime: batches, windows for long sentences, probabilities, the tagger.

Nothing here imports TensorFlow or Keras.
"""
