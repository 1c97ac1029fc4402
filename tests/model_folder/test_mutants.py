"""Spoilt model folders, most of them with a right manifest: refused, or a model; never anything else."""

import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[1]
MUTANTS = runpy.run_path(str(HERE / "mutants.py"))
GOLDEN = [HERE / "golden" / "models" / f"format_{number}" for number in (1, 2)]


def run(models: list[Path], count: int, seed: int, **options: Any) -> None:
    results, wrong, largest = MUTANTS["run"](models, seed, count, **options)
    assert wrong == []
    total = sum(results.values(), Counter())
    assert sum(total.values()) == count
    assert total.keys() <= {"refused", "refused when used", "a model"}
    assert total["refused"] > 0.4 * count
    assert total["a model"] > 0.05 * count  # or nothing is tried at all
    assert results["known.json: a value"]["refused"] > 0
    assert results["weights: the header"].keys() <= {"refused"}
    assert results["weights: the numbers"]["a model"] > 0  # finite weights, signed again
    assert largest < (1500 if options else 400)  # MB


def test_some(spans: Any, plain: Any) -> None:
    run([*GOLDEN, spans.folder, plain.folder], 250, 1)


@pytest.mark.slow
def test_ten_thousand(spans: Any, plain: Any) -> None:
    run([*GOLDEN, spans.folder, plain.folder], 10_000, 2)


@pytest.mark.slow
def test_their_keras_networks(spans: Any, plain: Any) -> None:
    run([*GOLDEN, spans.folder, plain.folder], 500, 3, restoring=True)
