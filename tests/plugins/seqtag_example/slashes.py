"""A corpus format: a sentence a line, `token/TAG token/TAG`."""

from collections.abc import Iterable, Iterator, Sequence

from seqtag.corpora.sentence import Sentence


def parse(
    numbered: Iterable[tuple[int, str]],
    name: str,
    *,
    token_column: int | str | None = None,
    tag_column: int | str | None = None,
    with_tags: bool = True,
    feature_columns: Sequence[int | str] = (),
) -> Iterator[Sentence]:
    for number, line in numbered:
        pairs = [pair.rpartition("/") for pair in line.split()]
        tokens, tags = tuple(token for token, _, _ in pairs), tuple(tag for _, _, tag in pairs)
        yield Sentence(tokens, tags if with_tags else None, (number,) * len(tokens))
