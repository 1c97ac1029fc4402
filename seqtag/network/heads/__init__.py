"""What turns features into tags; one kind a file, listed in `seqtag.settings.registry.HEADS`."""
