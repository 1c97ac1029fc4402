"""What each part of the input knows of words, one kind a file, listed in `seqtag.settings.registry.EMBEDDINGS`.

An indexer is the half of an embedding that reads tokens: it learns its table from the training sentences, keeps a
sentence as one entry a token, and turns a batch of these into arrays for the network. It is stored with the model.
"""
