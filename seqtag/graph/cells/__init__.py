"""The graph writers of cells, listed in `seqtag.settings.registry.CELLS`."""
