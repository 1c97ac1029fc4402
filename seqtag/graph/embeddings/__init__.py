"""The graph writers of embeddings; one kind a file, listed in `seqtag.settings.registry.EMBEDDINGS`."""
