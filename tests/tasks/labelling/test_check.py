"""The check of labelled sentences: every finding on files small enough to count by eye; then the command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run

TRAIN = """\
# intent = play
good O
film B-X

# intent = stop
bad O
film B-X

# intent = Stop
# more = x
good O
film B-X

nothing O
here O
"""
FASTTEXT = "__label__pos good film\n__label__neg bad film\n__label__neg good film\n__label__a __label__b ok\n"
Capture = pytest.CaptureFixture[str]


def corpus(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def report(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert run(["check", *arguments, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def codes(found: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [
        (one["level"], one["code"], one["line"]) for one in found["findings"] if one["code"] != "rare-type"
    ]


def test_labels_are_counted_and_compared(tmp_path: Path, capsys: Capture) -> None:
    path = corpus(tmp_path, "a.txt", FASTTEXT)
    found = report(capsys, "--task", "classification", path)
    assert list(found) == ["task", "files", "pairs", "findings"]
    assert found["files"] == [
        {
            "path": path, "sentences": 4, "tokens": 7, "labels": {"neg": 2, "a": 1, "b": 1, "pos": 1},
            "unlabelled": 0, "several": 1, "repeated": 1, "contradictory": 1, "unknown_word_rate": None,
        }
    ]  # fmt: skip
    assert codes(found) == [("note", "duplicate-sentences", 3), ("warning", "contradictory-labels", 3)]
    (message,) = (one["message"] for one in found["findings"] if one["code"] == "contradictory-labels")
    assert message == "\"good film\" has the label 'neg', and in line 1 'pos'"
    assert [one["message"][:16] for one in found["findings"] if one["code"] == "rare-type"] == [
        "the label neg ha", "the label a has ", "the label b has ", "the label pos ha",
    ]  # fmt: skip


def test_one_label_is_expected_where_text_is_written_for_it(tmp_path: Path, capsys: Capture) -> None:
    found = report(capsys, "--task", "generation", corpus(tmp_path, "a.txt", FASTTEXT))
    assert ("error", "several-labels", 4) in codes(found)


def test_what_labels_and_sentences_lack(tmp_path: Path, capsys: Capture) -> None:
    path = corpus(tmp_path, "a.conll", TRAIN)
    found = report(capsys, "--task", "joint", "--label-key", "intent", path)
    assert codes(found)[-3:] == [
        ("error", "no-label", 14),
        ("warning", "contradictory-labels", 11),
        ("warning", "similar-labels", None),
    ]
    assert found["files"][0]["entities"] == {"X": 3}  # of the tags
    assert found["files"][0]["labels"] == {"Stop": 1, "play": 1, "stop": 1}
    assert run(["check", path, "--task", "joint", "--label-key", "more"]) == 0
    assert run(["check", path, "--task", "joint"]) == 0
    out = capsys.readouterr().out
    assert "no sentence has a label under the key 'label'; keys of the file: 'intent', 'more'" in out
    assert "Tag scheme: BIO (found in file 1)\nLabels: 0 under the key label" in out
    empty = corpus(tmp_path, "b.txt", FASTTEXT + "__label__x\n")
    assert ("error", "no-tokens", 5) in codes(report(capsys, "--task", "classification", empty))


def test_labels_that_are_probably_none(tmp_path: Path, capsys: Capture) -> None:
    each = corpus(tmp_path, "a.txt", "".join(f"__label__{number} a b{number}\n" for number in range(12)))
    same = corpus(tmp_path, "b.txt", "".join(f"__label__x a b{number}\n" for number in range(12)))
    assert codes(report(capsys, "--task", "classification", each)) == [("warning", "many-labels", None)]
    assert codes(report(capsys, "--task", "classification", same)) == [("warning", "constant-labels", None)]


def test_files_are_compared_with_that_for_training(tmp_path: Path, capsys: Capture) -> None:
    train = corpus(tmp_path, "a.txt", "__label__x a b c d e\n__label__y f\n")
    dev = corpus(tmp_path, "b.txt", "__label__x f\n__label__z a b c d e\n__label__y g\n")
    found = report(capsys, "--task", "classification", dev, "--train", train)
    assert [file["path"] for file in found["files"]] == [train, dev]
    assert found["files"][1]["unknown_word_rate"] == 1 / 7
    assert found["pairs"] == [
        {
            "first": train, "second": dev, "shared_sentences": 2, "relabelled": 2, "labels_only_in_first": [],
            "labels_only_in_second": ["z"],
        }
    ]  # fmt: skip
    assert codes(found) == [("warning", "unseen-label", 2), ("warning", "overlap", 2)]
    assert run(["check", "--task", "classification", dev, "--train", train]) == 0
    out = capsys.readouterr().out
    assert f"file 1: {train}\n  warning: rare-type" in out
    assert f"  lacks labels of {dev}: z" in out
    assert ["x", "1", "1"] in [line.split() for line in out.splitlines()]


def test_settings_come_from_a_file_and_options_are_those_of_the_task(tmp_path: Path, capsys: Capture) -> None:
    path = corpus(tmp_path, "a.jsonl", '{"text": "a b", "mood": "x"}\n{"text": "c", "mood": ["y", "z"]}\n')
    settings = corpus(tmp_path, "c.yaml", "task: classification\ndata:\n  label_key: mood\n")
    assert report(capsys, "-c", settings, path)["files"][0]["labels"] == {"x": 1, "y": 1, "z": 1}
    assert run(["check", path, "--label-key", "mood"]) == 2
    assert run(["check", path, "-c", settings, "--tag-column", "2"]) == 2
    said = capsys.readouterr().err
    assert "--label-key is for task classification, joint or generation; this is task tagging." in said
    assert "--tag-column is for task tagging or joint; this is task classification." in said


def test_repairs(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("__label__x caf\u00e9\r\n".encode("cp1252"))
    copy = str(tmp_path / "b.txt")
    assert run(["check", "--task", "classification", str(path), "--fix", copy, "--encoding", "cp1252"]) == 0
    assert Path(copy).read_bytes() == "__label__x caf\u00e9\n".encode()
    assert "decoded the text from cp1252" in capsys.readouterr().err


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, seqtag.tasks.labelling.check\n"
        "print(sorted({'tensorflow', 'numpy', 'onnxruntime', 'rich.table'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr
