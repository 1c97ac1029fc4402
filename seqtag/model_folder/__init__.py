"""Model folders: manifest and checksums, atomic replacement, reading and checking.

What a file of the folder means for a network lives in `graph` and `network`.
"""
