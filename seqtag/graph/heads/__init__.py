"""The graph writers of heads, listed in `seqtag.settings.registry.HEADS`."""
