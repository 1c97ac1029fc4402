"""A corpus answered in shards, one part file each: what is to be done, and how a worker does a shard of it.

Whatever runs workers uses this; nothing here knows what does. A shard may be done twice, at once or after one another:
its part file appears whole or not at all, with the same bytes.
"""
