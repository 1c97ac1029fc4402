"""The functions and the class behind `import seqtag`: they check their arguments and call one stage or the tagger.

What a stage does belongs there; the types that the functions return belong to the packages that make them.
"""
