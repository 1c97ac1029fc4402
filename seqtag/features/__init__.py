"""Words to numbers: the vocabulary, an indexer for each embedding, pretrained vectors.

What a network does with the numbers lives in `network` and `graph`.
"""
