"""Transduction: another sequence for a sequence, by an encoder and a decoder.

Only the training needs TensorFlow.
"""
