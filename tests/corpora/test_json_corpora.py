"""Corpora in JSON: each kind is told by its keys, and read with its tags or refused with its line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.corpora import label_studio, records, spacy_json
from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Finding
from seqtag.corpora.labels import names
from seqtag.corpora.reading import read_corpus, sentences
from seqtag.support.errors import DataError, Error, UsageError

TEXT = "Eva Holm left Rome."
SPANS = [[0, 8, "PER"], [14, 18, "LOC"]]
TOKENS = ("Eva", "Holm", "left", "Rome", ".")
TAGS = ("B-PER", "I-PER", "O", "B-LOC", "O")
OBJECTS = [{"start": start, "end": end, "label": label} for start, end, label in SPANS]
RESULT = [
    {"type": "labels", "value": {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}}
    for start, end, label in SPANS
]
PLACES = [(0, 3), (4, 8), (9, 13), (14, 18), (18, 19)]
OWN = [
    {"text": TEXT[a:b], "start": a, "end": b, "tag": tag} for (a, b), tag in zip(PLACES, TAGS, strict=True)
]

SPACY_2 = [
    {"orth": word, "tag": word.upper(), "ner": tag}
    for word, tag in zip((*TOKENS, " \n"), (*TAGS, "O"), strict=True)
]

SHAPES: dict[str, Any] = {
    "own": [{"text": TEXT, "tokens": OWN, "id": 1}],
    "own without text": [{"tokens": [{"text": row["text"], "tag": row["tag"]} for row in OWN]}],
    "hugging face": [{"tokens": list(TOKENS), "ner_tags": list(TAGS), "id": "1"}],
    "hugging face, tags": [{"tokens": list(TOKENS), "tags": list(TAGS)}],
    "allennlp": [{"words": list(TOKENS), "tags": list(TAGS), "mask": [True] * 5}],
    "by columns": [{"id": [1, 2], "tokens": [list(TOKENS)] * 2, "ner_tags": [list(TAGS)] * 2, "by": ["me"]}],
    "by columns of pandas": [{"tokens": {"0": list(TOKENS)}, "tags": {"0": list(TAGS)}}],
    "doccano": [{"id": 1, "text": TEXT, "label": SPANS}, {"text": "none"}],
    "doccano, labels": [{"text": TEXT, "labels": SPANS}, {"text": "none", "labels": []}],
    "doccano with relations": [
        {"text": TEXT, "entities": [{"start_offset": a, "end_offset": b, "label": c} for a, b, c in SPANS]}
    ],
    "spacy": [{"text": TEXT, "ents": OBJECTS, "tokens": [{"id": a, "start": a, "end": b} for a, b in PLACES]}],
    "prodigy": [{"text": TEXT, "spans": OBJECTS, "answer": "accept"}],
    "spacy 2": [{"id": 0, "paragraphs": [{"raw": TEXT, "sentences": [{"tokens": SPACY_2, "brackets": []}]}]}],
    "spacy pairs": [[TEXT, {"entities": SPANS}]],
    "annotator": [{"classes": ["PER"], "annotations": [[TEXT, {"entities": SPANS}], None]}],
    "label studio": [{"id": 1, "data": {"text": TEXT}, "annotations": [{"result": RESULT}]}],
    "label studio, small": [{"text": TEXT, "label": [row["value"] for row in RESULT], "id": 1}],
}  # fmt: skip
LISTS = (
    "own",
    "own without text",
    "hugging face",
    "allennlp",
    "by columns of pandas",
    "doccano",
    "spacy",
    "spacy 2",
    "spacy pairs",
    "annotator",
    "label studio",
    "label studio, small",
)


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def write(*rows: Any, name: str = "file") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", ["file", "file.jsonl", "file.json", "file.conll"])
@pytest.mark.parametrize("shape", SHAPES)
def test_told_by_its_keys(put: Any, shape: str, name: str) -> None:
    first = read_corpus(put(*SHAPES[shape], name=name)).sentences[0]
    assert (first.tokens, first.tags, first.lines) == (TOKENS, TAGS, (1,) * 5)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", LISTS)
def test_one_list_over_any_number_of_lines(tmp_path: Path, shape: str, indent: int | None) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps(SHAPES[shape][:1] * 2, indent=indent))
    for found in read_corpus(path).sentences:
        assert (found.tokens, found.tags) == (TOKENS, TAGS)
    assert (found.lines[0] > 1) == (indent is not None)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", [one for one in LISTS if one != "spacy pairs"])
def test_a_list_within_an_object(tmp_path: Path, shape: str, indent: int | None) -> None:
    path = tmp_path / "file.json"
    before = {"version": "1", "n": -1.5e3, "ok": True, "names": ["O", "X"], "info": {"by": "me", "on": 1}}
    value = before | {"data" if indent else "examples": SHAPES[shape][:1] * 2, "after": [{"a": []}]}
    path.write_text("\n" + json.dumps(value, indent=indent))
    begin = [number for number, line in enumerate(path.read_text().split("\n"), 1) if line == "    {"][:2]
    found = [(one.tokens, one.tags, one.lines[0]) for one in read_corpus(path).sentences]
    assert found == [(TOKENS, TAGS, line) for line in begin or (2, 2)]


@pytest.mark.parametrize("shape", [one for one in LISTS if one != "spacy pairs"])
def test_one_object_over_several_lines(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "file.json"
    path.write_text("\n" + json.dumps(SHAPES[shape][0], indent=1))
    (found,) = read_corpus(path).sentences
    assert (found.tokens, found.tags, found.lines) == (TOKENS, TAGS, (2,) * 5)


@pytest.mark.parametrize("shape", SHAPES)
def test_train_check_and_evaluate_read_it(put: Any, shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(put(*SHAPES[shape]))
    assert run(["check", path]) == 0
    assert run(["evaluate", path, "--predicted", path]) == 0
    assert "1.0000" in capsys.readouterr().out


def test_what_else_an_object_holds_is_kept(put: Any) -> None:
    for shape in ("own", "hugging face", "doccano", "label studio, small"):
        assert read_corpus(put(*SHAPES[shape])).sentences[0].extra == {"id": SHAPES[shape][0]["id"]}


def test_a_data_set_by_columns(put: Any) -> None:
    first, second = read_corpus(put(*SHAPES["by columns"])).sentences
    assert first.extra == {"id": 1, "by": ["me"]}
    assert second == replace(first, extra={"id": 2, "by": ["me"]})


def test_columns_are_keys(put: Any) -> None:
    row = {"words": ["a", "b"], "pos": ["X", "Y"], "lemma": ["c", "d"], "tokens": ["no"], "tags": ["O"]}
    options = ReadOptions("huggingface", "words", "pos", ("lemma",))
    (found,) = sentences(put(row), options)
    assert (found.tokens, found.tags, found.columns) == (("a", "b"), ("X", "Y"), (("c", "d"),))
    with pytest.raises(UsageError, match="columns are keys"):
        list(sentences(put(row), ReadOptions("huggingface", tag_column="2")))


def test_tags_of_spacy_tokens(put: Any) -> None:
    rows = [
        {"id": i, "start": a, "end": b, "tag": f"T{i}"} for i, (a, b) in enumerate([(0, 1), (1, 3), (3, 4)])
    ]
    (found,) = sentences(put({"text": "a \nb", "tokens": rows}), ReadOptions("spacy_json", tag_column="tag"))
    assert (found.tokens, found.tags) == (("a", "b"), ("T0", "T2"))
    (found,) = read_corpus(put(*SHAPES["spacy 2"]), ReadOptions(tag_column="tag")).sentences
    assert found.tags == tuple(map(str.upper, TOKENS))
    bare = {"paragraphs": [{"sentences": [{"tokens": [{"orth": word} for word in TOKENS]}]}]}
    (found,) = sentences(put(bare), ReadOptions(with_tags=False))
    assert (found.tokens, found.tags) == (TOKENS, None)


def test_numbers_need_labels(put: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put({"tokens": ["Eva", "left"], "ner_tags": [1, 0]})
    assert run(["check", str(path)]) == 1
    assert f"{path}:1: the tags in 'ner_tags' are numbers; --labels says what they" in capsys.readouterr().err
    info = tmp_path / "dataset_info.json"
    feature = {"_type": "Sequence", "feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}
    info.write_text(json.dumps({"features": {"ner_tags": feature}}))
    for labels in ("O,B-PER", str(info)):
        assert run(["check", str(path), "--labels", labels]) == 0
        assert "PER" in capsys.readouterr().out
    assert run(["check", str(path), "--labels", "O"]) == 1
    assert "'ner_tags' holds 1; --labels has names for 0 to 0" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["O\nB-X\n", '["O", "B-X"]', '{"id2label": {"0": "O", "1": "B-X"}}'])
def test_files_of_labels(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels").write_text(content)
    assert names(str(tmp_path / "labels")) == ("O", "B-X")


def test_labels_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text('{"a": {"names": ["x"]}, "b": {"names": ["y"]}}')
    for given, problem in (
        (str(tmp_path / "labels"), "holds 2 lists"),
        ("O,,X", "none of them empty"),
        ("O,O", "differ"),
    ):
        with pytest.raises(Error, match=problem):
            names(given)


@pytest.mark.parametrize("misaligned", ["error", "widen", "drop"])
def test_a_span_that_cuts_a_token(put: Any, misaligned: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = put({"text": "Annabel left", "label": [[0, 4, "PER"]]}, {"text": "Rome", "label": [[0, 4, "LOC"]]})
    told: list[Finding] = []
    options = ReadOptions(misaligned=misaligned)
    if misaligned == "error":
        with pytest.raises(
            DataError, match=":1: the span 0-4 'PER' cuts the token 'Annabel'; --misaligned widen"
        ) as caught:
            list(sentences(path, options, told.append))
        assert caught.value.code == "cut-span"
        assert run(["check", str(path)]) == 1
        return
    found = list(sentences(path, options, told.append))
    assert [one.tags for one in found] == [("B-PER" if misaligned == "widen" else "O", "O"), ("B-LOC",)]
    assert [(one.code, one.line, one.level) for one in told] == [("cut-span", 1, "warning")]
    assert run(["check", str(path), "--misaligned", misaligned, "--strict"]) == 1
    assert "cuts the token 'Annabel'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"tokens": ["a"], "ner_tags": ["O", "O"]}], "1: 'ner_tags' has 2 entries; expected one for each of the 1 "),
        ([{"tokens": ["a"], "tags": ["O"]}, {"tokens": ["a"]}], "2: expected an object with 'tags', a list of texts"),
        ([{"tokens": ["a", ""], "tags": ["O", "O"]}], "1: text 2 of 'tokens' is empty"),
        ([{"tokens": [["a"]] * 3, "tags": [["O"]] * 2}], "1: 'tags' has 2 entries; expected one for each of the 3 in"),
        ([{"tokens": [["a"], ["b", "c"]], "tags": [["O"]] * 2}], "1: 'tags' has 1 entries; expected one for each"),
        ([{"text": "a", "tokens": [{"text": "a"}]}], '1: has no tags; expected "tokens" as objects'),
        ([{"text": "a"}], "1: has no tags"),
        ([{"text": "a", "label": "cat"}], "1: has no tags: \"label\" is 'cat', which is not a list of"),
        ([{"text": "a", "label": [["0", 1, "X"]]}], r'1: "label" holds \[\'0\', 1, \'X\'\]; expected \[start, end,'),
        ([{"text": "a", "label": [[0.0, 1, "X"]]}], r'1: "label" holds \[0.0, 1, \'X\'\]; expected'),
        ([{"text": "a", "entities": [{"start_offset": 0, "end_offset": None, "label": "X"}]}], '1: "entities" holds {'),
        ([{"text": "a", "label": []}, {"text": "a", "label": [[0, 1]]}], r'2: "label" holds \[0, 1\]; expected'),
        ([{"text": "a", "label": []}, {"text": "a", "label": ["cat"]}], "2: \"label\" holds 'cat'; expected"),
        ([{"text": "a", "label": []}, {"text": "a", "label": "cat"}], "2: \"label\" is 'cat'; expected an object"),
        ([{"text": "a", "label": []}, []], r'2: \[\] is a list; expected an object with "text"'),
        ([{"text": "a", "label": []}, None], '2: the value is null; expected an object with "text"'),
        ([{"text": "a", "label": []}, {"text": 5}], '2: "text" is 5; expected an object with "text"'),
        ([{"text": "a", "label": []}, {"data": 5}], '2: there is no "text"; expected an object with "text"'),
        ([{"text": "a", "label": [[0, 2, "X"]]}], "1: in \"label\" the span 0-2 'X' does not lie in the text of 1"),
        ([{"text": "a", "labels": [[1, 0, "X"]]}], "1: in \"labels\" the span 1-0 'X' ends before it starts"),
        ([{"text": "a", "label": [[1, 1, "X"]]}], "1: the span 1-1 'X' is empty; --misaligned"),
        ([{"text": "a", "ents": [{"start": 1, "end": 0, "label": "X"}]}], "1: in \"ents\" the span 1-0 'X' ends"),
        ([{"text": "a", "label": [[0, 1, "X"], [0, 1, "Y"]]}], "1: the span 0-1 'Y' overlaps the span 0-1 'X'"),
        ([{"text": "a", "spans": OBJECTS[:0]}, {"text": "a", "spans": [{"start": 0}]}], '2: "spans" holds {'),
        ([{"text": "ab", "ents": [], "tokens": [{"start": 0, "end": 1}]}], "1: the text has 'b' after the last token"),
        ([{"data": {"text": "a"}, "annotations": [{"result": []}] * 2}], "1: the task has 2 annotations"),
        ([{"paragraphs": [{"sentences": [{"tokens": [{"orth": "a"}]}]}]}], "1: the tokens have no 'ner', or not all"),
        ([{"paragraphs": [{"sentences": [{"tokens": [{"orth": 1}]}]}]}], '1: the "orth" of a token is not a string'),
        ([{"paragraphs": [{"sentences": [{}]}]}], '1: expected "paragraphs" of "sentences" of "tokens" with "orth"'),
        ([{"paragraphs": [{"sentences": [{"tokens": [0]}]}]}], '1: expected "paragraphs" of "sentences"'),
        (
            [{"data": {"text": "a"}, "annotations": [{"result": [{"type": "hypertextlabels", "value": {}}]}]}],
            "1: .* is not a labelled span",
        ),
        ([{"data": {"a": "a", "b": "b"}, "annotations": []}], "1: the data have several texts"),
        (
            [{"text": "ab", "label": [{"start": 0, "end": 1, "text": "b", "labels": ["X"]}]}],
            "1: the span 0-1 is said to be 'b'; the text has 'a' there",
        ),
    ],
)  # fmt: skip
def test_refused_with_its_line(put: Any, rows: list[Any], problem: str) -> None:
    with pytest.raises(DataError, match=f":{problem}"):
        read_corpus(put(*rows))


def test_a_list_in_a_line_of_its_own(put: Any) -> None:
    said = r':1: \[1, 2\] is a list; expected an object with "text", or with "tokens" as a list of texts'
    with pytest.raises(DataError, match=said):
        read_corpus(put([1, 2], name="file.jsonl"))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('[\n{"text": "a", "label": []},\n{"text": "a"', 3, "is not JSON"),
        ('[\n{"text": "a", "label": []}\n', 2, "the list does not end"),
        ('[\n{"text": "a", "label": []}\n,\n]', 4, "is not JSON"),
        ('[\n{"text": "a", "label": []}] x', 2, "the list does not end"),
        ('[{"text": "a", "label": []},\n{"text": "a", "text": "b"}]', 2, "the key 'text' twice"),
        ('{"data":\n[{"text": "a", "label": []}]', 2, "the list does not end"),
        ('{"data":\n[{"text": "a", "label": []}], 1}', 2, "the list does not end"),
        ('\n{"text": "a",\n"label": []', 2, "is not JSON"),
        ('[{"text": "a", "label": []},\n' + "[" * 100_000, 2, "is nested deeper"),
    ],
)
def test_a_list_that_is_no_json(tmp_path: Path, text: str, line: int, problem: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(DataError, match=problem) as caught:
        list(records.records(Source(tmp_path / "file")))
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text", ["", "\n\n", "[ O\n] O\n", "[\n\na\n", "{ O\n", "[]", "[" * 100_000, "a\tO\n"]
)
def test_what_is_no_corpus_in_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    value = records.first(Source(tmp_path / "file"))
    assert not isinstance(value, dict | list)
    assert not spacy_json.recognise(Source(tmp_path / "file"))


def test_places_of_javascript(put: Any) -> None:
    """Label Studio counts characters beyond U+FFFF twice."""
    value = {"start": 3, "end": 7, "text": "Rome", "labels": ["LOC"]}
    (found,) = label_studio.read(Source(put({"text": "\U0001f600 Rome", "label": [value]})), ReadOptions())
    assert found.tags == ("O", "B-LOC")


def test_a_model_remembers_how_spans_were_read() -> None:
    options = ReadOptions("doccano", misaligned="widen", labels=("O", "B-X"))
    assert ReadOptions.from_json(options.to_json()) == options
    assert ReadOptions().to_json().keys() == {"format", "token_column", "tag_column", "feature_columns"}
    for wrong in ({"misaligned": "x"}, {"labels": [1]}, {"labels": ["\n"]}):
        with pytest.raises(ValueError, match="not known here"):
            ReadOptions.from_json(options.to_json() | wrong)
    for name, expected in (("conll", "conll"), ("jsonl", "jsonl")):
        assert options.to_tag(name, options.tokenizer).format == expected


def test_what_was_not_annotated_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    skipped = {"data": {"text": "Eva"}, "annotations": [{"was_cancelled": True, "result": []}]}
    task = {"data": {"text": "Ole"}, "annotations": [{"result": []}]}
    path.write_text(json.dumps([task, skipped, {"data": {"text": "Pia"}, "annotations": []}]))
    (finding,) = read_corpus(path).findings
    assert (finding.level, finding.code, finding.message[:7]) == ("warning", "not-annotated", "2 tasks")
    path.write_text(json.dumps([task]))
    assert read_corpus(path).findings == ()
