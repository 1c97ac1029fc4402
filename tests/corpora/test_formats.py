"""The registry of formats: each row is whole, and a row is all that a new format needs beside its file."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.corpora import conllu_columns
from seqtag.corpora.base import AUTO, ReadOptions, Source, Unwritable, by_ending, finish
from seqtag.corpora.document import Document
from seqtag.corpora.reading import read_corpus, recognise, sentences
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme, spans
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.support.errors import DataError, UsageError
from seqtag.tasks.tagging.splits import read_corpora

BIO = parse_scheme("bio")


@pytest.mark.parametrize("name", registry.FORMATS)
def test_each_row_names_what_there_is(name: str) -> None:
    row = registry.FORMATS[name]
    assert row.description
    for half in ("reader", "writer", "recogniser", "columns"):
        if getattr(row, half):
            assert registry.load(registry.FORMATS, name, half)


def test_help_says_what_each_format_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for name, row in registry.FORMATS.items():
        assert f"{name} ({row.description})" in shown


@pytest.mark.parametrize("name", registry.formats("writer"))
def test_each_writer_writes_a_document(name: str) -> None:
    stream = io.StringIO(newline="")
    writer = registry.load(registry.FORMATS, name, "writer")(stream)
    writer.write(Document("Ana  left", ["Ana", "left"], ["O", "O"], BIO))
    finish(writer)
    assert stream.getvalue().endswith("\n")
    assert stream.getvalue().index("Ana") < stream.getvalue().index("left")


# Formats that only the names of their files tell, and why.
BY_NAME = {
    "brat": "it is two files, of which neither is a corpus by itself",
    "docbin": "it is packed with zlib, as other files are",
}
CORPUS = (
    (("Eva", "Holm", "left", "Rome", "."), ("B-PER", "I-PER", "O", "B-LOC", "O"), "NNP NNP VBD NNP ."),
    (
        ("She", "never", "came", "back", "to", "Oslo"),
        ("O", "O", "O", "O", "O", "B-LOC"),
        "PRP RB VBD RB TO NNP",
    ),
    (("Go", "on"), ("O", "O"), "VB RB"),
)


@pytest.mark.parametrize("scheme", ["bio", "plain"])
@pytest.mark.parametrize("name", [name for name, row in registry.FORMATS.items() if row.tagged])
def test_what_is_written_is_recognised_by_its_content(name: str, scheme: str, tmp_path: Any) -> None:
    row = registry.FORMATS[name]
    if name in BY_NAME:
        assert not row.writer
        return
    path = tmp_path / "file"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = registry.load(registry.FORMATS, name, "writer")(stream)
        for words, own, plain in CORPUS:
            tags, found = (own, spans(own, BIO)) if scheme == "bio" else (plain.split(" "), [])
            writer.write(Document.of(Sentence(words), tags, parse_scheme(scheme), spans=found))
        finish(writer)
    assert recognise(Source(path), AUTO) == name
    again = sentences_to_tag(str(path), AUTO, None, Tokenizer("whitespace"))
    assert [one.tokens for one in again] == [words for words, _, _ in CORPUS]


def test_no_ending_stands_for_two_formats() -> None:
    endings = [ending for row in registry.FORMATS.values() for ending in row.endings]
    assert len(set(endings)) == len(endings)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.conll", "conll"),
        ("b/C.IOB", "conll"),
        ("a.bio.gz", "conll"),
        ("a.bio.bz2", "conll"),
        ("a.jsonl.XZ", "jsonl"),
        ("a.conllu.zst", "conllu"),
        ("a.conllu.zip", "conllu"),
        ("a.conllu.gz.gz", None),
        ("a.conllu", "conllu"),
        ("a.ndjson", "jsonl"),
        ("a.brackets", "brackets"),
        ("a.txt", None),
        ("conll", "conll"),
    ],
)
def test_the_ending_of_a_name(path: str, expected: str | None) -> None:
    assert by_ending(path) == expected


def test_what_is_looked_at_comes_again() -> None:
    rows = [(1, "a"), (2, "b"), (3, "c")]
    source = Source("FILE", rows)
    head = source.head()
    assert [next(head), next(head)] == rows[:2]
    assert next(source.head()) == rows[0]
    assert list(source.lines()) == rows
    assert list(Source("FILE", rows).lines()) == rows


def test_options_of_the_command_go_before_those_of_the_model() -> None:
    own = ReadOptions("conllu", "form", "xpos", ("upos",))
    assert own.override(AUTO) == own
    assert own.override(ReadOptions(tag_column="upos")) == ReadOptions("conllu", "form", "upos", ("upos",))
    assert own.override(ReadOptions("conll", 2, -1)) == ReadOptions("conll", 2, -1, ("upos",))


def test_a_file_to_tag() -> None:
    own = ReadOptions("conllu", "form", "xpos", ("upos",))
    for name, expected in (("conll", "conllu"), ("conllu", "conllu"), ("text", "text")):
        found = own.to_tag(name, AUTO.tokenizer)
        assert (found.format, found.with_tags, found.feature_columns) == (expected, False, ("upos",))
    assert AUTO.to_tag("conll", AUTO.tokenizer).format == "auto"


def test_lines_to_skip_are_those_of_the_training_corpus() -> None:
    own = ReadOptions(skip_rows=2)
    assert [own.to_tag(name, AUTO.tokenizer).skip_rows for name in ("conll", "conllu", "text")] == [
        2,
        None,
        None,
    ]
    assert own.override(AUTO).skip_rows == 2
    assert own.override(ReadOptions(skip_rows=0)).skip_rows == 0


def test_raw_text_is_no_corpus(tmp_path: Any) -> None:
    (tmp_path / "file").write_text("a b\n")
    with pytest.raises(UsageError, match="Unknown corpus format 'text'"):
        read_corpus(tmp_path / "file", ReadOptions("text"))
    (sentence,) = sentences(tmp_path / "file", ReadOptions("text", with_tags=False))
    assert (sentence.tokens, sentence.text) == (("a", "b"), "a b")


def read_pairs(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """A sentence a line, of tokens and tags: `Ana=PER left=O`."""
    for number, line in source.lines():
        tokens, tags = zip(*(pair.rsplit("=", 1) for pair in line.split(" ")), strict=True)
        yield Sentence(tokens, tags if options.with_tags else None, (number,) * len(tokens))


def has_pairs(source: Source) -> bool:
    return all("=" in pair for pair in next(source.head(), (0, ""))[1].split(" "))


class PairWriter:
    probabilities = False

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, document: Document) -> None:
        if any(" " in word for word in document.words):
            raise Unwritable(document.lines[0], "a token holds a space")
        pairs = zip(document.words, document.tags, strict=True)
        self.stream.write(" ".join(map("=".join, pairs)) + "\n")


def test_a_row_is_all_that_a_format_needs(
    tmp_path: Any, spans: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by its name and its first line, read by `check`, `evaluate` and `predict`, and written."""
    here = __name__
    row = registry.Format(
        "token=tag",
        reader=f"{here}:read_pairs",
        writer=f"{here}:PairWriter",
        recogniser=f"{here}:has_pairs",
        endings=("pairs",),
        tagged=True,
    )
    monkeypatch.setattr(registry, "FORMATS", registry.FORMATS | {"pairs": row})
    path = tmp_path / "file.pairs"
    path.write_text("Ana=B-PER left=O\nIda=B-PER saw=O Oslo=B-LOC\n")
    (tmp_path / "file.other").write_text(path.read_text())
    for name in ("file.pairs", "file.other"):
        assert [one.tags for one in sentences(tmp_path / name)] == [("B-PER", "O"), ("B-PER", "O", "B-LOC")]
    assert run(["check", str(path)]) == 0
    assert run(["evaluate", str(spans.folder), str(path)]) == 0
    capsys.readouterr()
    assert run(["predict", str(spans.folder), str(path), "--format", "pairs"]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_conllu_is_told_by_its_columns() -> None:
    rows = "".join(f"{number}\tw" + "\t_" * 8 + "\n" for number in (1, 2))
    for text, expected in (
        (rows, True),
        ("# text = a\n\n1-2\tw" + "\t_" * 8 + "\n" + rows, True),
        (rows.replace("2\tw", "3\tw"), False),
        ("", False),
        ("# only\n", False),
        ("a\tO\n", False),
    ):
        assert conllu_columns.recognise(Source("FILE", enumerate(text.split("\n"), 1))) == expected


def _written(name: str, folder: Path) -> Path:
    """A file of a format that holds a document."""
    row, path = registry.FORMATS[name], folder / "corpus.txt"
    document = Document("Ana left", ["Ana", "left"], ["B-PER", "O"], BIO)
    if row.writer:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = registry.load(registry.FORMATS, name, "writer")(stream)
            writer.write(document)
            finish(writer)
        return path
    names = [path.with_suffix(f".{one}") for one in row.files or row.endings]
    with contextlib.ExitStack() as stack:
        writer = registry.load(registry.FORMATS, name, "exporter")(
            *(stack.enter_context(one.open("wb")) for one in names)
        )
        writer.write(document)
        finish(writer)
    return names[0]


@pytest.mark.parametrize(
    "field", ["token_column", "tag_column", "feature_columns", "numeric_columns", "skip_rows"]
)
@pytest.mark.parametrize("name", registry.formats("tagged"))
def test_an_option_that_a_reader_makes_no_use_of_is_known(name: str, field: str, tmp_path: Path) -> None:
    if name == "docbin":
        pytest.importorskip("spacy")
    path = _written(name, tmp_path)
    value = {"skip_rows": 9}.get(field, ("nosuch",) if field.endswith("s") else "nosuch")
    options = ReadOptions(name, **{field: value})
    expected = list(sentences(path, ReadOptions(name)))
    assert [one.tokens for one in expected] == [("Ana", "left")]
    option = f"--{field.replace('_', '-')}"
    if field in registry.FORMATS[name].unused:
        assert list(sentences(path, options)) == expected
        if field not in ("feature_columns", "numeric_columns"):
            (found,) = read_corpus(path, options.as_given()).findings
            assert found.code == "unused-option"
            assert found.message.startswith(f"{option} has no effect on the format {name}; it is for conll, ")
        else:
            with pytest.raises(UsageError, match=f"{option} has no effect on the format {name}"):
                read_corpus(path, options.as_given())
    else:
        with pytest.raises((UsageError, DataError)):
            read_corpus(path, options)


SPANS = {"brat", "docbin", "doccano", "spacy_json", "label_studio"}


@pytest.mark.parametrize("name", registry.formats("tagged"))
def test_spans_of_characters_are_for_some_formats(name: str) -> None:
    assert ("misaligned" in registry.FORMATS[name].unused) == (name not in SPANS)


class TestUnused:
    """Options without an effect on a file."""

    @pytest.mark.parametrize(
        ("option", "problem"),
        [
            (
                ["--misaligned", "drop"],
                "--misaligned has no effect on the format conll; it is for brat, docbin",
            ),
            (["--neighbours", "split"], "--neighbours has no effect without --tag-spelling TYPE"),
            (["--labels", "O,B-PER"], "--labels has no effect: no tag is a number"),
        ],
    )
    @pytest.mark.parametrize(
        "command",
        [
            ["check", "FILE"],
            ["split", "FILE", "-o", "parts"],
            ["convert", "FILE", "--to", "pipes"],
            ["evaluate", "--predicted", "FILE", "FILE"],
        ],
        ids=lambda command: command[0],
    )
    def test_commands(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        command: list[str],
        option: list[str],
        problem: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "FILE").write_text("".join(f"w{at}\tB-PER\nx\tO\n\n" for at in range(20)))
        assert run([*command, *option]) == 0
        output = "".join(capsys.readouterr())
        before = "    " if command[0] == "check" else "warning: FILE: "
        assert f"{before}{problem}" in output
        assert output.count("has no effect") == 1

    def test_only_the_tokenizer_of_convert(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "corpus.conll"
        path.write_text("a\tO\n")
        assert run(["convert", str(path), "--to", "pipes", "--tokenizer", "char"]) == 0
        assert (
            "--tokenizer has no effect on the format conll; it is for brat, doccano"
            in capsys.readouterr().err
        )
        assert run(["convert", str(path), "--to", "pipes"]) == 0
        assert "has no effect" not in capsys.readouterr().err

    def test_the_column_of_predictions_has_its_own_name(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "corpus.jsonl"
        path.write_text('{"text": "Ana", "label": [[0, 3, "PER"]]}\n')
        assert run(["evaluate", "--predicted", str(path), str(path), "--predicted-column", "2"]) == 0
        assert "--predicted-column has no effect on the format doccano" in capsys.readouterr().err

    def test_settings_of_a_training_and_its_model(
        self, spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What the training said is no matter for a file that the model is scored on; what the user says is."""
        found = read_corpora(
            merge(parse_assignments(["data.misaligned=drop", "data.tokenizer=char"])),
            str(spans.train),
            None,
            None,
        )
        (finding,) = [one for one in found.findings if one.code == "unused-option"]
        assert finding.message.startswith("--misaligned has no effect")
        stored = ReadOptions.from_json(
            ReadOptions(misaligned="drop", neighbours="split").as_given().to_json()
        )
        assert read_corpus(spans.dev, stored.override(ReadOptions().as_given())).findings == ()
        given = stored.override(ReadOptions(misaligned="widen").as_given())
        assert [one.code for one in read_corpus(spans.dev, given).findings] == ["unused-option"]
        for command in ("evaluate", "gradients"):
            assert run([command, str(spans.folder), str(spans.dev), "--misaligned", "drop"]) == 0
            assert "--misaligned has no effect" in capsys.readouterr().err
