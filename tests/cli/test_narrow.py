"""Tables on narrow terminals: every name and every figure is there."""

import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from seqtag.cli.check import _files_table, _pairs_table
from seqtag.cli.comparison_tables import cells_of, columns_of, print_table
from seqtag.cli.tables import make_table, print_score
from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation.scoring import score
from seqtag.stages.check import check
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


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_compare_shows(width: int) -> None:
    """Each setting and figure with its heading; on a narrow terminal a line each."""
    run = Row(
        "0" * 64,
        {},
        1,
        "1",
        {},
        metric="F1",
        dev=0.8,
        test=0.7,
        parameters=1_234_567,
        seconds=1234.5,
        rate=0.98765,
    )
    runs = tuple(replace(run, seed=seed, dev=0.8 + seed / 100) for seed in (1, 2))
    choices = [
        {"encoder.cell": cell, "encoder.bidirectional": True} for cell in ("peephole_cifg_lstm", "gru")
    ]
    comparison = Comparison(tuple(Combination(choice, runs) for choice in choices), tuple(choices[0]), "F1")
    text = printed(width, lambda console: print_table(comparison, console))
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    names, figures = columns_of(comparison)
    for word in (*names, *figures, "gru"):
        assert word in text, f"{word} in\n{text}"
    assert re.search(r"peephole_cifg_(lstm|ls.*\n *tm) ", text), "a table folds it"
    for combination in comparison.combinations:
        for cell in cells_of(combination, comparison)[1]:
            assert text.count(cell) >= 2, f"{cell} in\n{text}"


@pytest.mark.parametrize("width", [40, 80])
def test_what_check_shows(width: int, tmp_path: Any) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for number, path in enumerate(paths):
        with open(path, "w", encoding="utf-8") as file:
            file.write("a\tB-X\nb\tI-Y\n\n" * (700 + number))
    report = check(paths)
    text = printed(width, lambda console: console.print(_files_table(report.files)))
    assert "…" not in text
    assert re.search(r"file 1 +700 +1,400 +2 +699 +700", text), text
    assert re.search(r"file 2 +701 +1,402 +2 +0\.0% +700 +701", text), text
    text = printed(width, lambda console: console.print(_pairs_table(report)))
    assert "…" not in text
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
