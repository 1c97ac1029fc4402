"""Texts of several sentences: split, tagged one by one, and answered with offsets into the whole text."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import seqtag
from seqtag.cli import run
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.conll import ConllWriter
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding
from seqtag.corpora.running_text import Splitting, paragraphs
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme
from seqtag.corpora.text import read
from seqtag.inference import documents
from seqtag.inference import tagger as taggers
from seqtag.inference.tagger import SentenceTagger
from seqtag.stages.predict import predict
from seqtag.support.errors import DataError

SPLIT, PARAGRAPH = Splitting("split"), Splitting("paragraph")
TEXT = "Ana Ruiz saw Oslo.  Bo left New\nYork with Dr. Ida today.\n\nLima."
MARKS = ["a", "B", ". ", "? ", '"', "\u2028", "\u00a0", "\n", "\n\n", "\u3002", "\U0001f600", "e\u0301", "Mr. ", "1. ",
         "\ud800", "\t", "(", ")"]  # fmt: skip
Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def answers(model: Any, path: str, **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    predict(str(model.folder), [path], stream, output_format="jsonl", **options)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_sentences_of_a_text() -> None:
    assert SPLIT.sentences("It was Mr. Smith. He left\nat 3.5 p.m. Why?") == [
        "It was Mr. Smith. ",
        "He left\nat 3.5 p.m. ",
        "Why?",
    ]
    german = "Das ist bzw. Oslo. Ende."
    assert Splitting("split", "de").sentences(german) == ["Das ist bzw. Oslo. ", "Ende."]
    assert len(SPLIT.sentences(german)) == 3
    with pytest.raises(ValueError, match="'word'"):
        Splitting("word")


@example("B\u2028. ")  # white space of three bytes before a full stop
@example("a\ud800b. C")
@given(st.lists(st.sampled_from(MARKS), max_size=20).map("".join))
def test_no_character_is_lost(text: str) -> None:
    """White space and halves of characters that the library does not take included."""
    assert "".join(SPLIT.sentences(text)) == text
    whole = ReadOptions(splitting=SPLIT).raw(text)
    assert whole.parts is not None
    assert whole.tokens == tuple(token for part in whole.parts for token in part.tokens)
    assert "".join(whole.tokens) == "".join(text.split())
    assert all(whole.parts)


def test_a_paragraph_ends_at_a_blank_line() -> None:
    lines = ["", "a", "b", " \t", "", "c", ""]
    assert list(paragraphs(enumerate(lines, 1), "FILE")) == [(2, "a\nb"), (6, "c")]


def test_a_paragraph_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtag.corpora.running_text.LONGEST_LINE", 5)
    with pytest.raises(DataError, match="FILE:1: the paragraph has more than 5 characters"):
        list(paragraphs([(1, "abc"), (2, "def")], "FILE"))


def test_each_line_is_a_document_of_its_sentences(spans: Any, write: Write) -> None:
    path = write("in.txt", "Ana Ruiz saw Oslo. Bo left Lima.\n\nIda left.\n")
    found = answers(spans, path, splitting=SPLIT)
    assert [answer["text"] for answer in found] == ["Ana Ruiz saw Oslo. Bo left Lima.", "", "Ida left."]
    assert [len(answer["sentences"]) for answer in found] == [2, 0, 1]
    assert "sentences" not in answers(spans, path)[0]


def test_a_paragraph_is_tagged_as_its_sentences_are(spans: Any, write: Write) -> None:
    """One by one, with everything in its place of the whole text."""
    tagger = SentenceTagger.load(spans.folder)
    found = answers(spans, write("in.txt", TEXT), splitting=PARAGRAPH)
    assert [answer["text"] for answer in found] == TEXT.split("\n\n")
    answer, text = found[0], found[0]["text"]
    assert [sentence["text"] for sentence in answer["sentences"]] == [
        "Ana Ruiz saw Oslo.",
        "Bo left New\nYork with Dr. Ida today.",
    ]
    for one in (*answer["tokens"], *answer["entities"], *answer["sentences"]):
        assert text[one["start"] : one["end"]] == one["text"]
    assert ("New\nYork", "LOC") in {(entity["text"], entity["label"]) for entity in answer["entities"]}
    tokens, entities = iter(answer["tokens"]), iter(answer["entities"])
    for sentence in answer["sentences"]:
        first, last = sentence["start_token"], sentence["end_token"]
        words = [token["text"] for token in answer["tokens"][first:last]]
        (alone,) = tagger.tag([words], entities=True)
        for token, of_sentence in zip(tokens, alone.to_dict()["tokens"], strict=False):
            assert (token["text"], token["tag"]) == (of_sentence["text"], of_sentence["tag"])
            assert token["probability"] == pytest.approx(of_sentence["probability"], abs=2e-4)
            if of_sentence["end"] == alone.offsets[-1][1]:
                break
        for of_sentence in alone.entities:
            entity = next(entities)
            assert (entity["label"], entity["start_token"]) == (
                of_sentence.label,
                first + of_sentence.start_token,
            )
            assert entity["end_token"] == first + of_sentence.end_token
    assert next(entities, None) is next(tokens, None) is None


def test_rows_have_a_blank_line_after_each_sentence(spans: Any, write: Write) -> None:
    stream = io.StringIO()
    predict(str(spans.folder), [write("in.txt", TEXT)], stream, splitting=PARAGRAPH)
    assert [block.split("\t")[0] for block in stream.getvalue().split("\n\n")] == ["Ana", "Bo", "Lima", ""]
    stream = io.StringIO()
    predict(str(spans.folder), [write("in.txt", TEXT)], stream, splitting=PARAGRAPH, output_format="text")
    assert stream.getvalue().count("\n") == 2


def test_a_token_that_would_be_a_comment_in_the_middle() -> None:
    words, scheme = ("a", ".", "# b", "."), parse_scheme("plain")
    document = Document("a. # b.", words, ("x", "x", "y", "x"), scheme, ends=(2, 4))
    with pytest.raises(ValueError, match="would be read as a comment"):
        ConllWriter(io.StringIO()).write(document)


def test_a_json_line_is_split_and_its_tokens_are_not(spans: Any, write: Write) -> None:
    path = write("in.jsonl", '{"text": "Ana left. Bo left.", "id": 1}\n{"tokens": ["Ana", "."]}\n')
    raw, tokenised = answers(spans, path, input_format="jsonl", splitting=SPLIT)
    assert raw["id"] == 1
    assert [sentence["end_token"] for sentence in raw["sentences"]] == [3, 6]
    assert "sentences" not in tokenised


def test_texts_with_and_without_sentences_in_one_batch(spans: Any) -> None:
    tagger = SentenceTagger.load(spans.folder)
    split = ReadOptions(splitting=SPLIT)
    texts = [split.raw("Ana left. Bo left."), Sentence(("Oslo",)), split.raw(" "), split.raw("Lima.")]
    found = list(documents.begin(tagger, texts))
    assert [(len(document), len(document.sentences)) for document in found] == [
        (6, 2),
        (1, 1),
        (0, 0),
        (2, 1),
    ]
    assert found[0].tags[0] == found[0].tags[3] == "B-PER"


def test_a_sentence_of_several_windows_among_others(spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = SentenceTagger.load(spans.folder)
    texts = [ReadOptions(splitting=SPLIT).raw("Ana saw Oslo. " + "Bo left Lima today . " * 20)]
    (whole,) = documents.begin(tagger, texts, entities=True)
    monkeypatch.setattr(taggers, "WINDOW", 3)
    (cut,) = documents.begin(tagger, texts, entities=True)
    assert [entity.text for entity in cut.entities] == [entity.text for entity in whole.entities]


@pytest.mark.parametrize("mode", ["split", "paragraph"])
def test_without_the_package(mode: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "sentencex", None)
    assert run(["predict", "model", "--sentences", mode]) == 1
    message = capsys.readouterr().err
    assert message.startswith(
        "seqtag: splitting text into sentences needs the package sentencex, which is not"
    )
    assert "pip install '.[sentences]'" in message


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--sentences", "splits"], "Did you mean 'split'?"),
        (["--sentences", "split", "--input-format", "conll"], "--sentences is for raw text"),
        (["--language", "de"], "add --sentences split"),
        (["--sentences", "split", "--format", "jsonl", "--nbest", "2"], "does not go with --sentences split"),
    ],
)
def test_options_that_make_no_sense(arguments: list[str], problem: str, capsys: Any) -> None:
    assert run(["predict", "model", *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_the_command(spans: Any, write: Write, capsys: Any) -> None:
    path = write("in.txt", "Das ist bzw. Oslo. Ende.\n")
    for language, blocks in (("en", 4), ("de", 3)):
        command = ["predict", str(spans.folder), path, "--sentences", "split", "--language", language]
        assert run(command) == 0
        assert len(capsys.readouterr().out.split("\n\n")) == blocks


class TestPython:
    def test_a_text(self, spans: Any) -> None:
        tagger = seqtag.load(spans.folder)
        document = tagger("Ana left. Bo left.", split=True)
        assert [sentence.text for sentence in document.sentences] == ["Ana left.", "Bo left."]
        assert [entity.text for entity in document.entities] == ["Ana", "Bo"]
        assert len(tagger("Ana left. Bo left.").sentences) == 1

    def test_many_texts(self, spans: Any) -> None:
        tagger = seqtag.load(spans.folder)
        texts = ["Das ist bzw. Oslo. Ende.", ""] * 3
        found = [len(document.sentences) for document in tagger.pipe(texts, split=True, language="de")]
        assert found == [2, 0] * 3

    def test_no_best_sequences(self, spans: Any) -> None:
        tagger = seqtag.load(spans.folder)
        with pytest.raises(seqtag.Error, match="does not go with split=True"):
            tagger("Ana.", split=True, nbest=2)
        with pytest.raises(seqtag.Error, match="does not go with split=True"):
            tagger.pipe(["Ana."], split=True, nbest=2)


def reported(path: str, options: ReadOptions) -> list[Finding]:
    found: list[Finding] = []
    lines = Path(path).read_text("utf-8").count("\n")
    assert len(list(read(Source(path, report=found.append), options))) == lines
    return found


CROWDED = "She went home. It was late. The rain fell.\n"


@pytest.mark.parametrize(
    "text",
    [
        CROWDED,
        CROWDED * 2 + "One line.\n\n",
        CROWDED * 100 + "One line.\n" * 200,
        "She went home . \u201cIt was late .\u201d The rain fell .\n",
        "\u72ac\u304c\u6c34\u3092\u98f2\u3080\u3002\u732b\u306f\u9b5a\u3092\u98df\u3079\u308b\u3002\u6c34\u3002\n",
    ],
)
def test_lines_of_several_sentences(text: str, write: Write) -> None:
    path = write("in.txt", text)
    (finding,) = reported(path, ReadOptions())
    assert (finding.level, finding.code, finding.file) == ("warning", "several-sentences", path)
    assert "lines hold several sentences" in finding.message
    assert finding.option == "--sentences split"
    assert reported(path, ReadOptions(splitting=SPLIT)) == []


@pytest.mark.parametrize(
    "text",
    [
        "One line.\n" * 3 + CROWDED * 2,
        CROWDED + "One line.\n",
        "One line.\n" * 100 + CROWDED * 300,
        "She went home. It was late.\n",
        "Dr. Smith, Mr. Jones, Prof. Brown etc. The F. B. I. and U.S. Army vs. Navy.\n",
        "It cost 3.5 dollars... and more... and more. see www.example.com. yes.\n",
        "\u72ac\u3002\u732b\u300d\u3002\n",
        "\n",
    ],
)
def test_lines_of_one_sentence(text: str, write: Write) -> None:
    assert reported(write("in.txt", text), ReadOptions()) == []


def test_predict_reports_it_for_a_file_and_not_for_a_stream(
    spans: Any, write: Write, capsys: Any, monkeypatch: Any
) -> None:
    path = write("in.txt", CROWDED * 3)
    assert run(["predict", str(spans.folder), path]) == 0
    line = capsys.readouterr().err
    assert line.startswith(f"seqtag: warning: {path}: 3 of the first 3 lines hold several sentences")
    assert line.endswith("(try --sentences split)\n")
    assert run(["predict", str(spans.folder), path, "--sentences", "split"]) == 0
    assert capsys.readouterr().err == ""
