"""Files that are no columns are refused by name; columns of any kind are not."""

import io
import json
import pickle
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import read_corpus, sentences
from seqtag.corpora.signs import sign
from seqtag.support.errors import DataError

TEXT = "Eva Holm left Rome on Monday and never came back.\nNobody knows why, though some have guessed.\n"
TOKENISED = "Eva Holm left Rome .\nNobody knows why , though some have guessed .\n" * 5
ELSE = {
    "running text": ("a.txt", TEXT, "running-text", "looks like running text"),
    "tokenised text": ("a.txt", TOKENISED, "running-text", "looks like running text"),
    "one line": ("a.txt", "Eva Holm left Rome\n", "running-text", "looks like running text"),
    "lines of one length": ("a.txt", "She left on Monday.\nHe came on Friday!\n", "running-text", "running text"),
    "Chinese": ("a.txt", "我今天早上在北京的公园里散步。\n他说他明天会从上海来看我们。\n", "running-text", "running"),
    "CSV without a header": ("a.txt", "Eva,B-PER\nleft,O\n\nRome;,O\n", "other-format", "(CSV)"),
    "BRAT": (
        "a.txt",
        "T1\tPER 0 8\tEva Holm\nT2\tLOC 14 18;20 21\tRome\nR1\tin Arg1:T1 Arg2:T2\n#1\tnote T1\tx\n",
        "other-format",
        "BRAT",
    ),
    "WebAnno": (
        "a.tsv",
        "#FORMAT=WebAnno TSV 3.3\n\n\n#Text=Eva left\n1-1\t0-3\tEva\tPER\n1-2\t4-8\tleft\t_\n",
        "other-format",
        "WebAnno TSV; export it as CoNLL 2002",
    ),
    "PubTator": (
        "a.txt",
        "12|t|Pain\n12|a|It hurts.\n12\t0\t4\tPain\tDisease\tD1\n",
        "other-format",
        "PubTator; the Python package bconv converts it",
    ),
    "HTML": ("a.html", "\n<!doctype html>\n<p>Eva left\n", "other-format", "HTML or XML"),
    "XML": ("a.xml", '<?xml version="1.0"?>\n<a/>\n', "other-format", "HTML or XML"),
    "parallel words": ("train.seq.in", "add eva to the list\nplay some jazz now please\n", "other-format", "parallel"),
    "parallel tags": ("seq.out", "O B-artist O O\nO O B-genre\n", "other-format", "parallel"),
    "JSON over lines": ("a.json", '[\n{\n"id": 1,\n', "other-format", "JSON"),
    "small tags after slashes": ("a.txt", "The/at jury/nn\nsaid/vbd it/pps\n", "other-format", "give --format slashes"),
    "small tags after underscores": ("a.txt", "The_at jury_nn\nsaid_vbd it_pps\n", "other-format", "underscores"),
    "small tags after pipes": ("a.txt", "The|det jury|noun said|verb\n", "other-format", "give --format pipes"),
}  # fmt: skip
COLUMNS = {
    "spans": "Eva B-PER\nleft O\n\nRome B-LOC\n",
    "plain tags in small letters": "Eva noun\nleft verb\n\nRome noun\n. punct\n",
    "numbers and letters": "12|t|a X\n13|a|b Y\n",
    "one row": "Eva NNP B-NP B-PER\n",
    "CoNLL-2012": (
        "#begin document (a); part 000\na 0 0 The DT (S* - - - sp * -\na 0 1 dog NN *) - - - sp * (1)\n\n"
        "a 0 0 It PRP * - - - sp * * -\na 0 1 ran VBD * - - - sp * (V*) -\n"
    ),
    "a row that lacks a column": "a b c d O\nf g h O\nk l m n O\n",
    "text in the first column": "He said.\tX\nShe left!\tY\nOh?\tX\n",
    "commas": "1,000\tNUM\n2,000\tNUM\n",
    "commas among spaces": "Oslo, B-LOC\nRome, B-LOC\n",
    "abbreviations": "U.S. B-LOC\nInc. O\n",
    "a mark": "< O\n<html> O\n",
    "markup at the begin": "<b>\tO\nEva\tB-PER\n",
    "slashes in words": "and/or CC\n1/2 CD\n",
    "words alone": "Eva\tO\nleft\tO\n" * 20,
    "few slashes": "and/or C/D\n",
    "rows after one of BRAT": "T1\tPER 0 3\tEva\nleft\tO\tX\n",
    "commas in a header": "word,tag\nx\n",
    "a long header": "the word that it is all about here,tag\nx,y\n",
    "one row with a comma": "a,O\n",
    "one column": "Mr.\nSt.\nDr.\n",
    "slashes in one column": "a/B\nc/D\ne/F\ng/H\n",
    "sentences of columns": ("a b c d word\n" * 3 + "a b c d e word\n" * 3) * 4,
    "tokens of BRAT": "T1\tO\n",
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "code", "said"), ELSE.values(), ids=ELSE)
def test_something_else_is_refused_by_name(
    tmp_path: Path, name: str, text: str, code: str, said: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_corpus(tmp_path / name)
    assert said in caught.value.problem
    assert caught.value.problem.endswith("if it is in columns, give --format conll")
    assert (caught.value.code, caught.value.line) == (code, 2 if name == "a.html" else 1)


@pytest.mark.parametrize("text", COLUMNS.values(), ids=COLUMNS)
def test_columns_are_not(text: str) -> None:
    assert sign("FILE", list(enumerate(text.split("\n"), 1))) is None


def test_a_named_format_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("She left on Monday.\n")
    assert read_corpus(path, ReadOptions("conll")).sentences[0].tags == ("Monday.",)


def test_without_tags_it_is_only_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("She left on Monday.\n")
    told: list[Finding] = []
    (found,) = sentences(path, ReadOptions(with_tags=False), told.append)
    assert found.tokens == ("She",)
    assert [(one.code, one.line, one.option) for one in told] == [("running-text", 1, "--input-format text")]


@pytest.mark.parametrize(
    "text", ["\x0c\n", "\u3000\n \u00a0\n", 'a,"b\n' * 3, "a\rb,c\rtag\n", "x" * 5000 + ",y\n"]
)
def test_odd_lines(text: str) -> None:
    assert sign("FILE", list(enumerate(text.split("\n"), 1))) is None


def _saved(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("create table a (b)")
        return bytes(base.serialize())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        *((pickle.dumps([("Eva", "O")], protocol), "is a pickle of Python") for protocol in (2, 3, 4, 5)),
        (_saved(np.zeros(2)), "is an array of NumPy"),
        (zlib.compress(b"Eva O\n"), "is packed with zlib, as spaCy's .spacy files are"),
        (_database(), "is an SQLite database"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "is a PDF"),
        (b"PAR1\x15\x04\x15\x10", "is a Parquet table"),
        (b"ARROW1\0\0\xff\xff", "is an Arrow table"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_corpus(path)
    assert caught.value.code == "other-format"


def test_check_gives_the_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    assert run(["check", str(path), "--json", "-"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["level"], found["code"], found["line"]) == ("error", "running-text", 1)


def test_a_stream_without_tags_is_not_looked_at() -> None:
    from seqtag.corpora import signs

    source = Source("FILE", iter([(1, TEXT)]))
    source.is_stream = True
    signs.check(source, refuse=False)
    assert list(source.lines()) == [(1, TEXT)]


def test_a_file_whose_columns_are_named_is_read(tmp_path: Path) -> None:
    """Whatever it looks like; and what it looks like is said."""
    path = tmp_path / "corpus"
    path.write_text("1 Ana S-PER x\n", encoding="utf-8")
    with pytest.raises(DataError, match="looks like running text"):
        read_corpus(path)
    corpus = read_corpus(path, ReadOptions(token_column=2, tag_column=3))
    assert corpus.sentences[0].tokens == ("Ana",)
    assert [finding.code for finding in corpus.findings] == ["running-text"]
