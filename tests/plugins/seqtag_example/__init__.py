"""A package that adds parts to seqtag by entry points; `tests/plugins/conftest.py` installs it."""
