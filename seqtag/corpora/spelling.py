"""How a corpus spells its span tags, where it is not "B-PER" and "O": undone on reading, applied again on writing.

Everything between works on the usual spelling. A template says how tags are spelt:

template                  PER at the start of a span, inside, outside
------------------------  -------------------------------------------
B-TYPE                    B-PER   I-PER   O      the usual one; any sign between: "B_TYPE", "B/TYPE", "B:TYPE"
b-TYPE                    b-PER   i-PER   O
TYPE-B                    PER-B   PER-I   O      also "TYPE/B", "TYPE-b" and so on
TYPE                      PER     PER     O      no letters; neighbours of one type are one span, or each is one
(TYPE*) or (TYPE)         (PER*   *)      *      brackets as in CoNLL-2012; a span of one token is (PER*) or (PER)
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from sys import intern

from seqtag.corpora.tags import Scheme, spans
from seqtag.settings.registry import NEIGHBOURS, SCHEMES

USUAL_TEMPLATE, OUTSIDE, JOIN = "B-TYPE", "O", "join"
TYPES, BRACKETS = "TYPE", ("(TYPE*)", "(TYPE)")
LETTERS = frozenset("".join(letters for _, letters in SCHEMES.values())) - {"O"}
SMALL = frozenset(map(str.lower, LETTERS))

_TEMPLATE = re.compile(r"([Bb])([^\w\s]+|_+)TYPE|TYPE([^\w\s]+|_+)([Bb])")
BRACKET = re.compile(r"\*|\*\)|\(([^()*\s]+)(\*\)?|\))")
_BIO = Scheme("bio", "BIO")


class Misspelt(ValueError):
    """A tag that is not spelt as a corpus is said to spell its tags.

    Args:
        index: Its place in the sentence.
        problem: What came, and what was expected.
    """

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index


@dataclass(frozen=True)
class Spelling:
    """How a corpus spells its span tags.

    Attributes:
        template: How a tag is put together; see the module.
        outside: The tag outside spans; brackets have "*".
        neighbours: Without letters: "join" if neighbouring tokens of one type are one span, "split" if each is its own.

    Raises:
        ValueError: The three make no sense.

    >>> spelling = Spelling("TYPE/B", "-")
    >>> spelling.read(["PER/B", "PER/I", "-"])
    ('B-PER', 'I-PER', 'O')
    >>> spelling.write(["B-PER", "O"])
    ['PER/B', '-']
    """

    template: str = USUAL_TEMPLATE
    outside: str = OUTSIDE
    neighbours: str = JOIN
    _read: dict[str, str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # tags met so far
    _written: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if (
            self.template != TYPES
            and self.template not in BRACKETS
            and not _TEMPLATE.fullmatch(self.template)
        ):
            raise ValueError(
                f"the tag spelling is {self.template!r}; expected B-TYPE, B_TYPE, b-TYPE, TYPE-B, TYPE, (TYPE*) or the "
                "like"
            )
        if self.neighbours not in NEIGHBOURS:
            raise ValueError(f"neighbours is {self.neighbours!r}; expected {' or '.join(NEIGHBOURS)}")
        if self.template in BRACKETS and self.outside != OUTSIDE:
            raise ValueError(f"the tag spelling {self.template} has no outside tag but *")
        if not self.outside.strip() or self.outside != self.outside.strip():
            raise ValueError(f"the outside tag is {self.outside!r}; expected one without white space")
        if _TEMPLATE.fullmatch(self.template) and self._affix(self.outside):
            raise ValueError(f"{self.outside!r} cannot be the outside tag: with {self.template} it is a span")

    @property
    def is_usual(self) -> bool:
        """Whether there is nothing to do."""
        return self.template == USUAL_TEMPLATE and self.outside == OUTSIDE

    @property
    def options(self) -> str:
        """The options that read a corpus so."""
        named = (("--tag-spelling", self.template, USUAL_TEMPLATE), ("--outside-tag", self.outside, OUTSIDE))
        given = [f"{option} {shlex.quote(value)}" for option, value, default in named if value != default]
        return " ".join([*given, *(["--neighbours " + self.neighbours] if self.neighbours != JOIN else [])])

    def read(self, tags: Sequence[str]) -> tuple[str, ...]:
        """The tags of one sentence in the usual spelling.

        Raises:
            Misspelt: A tag is not spelt so.
        """
        if self.template in BRACKETS:
            return _without_brackets(tags)
        known = self._read
        for tag in set(tags).difference(known):
            known[tag] = self._canonical(tag, tags.index(tag))
        return tuple([known[tag] for tag in tags])

    def write(self, tags: Sequence[str]) -> list[str]:
        """The tags of one sentence, which are in the usual spelling, as the corpus spells them."""
        if self.template in BRACKETS:
            return _with_brackets(tags, single=self.template[5:])
        known = self._written
        for tag in set(tags).difference(known):
            known[tag] = self.spell(tag)
        return [known[tag] for tag in tags]

    def settled(self, tags: list[str]) -> list[str]:
        """What is left of the tags once they are written: without letters, where spans touch is lost."""
        return list(self.read(self.write(tags))) if self.template == TYPES else tags

    def spell(self, tag: str) -> str:
        """A single tag as the corpus spells it; brackets need the whole sentence, so there it stays as it is."""
        if self.is_usual or self.template in BRACKETS:
            return tag
        if tag == OUTSIDE:
            return self.outside
        letter, label = tag[0], tag[2:]
        if self.template == TYPES:
            return label or "_"
        sign, suffix, lower = self._parts
        letter = letter.lower() if lower else letter
        if not label:
            return letter
        return label + sign + letter if suffix else letter + sign + label

    @property
    def _parts(self) -> tuple[str, bool, bool]:
        """The sign between letter and type, whether the letter comes last, and whether it is small."""
        before, after = self.template.split(TYPES)
        return before[1:] + after[:-1], not before, "b" in before + after

    def _affix(self, tag: str) -> str | None:
        """A tag of letter and type in the usual spelling; None if it is none."""
        sign, suffix, lower = self._parts
        if len(tag) == 1:
            letter, label = tag, ""
        elif suffix:
            label, found, letter = tag.rpartition(sign)
        else:
            letter, found, label = tag.partition(sign)
        if len(tag) > 1 and not (found and label):
            return None
        if letter not in (SMALL if lower else LETTERS):
            return None
        return f"{letter.upper()}-{label}" if label else letter.upper()

    def _canonical(self, tag: str, index: int) -> str:
        if tag == self.outside:
            return OUTSIDE
        if self.template == TYPES:
            return f"{'I' if self.neighbours == JOIN else 'B'}-{tag}"
        canonical = self._affix(tag)
        if canonical is None:
            examples = f"{self.outside}, {self.spell('B-label')} or {self.spell('I-label')}"
            raise Misspelt(
                index,
                f"the tag {tag!r} is not spelt like {self.template}; expected {examples}, or another --tag-spelling "
                "or --outside-tag",
            )
        return canonical


USUAL_SPELLING = Spelling()


def _without_brackets(tags: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    opened = ""
    instead = "; --tag-spelling B-TYPE reads the tags as they stand"
    for at, tag in enumerate(tags):
        bracket = BRACKET.fullmatch(tag)
        if bracket is None:
            raise Misspelt(
                at, f"the tag {tag!r} is not a bracket; expected (TYPE*, *, *) or (TYPE*){instead}"
            )
        inside = intern(f"I-{opened}")
        if label := bracket[1]:
            if opened:
                raise Misspelt(
                    at, f"{tag} opens a bracket inside ({opened}*; nested ones cannot be read{instead}"
                )
            opened = label if bracket[2] == "*" else ""
            found.append(intern(f"B-{label}"))
        elif tag == "*":
            found.append(inside if opened else OUTSIDE)
        else:
            if not opened:
                raise Misspelt(at, f"{tag} closes a bracket that its sentence does not open{instead}")
            found.append(inside)
            opened = ""
    if opened:
        raise Misspelt(
            len(tags) - 1, f"the sentence ends inside the bracket ({opened}*; expected *){instead}"
        )
    return tuple(found)


def _with_brackets(tags: Sequence[str], single: str) -> list[str]:
    written = ["*"] * len(tags)
    for start, end, label in spans(tags, _BIO):
        name = label or "_"
        if end - start == 1:
            written[start] = f"({name}{single}"
        else:
            written[start], written[end - 1] = f"({name}*", "*)"
    return written
