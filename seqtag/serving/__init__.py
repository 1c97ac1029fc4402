"""The HTTP server of `seqtag serve`: requests, batches, limits, metrics and the page to try a model."""
