"""Tag schemes as data: how a tag is read, which may follow which, how tags and spans turn into each other.

A tag is ``LETTER-label`` ("B-PER"), a bare ``LETTER`` (its label is ""), or "O". Whatever letters a corpus
writes, the work below is done with the canonical ones: B begins a span, I goes on, E ends it, S is a span of
one token, O is outside.

Scheme  letters        a span of one, two and three tokens
------  -------------  -----------------------------------
iob1    B I O          I    I I    I I I    (B only right after a span of the same label)
bio     B I O          B    B I    B I I
ioe1    I E O          I    I I    I I I    (E only right before a span of the same label)
ioe2    I E O          E    I E    I I E
bioes   B I E S O      S    B E    B I E    (also spelt B M E S, B M E W O)
bilou   B I L U O      U    B L    B I L
plain   none           tags without spans, such as parts of speech

A tag with a letter of another scheme is ill-formed wherever it stands: `problems` lists it, `spans` reads it as
conlleval does and `strict_spans` passes it over.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeGuard

from seqtag.settings.registry import SCHEMES
from seqtag.support.errors import UsageError, suggest

_CANONICAL = {
    "iob1": "BIO",
    "bio": "BIO",
    "ioe1": "IEO",
    "ioe2": "IEO",
    "bioes": "BIESO",
    "bilou": "BIESO",
    "plain": "",
}
_OTHER_LETTERS = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}

# Per scheme: after these letters (^ is the start of the sentence) may come these letters with any label ($ is
# its end), and these with the same label only.
_FOLLOWS = {
    "iob1": (("^O", "IO$", ""), ("BI", "IO$", "B")),
    "bio": (("^O", "BO$", ""), ("BI", "BO$", "I")),
    "ioe1": (("^OI", "IEO$", ""), ("E", "", "IE")),
    "ioe2": (("^OE", "IEO$", ""), ("I", "", "IE")),
    "bioes": (("^OES", "BSO$", ""), ("BI", "", "IE")),
}
_FOLLOWS["bilou"] = _FOLLOWS["bioes"]

Spell = Callable[[str], str]
"""A tag as messages name it."""

_Condition = Literal["any", "same", "diff"]


class _Strict(NamedTuple):
    """When a strict span starts, goes on and ends: pairs of letters, and how their labels must compare."""

    start: Mapping[str, _Condition]
    inside: frozenset[str]  # always with the same label
    end: Mapping[str, _Condition]


def _pairs(previous: str, current: str) -> dict[str, _Condition]:
    return {first + second: "any" for first in previous for second in current}


# The patterns of seqeval's strict mode, to which the tests hold them; its IOB1 and IOE1 are as lopsided as here. There,
# an E of IOE1 begins a span only after another E: of the well-formed `E-X I-X`, the first span is passed over.
_STRICT = {
    "iob1": _Strict(
        start={"OI": "any", "BI": "any", "II": "diff", "IB": "same", "BB": "same"},
        inside=frozenset({"BI", "II"}),
        end={"BO": "any", "IO": "any", "IB": "any", "II": "diff", "BI": "diff", "BB": "same"},
    ),
    "bio": _Strict(start=_pairs("BIO", "B"), inside=frozenset({"BI", "II"}), end=_pairs("BI", "BIO")),
    "ioe1": _Strict(
        start={"OI": "any", "II": "diff", "EI": "any", "EE": "same"},
        inside=frozenset({"II", "IE"}),
        end={"II": "diff", "IO": "any", "IE": "diff", "EI": "same", "EE": "same"},
    ),
    "ioe2": _Strict(
        start={**_pairs("OE", "IE"), "II": "diff", "IE": "diff"},
        inside=frozenset({"II", "IE"}),
        end=_pairs("E", "IEO"),
    ),
    "bioes": _Strict(
        start=_pairs("BIESO", "BS"),
        inside=frozenset({"BI", "BE", "II", "IE"}),
        end=_pairs("ES", "BIESO"),
    ),
}
_STRICT["bilou"] = _STRICT["bioes"]


class Span(NamedTuple):
    """A labelled stretch of tokens; ``end`` is the token after the last one."""

    start: int
    end: int
    label: str


class _Parsed(dict[str, tuple[str, str]]):
    """Tags already read, so that each different tag of a corpus is taken apart once."""

    def __init__(self, scheme: "Scheme") -> None:
        super().__init__()
        self._scheme = scheme
        self._canonical = _OTHER_LETTERS | dict(zip(scheme.letters, _CANONICAL[scheme.name], strict=True))

    def __missing__(self, tag: str) -> tuple[str, str]:
        letter = self._canonical.get(tag[:1]) if self._scheme.is_spans else None
        well_formed = len(tag) == 1 or (len(tag) > 2 and tag[1] == "-" and letter != "O")
        if letter is None or not well_formed:
            raise ValueError(f"{tag!r} {self._scheme.unlike()}")
        self[tag] = parsed = (letter, tag[2:])
        return parsed


@dataclass(frozen=True)
class Scheme:
    """A tag scheme and its spelling.

    Attributes:
        name: "iob1", "bio", "ioe1", "ioe2", "bioes", "bilou" or "plain".
        letters: The letters as the corpus writes them, in the order B I O, I E O or B I E S O ("BMESO": I is M).
    """

    name: str
    letters: str
    _parsed: _Parsed = field(init=False, repr=False, compare=False)
    _legal: set[tuple[str | None, str | None]] = field(
        default_factory=set, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        canonical = _CANONICAL.get(self.name)
        if canonical is None:
            raise ValueError(f"unknown tag scheme {self.name!r}.{suggest(self.name, _CANONICAL)}")
        legal = self.letters.isascii() and not self.letters.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        distinct = len(set(self.letters)) == len(self.letters) == len(canonical)
        if not (legal and distinct and self.letters[-1:] == canonical[-1:]):
            raise ValueError(f"the letters {self.letters!r} do not spell the tag scheme {self.name!r}")
        object.__setattr__(self, "_parsed", _Parsed(self))

    @property
    def is_spans(self) -> bool:
        """Whether the tags mark spans; False for plain tags."""
        return self.name != "plain"

    @property
    def title(self) -> str:
        """The name to show to a user, which tells the spellings of BIOES apart: "BIOES", "BMES", "BMEWO"."""
        if self.name == "plain":
            return "plain"
        spelt = (name for name, value in SCHEMES.items() if value == (self.name, self.letters))
        return self.name.upper() if "I" in self.letters else next(spelt, self.name).upper()

    def expected(self, spell: Spell = str) -> str:
        """The tags of the scheme in words: "O, B-label or I-label"."""
        *others, last = (spell(f"{letter}-label") for letter in self.letters[:-1])
        return f"{spell('O')}, {', '.join(others)} or {last}"

    def unlike(self, spell: Spell = str) -> str:
        """What a message says of a tag that the scheme does not have."""
        return f"is not a {self.title} tag; expected {self.expected(spell)}"

    def has(self, tag: str) -> bool:
        """Whether this is one of the scheme's tags, wherever it stands; a plain scheme has all."""
        if not self.is_spans:
            return True
        try:
            self._parsed[tag]
        except ValueError:
            return False
        return tag[0] in self.letters

    def to_json(self) -> dict[str, str]:
        """The scheme as a JSON object; ``from_json`` reads it back."""
        return {"name": self.name, "letters": self.letters}

    @classmethod
    def from_json(cls, data: Any) -> "Scheme":
        """The scheme that ``to_json`` wrote; ValueError for anything else."""
        match data:
            case {"name": str(name), "letters": str(letters), **rest} if not rest:
                return cls(name, letters)
        raise ValueError(f"expected a tag scheme with a name and letters. Received: {data!r}")


def parse_scheme(name: str) -> Scheme:
    """The scheme that a user names, in any case; UsageError for an unknown name."""
    known = SCHEMES.get(name.strip().lower())
    if known is None:
        raise UsageError(f"Unknown tag scheme {name!r}.{suggest(name.lower(), ['auto', *SCHEMES])}")
    return Scheme(*known)


def is_named(scheme: str | None) -> TypeGuard[str]:
    """Whether a user names a scheme, rather than leave it to be found."""
    return scheme is not None and scheme.strip().lower() != "auto"


def split(tag: str, scheme: Scheme) -> tuple[str, str]:
    """The canonical letter and the label of a tag, which may have a letter of another scheme; ValueError for a tag of
    no scheme of spans.
    """
    return scheme._parsed[tag]


def types(tags: Iterable[str], scheme: Scheme) -> list[str]:
    """The types of the spans that these tags can mark, sorted; of plain tags, the tags.

    Example:
        >>> types(["O", "B-PER", "I-PER", "B-LOC"], parse_scheme("bio"))
        ['LOC', 'PER']
    """
    if not scheme.is_spans:
        return sorted(set(tags))
    return sorted({split(tag, scheme)[1] for tag in tags if tag != "O"})


def is_tag(tag: str, scheme: Scheme) -> bool:
    """Whether this is a tag of the scheme, or of another scheme of spans."""
    try:
        split(tag, scheme)
    except ValueError:
        return False
    return True


