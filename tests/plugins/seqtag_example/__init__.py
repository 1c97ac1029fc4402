"""A package that adds parts to seqtag by entry points; `tests/plugins/conftest.py` installs it."""

from seqtag.settings.registry import Format, Part

CELL = Part(network="seqtag_example.network:Doubled", graph="seqtag_example.graph:Doubled", stateful=False)
HEAD = Part(network="seqtag_example.network:Greedy", graph="seqtag_example.graph:Greedy")
HALF = Part(network="seqtag_example.network:Doubled")
BROKEN = Part(network="seqtag_example.broken:Layer", graph="seqtag_example.broken:Layer")
CARETS = Format("token^TAG", reader="seqtag_example.carets:read", tagged=True)
