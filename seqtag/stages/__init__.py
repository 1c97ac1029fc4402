"""The work behind each command, one file each: corpora and models in, results out as values.

A stage never imports another stage, and prints nothing.
"""
