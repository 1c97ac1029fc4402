"""Signs that the tokens of a corpus are no words, which show without tags."""

from collections.abc import Iterator

from seqtag.corpora import tags
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.support.quoting import quoted

MOST = 0.9
"""The share of a corpus that speaks for a doubt about all of it."""
WITHHELD = "_"


def token_doubts(corpus: Corpus) -> Iterator[Finding]:
    """What shows without tags that the tokens are no words."""
    for rule in (index_column, withheld_words):
        yield from rule(corpus, tags.parse_scheme("plain"))


def index_column(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """The tokens are numbers."""

    def counts(tokens: tuple[str, ...]) -> bool:
        first = tokens[0]
        return first in ("0", "1") and all(
            token == str(number) for number, token in enumerate(tokens, int(first))
        )

    if all(len(one) == 1 for one in corpus.sentences):
        return
    numbered = sum(len(one) for one in corpus.sentences if counts(one.tokens))
    if numbered >= MOST * corpus.tokens:
        yield about_tokens(corpus, "index-column", "the tokens are running numbers, not words")
    elif corpus.first_rows.words_column() is not None:
        numbers = sum(token.isdecimal() for one in corpus.sentences for token in one.tokens)
        if numbers >= MOST * corpus.tokens:
            yield about_tokens(corpus, "index-column", "the tokens are numbers, not words")


def withheld_words(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """The tokens are underscores."""
    withheld = sum(sentence.tokens.count(WITHHELD) for sentence in corpus.sentences)
    if withheld >= MOST * corpus.tokens and corpus.tokens > 1:
        problem = "the tokens are underscores: the words were left out, as corpora under a licence do"
        yield Finding("error", "withheld-words", corpus.path, first_line(corpus), problem)


def about_tokens(corpus: Corpus, code: str, problem: str) -> Finding:
    """A finding about the column of tokens, which names a better one if there is one."""
    option = "--token-column"
    if (words := corpus.first_rows.words_column()) is not None:
        option += f" {words}"
        examples = [quoted(row[words - 1]) for row in corpus.first_rows.rows[:2]]
        problem += f"; column {words} holds {', '.join(examples)}"
    return Finding("warning", code, corpus.path, first_line(corpus), problem, option)


def first_line(corpus: Corpus) -> int | None:
    """The line of the first token, where the file has lines."""
    lines = corpus.sentences[0].lines
    return lines[0] if lines else None
