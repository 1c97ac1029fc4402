"""Raw text as tokens: the tokenizers, and the choice of the one that fits a corpus.

Tokens stand in the text in order and do not overlap, and every character that is not white space is in one of
them. The time is linear in the length of the text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, pairwise
from typing import Any

from seqtag.corpora.characters import are_characters, are_single
from seqtag.support.extras import missing
from seqtag.support.lookup import Lookup

NAMES = ("word", "whitespace", "char", "icu")
APOSTROPHE = "\u2019"  # the typographic one
SOFT_HYPHEN = "\u00ad"  # the first of the marks that belong to the character before them
SETTINGS = ("name", "contractions", "hyphens", "marks")
CLITICS = ("n't", "'s", "'m", "'d", "'re", "'ve", "'ll")


@dataclass(frozen=True)
class Tokenizer:
    """How raw text is cut into tokens.

    Attributes:
        name: "word" keeps words, numbers, addresses and the like whole and splits punctuation off;
            "whitespace" cuts at white space alone; "char" takes every character that is not white space; "icu" finds
            words as the ICU library does, with its dictionaries for Chinese, Japanese, Thai, Lao, Burmese and Khmer.
        contractions: For "word": the English clitics to cut off, "don't" -> "do n't" (Penn Treebank).
        hyphens: For "word": whether to cut words at hyphens, "well-known" -> "well - known".
        marks: For "word": whether every mark is a token, even in numbers and addresses, "3.5" -> "3 . 5".
    """

    name: str = "word"
    contractions: tuple[str, ...] = CLITICS
    hyphens: bool = False
    marks: bool = False

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"expected one of the tokenizers {', '.join(NAMES)}. Received: {self.name!r}")
        if unknown := set(self.contractions) - set(CLITICS):
            raise ValueError(f"expected clitics from {', '.join(CLITICS)}. Received: {sorted(unknown)}")

    def words(self, text: str) -> list[str]:
        """The tokens of the text, in order.

        Raises:
            MissingPackage: The tokenizer's library is not installed.
        """
        if self.name == "char":
            return [character for character in text if not character.isspace()]
        if self.name == "icu":
            return _icu_words(text)
        chunks = text.split()
        if self.name == "whitespace":
            return chunks
        # No token reaches over white space, and what stands between is the same again and again.
        return list(chain.from_iterable(map(self._known.__getitem__, chunks)))

    @cached_property
    def _known(self) -> Lookup[tuple[str, ...]]:
        return Lookup(self._cut)

    def _cut(self, chunk: str) -> tuple[str, ...]:
        """The tokens of a text without white space."""
        found = _pattern(self.hyphens, self.marks, chunk.isascii()).finditer(chunk)
        return tuple(chunk[start:end] for one in found for start, end in self._pieces(chunk, one))

    def _pieces(self, text: str, found: re.Match[str]) -> Iterable[tuple[int, int]]:
        """What the pattern found, with the clitics cut off if it is a word."""
        start, end = found.span()
        if not self.contractions or found.lastgroup != "word":
            return [(start, end)]
        pieces: list[tuple[int, int]] = []
        while (cut := _CLITIC.search(text, max(start, end - 3), end)) and cut.start() > start:
            if cut[0].lower().replace(APOSTROPHE, "'") not in self.contractions:
                break
            pieces.append((cut.start(), end))
            end = cut.start()
        return [(start, end), *reversed(pieces)]

    def to_json(self) -> dict[str, Any]:
        """The tokenizer as a JSON object; ``from_json`` reads it back."""
        return {name: getattr(self, name) for name in SETTINGS} | {"contractions": list(self.contractions)}

    @classmethod
    def from_json(cls, data: Any) -> "Tokenizer":
        """The tokenizer that ``to_json`` wrote; ValueError for anything else."""
        match data:
            case {
                "name": str(name),
                "contractions": [*contractions],
                "hyphens": bool(hyphens),
                "marks": bool(marks),
                **rest,
            } if not rest and all(isinstance(clitic, str) for clitic in contractions):
                return cls(name, tuple(contractions), hyphens, marks)
        raise ValueError(f"expected a tokenizer with {', '.join(SETTINGS)}. Received: {data!r}")


USUAL = Tokenizer()
_HALF = re.compile("[\ud800-\udfff]")  # of a character, which is no text to other libraries


def _icu_words(text: str) -> list[str]:
    try:
        from icu4py.breakers import WordBreaker
    except ImportError as problem:
        raise missing(problem, "the tokenizer icu") or problem from problem
    # The language matters to none of the dictionaries.
    pieces = (text[start:end] for start, end in WordBreaker(_HALF.sub("\ufffd", text), "en").segments())
    return [token for piece in pieces for token in piece.split()]


_CLITIC = re.compile(r"(?:n['\u2019]t|['\u2019](?:s|m|d|re|ve|ll))\Z", re.IGNORECASE)

# {W} is a character of a word, {M} a mark that belongs to the character before it. Repetitions are possessive
# (++) or bounded wherever what follows could fail, so no input makes the search go far back over what it has
# seen. None of more than one character is possessive: Python 3.11.2, which Debian 12 has, loses its place where
# such a one comes to its end.
_KEEPING = r"""
    (?:(?:https?|ftp)://|www\.) [^\s<>"]* [^\s<>".,;:!?'\u2019”»)\]}]
  | \w [\w.+-]{0,63}+ @ [\w-]++ (?:\.[\w-]++)+
  | [@\#] {W}++
  | (?:Mrs?|Ms|Dr|Prof|St|Jr|Sr|Inc|Corp|Co|Ltd|vs|etc|Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\. (?!{W})
  | [^\W\d_] (?:\.[^\W\d_](?!{W}))+ \.?
  | (?i:['\u2019](?:s|m|d|re|ve|ll)) (?!{W})
  | (?P<word> {W}++ (?: (?: (?<=\d)[.,:/](?=\d) | \.(?=[a-z\d]) | ['\u2019&](?={W}) | {HYPHEN} ) {W}++ )* )
  | [:;=] ['-]? [()\[\]DPpO/\\|*] (?!{W})
  | [!?]{2,} | (?P<repeated> [.*=~<>\u2018\u2019'`-] ) (?P=repeated)+
  | [\U0001F1E6-\U0001F1FF]{2}
  | {OTHER}
"""
_SPLITTING = r"(?P<word> {W}++ ) | {OTHER}"
_OTHER = r"\S {M}*+ (?: (?<=\u200D) \S {M}*+ )*"  # with what is joined to it, as emoji are


@cache
def _pattern(hyphens: bool, marks: bool, is_ascii: bool) -> re.Pattern[str]:
    # ASCII has no such marks, and to find out which characters are some takes longer than to tag a sentence.
    mark = SOFT_HYPHEN if is_ascii else _mark_ranges()
    hyphen = r"(?<=\d{3})-(?=\d{3})" if hyphens else "-(?={W})"
    pattern = (_SPLITTING if marks else _KEEPING).replace("{HYPHEN}", hyphen).replace("{OTHER}", _OTHER)
    return re.compile(pattern.replace("{W}", rf"[\w{mark}]").replace("{M}", f"[{mark}]"), re.VERBOSE)


def _mark_ranges() -> str:
    r"""What a character class needs for combining and joining marks, of which ``\w`` holds none.

    Without them the vowel signs of Indic scripts, accents of their own and emoji modifiers would be cut off.
    """
    codes = [*range(ord(SOFT_HYPHEN), 0x20000), *range(0xE0000, 0xE0200)]
    categories = map(unicodedata.category, map(chr, codes))
    marks = [code for code, kind in zip(codes, categories, strict=True) if kind in ("Mn", "Mc", "Me", "Cf")]
    marks += range(0x1F3FB, 0x1F400)
    ends = [code for code, following in pairwise([*marks, 0]) if following != code + 1]
    starts = [marks[0], *(following for code, following in pairwise(marks) if following != code + 1)]
    return "".join(f"\\U{start:08X}-\\U{end:08X}" for start, end in zip(starts, ends, strict=True))


_INNER_HYPHEN = re.compile(r"[^\W\d_]+-[^\W\d_]+")
_ENDS_WITH_MARK = re.compile(r".*\w[.,!?;:]", re.DOTALL)


def choose(sentences: Iterable[Sequence[str]]) -> Tokenizer:
    """The tokenizer whose tokens look most like those of a training corpus.

    Characters, if nearly every token is one; white space, if these are codes in Latin letters, or more tokens end with
    a mark than marks stand alone; else words, cut as the corpus cuts clitics, hyphens and numbers.
    """
    counts: Counter[str] = Counter()
    decimals_apart = 0  # "3 . 5"
    for tokens in sentences:
        counts.update(tokens)
        if "." in tokens:
            triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
            decimals_apart += sum(mark == "." and a.isdigit() and b.isdigit() for a, mark, b in triples)
    if are_characters(counts):
        return Tokenizer("char")
    if are_single(counts):
        return Tokenizer("whitespace")

    def total(pattern: re.Pattern[str]) -> int:
        return sum(count for token, count in counts.items() if pattern.fullmatch(token))

    if total(_ENDS_WITH_MARK) > sum(counts[mark] for mark in ".,!?;:"):
        return Tokenizer("whitespace")
    # A few may be the end of a sentence and the start of the next.
    marks = decimals_apart > max(2, total(re.compile(r".*\d\.\d.*", re.DOTALL)))
    # Dashes between words stand alone as well, so a few inner hyphens outweigh many lone ones.
    hyphens = marks or counts["-"] > 4 * total(_INNER_HYPHEN)
    return Tokenizer("word", _clitics(counts), hyphens, marks)


def _clitics(counts: Counter[str]) -> tuple[str, ...]:
    """The clitics that stand alone more often than at the end of a token.

    One that never occurs goes with the majority of the others; without any, all are cut off.
    """
    alone: Counter[str] = Counter()
    attached: Counter[str] = Counter()
    for token, count in counts.items():
        if found := _CLITIC.search(token[-3:]):
            clitic = found[0].lower().replace(APOSTROPHE, "'")
            (alone if token == found[0] else attached)[clitic] += count
    if not alone and not attached:
        return CLITICS
    usual = alone.total() > attached.total()
    return tuple(
        clitic
        for clitic in CLITICS
        if (alone[clitic] > attached[clitic] if alone[clitic] != attached[clitic] else usual)
    )
