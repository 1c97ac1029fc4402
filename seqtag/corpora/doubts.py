"""Signs that a corpus is not what it was read as, each found by a rule that looks at the whole of it."""

from collections.abc import Callable, Iterator

from seqtag.corpora import headers, tags
from seqtag.corpora.findings import Finding, Level
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.support.quoting import quoted

Rule = Callable[[Corpus, Scheme], Iterator[Finding]]
MOST = 0.9
"""The share of a corpus that speaks for a doubt about all of it."""


def doubts(corpus: Corpus, scheme: Scheme) -> list[Finding]:
    """What the reader found, and what the rules find.

    Args:
        corpus: What was read.
        scheme: The tag scheme that it is taken for.
    """
    return [*corpus.findings, *(finding for rule in RULES for finding in rule(corpus, scheme))]


def _odd_scheme_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    for sentence in corpus.sentences:
        for index, problem in tags.problems(sentence.tags or (), scheme):
            yield Finding("warning", "odd-scheme-tags", corpus.path, sentence.lines[index], problem)


def _index_column(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    def counts(tokens: tuple[str, ...]) -> bool:
        first = tokens[0]
        return first in ("0", "1") and all(
            token == str(number) for number, token in enumerate(tokens, int(first))
        )

    numbered = sum(len(one) for one in corpus.sentences if counts(one.tokens))
    if numbered >= MOST * corpus.tokens and any(len(one) > 1 for one in corpus.sentences):
        problem = "the tokens are running numbers, not words"
        yield Finding(
            "warning", "index-column", corpus.path, _first_line(corpus), problem, "--token-column 2"
        )


def _constant_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    found = {tag for sentence in corpus.sentences for tag in sentence.tags or ()}
    if len(found) == 1 and corpus.tokens > 1:
        level: Level = "note" if found == {"O"} and scheme.is_spans else "warning"
        problem = f"every token has the tag {found.pop()!r}"
        yield Finding(level, "constant-tags", corpus.path, _first_line(corpus), problem, "--tag-column")


def _withheld_words(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    withheld = sum(sentence.tokens.count("_") for sentence in corpus.sentences)
    if withheld >= MOST * corpus.tokens and corpus.tokens > 1:
        problem = "the tokens are underscores: the words were left out, as corpora under a licence do"
        yield Finding("error", "withheld-words", corpus.path, _first_line(corpus), problem)


def _header_row(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    line = _first_line(corpus)
    if line is not None and headers.first_row_is_header(corpus.sentences):
        first = corpus.sentences[0]
        problem = (
            f"{headers.LOOKS_LIKE}: {quoted(first.tokens[0])}, {quoted(first.tags[0] if first.tags else '')}"
        )
        yield Finding("warning", headers.CODE, corpus.path, line, problem, headers.option(line))


def _first_line(corpus: Corpus) -> int | None:
    lines = corpus.sentences[0].lines
    return lines[0] if lines else None


RULES: tuple[Rule, ...] = (_header_row, _odd_scheme_tags, _index_column, _constant_tags, _withheld_words)
