"""What a token looks like to the network; one kind a file, listed in `seqtag.settings.registry.EMBEDDINGS`."""
