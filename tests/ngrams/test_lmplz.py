"""KenLM as the judge: its estimates of the sample corpus, and its reading of our files."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.units import WORDS
from seqtag.ngrams import arpa, counts, text
from seqtag.ngrams.model import NgramModel
from seqtag.ngrams.smoothing import Estimate, Smoothing, estimate
from seqtag.support.errors import Error

HERE = Path(__file__).parents[1]
NEWS = HERE.parent / "sample_data" / "english_news"
LMPLZ = HERE / "golden" / "lmplz.arpa"  # lmplz -o 3 --discount_fallback of the first 20 sentences of the news


def sentences(name: str) -> list[list[str]]:
    """The tokens of a file of the sample corpus."""
    blocks = (NEWS / f"{name}.conll").read_text("utf-8").strip().split("\n\n")
    return [[row.split("\t")[0] for row in block.splitlines()] for block in blocks]


def trained(
    found: list[list[str]], order: int, smoothing: Smoothing, vocabulary: int | None = None
) -> tuple[NgramModel, Estimate]:
    read = text.read(found, vocabulary)
    made = estimate(counts.count(read.blocks, read.size, order), smoothing)
    model = NgramModel(WORDS, read.words, tuple(made.tables), smoothing.name, vocabulary is not None)
    return model, made


def written(model: NgramModel, path: Path) -> Path:
    with path.open("wb") as stream:
        arpa.write(model, stream)
    return path


@pytest.mark.parametrize(
    ("order", "prune", "total", "kept"),
    [
        (3, (0,), -6027.640926, [3254, 8243, 9727]),
        (3, (0, 0, 1), -6041.184733, [3254, 8243, 252]),
        (3, (0, 1, 1), -6169.383604, [3254, 786, 252]),
    ],
)
def test_estimates_of_lmplz(order: int, prune: tuple[int, ...], total: float, kept: list[int]) -> None:
    """`lmplz -o 3 --prune ... < train`, and the sum of log10 over the sentences of the test file."""
    model, made = trained(sentences("train"), order, Smoothing(prune=prune))
    discounts = [(0.694689, 1.18792, 1.86581), (0.892491, 1.47155, 1.25468), (0.960466, 1.54193, 1.3889)]
    np.testing.assert_allclose(made.discounts, discounts, rtol=1e-5)
    assert [len(table.keys) for table in model.tables] == kept
    bits, unknown = model.score(sentences("test"))
    assert bits.sum() == pytest.approx(-total / np.log10(2), rel=1e-6)
    assert unknown.sum() == 471


def test_the_discounts_of_five_orders() -> None:
    _, made = trained(sentences("train"), 5, Smoothing())
    np.testing.assert_allclose(made.discounts[3], (0.991016, 1.71685, 2.00898), rtol=1e-5)


def test_a_file_of_lmplz(tmp_path: Path) -> None:
    """It holds what we estimate from the same text, n-gram by n-gram."""
    theirs = arpa.read(str(LMPLZ), WORDS)
    ours, made = trained(sentences("train")[:20], 3, Smoothing())
    assert made.fallbacks == [3]
    back = arpa.read(str(written(ours, tmp_path / "ours.arpa")), WORDS)
    assert {*theirs.words} == {*back.words}
    assert not theirs.closed
    rows = [
        {
            tuple(model.words[at] for at in row): (log, backoff)
            for order, table in enumerate(model.tables, 1)
            for row, log, backoff in zip(
                arpa._decoded(model, order, slice(None)).tolist(),
                table.logs.tolist(),
                table.backoffs.tolist() or [0.0] * len(table.logs),
                strict=True,
            )
        }
        for model in (theirs, back)
    ]
    assert rows[0].keys() == rows[1].keys()
    for gram, values in rows[0].items():
        assert rows[1][gram] == pytest.approx(values, abs=1e-5), gram


@pytest.mark.parametrize("smoothing", ["modified_kneser_ney", "kneser_ney", "witten_bell"])
@pytest.mark.parametrize(("order", "vocabulary"), [(2, 500), (3, None), (5, 1000), (6, None)])
def test_kenlm_reads_our_files_as_we_do(
    tmp_path: Path, smoothing: str, order: int, vocabulary: int | None
) -> None:
    kenlm = judge()
    model, _ = trained(sentences("train"), order, Smoothing(smoothing, prune=(0, 0, 1)), vocabulary)
    compare(kenlm.Model(str(written(model, tmp_path / "lm.arpa"))), model)


def test_we_read_files_of_lmplz_as_kenlm_does() -> None:
    compare(judge().Model(str(LMPLZ)), arpa.read(str(LMPLZ), WORDS))


def judge() -> Any:
    """KenLM, which reads models of order 2 to 6."""
    return pytest.importorskip("kenlm", reason="KenLM is not installed: pip install '.[dev]'")


def compare(kenlm: Any, model: NgramModel) -> None:
    """Each sentence of the test file, and some that nobody would say, have the same log10."""
    asked = sentences("test")
    draw = random.Random(1)
    asked += [draw.choices([*model.words[3:50], "<unk>", "never"], k=draw.randrange(12)) for _ in range(200)]
    for sentence in asked:
        bits, _ = model.score([sentence])
        theirs = [log for log, _, _ in kenlm.full_scores(" ".join(sentence))]  # `score` sums them as float32
        assert -bits.sum() * np.log10(2) == pytest.approx(sum(theirs), abs=1e-5, rel=0)


@pytest.mark.parametrize("name", ["none", "laplace", "add_k", "stupid_backoff"])
def test_what_an_arpa_file_cannot_hold(name: str) -> None:
    model, _ = trained([["a", "b"], ["b"]], 2, Smoothing(name))
    with pytest.raises(Error, match=name):
        model.check_arpa()
