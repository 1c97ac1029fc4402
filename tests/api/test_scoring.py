"""Scores from Python."""

from pathlib import Path
from typing import Any

import pytest

import seqtag

MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_1"
GOLD = Path(__file__).parents[2] / "sample_data" / "english_news" / "test.conll"


def test_spans() -> None:
    found = seqtag.score([["B-PER", "I-PER", "O", "B-LOC"], ["O"]], [["B-PER", "I-PER", "O", "O"], ["B-LOC"]])
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.types["PER"].f1 == 1.0
    assert found.types["LOC"].recall == 0.0
    assert "scheme:bio|sentences:2|tokens:5|gold:2" in found.signature


def test_plain_tags() -> None:
    found = seqtag.score([["NOUN", "VERB"]], [["NOUN", "NOUN"]])
    assert found.accuracy == found.f1 == 0.5
    assert found.types["NOUN"].precision == 0.5


def test_the_scheme_may_be_named() -> None:
    rows = [["B", "O"]]
    assert "scheme:plain" in seqtag.score(rows, rows, scheme="plain").signature
    assert "scheme:bilou" in seqtag.score([["U-X"]], [["O"]]).signature
    assert seqtag.score([["O"]], [["U-X"]]).types["X"].predicted == 1  # the predictions tell the scheme


def test_nothing_to_score() -> None:
    assert seqtag.score([], []).f1 == 0.0


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ("B-X", [], r"gold: expected a list of tags for each sentence. Received: str"),
        (["B-X"], [["O"]], r"gold\[0\]: expected a list of str. Received: str 'B-X'"),
        ([["O"]], [[None]], r"predicted\[0\]\[0\]: expected a str, not empty. Received: NoneType None"),
        ([["O"]], [], r"predicted: expected 1 sentences, as in gold. Received: 0"),
        ([["O"], ["O"]], [["O"], ["O", "O"]], r"predicted\[1\]: expected 1 tags, as in gold. Received: 2"),
        (
            [["B-X", "O"]],
            [["O", "NOUN"]],
            r"predicted\[0\]\[1\]: 'NOUN' is not a BIO tag; expected O, B-label",
        ),
    ],
)
def test_wrong_arguments(gold: Any, predicted: Any, message: str) -> None:
    with pytest.raises(seqtag.Error, match=message):
        seqtag.score(gold, predicted)


def test_an_unknown_scheme() -> None:
    with pytest.raises(seqtag.Error, match="Unknown tag scheme 'biou'"):
        seqtag.score([["O"]], [["O"]], scheme="biou")


def test_a_model() -> None:
    """Against the tags that the same model gives one sentence after the other."""
    sentences = [
        [row.split("\t") for row in block.splitlines()] for block in GOLD.read_text().strip().split("\n\n")
    ]
    predicted = seqtag.load(MODEL).tag([[row[0] for row in rows] for rows in sentences])
    expected = seqtag.score(
        [[row[-1] for row in rows] for rows in sentences], [one.tags for one in predicted]
    )
    found = seqtag.evaluate(MODEL, GOLD, threads=1)
    assert found.types == expected.types
    assert found.signature == expected.signature


def test_evaluate_refuses(tmp_path: Path) -> None:
    with pytest.raises(seqtag.Error, match="cannot be read"):
        seqtag.evaluate(MODEL, tmp_path / "none")
    with pytest.raises(seqtag.Error, match="no such folder"):
        seqtag.evaluate(tmp_path / "none", GOLD)
    with pytest.raises(seqtag.Error, match=r"gold: expected a path. Received: list"):
        seqtag.evaluate(MODEL, [["O"]])  # type: ignore[arg-type]
    with pytest.raises(seqtag.Error, match="threads"):
        seqtag.evaluate(MODEL, GOLD, threads=-1)


def test_spans_that_cut_tokens_and_tags_that_are_numbers(tmp_path: Path) -> None:
    spans, numbers = tmp_path / "spans.jsonl", tmp_path / "numbers.jsonl"
    spans.write_text('{"text": "Rome", "label": [[0, 2, "LOC"]]}\n')
    with pytest.raises(seqtag.Error, match="cuts the token 'Rome'"):
        seqtag.evaluate(MODEL, spans)
    assert seqtag.evaluate(MODEL, spans, misaligned="widen").types["LOC"].gold == 1
    numbers.write_text('{"tokens": ["Rome"], "ner_tags": [1]}\n')
    assert seqtag.evaluate(MODEL, numbers, labels=["O", "B-LOC"]).types["LOC"].gold == 1
