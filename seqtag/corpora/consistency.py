"""Whether corpora agree with themselves and with each other, and hold enough to learn from.

Each function gives findings of one or two kinds; `seqtag check` asks all of them.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from seqtag.corpora.findings import Finding, Level
from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, Span, spans
from seqtag.support.quoting import counted, quoted, shortened

FEW = 10  # examples with which a type is hardly learnt
LONG = 500  # tokens that a sentence rarely has
SHORT = 5  # a shorter sentence, such as "Thank you .", may stand in any two files
SHARED = 0.01  # the share of a file that another one may hold by chance
UNKNOWN = 0.5  # the share of words unknown in training beyond which little can be expected
CONSISTENT = 5  # labels of a phrase that make another one stand out
# UTF-8 that was read as Latin-1 or Windows-1252 and written again: a lead byte as a letter, then a continuation byte.
_TWICE_ENCODED = re.compile(
    "[ÃÂÐÑ][\u0080-\u00bf]|â€|[à-ï](?:[\u0080-\u009f][\u0080-\u00bf]|[\u0080-\u00bf][\u0080-\u009f])"
)
# Bytes of Windows-1252 that were read as Latin-1, such as its quotes and dashes.
_WINDOWS = re.compile("[\u0080\u0082-\u008c\u008e\u0091-\u009c\u009e\u009f]")
_LOST = "\ufffd"  # what decoders write for bytes that they cannot read

Places = Mapping[tuple[str, ...], Sentence]


def first_places(corpus: Corpus) -> dict[tuple[str, ...], Sentence]:
    """Where each different sentence stands first."""
    places: dict[tuple[str, ...], Sentence] = {}
    for sentence in corpus.sentences:
        places.setdefault(sentence.tokens, sentence)
    return places


def repeated(corpus: Corpus, places: Places) -> Iterator[Finding]:
    """Sentences that stood in the corpus before: each with other tags, and how many there are in all.

    Args:
        corpus: What was read.
        places: Its `first_places`.
    """
    first: tuple[Sentence, Sentence] | None = None
    count = 0
    for sentence in corpus.sentences:
        known = places[sentence.tokens]
        if known is sentence:
            continue
        count += 1
        if known.tags != sentence.tags:
            problem = f"{_start(sentence)} has other tags than in line {_line(known)}"
            yield Finding("warning", "duplicate-sentences", corpus.path, _line(sentence), problem)
        elif first is None or len(sentence) > len(first[0]):
            first = sentence, known
    if first is not None:
        problem = (
            f"{_share(count, len(corpus.sentences))} stood in the file before, such as this one in line "
            f"{_line(first[1])}: {_start(first[0])}"
        )
        yield Finding("note", "duplicate-sentences", corpus.path, _line(first[0]), problem)


def overlapping(first: Corpus, places: Places, second: Corpus) -> Iterator[Finding]:
    """How many sentences of a corpus stand in another one, too.

    Args:
        first: The other one.
        places: Its `first_places`.
        second: The corpus.
    """
    of = [sentence for sentence in second.sentences if len(sentence) >= SHORT]
    shared = [sentence for sentence in of if sentence.tokens in places]
    if shared:
        longest = max(shared, key=len)
        level: Level = "warning" if len(shared) >= SHARED * len(of) else "note"
        problem = (
            f"{first.path} also has {_share(len(shared), len(of))} of {SHORT} tokens or more, such as this one in "
            f"its line {_line(places[longest.tokens])}: {_start(longest)}"
        )
        yield Finding(level, "overlap", second.path, _line(longest), problem)


def labels(corpus: Corpus, scheme: Scheme) -> Iterator[Finding]:
    """Phrases that have one label nearly everywhere, and another one, or none, in a few places."""
    if not scheme.is_spans:
        return
    found = [_spans(sentence, scheme) for sentence in corpus.sentences]
    phrases: dict[tuple[str, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for sentence, own in zip(corpus.sentences, found, strict=True):
        for span in own:
            lines = phrases[sentence.tokens[span.start : span.end]][span.label]
            lines.append(sentence.lines[span.start] if sentence.lines else 0)
    usual = {phrase: one for phrase, one in phrases.items() if max(map(len, one.values())) >= CONSISTENT}
    _add_unmarked(usual, corpus, found)
    for phrase, places in usual.items():
        label, own_lines = max(places.items(), key=lambda item: len(item[1]))
        for other, lines in places.items():
            if other != label and CONSISTENT * len(lines) <= len(own_lines):
                where = f"in {counted(len(own_lines), 'place')}, but {other or 'unmarked'} here"
                more = f" and in {len(lines) - 1:,} more" if len(lines) > 1 else ""
                problem = f"{_quoted(phrase)} is {label or 'an entity'} {where}{more}"
                yield Finding("note", "inconsistent-labels", corpus.path, lines[0], problem)


def _add_unmarked(
    usual: Mapping[tuple[str, ...], dict[str, list[int]]], corpus: Corpus, found: Sequence[Sequence[Span]]
) -> None:
    """Adds the places, under the label "", where a phrase of several words stands outside of all spans."""
    by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for phrase in usual:
        if len(phrase) > 1:
            by_first[phrase[0]].append(phrase)
    for sentence, own in zip(corpus.sentences, found, strict=True):
        tokens = sentence.tokens
        if by_first.keys().isdisjoint(tokens):
            continue
        inside = {at for span in own for at in range(span.start, span.end)}
        for start, token in enumerate(tokens):
            for phrase in by_first.get(token, ()):
                end = start + len(phrase)
                if tokens[start:end] == phrase and inside.isdisjoint(range(start, end)):
                    usual[phrase].setdefault("", []).append(sentence.lines[start] if sentence.lines else 0)


def rare_types(corpus: Corpus, scheme: Scheme, counts: Mapping[str, int]) -> Iterator[Finding]:
    """Types with too few examples to learn from.

    Args:
        corpus: The corpus to train on.
        scheme: Its tag scheme.
        counts: How often each type, or each plain tag, stands there.
    """
    level: Level = "warning" if scheme.is_spans else "note"
    yield from few_examples(corpus.path, "type" if scheme.is_spans else "tag", counts, level)


def few_examples(path: str, what: str, counts: Mapping[str, int], level: Level) -> Iterator[Finding]:
    """Names with too few examples to learn from.

    Args:
        path: The file to train on.
        what: What the names are, such as "type".
        counts: How often each of them stands there.
        level: How grave it is.
    """
    for name, count in counts.items():
        if count < FEW:
            few = f"{counted(count, 'example')}; a {what} with fewer than {FEW} is hardly learnt"
            problem = f"the {what} {shortened(name) or '(no label)'} has {few}"
            yield Finding(level, "rare-type", path, None, problem)


def lengths(corpus: Corpus) -> Iterator[Finding]:
    """Sentences that are probably several, and tokens that are probably not sentences."""
    longest = max(corpus.sentences, key=len)
    if len(longest) > LONG:
        problem = f"a sentence of {counted(len(longest), 'token')} begins; are blank lines missing?"
        yield Finding("warning", "long-sentence", corpus.path, _line(longest), problem)
    many = [one for one in corpus.sentences if one.tokens[:-1].count(".") > 1]
    if 2 * len(many) > len(corpus.sentences):
        share = _share(len(many), len(corpus.sentences))
        problem = f"{share} hold several: whole documents are tagged best sentence by sentence"
        yield Finding("warning", "one-line-documents", corpus.path, _line(many[0]), problem)
    single = sum(len(one) == 1 for one in corpus.sentences)
    if len(corpus.sentences) > 1 and single > 0.9 * len(corpus.sentences):
        problem = (
            f"{_share(single, len(corpus.sentences))} have one token: does a blank line follow each row?"
        )
        yield Finding("warning", "one-token-sentences", corpus.path, _line(corpus.sentences[0]), problem)


def unknown_words(corpus: Corpus, train: str, rate: float) -> Iterator[Finding]:
    """A corpus most of whose tokens the training file lacks."""
    if rate > UNKNOWN:
        problem = (
            f"{rate:.1%} of the tokens do not occur in {train}; are both of one language and tokenised alike?"
        )
        yield Finding("warning", "unknown-words", corpus.path, None, problem)


def characters(corpus: Corpus) -> Iterator[Finding]:
    """Text that was encoded twice, and words in two normal forms."""
    first: dict[str, int | None] = {}
    for sentence in corpus.sentences:
        if not first.keys() >= set(sentence.tokens):
            for at, token in enumerate(sentence.tokens):
                first.setdefault(
                    token, sentence.lines[min(at, len(sentence.lines) - 1)] if sentence.lines else None
                )
    special = [token for token in first if not token.isascii()]
    if broken := [token for token in special if _TWICE_ENCODED.search(token)]:
        problem = f"{_quoted(broken[:1])} looks like UTF-8 that was decoded as another encoding"
        yield Finding("warning", "encoding", corpus.path, first[broken[0]], _and_more(problem, len(broken)))
    if windows := [token for token in special if _WINDOWS.search(token) and not _TWICE_ENCODED.search(token)]:
        letters = _WINDOWS.findall(windows[0])
        problem = f"the token {quoted(windows[0])} holds a control character, which stood for"
        problem += (
            f" {letters[0].encode('latin-1').decode('cp1252')!r} before Windows-1252 was decoded as Latin-1"
        )
        yield Finding("warning", "encoding", corpus.path, first[windows[0]], _and_more(problem, len(windows)))
    if lost := [token for token in special if _LOST in token]:
        problem = "the token holds U+FFFD, which stands where text could not be decoded"
        yield Finding("warning", "encoding", corpus.path, first[lost[0]], _and_more(problem, len(lost)))
    twice = [
        token for token in special if (one := unicodedata.normalize("NFC", token)) != token and one in first
    ]
    if twice:
        problem = f"{_quoted(twice[:1])} also occurs in the normal form NFC, as another word"
        yield Finding("warning", "normal-form", corpus.path, first[twice[0]], _and_more(problem, len(twice)))


def _spans(sentence: Sentence, scheme: Scheme) -> list[Span]:
    try:
        return spans(sentence.tags or (), scheme)
    except ValueError:  # a tag of no scheme, which is a finding of its own
        return []


def _line(sentence: Sentence) -> int | None:
    return sentence.lines[0] if sentence.lines else None


def _share(count: int, of: int) -> str:
    return f"{count:,} of {counted(of, 'sentence')} ({count / of:.1%})"


def _quoted(tokens: Sequence[str]) -> str:
    return f'"{" ".join(tokens)}"'


def _start(sentence: Sentence) -> str:
    text = " ".join(sentence.tokens)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _and_more(problem: str, count: int) -> str:
    return problem if count == 1 else f"{problem}; so it is with {count - 1:,} more"


def tag_counts(corpus: Corpus) -> Counter[str]:
    """How often each tag stands in a corpus."""
    counts: Counter[str] = Counter()
    for sentence in corpus.sentences:
        counts.update(sentence.tags or ())
    return counts
