"""Tables on narrow terminals: every name and every figure is there."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from seqtag.cli import run
from seqtag.cli.comparison_tables import LEGEND, print_table
from seqtag.cli.tables import make_table, print_labelled, print_line, print_score, share
from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation import labels, metrics
from seqtag.evaluation.scoring import score
from seqtag.training.ranking import Combination, Comparison
from seqtag.training.rows import Row

BIO = parse_scheme("bio")


def printed(width: int, show: Any) -> str:
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        show(console)
    return capture.get()


@pytest.mark.parametrize("width", [40, 50, 80])
class TestScore:
    @pytest.fixture
    def text(self, width: int) -> str:
        gold = [["B-PER", "I-PER", "O", "B-LOCATION"]] * 1234
        found = score(gold, [["B-PER", "O", "O", "B-LOCATION"]] * 1234, BIO)
        return printed(width, lambda console: print_score(found, console))

    def test_nothing_is_missing(self, text: str, width: int) -> None:
        assert "…" not in text
        for name in ("PER", "LOCATION", "micro", "macro", "weighted", "average", "conlleval", "strict"):
            assert re.search(rf"\b{name}\b", text), f"{name} in\n{text}"
        assert re.search(r"LOCATION +1\.0000 +1\.0000 +1\.0000 +1,234", text)
        assert re.search(r"PER +0\.0000 +0\.0000 +0\.0000 +1,234", text)
        assert re.search(r"micro\b.* +0\.5000 +0\.5000 +0\.5000 +2,468", text)

    def test_no_line_is_broken_by_the_terminal(self, text: str, width: int) -> None:
        lines = [
            line for line in text.splitlines() if not line.startswith("spans:")
        ]  # the signature is one word
        assert max(map(len, lines)) <= width


@pytest.mark.parametrize("measure", [metrics.F1, labels.JOINT])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_compare_shows(
    width: int,
    measure: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each setting and figure with its heading, as in the table that it writes; on a narrow terminal a line each."""
    figures: dict[str, Any] = {
        "dev": 0.8,
        "test": 0.7,
        "parameters": 1_234_567,
        "seconds": 1234.5,
        "rate": 0.98765,
    }
    row = Row("0" * 64, {}, 1, "1", {}, metric=measure.title, **figures)
    rows = tuple(replace(row, seed=seed, dev=0.8 + seed / 100) for seed in (1, 2))
    cells = ("peephole_cifg_lstm", "gru")
    choices = [{"encoder.cell": cell, "encoder.bidirectional": True} for cell in cells]
    comparison = Comparison(
        tuple(Combination(choice, rows, measure) for choice in choices), tuple(choices[0]), measure.title
    )
    monkeypatch.setattr("seqtag.stages.compare.compare", lambda *_, **__: comparison)
    monkeypatch.setenv("COLUMNS", str(width))
    grid = ["--grid", "encoder.cell=peephole_cifg_lstm,gru", "--grid", "encoder.bidirectional=true"]
    corpus = tmp_path / "a"
    corpus.touch()
    assert run(["compare", "--train", str(corpus), "--dev", str(corpus), *grid, "-o", str(tmp_path)]) == 0
    text = capsys.readouterr().out.partition(LEGEND)[0]
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    written = (tmp_path / "table.md").read_text("utf-8").splitlines()
    head, _, *combinations = [line.strip("| ").split(" | ") for line in written if line.startswith("|")]
    assert len(combinations) == 2
    for name in head:
        assert name in text, f"{name} in\n{text}"
    assert re.search(r"peephole_cifg_(lstm|ls.*\n *tm)\s", text), "a table folds it"
    assert "gru" in text
    for cell in combinations[0][len(choices[0]) :]:
        assert text.count(cell) >= 2, f"{cell} in\n{text}"


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_a_table_of_combinations_breaks_no_number(width: int) -> None:
    """Settings whose last names are equal have their whole names."""
    choice = {
        "encoder.units": 275,
        "encoder.residual": "highway",
        "encoder.dropout": 0.25,
        "embeddings.dropout": 0.35,
        "training.learning_rate": 0.00269,
    }
    row = Row("", {}, 1, "1", {}, metric="F1", dev=0.8, parameters=1_234_567, seconds=1234.5)
    combinations = tuple(
        Combination(made, (row,), metrics.F1) for made in (choice, choice | {"encoder.units": 50})
    )
    found = Comparison(combinations, tuple(choice), "F1")
    text = printed(width, lambda console: print_table(found, console))
    assert max(map(len, text.splitlines())) <= width
    for value in ("275", "highway", "0.25", "0.35", "0.00269"):
        assert re.search(rf"\b{re.escape(value)}\b", text), text
    if width < 100:
        assert "encoder.dropout=0.25 embeddings.dropout=0.35 " in " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80])
