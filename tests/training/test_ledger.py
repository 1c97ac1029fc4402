"""The norms of all steps, and what a run says of them; a run that meets numbers that are not finite."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import Error
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training.ledger import Ledger, Norms

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "encoder.cell=simplernn", "encoder.units=5",
    "encoder.bidirectional=false", "language_model.weight=0", "training.averaging=none",
    "training.learning_rate=0.03", "training.batch_size=8", "training.patience=0", "training.epochs=3",
    "head.name=softmax",
]  # fmt: skip
NAMES = ["word/embeddings", "encoder/kernel", "head/kernel"]


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


class TestLedger:
    def test_quantiles(self) -> None:
        norms = Norms.of(np.arange(101.0)[::-1])
        assert norms.to_json() == {
            "mean": 50.0, "5%": 5.0, "25%": 25.0, "50%": 50.0, "75%": 75.0, "95%": 95.0, "max": 100.0,
        }  # fmt: skip

    def test_what_steps_come_to(self) -> None:
        ledger = Ledger(NAMES)
        assert ledger.gradients() is None
        ledger.add(5.0, True, np.array([3.0, 0.0, 4.0]), np.array([0.6, 0.0, 0.8]))
        ledger.add(0.5, False, np.array([0.3, 0.0, 0.4]), np.array([0.3, 0.0, 0.4]))
        found = ledger.gradients()
        assert found is not None
        assert (found.steps, found.clipped) == (2, 0.5)
        assert found.norm.mean == 2.75
        assert found.threshold == 2.8
        assert found.norm_after.quantiles["max"] == pytest.approx(1.0)
        assert found.norm_after.mean == pytest.approx(0.75)
        before, after = found.weights["head/kernel"]
        assert (before.mean, before.quantiles["max"]) == (pytest.approx(2.2), 4.0)
        assert (after.mean, after.quantiles["max"]) == (pytest.approx(0.6), 0.8)
        assert [*found.weights] == NAMES

    def test_the_threshold_is_the_mean_and_not_the_median(self) -> None:
        ledger = Ledger(["kernel"])
        for norm in (1.0, 1.0, 7.0):
            ledger.add(norm, False, np.array([norm]), np.array([norm]))
        found = ledger.gradients()
        assert found is not None
        assert found.threshold == 3.0

    def test_where_it_went_wrong(self) -> None:
        nan, inf = np.nan, np.inf
        ledger = Ledger(NAMES)
        assert "No gradient is finite, from head/kernel on." in ledger.culprit(np.array([nan] * 3))
        assert "encoder/kernel is the first" in ledger.culprit(np.array([nan, inf, 1.0]))
        assert "word/embeddings is the first" in ledger.culprit(np.array([nan, 1.0, 1.0]))
        assert "largest gradient is that of encoder/kernel: norm 7e+19" in ledger.culprit(
            np.array([1.0, 7e19, 2.0])
        )
        ledger.add(5.0, True, np.array([3.0, 0.0, 2.0]), np.zeros(3))
        assert "one step before, the largest was that of word/embeddings, norm 3." in ledger.culprit(
            np.array([nan] * 3)
        )
        ledger.add(5.0, True, np.array([3.0, 0.0, 4.0]), np.zeros(3))
        assert "the largest was that of head/kernel, norm 4." in ledger.culprit(np.array([nan] * 3))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function that makes a certain step of training fail, counted from 1 through all epochs."""
    from seqtag.network.fit import Step, Trainer

    real = Trainer.step

    def at(number: int) -> None:
        taken = 0

        def step(self: Trainer, *arguments: Any) -> Step:
            nonlocal taken
            taken += 1
            found = real(self, *arguments)
            if taken != number:
                return found
            norms = found.norms.copy()
            norms[: self.names.index("encoder/forward_1/simple_rnn_cell/kernel") + 1] = np.inf
            return replace(found, gradient_norm=np.inf, norms=norms)

        monkeypatch.setattr(Trainer, "step", step)

    return at


