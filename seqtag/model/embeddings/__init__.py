"""What a token looks like to the network; one kind a file, listed in `seqtag.parts.EMBEDDINGS`."""
