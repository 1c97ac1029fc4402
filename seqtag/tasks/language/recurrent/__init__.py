"""Recurrent language models: their text, training and folder, and what one says of sentences.

Only the training needs TensorFlow.
"""
