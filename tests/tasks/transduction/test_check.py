"""The check of pairs: every finding on files small enough to count by eye; then the command."""

import json
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run

Capture = pytest.CaptureFixture[str]
TRAIN = "lead\tled\nlead\tlead\nled\tl e d\nlead\tled\nab \tabc\n"


def pairs(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def report(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert run(["check", "--task", "transduction", *arguments, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def codes(found: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    return [(one["level"], one["code"], one["line"]) for one in found["findings"]]


def test_what_is_in_a_file(tmp_path: Path, capsys: Capture) -> None:
    path = pairs(tmp_path, "a.tsv", TRAIN)
    found = report(capsys, path)
    assert (found["task"], found["source_cut"], found["target_cut"]) == ("transduction",) + (
        "characters",
    ) * 2
    (file,) = found["files"]
    symbols = file.pop("source_symbols"), file.pop("target_symbols")
    assert symbols[0] == {"d": 4, "e": 4, "l": 4, "a": 4, " ": 1, "b": 1}
    assert symbols[1]["c"] == 1
    assert file == {
        "path": path, "pairs": 5, "different": 4, "sources": 3, "several_targets": 1, "best": 0.8,
        "longest_source": {"symbols": 4, "line": 1}, "longest_target": {"symbols": 5, "line": 3},
        "features": [], "unknown_symbols": None,
    }  # fmt: skip
    assert codes(found) == [
        ("warning", "several-targets", None),
        ("note", "several-targets", 1),
        ("note", "duplicate-pairs", 4),
        ("warning", "outer-space", 5),
        ("note", "mixed-cut", 3),
        ("note", "rare-symbols", None),
        ("note", "rare-symbols", None),
    ]
    messages = [one["message"] for one in found["findings"]]
    assert messages[0].endswith("so that at most 80.0% of the pairs can be right")
    assert messages[1] == "the source 'lead' has 2 targets: 'led' (line 1), 'lead' (line 2)"
    assert found["findings"][4]["option"] == "--target-cut spaces"


def test_cuts_are_found_out_or_given(tmp_path: Path, capsys: Capture) -> None:
    path = pairs(tmp_path, "a.tsv", "ab\tx yy\ncd\tyy z\n")
    found = report(capsys, path)
    assert (found["source_cut"], found["target_cut"]) == ("characters", "spaces")
    assert found["files"][0]["target_symbols"] == {"yy": 2, "x": 1, "z": 1}
    assert run(["check", "--task", "transduction", path]) == 0
    out = capsys.readouterr().out
    assert "Symbols: sources are cut into characters, targets are cut at spaces (found in file 1)" in out
    assert ["longest", "target", "2"] in [line.split() for line in out.splitlines()]
    found = report(capsys, path, "--target-cut", "characters", "--source-cut", "characters")
    assert found["files"][0]["longest_target"] == {"symbols": 4, "line": 1}
    assert "mixed-cut" not in [code for _, code, _ in codes(found)]


def test_files_are_compared_with_that_for_training(tmp_path: Path, capsys: Capture) -> None:
    train = pairs(tmp_path, "a.tsv", "form\tis\tclass\n" + "ab\tba\tN\n" * 2 + "ab\tbb\tV\n" * 2)
    dev = pairs(tmp_path, "b.tsv", "class\tform\tis\nN\tab\tbc\nX\tax\tab\n")
    how = ("--source", "form", "--target", "is", "--source-features", "class")
    found = report(capsys, "--train", train, dev, *how)
    assert [file["features"] for file in found["files"]] == [[{"N": 2, "V": 2}], [{"N": 1, "X": 1}]]
    assert found["files"][0]["several_targets"] == 0  # the features tell them apart
    assert found["files"][1]["unknown_symbols"] == 1
    assert found["pairs"] == [{"first": train, "second": dev, "shared_sources": 1, "other_targets": 1}]
    own = [code for code in codes(found) if code[1] != "duplicate-pairs"]
    assert own == [
        ("warning", "unknown-symbols", 3),  # x
        ("warning", "unknown-symbols", 2),  # c
        ("warning", "unknown-symbols", 3),  # X
        ("warning", "overlap", None),
    ]


@pytest.mark.parametrize(("text", "code", "line"), [
    ("word\tlemma\nran\trun\n", "header-row", 1),
    ("a\ta\nb\tb\n", "same-columns", None),
    (f"a\t{'b' * 15}\nb\t{'b' * 16}\n", "length-limit", 2),
    ("e\u0301\te\n\u00e9\te\n", "normal-form", 1),
])  # fmt: skip
def test_what_is_odd(text: str, code: str, line: int | None, tmp_path: Path, capsys: Capture) -> None:
    found = report(capsys, pairs(tmp_path, "a.tsv", text))
    assert ("warning", code, line) in codes(found)


def test_words_of_running_text_stand_in_other_files_too(tmp_path: Path, capsys: Capture) -> None:
    row = "1\tran\t{}\tVERB\t_\t_\t0\troot\t_\t_\n\n"
    first, second = (pairs(tmp_path, name, row.format("run")) for name in ("a.conllu", "b.conllu"))
    assert codes(report(capsys, first, second))[-1] == ("note", "overlap", None)


def test_a_row_that_cannot_be_read(tmp_path: Path, capsys: Capture) -> None:
    path = pairs(tmp_path, "a.tsv", "a\tb\nc\n")
    assert run(["check", "--task", "transduction", path]) == 1
    assert f"{path}:2: has no tab; expected a source, a tab and its target" in capsys.readouterr().err


def test_strict_and_repairs(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes("caf\u00e9\tx y\r\n".encode("cp1252") * 2)
    copy = str(tmp_path / "b.tsv")
    how = ["check", "--task", "transduction", str(path), "--fix", copy, "--encoding", "cp1252", "--strict"]
    assert run(how) == 0
    assert Path(copy).read_text("utf-8") == "caf\u00e9\tx y\n" * 2
    assert run(["check", "--task", "transduction", pairs(tmp_path, "c.tsv", TRAIN), "--strict"]) == 1
    capsys.readouterr()