def _join(letter: str, label: str, scheme: Scheme) -> str:
    spelt = scheme.letters[_CANONICAL[scheme.name].index(letter)]
    return f"{spelt}-{label}" if label else spelt


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The spans of one sentence as conlleval finds them: every tag but O is in a span, well-formed or not.

    An I or E that continues nothing starts a span. Plain tags have no spans. ValueError for a tag of no scheme.
    """
    if not scheme.is_spans:
        return []
    found: list[Span] = []
    parsed = scheme._parsed
    start, open_label, previous = 0, "", "O"
    for index, tag in enumerate(tags):
        if tag == previous == "O":
            continue
        letter, label = parsed[tag]
        if previous == "O":
            start, open_label = index, label
        elif previous in "ES" or letter in "BSO" or label != open_label:
            found.append(Span(start, index, open_label))
            start, open_label = index, label
        previous = letter
    if previous != "O":
        found.append(Span(start, len(tags), open_label))
    return found


def strict_spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The well-formed spans of one sentence only, as seqeval's strict mode finds them.

    Of well-formed tags these are all spans, but for one case: in IOE1, a span that an E begins is found only right
    after another E.

    A tag that the scheme does not have counts as O. Plain tags have no spans. ValueError for a tag of no scheme.
    """
    if not scheme.is_spans:
        return []
    found: list[Span] = []
    pattern = _STRICT[scheme.name]
    parsed = scheme._parsed
    outside = ("O", "")
    pieces = [parsed[tag] for tag in tags]
    pieces = [piece if tag[0] in scheme.letters else outside for tag, piece in zip(tags, pieces, strict=True)]
    pieces.append(outside)
    previous, previous_label = "O", ""
    index = 0
    while index < len(tags):
        letter, label = pieces[index]
        begins = letter != "O" and _holds(pattern.start.get(previous + letter), previous_label == label)
        start = index
        index += 1
        if begins:
            while pieces[index][1] == label and pieces[index - 1][0] + pieces[index][0] in pattern.inside:
                index += 1
            pair = pieces[index - 1][0] + pieces[index][0]
            if _holds(pattern.end.get(pair), pieces[index][1] == label):
                found.append(Span(start, index, label))
        previous, previous_label = pieces[index - 1]
    return found


def _holds(condition: _Condition | None, same: bool) -> bool:
    return condition == "any" or (condition == "same" and same) or (condition == "diff" and not same)


