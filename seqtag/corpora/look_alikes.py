"""Tags that look like those of spans, but are spelt unlike them: which spelling would read them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from seqtag.corpora.sentence import Rows
from seqtag.corpora.spelling import BRACKET, BRACKETS, LETTERS, OUTSIDE, SMALL, TYPES, Spelling
from seqtag.settings.registry import SCHEMES

OUTSIDES = (
    "O",
    "0",
    "o",
    "-",
    "_",
    "OUT",
    "Out",
    "out",
    "OTHER",
    "Other",
    "other",
    "NONE",
    "None",
    "none",
    "NULL",
)
MOST_TYPES = 100
ODD = 0.05
"""The share of tokens in spans whose tags may be anything."""
LEAST = 0.2
"""The least share of tokens outside spans, where tags have no letters."""
TOUCHING = 0.05
"""The least share of tokens in spans that have the tag of the one before, where tags have no letters: names of several
words are common, but not two commas in a row."""

_PREFIXED = re.compile(r"([BIESLUMWbieslumw])([^\w\s]|_).+", re.DOTALL)
_SUFFIXED = re.compile(r".+([^\w\s]|_)([BIESLUMWbieslumw])", re.DOTALL)
_TYPE = re.compile(r"[^\W\d_][\w.&-]+")
_TREE = re.compile(r"(\([^()*\s]+)*\*\)*")
_SCHEMES = [frozenset(letters) for _, letters in SCHEMES.values()]


def brackets(rows: Iterable[Sequence[str]]) -> Spelling | None:
    """The spelling of a corpus whose tags are all brackets of spans that are not nested; None if they are not."""
    found: set[str] = set()
    for row in rows:
        new = set(row) - found
        if not all(map(BRACKET.fullmatch, new)):
            return None
        found |= new
    if "*" not in found or not any(tag.startswith("(") for tag in found):
        return None
    stars, single = BRACKETS
    return Spelling(
        single if any(tag[0] == "(" and tag[-2:-1] != "*" and tag[-1] == ")" for tag in found) else stars
    )


def are_trees(tags: set[str]) -> bool:
    """Whether all tags are brackets, some of them nested, as those of parse trees."""
    return all(map(_TREE.fullmatch, tags)) and any(tag.count("(") > 1 or tag.count(")") > 1 for tag in tags)


def propose(rows: Rows) -> Spelling | None:
    """The spelling in which tags that were taken for plain ones would be those of spans; None if they look plain."""
    counts = Counter(chain.from_iterable(rows))
    return _with_letters(counts) or _without_letters(counts, rows)


def _with_letters(counts: Counter[str]) -> Spelling | None:
    """The spelling whose letters and types make up all tags but the one outside, and a few odd ones."""
    fits: dict[str, dict[str, str]] = {}  # letters by tag by template
    for tag in counts:
        for template, letter in _templates(tag):
            fits.setdefault(template, {})[tag] = letter
    for template, letters in fits.items():
        rest = counts.keys() - letters.keys()
        outside = max((tag for tag in rest if tag in OUTSIDES), key=counts.__getitem__, default=OUTSIDE)
        inside = counts.total() - counts[outside]
        odd = sum(counts[tag] for tag in rest if tag != outside)
        spelling = Spelling(template, outside)
        if odd <= ODD * inside and _are_letters(letters) and not spelling.is_usual:
            return spelling
    return None


def _templates(tag: str) -> Iterator[tuple[str, str]]:
    """The templates that a tag may be of, each with its letter."""
    if tag in LETTERS or tag in SMALL:
        signs = "-_/:.|"
        yield from ((f"{'b' if tag in SMALL else 'B'}{sign}TYPE", tag.upper()) for sign in signs)
    if found := _PREFIXED.fullmatch(tag):
        yield f"{'b' if found[1] in SMALL else 'B'}{found[2]}TYPE", found[1].upper()
    if found := _SUFFIXED.fullmatch(tag):
        yield f"TYPE{found[1]}{'b' if found[2] in SMALL else 'B'}", found[2].upper()


def _are_letters(letters: Mapping[str, str]) -> bool:
    """Whether the letters of tags are those of one scheme; without types they are only if there are several."""
    found = set(letters.values())
    fits = not found.isdisjoint("BI") and any(found <= scheme for scheme in _SCHEMES)
    return fits and (len(found) > 1 or any(len(tag) > 1 for tag in letters))


def _without_letters(counts: Counter[str], rows: Rows) -> Spelling | None:
    """The spelling without letters, if a frequent tag is one outside and the others, names of types, touch."""
    outside = max(OUTSIDES[:3], key=counts.__getitem__)
    types = counts.keys() - {outside}
    inside = counts.total() - counts[outside]
    if not 0 < len(types) <= MOST_TYPES or counts[outside] < LEAST * counts.total():
        return None
    if not all(map(_TYPE.fullmatch, types)):
        return None
    touching = sum(one == two != outside for row in rows for one, two in pairwise(row))
    return Spelling(TYPES, outside) if touching >= TOUCHING * inside else None
