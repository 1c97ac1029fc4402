"""Signs that a corpus is not what it was read as, each found by a rule that looks at the whole of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from seqtag.corpora import artefacts, cells, headers, look_alikes, tags
from seqtag.corpora.findings import Finding, Level
from seqtag.corpora.first_rows import are_span_tags
from seqtag.corpora.reading import Corpus
from seqtag.corpora.spacing import mismatch
from seqtag.corpora.tags import SPAN_TAG, Scheme
from seqtag.support.quoting import counted, quoted

Rule = Callable[[Corpus, Scheme], Iterator[Finding]]
MOST = 0.9
"""The share of a corpus that speaks for a doubt about all of it."""
FEW = 10  # tokens that may be alike by chance
MANY = 4  # different words for each tag
_WITHHELD = "_"
_END = re.compile(r"\W?[^\W\d_]*\W?[.!?]\W*")  # "home.", "(not).", "."
_ATTRIBUTES = re.compile(r"[^=|]+=[^=|]+(?:\|[^=|]+=[^=|]+)*")


def doubts(corpus: Corpus, scheme: Scheme, *, named: bool = False) -> list[Finding]:
    """What the reader found, and what the rules find.

    Args:
        corpus: What was read.
        scheme: The tag scheme that it is taken for.
        named: Whether the user named it; then it is no question whether plain tags are spans.
    """
    rules = [rule for rule in RULES if not (named and rule is _span_spelling)]
    return [*corpus.findings, *(finding for rule in rules for finding in rule(corpus, scheme))]


def token_doubts(corpus: Corpus) -> Iterator[Finding]:
    """What shows without tags that the tokens are no words."""
    for rule in (_index_column, _withheld_words):
        yield from rule(corpus, tags.parse_scheme("plain"))


def _odd_scheme_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    for sentence in corpus.sentences:
        for index, problem in tags.problems(sentence.tags or (), scheme, corpus.spelling.spell):
            # A tag of another scheme counts as ill-formed; what no scheme knows is refused by the other commands.
            known = tags.is_tag((sentence.tags or ())[index], scheme)
            level: Level = "warning" if known else "error"
            yield Finding(level, "odd-scheme-tags", corpus.path, sentence.lines[index], problem)


def _span_spelling(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    if scheme.is_spans:
        return
    rows = [sentence.tags or () for sentence in corpus.sentences]
    if spelling := look_alikes.propose(rows):
        counts = Counter(chain.from_iterable(rows))
        inside = [tag for tag, _ in counts.most_common(3) if tag != spelling.outside]
        named = ", ".join(map(quoted, [*inside[:2], spelling.outside]))
        problem = f"the tags look like those of spans ({named}) but are read as plain tags: no span is scored"
        yield Finding("warning", "span-spelling", corpus.path, _first_line(corpus), problem, spelling.options)
    elif look_alikes.are_trees(set().union(*rows)):
        problem = "the tags are nested brackets, as of parse trees: they are read as plain tags"
        yield Finding("note", "span-spelling", corpus.path, _first_line(corpus), problem)


def _index_column(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    def counts(tokens: tuple[str, ...]) -> bool:
        first = tokens[0]
        return first in ("0", "1") and all(
            token == str(number) for number, token in enumerate(tokens, int(first))
        )

    if all(len(one) == 1 for one in corpus.sentences):
        return
    numbered = sum(len(one) for one in corpus.sentences if counts(one.tokens))
    if numbered >= MOST * corpus.tokens:
        yield _about_tokens(corpus, "index-column", "the tokens are running numbers, not words")
    elif corpus.first_rows.words_column() is not None:
        numbers = sum(token.isdecimal() for one in corpus.sentences for token in one.tokens)
        if numbers >= MOST * corpus.tokens:
            yield _about_tokens(corpus, "index-column", "the tokens are numbers, not words")


def _constant_tokens(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    first = corpus.sentences[0].tokens[0]
    alike = all(set(sentence.tokens) == {first} for sentence in corpus.sentences)
    if alike and corpus.tokens >= FEW and first != _WITHHELD:
        yield _about_tokens(corpus, "constant-tokens", f"every token is {quoted(first)}")


def _about_tokens(corpus: Corpus, code: str, problem: str) -> Finding:
    """A finding about the column of tokens, which names a better one if there is one."""
    option = "--token-column"
    if (words := corpus.first_rows.words_column()) is not None:
        option += f" {words}"
        examples = [quoted(row[words - 1]) for row in corpus.first_rows.rows[:2]]
        problem += f"; column {words} holds {', '.join(examples)}"
    return Finding("warning", code, corpus.path, _first_line(corpus), problem, option)


def _constant_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    found = {tag for sentence in corpus.sentences for tag in sentence.tags or ()}
    if len(found) == 1 and corpus.tokens > 1:
        spans = corpus.first_rows.spans_column()
        level: Level = "note" if found == {"O"} and scheme.is_spans and spans is None else "warning"
        problem = f"every token has the tag {quoted(found.pop())}"
        option = "--tag-column"
        if spans is not None:
            option += f" {spans}"
            problem += f"; column {spans} holds span tags"
        yield Finding(level, "constant-tags", corpus.path, _first_line(corpus), problem, option)


def _swapped_columns(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    tokens = set(chain.from_iterable(sentence.tokens for sentence in corpus.sentences))
    if not all(map(_is_like_tag, tokens)):
        return
    found = Counter(tag for sentence in corpus.sentences for tag in sentence.tags or ())
    few = MANY * len(tokens) <= len(found)
    unlike = sum(count for tag, count in found.items() if not _is_like_tag(tag))
    if 2 * unlike > corpus.tokens and (few or are_span_tags(tokens)):
        first, option = corpus.first_rows, "--token-column and --tag-column"
        if first.tag is not None:
            option = f"--token-column {first.tag + 1} --tag-column {first.token + 1}"
        one, other = sorted(tokens)[0], found.most_common(1)[0][0]
        problem = f"tokens such as {quoted(one)} look like tags, and tags such as {quoted(other)} like tokens"
        yield Finding("warning", "swapped-columns", corpus.path, _first_line(corpus), problem, option)


def _is_like_tag(text: str) -> bool:
    """Whether this could be a tag: of spans, or of parts of speech in capital letters, or a mark as its own tag."""
    return text.isupper() or SPAN_TAG.fullmatch(text) is not None or not any(map(str.isalnum, text))


def _attribute_tags(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    found = set(chain.from_iterable(sentence.tags or () for sentence in corpus.sentences)) - {"_"}
    if found and all(map(_ATTRIBUTES.fullmatch, found)):
        first = min(found)
        problem = (
            f"the tags are lists of attributes, such as {quoted(first)}; one of them can be read by its name"
        )
        name = corpus.first_rows.spans_column() or f"COLUMN:{first.partition('=')[0]}"
        option = f"--tag-column {name}"
        yield Finding("note", "attribute-tags", corpus.path, _first_line(corpus), problem, option)


def _withheld_words(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    withheld = sum(sentence.tokens.count(_WITHHELD) for sentence in corpus.sentences)
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


def _running_text(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    one = corpus.sentences[0]
    words = {tag for tag in one.tags or () if tag != tag.upper()}
    if len(corpus.sentences) == 1 and len(one) >= 8 and min(len(set(one.tokens)), len(words)) > len(one) / 2:
        problem = "no blank line ends a sentence, and most tags occur once: is it running text?"
        yield Finding("warning", "running-text", corpus.path, _first_line(corpus), problem)
        return
    ends = [tag for sentence in corpus.sentences for tag in sentence.tags or ()]
    if not scheme.is_spans and len(set(ends)) == len(ends) and all(map(_END.fullmatch, ends)):
        problem = f"the tags, such as {quoted(ends[0])}, look like the ends of sentences: is it running text?"
        yield Finding("warning", "running-text", corpus.path, _first_line(corpus), problem)


def _not_annotated(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Examples of Prodigy that the annotator did not accept."""
    found = [one for one in corpus.sentences if one.extra and one.extra.get("answer") in ("reject", "ignore")]
    if found:
        problem = f"{counted(len(found), 'sentence')} with the answer 'reject' or 'ignore'"
        problem += " are read like those that were accepted; leave them out of the file"
        yield Finding("warning", "not-annotated", corpus.path, found[0].lines[0], problem)


def _raw_text_mismatch(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    found = mismatch(corpus)
    if found is not None and found not in corpus.findings:
        yield found


def _first_line(corpus: Corpus) -> int | None:
    lines = corpus.sentences[0].lines
    return lines[0] if lines else None


RULES: tuple[Rule, ...] = (
    *(_header_row, _swapped_columns, _index_column, _constant_tokens, _constant_tags),
    *(_attribute_tags, _withheld_words, _running_text, _odd_scheme_tags, _span_spelling),
    *(*cells.RULES, *artefacts.RULES, _not_annotated, _raw_text_mismatch),
)
