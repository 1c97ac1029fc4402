"""`python -m seqtag`."""

from seqtag.cli import main

main()