def from_spans(spans: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """The tags of a sentence of ``length`` tokens in the scheme and its spelling.

    ValueError for spans that are empty, overlap or leave the sentence, and for a scheme of plain tags.
    """
    if not scheme.is_spans:
        raise ValueError("plain tags cannot hold spans")
    tags = ["O"] * length
    ends, ends_label = 0, None
    for span in sorted(spans):
        start, end, label = span
        if not ends <= start < end <= length:
            raise ValueError(
                f"{span} is empty, overlaps another span or leaves the sentence of {length} tokens"
            )
        inside = _join("I", label, scheme)
        tags[start:end] = [inside] * (end - start)
        touches = ends == start and ends_label == label
        if scheme.name == "ioe1":
            if touches:
                tags[start - 1] = _join("E", label, scheme)
        elif scheme.name == "ioe2":
            tags[end - 1] = _join("E", label, scheme)
        elif scheme.name != "iob1" or touches:
            tags[start] = _join("B", label, scheme)
        if "S" in _CANONICAL[scheme.name]:
            tags[end - 1] = _join("S" if end - start == 1 else "E", label, scheme)
        ends, ends_label = end, label
    return tags


def convert(tags: Sequence[str], source: Scheme, target: Scheme) -> list[str]:
    """The tags of one sentence in another scheme, by way of their conlleval spans.

    Plain tags stay as they are, and any tags may be taken as plain. Plain tags wanted as spans: UsageError.
    """
    if not target.is_spans:
        return list(tags)
    if not source.is_spans:
        raise UsageError(f"Plain tags hold no spans and cannot be written as {target.title}.")
    return from_spans(spans(tags, source), len(tags), target)


def allowed(previous: str | None, following: str | None, scheme: Scheme) -> bool:
    """Whether one tag may come right after another; None stands for the start or the end of the sentence.

    Every tag may follow every other in a plain scheme. ValueError for an illegal tag.
    """
    if not scheme.is_spans:
        return True
    before, label = split(previous, scheme) if previous is not None else ("^", "")
    after, next_label = split(following, scheme) if following is not None else ("$", "")
    return follows(before, after, scheme, same_label=label == next_label)


def follows(before: str, after: str, scheme: Scheme, *, same_label: bool) -> bool:
    """Whether one canonical letter may come right after another; ^ and $ are the start and the end of a sentence."""
    for letters, free, same in _FOLLOWS[scheme.name]:
        if before in letters:
            return after in free or (after in same and same_label)
    return False


def problems(tags: Sequence[str], scheme: Scheme, spell: Spell = str) -> list[tuple[int, str]]:
    """The ill-formed places of one sentence: the index of the token and what is wrong there, in words that name each
    tag as `spell` has it.

    A tag that the scheme does not have is one problem; its neighbours are then not judged against it.
    """
    if not scheme.is_spans:
        return []
    pairs = list(zip((None, *tags), (*tags, None), strict=True))
    if scheme._legal.issuperset(pairs):
        return []
    found = list(_problems(tags, scheme, spell))
    if not found:
        scheme._legal.update(pairs)
    return found


def _problems(tags: Sequence[str], scheme: Scheme, spell: Spell) -> Iterator[tuple[int, str]]:
    previous: str | None = None
    judged = True  # False right after an illegal tag
    for index, tag in enumerate(tags):
        if not scheme.has(tag):
            yield index, f"{spell(tag)!r} {scheme.unlike(spell)}"
            judged = False
            continue
        if judged and not allowed(previous, tag, scheme):
            place = "starts the sentence" if previous is None else f"follows {spell(previous)}"
            instead = " or ".join(map(spell, _instead(previous, tag, scheme)))
            yield index, f"{spell(tag)} {place}; {scheme.title} expects {instead}"
        previous, judged = tag, True
    if previous is not None and judged and not allowed(previous, None, scheme):
        letter, label = split(previous, scheme)
        closed = _join({"B": "S", "I": "E", "E": "I"}[letter], label, scheme)  # E can only be wrong in IOE1
        yield len(tags) - 1, f"{spell(previous)} ends the sentence; {scheme.title} expects {spell(closed)}"


def _instead(previous: str | None, tag: str, scheme: Scheme) -> list[str]:
    """The tags that would be right where ``tag`` may not follow ``previous``."""
    if previous is not None:
        before, open_label = split(previous, scheme)
        for letters, free, same in _FOLLOWS[scheme.name]:
            if before in letters and not free:
                return [_join(letter, open_label, scheme) for letter in same]
    letter, label = split(tag, scheme)
    starting = {"I": "B", "E": "S", "B": "I"}  # B can only be wrong in IOB1
    return [_join(starting[letter], label, scheme)]


SPAN_TAG = re.compile(r"([BIESLUMW])-.+", re.DOTALL)
_BARE_LETTERS = [frozenset(letters) for _, letters in SCHEMES.values() if letters]
# Every spelling, in the order in which the first of those that explain a corpus equally well is taken.
_CANDIDATES = [
    *(("bio", "BIO"), ("iob1", "BIO"), ("bioes", "BIESO"), ("bioes", "BMESO"), ("bioes", "BIEWO")),
    *(("bioes", "BMEWO"), ("bilou", "BILUO"), ("ioe2", "IEO"), ("ioe1", "IEO")),
]

_Pairs = Counter[tuple[str | None, str | None]]


def detect(tag_sequences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme that a corpus is written in, its spelling included.

    Tags are spans if some look like "B-label" and O or nothing else but bare letters stands beside them, or if all of
    them are bare letters of one scheme. Of all schemes of spans, the one with the fewest ill-formed places is taken, so
    a few odd tags change nothing. O alone, or no tag at all, is BIO.
    """
    pairs: _Pairs = Counter()
    for tags in tag_sequences:
        pairs.update(zip(chain((None,), tags), chain(tags, (None,)), strict=True))
    counts: Counter[str] = Counter()
    for (_, tag), count in pairs.items():
        if tag is not None:
            counts[tag] += count
    if not _are_spans(counts):
        return parse_scheme("plain")
    return min(
        (Scheme(*candidate) for candidate in _CANDIDATES), key=lambda scheme: _count_ill_formed(pairs, scheme)
    )


def _are_spans(counts: Counter[str]) -> bool:
    others = {tag for tag in counts if tag != "O"}
    if not others:
        return True
    shaped = {tag for tag in others if SPAN_TAG.fullmatch(tag)}
    if shaped:
        return "O" in counts or (others - shaped).issubset("BIESLUMW")
    return not others.isdisjoint("BIS") and any(others <= letters for letters in _BARE_LETTERS)


def _count_ill_formed(pairs: _Pairs, scheme: Scheme) -> int:
    """The places that break a scheme: tags that it does not have, and pairs of which one may not follow the other."""
    known = {tag: tag is None or scheme.has(tag) for pair in pairs for tag in pair}
    wrong = 0
    for (previous, tag), count in pairs.items():
        if not known[tag] or (known[previous] and not allowed(previous, tag, scheme)):
            wrong += count
    return wrong
