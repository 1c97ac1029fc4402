"""A corpus format: a sentence a line, `token^TAG token^TAG`."""

from collections.abc import Iterator

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.sentence import Sentence


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    for number, line in source.lines():
        pairs = [pair.rpartition("^") for pair in line.split()]
        tokens, tags = tuple(token for token, _, _ in pairs), tuple(tag for _, _, tag in pairs)
        yield Sentence(tokens, tags if options.with_tags else None, (number,) * len(tokens))
