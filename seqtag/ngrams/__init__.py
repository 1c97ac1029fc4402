"""n-gram language models: counts, smoothing, scores, ARPA files. NumPy only.

What reads text, prints or chooses between kinds of language models is not here.
"""
