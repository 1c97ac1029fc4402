"""Nasty files: each with what must come of it, through the real paths.

A row of `CORPORA` goes through `seqtag check`, what `train` reads, `seqtag evaluate` and `seqtag predict`; the others
through the path that reads such a file. A row says either what is in the file, or the message that refuses it.
"""

import dataclasses
import gzip
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import seqtag
import seqtag.support.lines as lines_module
import seqtag.support.unpacking as unpacking_module
from seqtag.cli import run
from seqtag.cli.summary import introduction
from seqtag.corpora.document import Document
from seqtag.corpora.tags import Span, parse_scheme, problems
from seqtag.corpora.text import TextWriter
from seqtag.features.indexers.base import Resources
from seqtag.features.vector_files import read as read_vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.model_folder.layout import dump_json, parsed
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.config_files import read as read_settings
from seqtag.settings.merging import merge
from seqtag.stages import predict as stage
from seqtag.support.errors import DataError, Error
from seqtag.tasks.tagging.prepare import check_readable, fit_vocabulary
from seqtag.tasks.tagging.splits import Corpora, read_corpora

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
BOM = b"\xef\xbb\xbf"
ROW = b"Ana\tB-PER\nleft\tO\n\n"
NUL = "holds a NUL byte; expected text in UTF-8 (is it UTF-16, or not text at all?)"
WIDE = "the file is UTF-16 or UTF-32; expected UTF-8"
LONE = "the line holds U+FEFF alone, a byte order mark that belongs at the start of a file; delete it"
EMPTY = "there is no sentence in the file"
NO_TAB = ":2: the row holds no tab; expected columns separated by tabs, as in line 1"
A_TAB = ":2: the row holds a tab; expected columns separated by spaces, as in line 1"
AROUND = ":2: the tag in column 2, 'O ', has white space around it"
GZIP = ": cannot be read: the gzip file "
UD = "\t".join(["{}", "{}", "lemma", "{}", "_", "_", "0", "dep", "_", "_"]) + "\n"


def not_utf8(line: int, byte: int) -> str:
    return f":{line}: byte 0x{byte:02X} is not UTF-8; expected a file in UTF-8"


@dataclass(frozen=True)
class Nasty:
    """A file and what comes of it.

    Attributes:
        content: Its bytes.
        tokens: The tokens of all its sentences, if it is read.
        tags: Its tags, if they are to be looked at.
        refused: The message behind its name otherwise, such as `:3: the row has ...`.
        name: What it is called.
        untagged: The message where the file is read for its tokens alone, if that is another; "" where it is read.
        marked: The first line of which a byte order mark is left out, with a warning.
    """

    content: bytes
    tokens: list[list[str]] | None = None
    tags: list[list[str]] | None = None
    refused: str = ""
    name: str = "file.conll"
    untagged: str | None = None
    marked: int = 0

    def refusal(self, with_tags: bool) -> str:
        return self.refused if with_tags or self.untagged is None else self.untagged


def good(
    content: bytes | str,
    *tokens: list[str],
    tags: list[list[str]] | None = None,
    name: str = "file.conll",
    marked: int = 0,
) -> Nasty:
    return Nasty(
        content.encode() if isinstance(content, str) else content,
        list(tokens),
        tags,
        name=name,
        marked=marked,
    )


def warning(path: str, marked: int) -> str:
    """What is said of a file from whose line a byte order mark is left out."""
    message = "a byte order mark (U+FEFF) at the start of the line is left out; were files joined?"
    return f"seqtag: warning: {path}:{marked}: {message}\n" if marked else ""


def bad(
    content: bytes | str, refused: str, *, name: str = "file.conll", untagged: str | None = None
) -> Nasty:
    return Nasty(
        content.encode() if isinstance(content, str) else content,
        refused=refused,
        name=name,
        untagged=untagged,
    )


def ud(*rows: tuple[str, str, str]) -> bytes:
    return "".join(UD.format(*row) for row in rows).encode()


DAMAGED = bytearray(gzip.compress(ROW * 50))
DAMAGED[-6] ^= 1
LONG = ["Ana"] * 20_000
MANY = [f"T{number}" for number in range(5000)]