def test_the_report(spans: Any, tmp_path: Path) -> None:
    settings = config("training.global_clipnorm=0.5", "language_model.weight=0.1")
    result = train(settings, str(spans.train), str(spans.dev), None, tmp_path / "m")
    report = json.loads((tmp_path / "m" / "report.json").read_bytes())
    found = report["gradients"]
    assert found == json.loads(json.dumps(result.best.gradients.to_json()))  # type: ignore[union-attr]
    assert found["steps"] == 3 * 15  # 120 sentences by 8
    shares = [epoch["clipped"] for epoch in report["history"]]
    assert found["clipped"] == pytest.approx(np.mean(shares))
    assert 0 < found["clipped"] < 1
    means = [epoch["gradient_norm"] for epoch in report["history"]]
    assert found["norm"]["mean"] == pytest.approx(np.mean(means), rel=1e-6)
    assert found["norm_after"]["max"] == pytest.approx(0.5, rel=1e-5)
    assert found["norm_after"]["5%"] <= found["norm"]["5%"] * (1 + 1e-6)
    names = [*found["weights"]]
    assert names[0] == "word/table/embeddings"
    assert {name.split("/")[0] for name in names} == {"word", "shape", "encoder", "scores", "language_model"}
    largest = [found["weights"][name]["before"]["max"] for name in names]
    assert max(largest) <= found["norm"]["max"] <= sum(largest)


def test_numbers_that_are_not_finite_leave_the_best_epoch(spans: Any, tmp_path: Path, broken: Any) -> None:
    broken(15 + 15 + 4)
    with pytest.raises(Error) as raised:
        train(config(), str(spans.train), str(spans.dev), None, tmp_path / "m")
    words = str(raised.value)
    assert "training stopped in epoch 3, step 4: loss" in words
    assert "gradient norm inf" in words
    assert "the gradient of encoder/forward_1/simple_rnn_cell/kernel is the first that is not finite" in words
    assert f"The sentences of the step, in {spans.train}: line " in words
    assert " and 5 more." in words, "3 of 8 are shown"
    report = json.loads((tmp_path / "m" / "report.json").read_bytes())
    assert f"that of epoch {report['best_epoch']}, is in {tmp_path / 'm'}" in words
    assert len(report["history"]) == 2
    assert report["gradients"]["steps"] == 33, "the broken step is none of them"
    (answer,) = SentenceTagger.load(tmp_path / "m").tag([["Ana", "left"]])
    assert len(answer.tags) == 2


def test_the_sentences_are_those_of_the_step(
    spans: Any, tmp_path: Path, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where long sentences are learnt in pieces."""
    lines = (tmp_path / "train").open("w", encoding="utf-8")
    with lines:
        lines.write("a\tO\n" * 7 + "\n" + "b\tO\n" * 3 + "\n" + "c\tO\n" * 5 + "\n")
    heard: list[list[int]] = []
    real = TaggerJob.describe
    monkeypatch.setattr(
        TaggerJob, "describe", lambda task, numbers: heard.append(numbers) or real(task, numbers)
    )
    broken(2)
    settings = config("training.max_sentence_length=3", "training.batch_size=2", "data.scheme=bio")
    with pytest.raises(Error) as raised:
        train(settings, str(tmp_path / "train"), str(spans.dev), None, tmp_path / "m")
    # Pieces: 0, 1, 2 of the first sentence, 3 is the second, 4 and 5 are the third.
    of = {0: "1", 1: "1", 2: "1", 3: "9", 4: "13", 5: "13"}
    begins = {"1": "a a a a a a ...", "9": "b b b", "13": "c c c c c"}
    found = sorted({of[number] for number in heard[0]}, key=int)
    wanted = ", ".join(f'line {line} "{begins[line]}"' for line in found)
    assert f"in {tmp_path / 'train'}: {wanted}." in str(raised.value)


def test_in_the_first_epoch_there_is_nothing_to_keep(spans: Any, tmp_path: Path, broken: Any) -> None:
    broken(3)
    with pytest.raises(Error, match="training stopped in epoch 1, step 3") as raised:
        train(config(), str(spans.train), str(spans.dev), None, tmp_path / "m")
    assert "best model" not in str(raised.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("step", "kept"), [(45 + 2, 42), (45 + 17, None)])
def test_with_several_seeds_the_best_of_all_so_far_is_kept(
    spans: Any, tmp_path: Path, broken: Any, step: int, kept: int | None
) -> None:
    """The second seed fails in its first epoch, or in its second: then it takes part with the first."""
    broken(step)
    with pytest.raises(Error, match=r"The best model so far, that of epoch \d of seed 4[23], is in"):
        train(config(), str(spans.train), str(spans.dev), None, tmp_path / "m", seeds=3)
    report = json.loads((tmp_path / "m" / "report.json").read_bytes())
    assert report["seeds"]["seeds"] == ([42] if kept else [42, 43])
    assert report["seed"] in ([42] if kept else [42, 43])
