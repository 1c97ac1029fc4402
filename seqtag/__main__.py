"""`python -m seqtag`."""

from seqtag.start import main

main()