CORPORA = {
    # bytes that are no UTF-8 text
    "NUL": bad(b"Ana\tB-PER\nle\0ft\tO\n", f":2: {NUL}"),
    "NULs alone": bad(b"\0" * 5000, f":1: {NUL}"),
    "UTF-16 with a mark": bad(ROW.decode().encode("utf-16"), f":1: {WIDE}"),
    "UTF-16 big-endian with a mark": bad(b"\xfe\xff" + ROW.decode().encode("utf-16-be"), f":1: {WIDE}"),
    "UTF-16 without a mark": bad(ROW.decode().encode("utf-16-le"), f":1: {NUL}"),
    "UTF-16 big-endian without a mark": bad(ROW.decode().encode("utf-16-be"), f":1: {NUL}"),
    "UTF-32": bad(ROW.decode().encode("utf-32"), f":1: {WIDE}"),
    "Latin-1": bad(b"Ana\tO\ncaf\xe9\tO\n", not_utf8(2, 0xE9)),
    "a lone surrogate": bad(b"Ana\tO\n\n\xed\xa0\x80\tO\n", not_utf8(3, 0xED)),
    "a surrogate pair in bytes (CESU-8)": bad(b"\xed\xa0\xbd\xed\xb8\x80\tO\n", not_utf8(1, 0xED)),
    "overlong slash": bad(b"Ana\tO\n\xc0\xaf\tO\n", not_utf8(2, 0xC0)),
    "overlong NUL": bad(b"Ana\xc0\x80\tO\n", not_utf8(1, 0xC0)),
    "beyond Unicode": bad(b"\xf4\x90\x80\x80\tO\n", not_utf8(1, 0xF4)),
    "a character cut at the end": bad(b"Ana\tO\n\xe7\xa7", not_utf8(2, 0xE7)),
    "a picture": bad(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", not_utf8(1, 0x89)),
    # characters that some take for white space or line ends
    "U+2028 in a token": good("a\u2028b\tO\n", ["a\u2028b"]),
    "U+0085 in a token": good("a\x85b\tO\n\x85 O\n".replace(" ", "\t"), ["a\x85b", "\x85"]),
    "U+00A0 in a token": good("10\u00a0000 O\n\u00a0 O\n", ["10\u00a0000", "\u00a0"]),
    "U+200B": good("\u200b\tO\n", ["\u200b"]),
    "form feed and other controls": good("a\x0cb\tO\n\x1c\tO\n\x07\tO\n", ["a\x0cb", "\x1c", "\x07"]),
    "U+FEFF in the middle": good("a\tO\n\ufeffb\ufeff\tO\n", ["a", "b\ufeff"], marked=2),
    "a mark in the middle of two": good(
        BOM + ROW + BOM * 2 + ROW, ["Ana", "left"], ["\ufeffAna", "left"], marked=4
    ),
    "files joined, each with a mark": good(
        BOM + ROW + BOM + b"-DOCSTART-\tO\n\n" + BOM + b"# id = 2\r\n" + ROW, ["Ana", "left"], ["Ana", "left"],
        marked=4,
    ),
    "a mark as a token": good("a\tO\n\ufeff\tO\n\nb\tO\n", ["a", "\ufeff"], ["b"]),
    "a mark as a token among spaces": good("a O\n\ufeff O\n", ["a", "\ufeff"]),
    "a mark alone in a line": bad("a\tO\n\n\ufeff\nb\tO\n", f":3: {LONE}"),
    "CoNLL-U: files joined, each with a mark": good(
        BOM + ud(("1", "a", "X")) + b"\n" + BOM + ud(("1", "b", "X")), ["a"], ["b"], name="f.conllu", marked=3
    ),
    "CoNLL-U: a mark alone in a line": bad(
        ud(("1", "a", "X")) + BOM + b"\n" + ud(("1", "b", "X")), f":2: {LONE}", name="f.conllu"
    ),
    "a mark at the start": good(BOM + ROW, ["Ana", "left"]),
    "two marks at the start": good(BOM + BOM + ROW, ["\ufeffAna", "left"]),
    "a mark before a comment": good(BOM + b"# id = 1\n" + ROW, ["Ana", "left"]),
    "a mark before a blank line": good(BOM + b"\n\n" + ROW, ["Ana", "left"]),
    "a mark alone": bad(BOM, f": {EMPTY}"),
    "bidirectional controls": good("\u202eana\u202c\tO\n\u2066b\u2069\tO\n", ["\u202eana\u202c", "\u2066b\u2069"]),
    "escape sequences": good("\x1b[31mAna\x1b[0m\tO\n\x1b]0;t\x07\tO\n", ["\x1b[31mAna\x1b[0m", "\x1b]0;t\x07"]),
    "C1 controls": good("\x9b31m\tO\n", ["\x9b31m"]),
    "private and unassigned characters": good("\ue000\tO\n\U0010ffff\tO\n", ["\ue000", "\U0010ffff"]),
    # length
    "a token of more brackets than a model has lists": good(
        "[" * 1_100_000 + "\tO\n" + "\\[" * 10 + "\tO\n", ["[" * 1_100_000, "\\[" * 10]
    ),
    "a token of 1 MB": good("a" * 1_000_000 + "\tO\n", ["a" * 1_000_000]),
    "a sentence of 20,000 tokens": good("Ana\tB-PER\n" * 20_000, LONG),
    "a tag of 100,000 characters": good("a\tO\nb\tB-" + "X" * 100_000 + "\n", ["a", "b"]),
    # nothing
    "empty": bad(b"", f": {EMPTY}"),
    "only blank lines": bad(b"\n \n\t\n\r\n" * 10, f": {EMPTY}"),
    "only comments": bad(b"# a\n# b = c\n", f": {EMPTY}"),
    "only documents": bad(b"-DOCSTART- O\n\n-DOCSTART-\n\n", f": {EMPTY}"),
    # line ends and separators
    "CR alone": bad(b"a\tO\rb\tO\r", ":1: lines end with CR alone (old Mac); expected LF or CRLF"),
    "CRLF and LF": good(b"a\tO\r\nb\tO\n\r\nc\tO\r\n", ["a", "b"], ["c"]),
    "a CR within a row": good(b"a\rb\tO\nc\tO\n", ["a\rb", "c"]),
    "no line end at the end": good(b"a\tO\nb\tB-X", ["a", "b"]),
    "tabs, then spaces": bad(b"a\tO\nb O\n", NO_TAB),
    "spaces, then tabs": bad(b"a O\nb\tO\n", A_TAB),
    "runs of spaces": good(b"  a    O  \nb O\n", ["a", "b"]),
    "a tab at the end": bad(b"a\tO\t\nb\tO\t\n", ":1: the tag in column 3 is empty", untagged=""),
    "a tab too many in one row": bad(b"a\tO\nb\tO\t\n", ":2: the row has 3 columns; expected 2, as in line 1"),
    "two tabs": bad(b"a\tO\nb\t\tO\n", ":2: the row has 3 columns; expected 2, as in line 1"),
    "a row too short": bad(b"a\tx\tO\nb\tO\n", ":2: the row has 2 columns; expected 3, as in line 1"),
    "one column": bad(b"a\nb\n", ":1: the row has one column; expected a token and its tag", untagged=""),
    "an empty token": bad(b"a\tO\n\tO\n", ":2: the token in column 1 is empty"),
    "a token that is two spaces": bad(b"a\tO\n  \tO\n", ":2: the token in column 1 is empty"),
    "a token that is a space": good(b" \tO\na\tB-X\n \tO\n \n \t\n \tO\n", [" ", "a", " "], [" "]),
    "an empty tag": bad(b"a\tO\nb\t\n", ":2: the tag in column 2 is empty", untagged=""),
    # tags
    "tags with odd characters": good("a\tB-\U0001f600/é\nb\tI-\U0001f600/é\nc\tB-[{\"\\\n", ["a", "b", "c"]),
    "a control character in a tag": bad(
        b"a\tO\nb\tB-\x1b[31m\n", ":2: the tag 'B-\\x1b[31m' holds a control character", untagged=""
    ),
    "a C1 control in a tag": bad(
        "a\tO\nb\tB-\x9b31m\n", ":2: the tag 'B-\\x9b31m' holds a control character", untagged=""
    ),
    "one tag in all": good(b"a\tO\nb\tO\n\nc\tO\n", ["a", "b"], ["c"]),
    "one plain tag in all": good(b"a\tX\nb\tX\n", ["a", "b"]),
    "tags with spaces": good(b"a\tB-big city\nb\tI-big city\n", ["a", "b"], tags=[["B-big city", "I-big city"]]),
    "white space round a tag": bad(b"a\tO\nb\tO \n", AROUND, untagged=""),
    "an empty type": good(b"a\tB-\nb\tI-\nc\tO\n", ["a", "b", "c"]),
    "bare letters": good(b"a\tB\nb\tI\nc\tO\n", ["a", "b", "c"]),
    "o in lower case": good(b"a\to\nb\tB-X\n", ["a", "b"]),
    "types with hyphens": good(b"a\tB-a-b-c\nb\tI-a-b-c\n", ["a", "b"], tags=[["B-a-b-c", "I-a-b-c"]]),
    "5,000 tags": good("".join(f"w\t{tag}\n" for tag in MANY), ["w"] * 5000),
    "5,000 types": good("".join(f"w\tB-{tag}\n" for tag in MANY), ["w"] * 5000),
    # lines that are no rows
    "documents of all kinds": good(
        b"-DOCSTART- -X- -X- O\n\na O\n-DOCSTART-\nb O\n\n-DOCSTART-\tO\n\nc O\n", ["a"], ["b"], ["c"]
    ),
    "a document of another name": good(b"-DOCSTART-s\tO\n-docstart-\tO\n", ["-docstart-"]),
    "comments and hashtags": good(b"# id = 1\n#tag\tO\n# b\tO\n\n# note\na\tO\n", ["#tag", "# b"], ["a"]),
    "a comment within a sentence": good(b"a\tO\n# note\nb\tO\n", ["a", "b"]),
    "a hashtag without its tag": bad(b"a\tO\n#note\nb\tO\n", ":2: the row has 1 column; expected 2, as in line 1"),
    # gzip
    "gzip": good(gzip.compress(ROW), ["Ana", "left"], name="file.conll.gz"),
    "gzip under another name": good(gzip.compress(ROW), ["Ana", "left"]),
    "plain under the name of gzip": good(ROW, ["Ana", "left"], name="file.conll.gz"),
    "gzip in two members": good(gzip.compress(b"Ana\tB-P") + gzip.compress(b"ER\n"), ["Ana"], name="file.conll.gz"),
    "gzip with zeros after it": good(gzip.compress(ROW) + b"\0" * 512, ["Ana", "left"], name="file.conll.gz"),
    "gzip with more after it": bad(
        gzip.compress(ROW) + b"more", f"{GZIP}is damaged (Not a gzipped file (b'mo'))"
    ),
    "gzip that is cut off": bad(gzip.compress(ROW * 99)[:-9], f"{GZIP}ends too early"),
    "gzip of two bytes": bad(b"\x1f\x8b", f"{GZIP}ends too early"),
    "gzip that is damaged": bad(bytes(DAMAGED), f"{GZIP}is damaged (CRC check failed"),
    "gzip of another kind": bad(b"\x1f\x8b\x01more, and more", f"{GZIP}is damaged (Unknown compression"),
    "gzip of gzip": bad(gzip.compress(gzip.compress(ROW)), ": is a gzip file inside another"),
    # CoNLL-U
    "CoNLL-U": good(
        b"# text = x\n" + ud(("1-2", "ab", "_"), ("1", "a", "X"), ("1.1", "e", "X"), ("2", "b", "Y")),
        ["a", "b"],
        name="f.conllu",
    ),
    "CoNLL-U: an ID that does not count": bad(
        ud(("1", "a", "X"), ("3", "b", "Y")),
        ":2: the ID is '3'; expected 2 (a blank line ends a sentence)",
        name="f.conllu",
    ),
    "CoNLL-U: an ID of 5,000 digits": bad(
        ud(("1", "a", "X"), ("9" * 5000, "b", "Y")), f":2: the ID is '{'9' * 5000}'; expected 2", name="f.conllu"
    ),
    "CoNLL-U: other digits": bad(ud(("\u0661", "a", "X")), ":1: the ID is '\u0661'; expected 1", name="f.conllu"),
    "CoNLL-U: a range backwards": bad(
        ud(("2-1", "ab", "_"), ("1", "a", "X")), ":1: the ID is '2-1'; expected 1", name="f.conllu"
    ),
    "CoNLL-U: an empty node elsewhere": bad(
        ud(("1", "a", "X"), ("5.1", "e", "X")), ":2: the ID is '5.1'; expected 2", name="f.conllu"
    ),
    "CoNLL-U: nine columns": bad(
        ud(("1", "a", "X")).replace(b"\tdep", b""), ":1: the row has 9 columns; expected the 10", name="f.conllu"
    ),
    "CoNLL-U: no form": bad(ud(("1", "", "X")), ":1: the field form is empty", name="f.conllu"),
    "CoNLL-U: only empty nodes": bad(ud(("0.1", "e", "X")), f": {EMPTY}", name="f.conllu"),
}  # fmt: skip

assert len(CORPORA) >= 60


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def put(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return put


def is_safe(text: str) -> bool:
    """Whether nothing in the text steers a terminal."""
    return all(letter.isprintable() or letter in "\n" for letter in text)


@dataclass
class Run:
    """What a command came to."""

    code: int
    out: str
    error: str
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.error.splitlines()


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str) -> Run:
        code = run(list(arguments))
        found = Run(code, *capsys.readouterr())
        assert "Traceback" not in found.error
        return found

    return command


def assert_refused(found: Run, path: str, message: str) -> None:
    assert (found.code, len(found.lines)) == (1, 1), found.error[:300]
    wanted = f"seqtag: {path}{message}"[:700]  # a longer one is cut
    assert found.error.startswith(wanted), found.error[:300]
    assert len(found.error) < 1100
    assert is_safe(found.error)


@pytest.mark.parametrize("name", CORPORA)
class TestCorpus:
    def test_check(self, name: str, put: Any, command: Any) -> None:
        nasty = CORPORA[name]
        path = put(nasty.name, nasty.content)
        found = command("check", path)
        if nasty.tokens is None:
            assert_refused(found, path, nasty.refusal(True))
            assert found.out == ""
        else:
            assert (found.code, found.error) == (0, "")
            assert is_safe(found.out)

    def test_as_train_reads_it(self, name: str, put: Any) -> None:
        nasty = CORPORA[name]
        path = put(nasty.name, nasty.content)
        config = merge(parse_assignments([]))
        if nasty.tokens is None:
            with pytest.raises(DataError) as caught:
                read_corpora(config, path, path, None)
            assert str(caught.value).startswith(path + nasty.refusal(True))
        else:
            corpora = read_corpora(config, path, path, None)
            assert [list(one.tokens) for one in corpora.train.sentences] == nasty.tokens
            if nasty.tags is not None:
                assert [list(one.tags or ()) for one in corpora.train.sentences] == nasty.tags
            if name != "5,000 types":  # see below
                self.can_be_kept(config, corpora)

    def can_be_kept(self, config: Config, corpora: Corpora) -> None:
        """What a model folder holds of it is read back as it was."""
        vocabulary = fit_vocabulary(config, corpora, Resources(None))
        check_readable(corpora, vocabulary, Resources(None))
        values = parsed(dump_json(vocabulary.to_json()))
        assert Vocabulary.from_json(values, Resources(None)).to_json() == vocabulary.to_json()

    def test_evaluate(self, name: str, put: Any, command: Any) -> None:
        """Against itself it has no mistake."""
        nasty = CORPORA[name]
        path = put(nasty.name, nasty.content)
        large = len(nasty.content) > 20_000  # a table of 5,000 rows takes its time
        found = command("evaluate", "--predicted", path, path, "--json", "-" if large else f"{path}.json")
        if nasty.tokens is None:
            assert_refused(found, path, nasty.refusal(True))
        else:
            assert found.code == 0
            assert all(line.startswith(f"seqtag: warning: {path}:") for line in found.lines)
            assert ("byte order mark" in found.error) == (nasty.marked > 0)
            assert large or is_safe(found.out)
            figures = json.loads(found.out if large else Path(f"{path}.json").read_bytes())
            assert figures["tokens"] == sum(map(len, nasty.tokens))

    def test_predict(self, name: str, put: Any, command: Any, spans: Any) -> None:
        nasty = CORPORA[name]
        path = put(nasty.name, nasty.content)
        found = command("predict", str(spans.folder), path, "--input-format", "conll", "--format", "jsonl")
        if nasty.refusal(False) and EMPTY not in nasty.refused:
            assert_refused(found, path, nasty.refusal(False))
        else:
            assert (found.code, found.error) == (0, warning(path, nasty.marked))
            answers = [json.loads(line) for line in found.out.split("\n")[:-1]]
            if nasty.tokens is not None:
                assert [[token["text"] for token in one["tokens"]] for one in answers] == nasty.tokens
            for one in answers:
                tags = [token["tag"] for token in one["tokens"]]
                assert problems(tags, parse_scheme("bio")) == []
                assert "".join(token["tag"][0] for token in one["tokens"]).strip("BIO") == ""


# A process's largest size is told by itself: the system hands it down from whoever started it.
MEASURED = """
import sys
from pathlib import Path
from seqtag.cli import run
code = run(sys.argv[1:])
print(next(line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM:")))
sys.exit(code)
"""
RAW = {
    # content, and the tokens of each line or the message
    "empty": (b"", []),
    "a line end alone": (b"\n", [[]]),
    "blank lines": (b"\n \t\n\r\n\x0c\n", [[], [], [], []]),
    "CRLF": (b"Ana left\r\nIda\r\n", [["Ana", "left"], ["Ida"]]),
    "a mark": (BOM + b"Ana\n", [["Ana"]]),
    "U+0085 and U+2028 end no line": ("Ana\x85left\u2028now\n".encode(), [["Ana", "left", "now"]]),
    "U+200B is in a word": ("a\u200bb\n".encode(), [["a\u200bb"]]),
    "escape sequences": (b"\x1b[31mAna\n", [["\x1b", "[", "31mAna"]]),
    "a token of 1 MB": (b"a" * 1_000_000, [["a" * 1_000_000]]),
    "10,000 marks on a letter": (("e" + "\u0301" * 10_000 + "\n").encode(), [["e" + "\u0301" * 10_000]]),
    "NUL": (b"Ana\nIda\0\n", f":2: {NUL}"),
    "UTF-16": ("Ana".encode("utf-16"), f":1: {WIDE}"),
    "Latin-1": (b"caf\xe9\n", not_utf8(1, 0xE9)),
    "CR alone": (b"Ana\rIda\r", ":1: lines end with CR alone (old Mac); expected LF or CRLF"),
    "gzip": (gzip.compress(b"Ana\n"), [["Ana"]]),
    "gzip that is cut off": (gzip.compress(b"Ana\n" * 99)[:-9], f"{GZIP}ends too early"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_raw_text(name: str, put: Any, command: Any, spans: Any) -> None:
    content, expected = RAW[name]
    path = put("file.txt", content)
    found = command("predict", str(spans.folder), path, "--format", "jsonl")
    if isinstance(expected, str):
        assert_refused(found, path, expected)
    else:
        assert (found.code, found.error) == (0, "")
        answers = [json.loads(line) for line in found.out.split("\n")[:-1]]
        assert [[token["text"] for token in one["tokens"]] for one in answers] == expected


@pytest.mark.slow
def test_a_line_of_10_mb(put: Any, spans: Any, tmp_path: Path) -> None:
    """Each token has its tag; the memory is that of a process that does nothing else."""
    path, out = put("file.txt", b"Ana " * 2_500_000), tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "predict", str(spans.folder), path, "-o", str(out)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    with out.open() as file:
        assert Counter(line.partition("\t")[0] for line in file) == {"Ana": 2_500_000, "\n": 1}
    assert int(done.stdout) >> 10 < 800  # MB


OBJECT = 'expected an object with "text", or with "tokens" as a list of texts'
JSONL = {
    "text": ('{"text": "Ana"}', [["Ana"]]),
    "a mark": ('\ufeff{"text": "Ana"}', [["Ana"]]),
    "blank lines": ('\n \t\r\n{"text": "Ana"}\n\n', [["Ana"]]),
    "an empty text": ('{"text": ""}', [[]]),
    "no tokens": ('{"tokens": []}', [[]]),
    "NUL as an escape": ('{"text": "a\\u0000b"}', [["a", "\0", "b"]]),
    "controls as escapes": ('{"tokens": ["\\u001b[31m", "\\u009b", "\\u202e"]}', [["\x1b[31m", "\x9b", "\u202e"]]),
    "a pair of surrogates": ('{"tokens": ["\\ud83d\\ude00"]}', [["\U0001f600"]]),
    "other keys": ('{"text": "Ana", "": {"a": [1e300, -0.0, null, true]}, "x": 123456789012345678901}', [["Ana"]]),
    "nested 300 deep": ('{"text": "Ana", "x": ' + "[" * 300 + "]" * 300 + "}", [["Ana"]]),
    "half a pair": ('{"text": "\\ud800"}', ":1: holds half of a surrogate pair, which is not a character"),
    "half a pair in a key": ('{"text": "", "\\udfff": 1}', ":1: holds half of a surrogate pair"),
    "half a pair deep inside": (
        '{"text": "", "x": [{"y": "\\udfff"}]}',
        ":1: holds half of a surrogate pair, which is not a character",
    ),
    "the same key twice": ('{"text": "Ana", "text": "Ida"}', ":1: holds the key 'text' twice"),
    "the same key twice deep inside": ('{"text": "Ana", "x": [{"y": 1, "y": 2}]}', ":1: holds the key 'y' twice"),
    "no number": ('{"text": "Ana", "x": NaN}', ":1: is not JSON (NaN is not a JSON number); expected a value"),
    "an infinite number": ('{"text": "Ana", "x": -Infinity}', ":1: is not JSON (-Infinity is not a JSON number)"),
    "a number too large": ('{"text": "Ana", "x": 1e999}', ":1: holds the number 1e999, which is too large"),
    "a number of 5,000 digits": ('{"text": "Ana", "x": ' + "9" * 5000 + "}", ":1: is not JSON (Exceeds the limit"),
    "nested 100,000 deep": ("[" * 100_000, ":1: is nested deeper than 500"),
    "nested 5,000 deep": ('{"text": "", "x": ' + "[" * 5000 + "]" * 5000 + "}", ":1: is nested deeper than 500"),
    "a list of texts": ('["a"]', f":1: ['a'] is a list; {OBJECT}"),
    "a list of numbers": ("[7]", f":1: [7] is a list; {OBJECT}"),
    "a number": ("7", f":1: 7 is a single value; {OBJECT}"),
    "null": ("null", f":1: the value is null; {OBJECT}"),
    "a text of the wrong type": ('{"text": 7}', f":1: {OBJECT}"),
    "a text that is null": ('{"text": null}', f":1: {OBJECT}"),
    "tokens of the wrong type": ('{"tokens": {"a": 1}}', f":1: {OBJECT}"),
    "a token of the wrong type": ('{"tokens": ["a", ["b"]]}', f":1: {OBJECT}"),
    "an empty token": ('{"tokens": ["a", ""]}', f":1: token 2 is empty; {OBJECT}"),
    "text and other tokens": ('{"text": "a", "tokens": ["b"]}', ":1: token 1, 'b', does not occur in the text"),
    "neither": ('{"txt": "a"}', f":1: {OBJECT}"),
    "two objects": ('{"text": "a"} {"text": "b"}', ":1: is not JSON (Extra data"),
    "a comma at the end": ('{"text": "a",}', ":1: is not JSON ("),
    "one quote": ("{'text': 'a'}", ":1: is not JSON ("),
    "an object over two lines": ('{"text":\n"a"}', [["a"]]),
    "half an object": ('{"text": "a"\n{"text": "b"}\n', ":1: is not JSON ("),
    "a tab in a string": ('{"text": "a\tb"}', ":1: is not JSON (Invalid control character"),
}  # fmt: skip


@pytest.mark.parametrize("name", JSONL)
def test_json_lines(name: str, put: Any, command: Any, spans: Any) -> None:
    content, expected = JSONL[name]
    path = put("file.jsonl", content.encode())
    found = command("predict", str(spans.folder), path, "--format", "jsonl")
    if isinstance(expected, str):
        assert_refused(found, path, expected)
        return
    assert (found.code, found.error) == (0, "")
    answers = [json.loads(line) for line in found.out.split("\n")[:-1]]
    assert [[token["text"] for token in one["tokens"]] for one in answers] == expected
    given = json.loads(content.strip().removeprefix("\ufeff"))
    for key in given.keys() - {"text", "tokens"}:
        assert answers[0][key] == given[key]


@pytest.mark.parametrize(
    ("name", "content", "expected", "marked"),
    [
        ("file.txt", "\ufeffAna\n\ufeffIda left\n", [["Ana"], ["Ida", "left"]], 2),
        (
            "file.txt",
            "Ana\n\ufeff\nIda\n",
            [["Ana"], [], ["Ida"]],
            2,
        ),  # the second file begins with an empty line
        ("file.jsonl", '{"text": "Ana"}\n\n\ufeff{"text": "Ida"}\n', [["Ana"], ["Ida"]], 3),
    ],
)
def test_files_joined(
    name: str, content: str, expected: list[list[str]], marked: int, put: Any, command: Any, spans: Any
) -> None:
    path = put(name, content.encode())
    found = command("predict", str(spans.folder), path, "--format", "jsonl")
    assert (found.code, found.error) == (0, warning(path, marked))
    answers = [json.loads(line) for line in found.out.split("\n")[:-1]]
    assert [[token["text"] for token in one["tokens"]] for one in answers] == expected


def test_nested_as_deep_as_it_can_be_read_is_written(put: Any, command: Any, spans: Any) -> None:
    for depth in (499, 500):
        path = put("file.jsonl", ('{"text": "Ana", "x": ' + "[" * depth + "]" * depth + "}").encode())
        found = command("predict", str(spans.folder), path, "--format", "jsonl")
        if depth == 499:  # the object is one more
            assert found.code == 0
        else:
            assert_refused(found, path, ":1: is nested deeper than 500 lists and objects")


VECTORS = {
    "empty": (b"", ": "),
    "only blank lines": (b"\n\n", ":"),
    "a word without values": (b"a\nb\n", ":1: "),
    "a value too few": (b"a 1 2 3\nb 1 2\n", ":2: "),
    "a value too many": (b"a 1 2 3\nb 1 2 3 4 x\n", ":2: "),
    "a value that is none": (b"a 1 2\nb 1 x\n", ":2: "),
    "not a number": (b"a 1 2\nb nan 1\n", ":2: "),
    "infinite": (b"a 1 2\nb 1 -inf\n", ":2: "),
    "too large": (b"a 1 2\nb 1 1e400\n", ":2: "),
    "NUL": (b"a 1 2\n\0 1 2\n", ":2: "),
    "Latin-1": (b"a 1 2\n\xe9 1 2\n", ":2: "),
    "UTF-16": ("a 1 2\n".encode("utf-16"), ":1: "),
    "gzip that is cut off": (gzip.compress(b"a 1 2\n" * 999)[:-9], ": "),
    "gzip that is damaged": (bytes(DAMAGED), ": "),
    "a zip archive that is cut off": (b"PK\x03\x04" + b"\0" * 99, ": cannot be read: the zip file ends too early"),
    "a header of absurd size": (b"999999999999999999 300\na 1 2\n", ":2: "),
    "binary that is cut off": (b"2 3\na " + b"\0\0\x80\x3f" * 3 + b"b \0\0", ": ends within word 2 of 2"),
    "binary with a value that is no number": (b"1 2\na " + b"\0\0\xc0\x7f" * 2, ": "),
    "binary without an end of a word": (b"2 1\na " + b"\0\0\x80\x3f" + b"b" * 4_000_000, ": word 2 of 2 has no end"),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_malformed_vectors(name: str, put: Any) -> None:
    content, expected = VECTORS[name]
    path = put("vectors.txt", content)
    with pytest.raises(DataError) as caught:
        read_vectors(path)
    assert str(caught.value).startswith(path + expected), str(caught.value)[:300]
    assert "\n" not in str(caught.value)


SETTINGS = {
    "NUL": (b"encoder:\n  units: 1\0\n", ":2: is not YAML: it holds U+0000"),
    "UTF-16": ("encoder: {units: 3}\n".encode("utf-16"), ":1: is not UTF-8"),
    "Latin-1": (b"# \xe9\n", ":1: is not UTF-8"),
    "a tab before a key": (b"encoder:\n\tunits: 3\n", ":2: is not YAML: "),
    "no value": (b"units\n", ":1: expected settings as"),
    "a list": (b"- 1\n", ":1: expected settings as"),
    "two documents": (b"a: 1\n---\nb: 2\n", ":2: is not YAML: "),
    "an alias": (b"a: &x 1\nb: *x\n", ":2: aliases are not allowed"),
    "a merge of itself": (b"a: &x {<<: *x}\n", ":1: aliases are not allowed"),
    "an object of Python": (b"encoder: {units: !!python/object/apply:os.system [x]}\n", ":1: "),
    "nested 2,000 deep": (b"a: " + b"{a: " * 2000 + b"1" + b"}" * 2000, ":1: more than 20 lists"),
    "a key twice": (b"encoder: {units: 3, units: 4}\n", ":1: encoder.units is given twice"),
    "a date that is none": (b"training: {seed: 2001-99-99}\n", ":1: "),
    "a number of 5,000 digits": (b"training: {seed: " + b"9" * 5000 + b"}\n", ":1: "),
    "infinite": (b"training: {learning_rate: .inf}\n", ":1: training.learning_rate is inf; expected"),
    "not a number": (b"training: {learning_rate: .nan}\n", ":1: training.learning_rate is nan; expected"),
    "more than 1 MB": (b"#" * (1 << 20) + b"\n", ": has more than 1048576 bytes"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str, put: Any) -> None:
    content, expected = SETTINGS[name]
    path = put("settings.yaml", content)
    with pytest.raises(Error) as caught:
        merge(read_settings(path))
    assert str(caught.value).startswith(path + expected), str(caught.value)[:300]


def test_more_tags_than_a_crf_can_learn(put: Any) -> None:
    """5,000 plain tags would have 25 million transitions."""
    path = put("file.conll", CORPORA["5,000 tags"].content)
    config = merge(parse_assignments(["head.name=crf"]))
    with pytest.raises(Error, match=r"it has 5,000 tags, .* expected 2,048 .* With --head softmax"):
        fit_vocabulary(config, read_corpora(config, path, path, None), Resources(None))


def test_more_types_than_can_be_learnt_as_spans(put: Any) -> None:
    """5,000 types would have 400 million transitions."""
    path = put("file.conll", CORPORA["5,000 types"].content)
    for assignments in ([], ["data.train_scheme=bio"]):
        config = merge(parse_assignments(assignments))
        corpora = read_corpora(config, path, path, None)
        with pytest.raises(Error, match=r"its types of spans make (20,001|10,001) tags, .* expected 2,048"):
            fit_vocabulary(config, corpora, Resources(None))
    config = merge(parse_assignments(["data.scheme=plain"]))
    assert len(fit_vocabulary(config, read_corpora(config, path, path, None), Resources(None)).tags) == 5000


class TestPlaces:
    """What is no plain file, or is not there."""

    def refused_everywhere(self, command: Any, model: Path, path: str, message: str) -> None:
        for arguments in (
            ["check", path],
            ["predict", str(model), path],
            ["evaluate", str(model), path],
            ["evaluate", "--predicted", path, path],
            ["train", "--train", path, "-o", f"{model}-other", "-c", path],
            ["train", "--train", path, "-o", f"{model}-other"],
        ):
            assert_refused(command(*arguments), path, message)

    def test_a_folder(self, command: Any, spans: Any, tmp_path: Path) -> None:
        self.refused_everywhere(command, spans.folder, str(tmp_path), ": is a folder; expected a file")

    def test_a_file_that_is_missing(self, command: Any, spans: Any, tmp_path: Path) -> None:
        message = ": cannot be read: No such file or directory"
        self.refused_everywhere(command, spans.folder, str(tmp_path / "none"), message)

    def test_a_link_to_itself(self, command: Any, spans: Any, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        message = ": cannot be read: Too many levels of symbolic links"
        self.refused_everywhere(command, spans.folder, str(tmp_path / "loop"), message)

    def test_a_name_too_long(self, command: Any, spans: Any, tmp_path: Path) -> None:
        path = str(tmp_path / ("n" * 300))
        self.refused_everywhere(command, spans.folder, path, ": cannot be read: File name too long")

    def test_a_pipe_that_nobody_writes_to(
        self, command: Any, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lines_module, "PATIENCE", 0.05)
        path = str(tmp_path / "pipe")
        os.mkfifo(path)
        message = ": is a pipe, and nobody has opened it for writing in 0.05 seconds"
        try:
            self.refused_everywhere(command, spans.folder, path, message)
        finally:  # lets go of the threads that wait for a writer
            os.close(os.open(path, os.O_RDWR))

    def test_a_pipe_that_somebody_opens_later(self, command: Any, tmp_path: Path) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        writer = threading.Timer(0.2, path.write_bytes, [ROW])
        writer.start()
        found = command("check", str(path), "--json", "-")
        writer.join()
        assert (found.code, json.loads(found.out)["files"][0]["tokens"]) == (0, 2)

    def test_nothing_from_dev_null(self, command: Any, spans: Any) -> None:
        assert_refused(command("check", "/dev/null"), "/dev/null", f": {EMPTY}")
        assert command("predict", str(spans.folder), "/dev/null") == Run(0, "", "")

    def test_zeros_without_end(self, command: Any, spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lines_module, "LONGEST_LINE", 1 << 22)
        message = ": has a line of more than 4 MiB; is it text?"
        self.refused_everywhere_but_settings(command, spans.folder, "/dev/zero", message)

    def refused_everywhere_but_settings(self, command: Any, model: Path, path: str, message: str) -> None:
        for arguments in (["check", path], ["predict", str(model), path], ["evaluate", str(model), path]):
            assert_refused(command(*arguments), path, message)

    @pytest.mark.parametrize("content", [b"\n", b"a O\n"])
    def test_a_gzip_bomb(
        self, command: Any, spans: Any, put: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a gigabyte does in earnest, 400 kB do here."""
        path = put("bomb.gz", gzip.compress(content * (400_000 // len(content))))
        monkeypatch.setattr(unpacking_module, "FREE_BYTES", 1 << 14)
        message = ": unpacks to more than 200 times its size, beyond 0 MiB; is it text?"
        self.refused_everywhere_but_settings(command, spans.folder, path, message)
        monkeypatch.setattr(unpacking_module, "FREE_BYTES", 1 << 20)
        assert sum(1 for _ in lines_module.lines(path)) == 400_000 // len(content)

    @pytest.mark.parametrize("way", ["check --json", "evaluate --json", "evaluate --output", "predict -o"])
    def test_a_file_that_is_also_the_output(self, command: Any, spans: Any, put: Any, way: str) -> None:
        path = put("file.conll", ROW)
        os.symlink(path, f"{path}-link")
        name, option = way.split(" ")
        inputs = [path] if name == "check" else [str(spans.folder), path]
        for output in (path, f"{path}-link"):
            found = command(name, *inputs, option, output)
            assert found.code == 2
            assert found.error.startswith(f"seqtag: {output}: is also an input")
            assert Path(path).read_bytes() == ROW

    def test_answers_are_not_appended_to_the_text(self, spans: Any, put: Any) -> None:
        """It would read its own answers, and never end."""
        path = put("file.txt", b"Ana left\n")
        for by_name in (True, False):
            with open(path, "rb") as stdin, open(path, "ab") as stdout:
                done = subprocess.run(
                    [sys.executable, "-m", "seqtag", "predict", str(spans.folder), path if by_name else "-"],
                    env=ENVIRONMENT, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60,
                )  # fmt: skip
            name = path if by_name else "stdin"
            expected = f"seqtag: {name}: is also an input; choose a different output file.\n"
            assert (done.returncode, done.stderr) == (2, expected)
            assert Path(path).read_bytes() == b"Ana left\n"

    def test_dev_stdin(self, spans: Any) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "seqtag", "predict", str(spans.folder), "/dev/stdin"],
            env=ENVIRONMENT, input=b"Ana left\n", capture_output=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, b"Ana\tB-PER\nleft\tO\n\n", b"")


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


HOSTILE = "Ana \x1b]0;title\x07 \x9b31m \u202eoslO\u202c"


@pytest.mark.parametrize("output_format", ["conll", "jsonl", "text"])
def test_no_answer_steers_a_terminal(
    output_format: str, put: Any, spans: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal all that does not print is escaped; into a file it goes as it came."""
    path = put("file.jsonl", json.dumps({"tokens": HOSTILE.split(" ")}).encode())
    screen, file = Screen(), io.StringIO()
    for stream in (screen, file):
        if stream is file:
            monkeypatch.setenv("NO_COLOR", "1")
        stage.predict(str(spans.folder), [path], stream, input_format="jsonl", output_format=output_format)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())  # the colours are our own
    assert is_safe(shown.replace("\t", ""))
    if output_format == "jsonl":
        assert json.loads(shown)["text"] == json.loads(file.getvalue())["text"] == HOSTILE
    else:
        assert "\\x1b]0;title\\x07" in shown
        assert "\\u202eoslO" in shown
        assert "\x1b]0;title\x07" in file.getvalue()


def test_no_label_steers_a_terminal() -> None:
    """Labels come from a model folder, which may be somebody else's."""
    label = "\x1b]0;t\x07"
    screen = Screen()
    document = Document("Ana", ["Ana"], [f"B-{label}"], parse_scheme("bio"), spans=[Span(0, 1, label)])
    TextWriter(screen, [label]).write(document)
    assert is_safe(re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()))


def test_no_message_steers_a_terminal(command: Any, put: Any, tmp_path: Path) -> None:
    """Neither by the name of a file nor by what stands in it."""
    path = put("a\x1b]0;t\x07\u202e.conll", "a\tO\nb\tX-\x1b[31m\u202e\n\nc\tB-X\n".encode())
    for arguments in (
        ["check", path, "--scheme", "bio"],
        ["evaluate", "--predicted", path, path, "--scheme", "bio"],
    ):
        found = command(*arguments)
        assert is_safe(found.error + found.out)
    assert is_safe(command("check", path + "none").error)
    assert is_safe(command("predict", path, path).error)


def test_what_training_tells_steers_no_terminal(put: Any, spans: Any) -> None:
    prepared = dataclasses.replace(
        spans.result.prepared, unseen_tags={"B-\x1b[31m": 1}, warnings=("\x1b]0;t\x07",)
    )
    assert is_safe("\n".join(introduction(prepared)))
