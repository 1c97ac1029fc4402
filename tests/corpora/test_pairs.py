"""Pairs of a source and a target: which files hold them, and where a malformed row stands."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from seqtag.corpora.findings import Finding
from seqtag.corpora.pairs import PairOptions, TextPair, chosen_columns, read_pairs, resolved
from seqtag.support.errors import DataError, UsageError

CONLLU = """# text = Dogs barked .
1\tDogs\tdog\tNOUN\t_\tNumber=Plur\t0\troot\t_\t_
2-3\tbarked.\t_\t_\t_\t_\t_\t_\t_\t_
2\tbarked\tbark\tVERB\t_\t_\t1\tdep\t_\t_
3\t.\t_\tPUNCT\t_\t_\t1\tpunct\t_\t_

1\t_\t_\tSYM\t_\t_\t0\troot\t_\t_

"""


def read(path: Path, content: str | bytes, **how: Any) -> list[TextPair]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_pairs(str(path), PairOptions(**how)))


@pytest.mark.parametrize("content", [
    "ad\tɒ d\nabba\tɒ bː ɒ\n",
    "\ufeffad\tɒ d\r\n\r\n \nabba\tɒ bː ɒ",
])  # fmt: skip
def test_a_pair_a_line(content: str, tmp_path: Path) -> None:
    found = read(tmp_path / "p.tsv", content)
    assert [(pair.source, pair.target) for pair in found] == [("ad", "ɒ d"), ("abba", "ɒ bː ɒ")]
    assert [pair.line for pair in found] == ([1, 2] if "\r" not in content else [1, 4])
    assert read(tmp_path / "p.tsv.gz", gzip.compress(content.encode())) == found


def test_columns_by_number_and_by_name(tmp_path: Path) -> None:
    rows = "go\tpast\twent\nsee\tpast\tsaw\n"
    wanted = [("go", "went", ("past",)), ("see", "saw", ("past",))]

    def found(content: str, **how: Any) -> list[tuple[Any, ...]]:
        pairs = read(tmp_path / "p.tsv", content, **how)
        return [(pair.source, pair.target, pair.features) for pair in pairs]

    assert found(rows, target=-1, features=(2,)) == wanted
    named = {"source": "verb", "target": "form", "features": ("which",)}
    assert found("verb\twhich\tform\n" + rows, **named) == wanted
    with pytest.raises(UsageError, match=r"--source: no column 'verb'\. Known: go, past, went\."):
        found(rows, **named)
    with pytest.raises(UsageError, match=r"Known: \\x1b\[2Ja+\.\.\.a+\.$") as problem:
        found("\x1b[2J" + "a" * 100_000, **named)
    assert len(str(problem.value)) < 300
    with pytest.raises(UsageError, match=r": the source: no column 'verb'\. Known: go, past, went\."):
        found(rows, with_target=False, **named)
    with pytest.raises(UsageError, match=r"--target 0: columns are counted from 1"):
        found(rows, target=0)


def test_a_column_that_is_read_twice(tmp_path: Path) -> None:
    """Who reads the target beside the source has nothing to learn."""
    path = tmp_path / "p.tsv"
    for how, words in (
        ({"source": 2}, "--source and --target are both column 2"),
        ({"features": (-1,)}, "--target and --source-features are both column 2"),
        ({"source": "a", "target": 1}, "--source and --target are both column 1"),
        ({"source": "c"}, "--source: no column 'c'"),
    ):
        with pytest.raises(UsageError, match=words):
            read(path, "a\tb\nx\ty\n", **how)
    with pytest.raises(UsageError, match="--source: the first row names 'a' twice"):
        read(path, "a\ta\nx\ty\n", source="a")
    with pytest.raises(UsageError, match="--target and --source-features are both 'lemma'"):
        read(tmp_path / "p.conllu", CONLLU, features=("lemma",))
    assert read(path, "a\tb\n", source=2, target=1, with_target=False) == [TextPair("b", line=1)]


def test_a_header_that_is_read_as_a_pair(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("Word\tlemma\nran\trun\n")
    found: list[Finding] = []
    assert len(list(read_pairs(str(tmp_path / "p.tsv"), PairOptions(), found.append))) == 2
    assert [str(one).rpartition("/")[2] for one in found] == [
        "p.tsv:1: the row looks like a header, not like a pair (try --source Word --target lemma)"
    ]
    for row in ("class\tclass", "run\tlemma"):
        (tmp_path / "p.tsv").write_text(f"{row}\nran\trun\n")
        assert len(list(read_pairs(str(tmp_path / "p.tsv"), PairOptions(), found.append))) == 2
    assert len(found) == 1


@pytest.mark.parametrize(("content", "words"), [
    ("a\tb\nc\n", r"p\.tsv:2: has no tab; expected a source, a tab and its target$"),
    ("a\tb\tc\n", r"p\.tsv:1: has 3 columns; expected a source, a tab and its target; --source and --target"),
    ("a\tb\n\tb\n", r"p\.tsv:2: the source is empty; expected one in each row"),
    ("a\tb\n\na\t \n", r"p\.tsv:3: the target is empty; expected one in each row"),
    ("a\tb\n" + "a" * 10_001 + "\tb\n", r"p\.tsv:2: the source has 10,001 characters; expected at most 10,000"),
    ("a\tb\x1b[2J\n", r"p\.tsv:1: holds the control character '\\x1b'"),
    (b"a\tb\n\xff\tb\n", r"p\.tsv:2: byte 0xFF is not UTF-8"),
])  # fmt: skip
def test_a_malformed_row_is_named(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path / "p.tsv", content)


def test_a_row_that_is_too_short_for_the_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"p\.tsv:2: has 2 columns; expected its target in column 3"):
        read(tmp_path / "p.tsv", "a\tb\tc\na\tb\n", target=3)


def test_words_of_conllu(tmp_path: Path) -> None:
    path, notes = tmp_path / "p.conllu", []
    path.write_text(CONLLU, "utf-8")
    options = PairOptions(features=("upos", "feats:Number"))
    found = list(read_pairs(str(path), options, notes.append))
    assert found == [
        TextPair("Dogs", "dog", ("NOUN", "Plur"), 2),
        TextPair("barked", "bark", ("VERB", "_"), 4),
        TextPair("_", "_", ("SYM", "_"), 7),
    ]
    (note,) = [note for note in notes if note.code == "no-target"]
    assert str(note).startswith(f"{path}:5: 1 word whose target")
    upper = list(read_pairs(str(path), PairOptions("conllu", "lemma", "form")))
    assert [(pair.source, pair.target) for pair in upper][:2] == [("dog", "Dogs"), ("bark", "barked")]


def test_a_file_to_answer_holds_sources(tmp_path: Path) -> None:
    found = read(tmp_path / "p.txt", "ad\n\nabba\tx\n", with_target=False)
    assert [(pair.source, pair.target, pair.line) for pair in found] == [
        ("ad", "", 1),
        ("", "", 2),
        ("abba", "", 3),
    ]
    named = {"source": "verb", "target": "form", "features": ("which",), "with_target": False}
    found = read(tmp_path / "p.tsv", "verb\twhich\ngo\tpast\n", **named)
    assert [(pair.source, pair.features) for pair in found] == [("go", ("past",))]
    words = read(tmp_path / "p.conllu", CONLLU, with_target=False)
    assert [pair.source for pair in words] == ["Dogs", "barked", ".", "_"]


def test_what_a_model_keeps_of_its_options() -> None:
    options = resolved(PairOptions("auto", "verb", -1, (2, "which")), "train.conllu.gz")
    assert options.format == "conllu"
    assert PairOptions.from_json(options.to_json()) == options
    assert chosen_columns("2, which,-1") == (2, "which", -1)
    for change in ({"format": "csv"}, {"source": 0}, {"target": []}, {"features": [None]}, {"more": 1}):
        with pytest.raises(ValueError, match="does not say how its training file was read"):
            PairOptions.from_json(options.to_json() | change)
