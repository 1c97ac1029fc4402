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
from seqtag.corpora.token_doubts import WITHHELD, about_tokens, first_line, index_column, withheld_words
from seqtag.support.quoting import counted, quoted

Rule = Callable[[Corpus, Scheme], Iterator[Finding]]
FEW = 10  # tokens that may be alike by chance
MANY = 4  # different words for each tag
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
        yield Finding("warning", "span-spelling", corpus.path, first_line(corpus), problem, spelling.options)
    elif look_alikes.are_trees(set().union(*rows)):
        problem = "the tags are nested brackets, as of parse trees: they are read as plain tags"
        yield Finding("note", "span-spelling", corpus.path, first_line(corpus), problem)


def _constant_tokens(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    first = corpus.sentences[0].tokens[0]
    alike = all(set(sentence.tokens) == {first} for sentence in corpus.sentences)
    if alike and corpus.tokens >= FEW and first != WITHHELD:
        yield about_tokens(corpus, "constant-tokens", f"every token is {quoted(first)}")


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
        yield Finding(level, "constant-tags", corpus.path, first_line(corpus), problem, option)


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
        yield Finding("warning", "swapped-columns", corpus.path, first_line(corpus), problem, option)


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
        yield Finding("note", "attribute-tags", corpus.path, first_line(corpus), problem, option)


def _header_row(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    line = first_line(corpus)
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
        yield Finding("warning", "running-text", corpus.path, first_line(corpus), problem)
        return
    ends = [tag for sentence in corpus.sentences for tag in sentence.tags or ()]
    if not scheme.is_spans and len(set(ends)) == len(ends) and all(map(_END.fullmatch, ends)):
        problem = f"the tags, such as {quoted(ends[0])}, look like the ends of sentences: is it running text?"
        yield Finding("warning", "running-text", corpus.path, first_line(corpus), problem)


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


RULES: tuple[Rule, ...] = (
    *(_header_row, _swapped_columns, index_column, _constant_tokens, _constant_tags),
    *(_attribute_tags, withheld_words, _running_text, _odd_scheme_tags, _span_spelling),
    *(*cells.RULES, *artefacts.RULES, _not_annotated, _raw_text_mismatch),
)
