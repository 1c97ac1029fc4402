"""Sentences and files of sentences: formats, tag schemes, tokenizers, detection.

Nothing here knows of a model.
"""
