"""What runs the workers of `seqtag.tasks.shards` on other processes and machines: one module each, which
knows the engine and nothing of text.
"""
