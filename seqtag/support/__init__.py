"""What any part may need and none owns: errors, signals, files, quoting, CPU count.

Nothing here imports another package of seqtag.
"""
