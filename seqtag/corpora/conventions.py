"""How a corpus writes what raw text writes otherwise: quotes and brackets, escaped signs, accented letters.

A network knows the signs of its corpus alone. Raw text is brought to them on its way into the network; the tokens that
are given out stay those of the text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

from seqtag.corpora.document import offsets
from seqtag.corpora.sentence import Sentence

Form = Literal["", "NFC", "NFD"]
FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
QUOTE = '"'
OPENING, CLOSING = "``", "''"  # for `"` in the Penn Treebank
# Signs and the tokens that stand for them there, in capitals or not.
PENN = {
    "(": ("-LRB-", "-lrb-"),
    ")": ("-RRB-", "-rrb-"),
    "[": ("-LSB-", "-lsb-"),
    "]": ("-RSB-", "-rsb-"),
    "{": ("-LCB-", "-lcb-"),
    "}": ("-RCB-", "-rcb-"),
}
TYPOGRAPHIC = {"\u201c": OPENING, "\u201d": CLOSING}
# Signs and what the tokenizer of Moses makes of them, within words too.
MOSES = {
    "&": "&amp;",
    "|": "&#124;",
    "<": "&lt;",
    ">": "&gt;",
    "'": "&apos;",
    QUOTE: "&quot;",
    "[": "&#91;",
    "]": "&#93;",
}
_ESCAPE = re.compile("|".join(MOSES.values()))
_RAW = {escape: sign for sign, escape in MOSES.items()}
_BEFORE_OPENING = "([{<"  # or white space, or nothing
MANY = 10  # times as often as the sign itself is written as something else that stands for it


@dataclass(frozen=True)
class Conventions:
    """How a corpus writes what raw text writes otherwise.

    Attributes:
        form: The Unicode normal form of all its tokens; "" if they share none.
        quotes: Whether `"` is a token of two backticks or two apostrophes.
        signs: Tokens of raw text, and what they are in the corpus.
        escapes: Characters of raw text, and what they are in the corpus.
    """

    form: Form = ""
    quotes: bool = False
    signs: Mapping[str, str] = field(default_factory=dict)
    escapes: Mapping[str, str] = field(default_factory=dict)

    def seen(self, sentence: Sentence) -> Sentence:
        """The sentence as the corpus would write it, token by token.

        Only tokens that were cut from raw text get the corpus's signs: others have them already. A quote opens at the
        start of the text, after white space and after an opening bracket, as in the Treebank; all others close.
        """
        tokens = sentence.tokens
        if sentence.text is not None and (self.quotes or self.signs or self.escapes):
            tokens = tuple(self._signed(tokens, sentence.text))
        if self.form:
            joined = "".join(tokens)
            if not joined.isascii() and not unicodedata.is_normalized(self.form, joined):
                tokens = tuple(unicodedata.normalize(self.form, token) for token in tokens)
        if tokens is sentence.tokens:
            return sentence
        return Sentence(tokens, columns=sentence.columns, numbers=sentence.numbers, heads=sentence.heads)

    def _signed(self, tokens: Sequence[str], text: str) -> list[str]:
        signs, table = self.signs, self._table
        written = [signs.get(token) or (token.translate(table) if table else token) for token in tokens]
        if self.quotes and QUOTE in tokens:
            for at, (start, _) in enumerate(offsets(text, tokens)):
                if tokens[at] == QUOTE:
                    before = text[start - 1 : start]
                    opens = not before.strip() or before in _BEFORE_OPENING
                    written[at] = OPENING if opens else CLOSING
        return written

    @cached_property
    def _table(self) -> dict[int, str]:
        return {ord(sign): escape for sign, escape in self.escapes.items()}

    def raw(self, tokens: Sequence[str]) -> Sequence[str]:
        """The tokens of the corpus without its escapes."""
        if not self.escapes:
            return tokens
        return [_ESCAPE.sub(lambda found: _RAW[found[0]], token) for token in tokens]

    def to_json(self) -> dict[str, Any]:
        """Plain values, without what there is nothing of; `from_json` reads them back."""
        values = {
            "normal_form": self.form,
            "quotes": [OPENING, CLOSING] if self.quotes else [],
            "signs": dict(self.signs),
            "escapes": dict(self.escapes),
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The conventions that `to_json` described; AttributeError, TypeError or ValueError if they are none."""
        form, quotes = values.get("normal_form", ""), values.get("quotes", [])
        signs, escapes = dict(values.get("signs", {})), dict(values.get("escapes", {}))
        known = {*((sign, token) for sign in PENN for token in PENN[sign]), *TYPOGRAPHIC.items()}
        if form not in ("", *FORMS) or quotes not in ([], [OPENING, CLOSING]):
            raise ValueError("its normal form or its quotes are none that seqtag knows")
        if not known.issuperset(signs.items()) or not MOSES.items() >= escapes.items():
            raise ValueError("its signs are none that seqtag knows")
        return cls(form, bool(quotes), signs, escapes)


NONE = Conventions()


def find(counts: Mapping[str, int]) -> Conventions:
    """The conventions of a corpus, by its tokens with their counts.

    A sign is written in another way if that way is there, and the sign itself is not or hardly ever.
    """

    def often(token: str, sign: str) -> bool:
        return counts.get(token, 0) > MANY * counts.get(sign, 0)

    escaped: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    for token, count in counts.items():
        for escape in _ESCAPE.findall(token):
            escaped[escape] += count
        for sign in MOSES.keys() & set(_ESCAPE.sub("", token)):
            bare[sign] += count
    quotes = often(OPENING, QUOTE)
    signs = {sign: token for sign, tokens in PENN.items() for token in tokens[::-1] if often(token, sign)}
    if quotes:
        signs |= {sign: token for sign, token in TYPOGRAPHIC.items() if often(token, sign)}
    escapes = {sign: escape for sign, escape in MOSES.items() if escaped[escape] > MANY * bare[sign]}
    return Conventions(_form(counts), quotes, signs, escapes)


def _form(counts: Mapping[str, int]) -> Form:
    """The normal form that all tokens are in: where either would do, as in ASCII, the usual one."""
    text = "\n".join(counts)
    for form in FORMS:
        if unicodedata.is_normalized(form, text):
            return form
    return ""