def test_what_check_shows(
    width: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for number, path in enumerate(paths):
        with open(path, "w", encoding="utf-8") as file:
            file.write("a\tB-X\nb\tI-Y\n\n" * (700 + number))
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(["check", "--train", *paths]) == 0
    text = capsys.readouterr().out
    assert "…" not in text
    assert re.search(r"file 1 +700 +1,400 +2 +699 +700", text), text
    assert re.search(r"file 2 +701 +1,402 +2 +0\.0% +700 +701", text), text
    assert re.search(r" 701 +100\.0% +0", text), text
    for word in ("of file 2 in", "file 1", "with", "other", "tags"):
        assert word in text


def test_a_wide_terminal_changes_nothing() -> None:
    table = make_table("name", "figure")
    table.add_row("a b", "1")
    assert printed(80, lambda console: console.print(table)).splitlines()[1:4] == [
        " name   figure ", " ───────────── ", " a b         1 ",
    ]  # fmt: skip


def test_an_empty_table_fits() -> None:
    table = make_table("a name that is long", *(f"column {number} of many" for number in range(6)))
    assert "column" in printed(40, lambda console: console.print(table))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_sentence_is_folded_between_words_on_a_terminal_only(terminal: bool) -> None:
    text = "warning: corpus.conll:138: 'E-PER' is not a BIO tag; expected O, B-label or I-label"
    console = Console(width=40, color_system=None, highlight=False, force_terminal=terminal)
    with console.capture() as capture:
        print_line(text, console)
    lines = capture.get().splitlines()
    assert " ".join(line.strip() for line in lines) == text
    assert (max(map(len, lines)) <= 40) == terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_text_is_folded_beside_its_label(terminal: bool) -> None:
    text = "1 layer of 256 LSTM units, both directions, 30,000 words in 100 classes"
    console = Console(width=40, color_system=None, highlight=False, force_terminal=terminal)
    with console.capture() as capture:
        print_labelled("model", text, console)
    first, *rest = [line.rstrip() for line in capture.get().splitlines()]
    assert first.startswith("model  1 layer of")
    assert bool(rest) == terminal
    assert all(line.startswith(" " * 7) and len(line) <= 40 for line in rest)
    assert " ".join([first[7:], *(line.strip() for line in rest)]) == text


def test_probabilities_have_four_digits() -> None:
    assert [share(one) for one in (1.0, 0.25, 0.0001, 0.00009999, 0.0)] == [
        "1.0000", "0.2500", "0.0001", "<0.0001", "0.0000",
    ]  # fmt: skip


class Terminal(io.StringIO):
    """A terminal as standard error."""

    def isatty(self) -> bool:
        return True


def test_a_message_is_folded_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "dumb")  # which shows no line of what is being done
    monkeypatch.setattr("sys.stderr", shown := Terminal())
    assert run(["evaluate", "no-such-model", "a/long/path/that/stays/in/one/piece.conll"]) == 1
    lines = shown.getvalue().splitlines()
    words = " ".join(lines)
    assert len(lines) > 1
    assert max(map(len, (line for line in lines if "/" not in line))) <= 30
    monkeypatch.setattr("sys.stderr", plain := io.StringIO())
    assert run(["evaluate", "no-such-model", "a/long/path/that/stays/in/one/piece.conll"]) == 1
    assert plain.getvalue() == words + "\n"
