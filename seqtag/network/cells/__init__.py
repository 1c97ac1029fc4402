"""Cells by name, listed in `seqtag.settings.registry.CELLS`: most of them recurrent, some without a state.

The Keras layer of each is the reference for its graph writer in `seqtag.graph.cells`.
"""
