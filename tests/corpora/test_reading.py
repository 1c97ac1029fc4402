"""Corpora: which format a file is taken for, and what is checked of a whole corpus."""

import gc
import gzip
import tracemalloc
import weakref
from pathlib import Path

import pytest

from seqtag.corpora.base import HEAD, ReadOptions, Source
from seqtag.corpora.reading import check_tags, read_corpus, sentences
from seqtag.corpora.tags import parse_scheme
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError

REST = "\tlemma\tNOUN\txpos\t_\t0\tdep\t_\t_"
CONLLU = f"# text = a b\n1-2\tab{REST}\n1\ta{REST}\n2\tb{REST}\n\n1\tc{REST}\n"
CONLL = "a\tO\nb\tB-X\n"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("file.conllu", CONLLU, [("a", "b"), ("c",)]),
        ("FILE.CoNLLU", CONLLU, [("a", "b"), ("c",)]),
        ("file.txt", CONLLU, [("a", "b"), ("c",)]),
        ("file.txt", f"1\ta{REST}", [("a",)]),
        ("file.txt", CONLL, [("a", "b")]),
        ("file.conll", CONLL, [("a", "b")]),
        # Ten columns whose first does not count the words: not CoNLL-U.
        ("file.txt", f"1\ta{REST}\n1\tb{REST}\n", [("1", "1")]),
        ("file.txt", f"7\ta{REST}\n", [("7",)]),
        ("file.txt", "1\ta\tO\n2\tb\tO\n", [("1", "2")]),
    ],
)
def test_the_format_is_recognised(
    tmp_path: Path, name: str, content: str, expected: list[tuple[str, ...]]
) -> None:
    for path, data in (
        (tmp_path / name, content.encode()),
        (tmp_path / f"{name}.gz", gzip.compress(content.encode())),
    ):
        path.write_bytes(data)
        assert [one.tokens for one in sentences(path)] == expected


@pytest.mark.parametrize("name", ["file.conllu", "file.CONLLU.GZ"])
def test_the_name_of_the_file_decides_first(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(CONLL)
    with pytest.raises(DataError, match=r"1: the row has 2 columns; expected the 10 of CoNLL-U"):
        list(sentences(path))


def test_the_name_of_a_field_asks_for_conllu(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text(f"# one\n2\ta{REST}\n")
    with pytest.raises(DataError, match=r"file\.txt:2: the ID is '2'; expected 1"):
        list(sentences(path, ReadOptions(tag_column="XPOS")))


def test_a_format_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "file.conllu"
    path.write_text(CONLL)
    assert [one.tags for one in sentences(path, ReadOptions(format="conll"))] == [("O", "B-X")]
    with pytest.raises(DataError, match="expected the 10 of CoNLL-U"):
        list(sentences(path))
    with pytest.raises(UsageError) as caught:
        sentences(path, ReadOptions(format="conl"))
    known = ", ".join(["auto", *registry.formats("tagged")])
    assert str(caught.value) == f"Unknown corpus format 'conl'. Did you mean 'conll'? Known: {known}."


def test_a_corpus_counts_its_tokens(tmp_path: Path) -> None:
    path = tmp_path / "file.conll"
    path.write_text("a\tO\nb\tO\n\nc\tO\n")
    corpus = read_corpus(str(path))
    assert (corpus.path, len(corpus.sentences), corpus.tokens) == (str(path), 2, 3)
    assert read_corpus(path, ReadOptions(with_tags=False)).sentences[0].tags is None
    assert read_corpus(path, ReadOptions(token_column=2, tag_column=1)).sentences[0].tags == ("a", "b")
    assert read_corpus(path, ReadOptions(feature_columns=(2,))).sentences[0].columns == (("O", "O"),)


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "-DOCSTART- O\n\n"])
def test_a_corpus_holds_at_least_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file.conll"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_corpus(path)
    assert str(caught.value) == f"{path}: there is no sentence in the file"


def test_an_illegal_tag_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "file.conll"
    path.write_text("a\tO\nb\tB-X\n\nc\tI-X\nd\tX-PER\n")
    corpus = read_corpus(path)
    with pytest.raises(DataError) as caught:
        check_tags(corpus, parse_scheme("bio"))
    assert str(caught.value) == f"{path}:5: 'X-PER' is not a BIO tag; expected O, B-label or I-label"
    check_tags(corpus, parse_scheme("plain"))
    path.write_text("a\tO\nb\tB-X\n\nc\tI-X\n")
    check_tags(read_corpus(path), parse_scheme("bio"))
    check_tags(read_corpus(path, ReadOptions(with_tags=False)), parse_scheme("bio"))


@pytest.mark.parametrize("name", ["a.conll", "a.csv"])
def test_numbers_are_named_in_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("word,tag\nEva,1\nlas,0\n" if name == "a.csv" else "Eva\t1\nlas\t0\n", encoding="utf-8")
    assert read_corpus(path, ReadOptions(labels=("O", "B-PER"))).sentences[0].tags == ("B-PER", "O")
    with pytest.raises(DataError, match=f"{name}:[12]: the tag is '1'; --labels has names for 0 to 0"):
        read_corpus(path, ReadOptions(labels=("O",)))


def test_blank_lines_before_the_first_row_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "blank.conll"
    path.write_text("\n" * 500_000 + CONLL)
    tracemalloc.start()
    try:
        corpus = read_corpus(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert corpus.sentences[0].lines[0] == 500_001
    assert most < 20_000_000


def test_an_attribute_may_come_late(tmp_path: Path) -> None:
    path = tmp_path / "late.conllu"
    row = "1\ta\t_\tX\t_\t_\t0\tdep\t_\t{}\n\n"
    path.write_text(row.format("_") * (HEAD // 2 + 1) + row.format("name=B-X"))
    assert read_corpus(path, ReadOptions(tag_column="misc:name")).sentences[-1].tags == ("B-X",)


@pytest.mark.parametrize("skip", [0, 1])
def test_a_half_read_file_is_closed_at_once(skip: int, tmp_path: Path) -> None:
    """Not only by a garbage collection, which may find the file before what reads it."""
    path = tmp_path / "tags.conll"
    path.write_text("a O\n\n" * 3)
    source = Source(path, skip=skip)
    assert next(source.lines())[1] == ("a O" if not skip else "")
    left = weakref.ref(source)
    gc.disable()
    try:
        del source
        assert left() is None
    finally:
        gc.enable()
