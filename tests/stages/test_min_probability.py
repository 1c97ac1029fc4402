"""`--min-probability` of `predict`."""

import json
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.corpora.document import Document
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.model_folder.layout import FORMAT_VERSION

TOP = Path(__file__).parents[2]
MODEL = str(TOP / "tests" / "golden" / "models" / f"format_{FORMAT_VERSION}")


def answers(path: Path, *options: str) -> str:
    assert (
        run(["predict", MODEL, str(TOP / "sample_data/english_news/dev.conll"), "-o", str(path), *options])
        == 0
    )
    return path.read_text()


def documents(path: Path, *options: str) -> list[Any]:
    return [json.loads(line) for line in answers(path, "--format", "jsonl", *options).splitlines()]


def test_uncertain_entities_are_dropped(tmp_path: Path) -> None:
    """Each entity that stays is one of the whole answer; tags and probabilities of the others are gone."""
    whole = documents(tmp_path / "whole")
    found = sorted(entity["probability"] for document in whole for entity in document["entities"])
    least = (found[len(found) // 2 - 1] + found[len(found) // 2]) / 2
    assert found[0] < least < found[-1]
    kept = documents(tmp_path / "kept", "--min-probability", str(least))
    columns = answers(tmp_path / "columns", "--min-probability", str(least)).split("\n\n")
    for before, after, rows in zip(whole, kept, columns, strict=False):
        assert after["entities"] == [one for one in before["entities"] if one["probability"] >= least]
        inside = {place for one in after["entities"] for place in range(one["start_token"], one["end_token"])}
        assert [place for place, token in enumerate(after["tokens"]) if token["tag"] != "O"] == sorted(inside)
        assert [row.split()[-1] for row in rows.splitlines()] == [token["tag"] for token in after["tokens"]]
        for old, new in zip(before["tokens"], after["tokens"], strict=True):
            assert new == old if new["tag"] == old["tag"] else "probability" not in new


def test_plain_tags_have_no_entities_to_drop(plain: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(plain.folder), str(plain.train), "--min-probability", "0.5"]) == 2
    assert "--min-probability drops entities; the model's tags are plain" in capsys.readouterr().err


def test_a_text_of_several_sentences_keeps_the_scheme_of_each() -> None:
    """In IOB1 a B says that the span touches the one before it, which may be the one that goes."""
    scheme = parse_scheme("iob1")
    document = Document(
        "a b c",
        ["a", "b", "c"],
        ["I-X", "B-X", "I-X"],
        scheme,
        probabilities=[0.1, 0.9, 0.8],
        spans=[Span(0, 1, "X"), Span(1, 2, "X"), Span(2, 3, "X")],
        span_probabilities=[0.1, 0.9, 0.8],
        ends=[2, 3],
    )
    found = document.without_uncertain(0.5)
    assert list(found.tags) == ["O", "I-X", "I-X"]
    assert [token.probability for token in found.tokens] == [None, 0.9, 0.8]
    assert [entity.start_token for entity in found.entities] == [1, 2]
    assert document.without_uncertain(0.1) is document


def test_tasks_for_label_studio_are_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the probabilities of `--format jsonl`; they are read back as spans, with a warning."""
    path = tmp_path / "tasks.json"
    tasks = json.loads(answers(path, "--format", "label_studio"))
    for task, document in zip(tasks, documents(tmp_path / "whole"), strict=True):
        assert task.keys() == {"data", "predictions"}
        (found,) = task["predictions"]
        keys = ("start", "end", "label", "probability")
        wanted = [tuple(entity[key] for key in keys) for entity in document["entities"]]
        rows = [
            (row["value"]["start"], row["value"]["end"], *row["value"]["labels"], row["score"])
            for row in found["result"]
        ]
        assert rows == wanted
        assert found.get("score") == min((row[-1] for row in rows), default=None)
    assert run(["convert", str(path), "--to", "jsonl", "-o", str(tmp_path / "back.jsonl")]) == 0
    assert f"{len(tasks)} tasks with predictions of a model alone" in capsys.readouterr().err
