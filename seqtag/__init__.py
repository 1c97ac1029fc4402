"""seqtag: train, evaluate and use recurrent sequence taggers from the command line."""

__version__ = "0.1.0"
