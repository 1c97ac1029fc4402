"""Encodings of text other than UTF-8: which one a text betrays."""

import codecs
import re

LOOKED_AT = 1 << 14  # bytes
DAMAGED = 5  # letters in UTF-8 for each byte that is not, which make it damaged UTF-8 and no other encoding
_JAPANESE = re.compile(r"\x1b(?:\$[@B]|\$?\([A-J])")  # how ISO-2022-JP changes its set of characters
_WIDE = (("utf-16le", 1), ("utf-16be", 0))  # and where the first NUL of a letter of ASCII stands
_BINARY = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_COMMA = "\uff0c"  # of Chinese
_MARKS = "\u2013\u2019\u201c\u201d\u201e\u2026"  # a dash, quotes and an ellipsis
_RUSSIAN = "оеаинтсрвл"
_KANA = "".join(map(chr, range(0x3041, 0x3097))) + "、。ー"
# Letters beside ASCII that make up most of a text, the most likely encodings first. Those of Latin script stand alone
# among letters of ASCII.
_LATIN = {
    "cp1252": "äöüßéèêëàâçñíáóúôîïùœæøåãðþ¿¡ÄÖÜÉÅÆØ«»" + _MARKS,
    "cp1250": "áéíóúýěščřžťďůąćęłńśźżőűöüäßăâîşţ" + _MARKS,
    "cp1254": "çğıöşüÇĞİÖŞÜâ" + _MARKS,
}
_LETTERS = _LATIN | {
    "cp1251": _RUSSIAN,
    "koi8-r": _RUSSIAN,
    "cp1253": "αοιετσνηρκς",
    "cp1255": "יוהלאתרמבש",
    "cp1256": "ايلمنوترهب",
    "cp874": "านรกเองทมวลยี่้ั",
    "shift_jis": _KANA,
    "eucjp": _KANA,
    "euckr": "이다의는에을가고은하도한지로를서기사",
    "gb18030": "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年。"
    + _COMMA,
    "big5": "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年。"
    + _COMMA,
}


def likely(content: bytes) -> str:
    """The encoding that some text may be in, by its most frequent letters; "" if it is damaged UTF-8, or no text.

    >>> likely("Die Größe von Köln".encode("latin-1"))
    'cp1252'
    """
    sample = content[:LOOKED_AT]
    if _BINARY.search(sample):
        return ""
    if b"\0" in sample:
        return next((name for name, at in _WIDE if 2 * sample[at::2].count(0) > len(sample[at::2])), "")
    known = sum(not letter.isascii() for letter in sample.decode("utf-8", "ignore"))
    if known > DAMAGED * sample.decode("utf-8", "replace").count("\ufffd"):
        return ""
    return max(_LETTERS, key=lambda encoding: _fit(sample, encoding))


def hint(content: bytes, at: int) -> str:
    """What may be done about text that is not UTF-8 from some place on, for the end of a message."""
    begin = 0 if b"\0" in content[:LOOKED_AT] else content.rfind(b"\n", 0, at) + 1
    name = likely(content[begin : begin + LOOKED_AT])
    if not name:
        return ""
    return f"; if it is {name}, `{repair(name)}` converts a corpus, and `iconv -f {name} -t utf-8` any text"


def _fit(sample: bytes, encoding: str) -> float:
    """How much of the text beside ASCII is as expected in an encoding."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # its end may be half a letter
    except UnicodeDecodeError:
        return 0
    letters = [letter for letter in text if not letter.isascii()]
    alone = 1.0
    if encoding in _LATIN:
        runs = _HIGH.findall(sample)
        alone = len(runs) / max(1, sum(map(len, runs)))
    return alone * sum(letter in _LETTERS[encoding] for letter in letters) / max(1, len(letters))


def of_escapes(text: str) -> str:
    r"""The encoding whose escape sequences a text holds, all of which are ASCII; "" if there are none.

    >>> of_escapes("\x1b$BElEs\x1b(B")
    'iso2022_jp'
    """
    return "iso2022_jp" if _JAPANESE.search(text) else ""


def goes_first(encoding: str, content: bytes) -> bool:
    """Whether text is rather in an encoding that was named than in UTF-8, though it can be read as that: with NULs, or
    in ASCII where the encoding writes all letters in ASCII.
    """
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return False
    return b"\0" in content or (name.startswith(("iso2022", "hz", "utf-7")) and content.isascii())


def repair(encoding: str) -> str:
    """The command that writes a corpus of another encoding in UTF-8."""
    return f"seqtag check FILE --fix OUT --encoding {encoding}"
