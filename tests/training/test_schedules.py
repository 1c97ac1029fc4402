"""The learning rate: each schedule against values worked out by hand, and the rate that a run really uses."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.network.fit import Step, Trainer
from seqtag.settings import registry
from seqtag.settings.config import TrainingSettings
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training import schedules
from seqtag.training.schedules import learning_rate

RATE = 0.02


def rate(progress: float, scores: tuple[float, ...] = (), **settings: Any) -> float:
    return learning_rate(TrainingSettings(learning_rate=RATE, **settings), progress, scores)


def test_constant() -> None:
    assert [rate(progress, (0.1,) * 9) for progress in (0, 0.5, 3, 49.9)] == [RATE] * 4


@pytest.mark.parametrize(
    ("progress", "share"), [(0, 1), (0.99, 1), (1, 1 / 1.5), (1.5, 1 / 1.5), (2, 1 / 2), (6, 1 / 4)]
)
def test_inverse_time_is_a_step_at_the_end_of_each_epoch(progress: float, share: float) -> None:
    assert rate(progress, schedule="inverse_time", decay=0.5) == pytest.approx(RATE * share)


@pytest.mark.parametrize(
    ("progress", "share"),
    [(0, 1), (1, 0.5 + math.sqrt(0.5) / 2), (2, 0.5), (3, 0.5 - math.sqrt(0.5) / 2), (4, 0), (5, 0)],
)
def test_cosine_falls_to_0_after_all_epochs(progress: float, share: float) -> None:
    assert rate(progress, schedule="cosine", epochs=4) == pytest.approx(RATE * share, abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "share"),
    [
        ((), 1),
        ((0.5,), 1),
        ((0.5, 0.4), 1),
        ((0.5, 0.4, 0.4), 0.1),
        ((0.5, 0.5, 0.5), 0.1),  # to reach the best again is no better
        ((0.5, 0.4, 0.4, 0.4), 0.1),  # counted anew after each fall
        ((0.5, 0.4, 0.4, 0.4, 0.4), 0.01),
        ((0.5, 0.4, 0.6, 0.4), 1),  # a better score ends the wait
        ((0.5, 0.4, 0.6, 0.4, 0.6), 0.1),
        ((0.5, 0.4, 0.4, 0.6, 0.5), 0.1),  # and does not bring the rate back
        ((0.5, 0.4, 0.45, 0.46), 0.1),  # better than the last, but not than the best
        ((0.0, 0.0, 0.0), 1),  # nothing is learnt yet
        ((0.0, 0.0, 0.3, 0.2, 0.2), 0.1),
        ((-90.0, -91.0, -90.5), 0.1),  # of a measure whose smaller values are better
        ((-90.0, -91.0, -89.0, -89.5), 1),
    ],
)
def test_plateau_counts_epochs_without_a_better_score(scores: tuple[float, ...], share: float) -> None:
    settings = {"schedule": "plateau", "plateau_patience": 2, "plateau_factor": 0.1}
    for progress in (len(scores), len(scores) + 0.7):
        assert rate(progress, scores, **settings) == pytest.approx(RATE * share)


def test_a_plateau_after_each_epoch_that_is_no_better() -> None:
    settings = {"schedule": "plateau", "plateau_patience": 1, "plateau_factor": 0.5}
    assert rate(4, (0.5, 0.4, 0.6, 0.6), **settings) == pytest.approx(RATE / 4)


@pytest.mark.parametrize(
    ("progress", "share"), [(0, 0.01), (0.01, 0.01), (0.5, 0.25), (1.5, 0.75), (2, 1), (7, 1)]
)
def test_the_warm_up_rises_by_the_token_and_never_starts_at_0(progress: float, share: float) -> None:
    assert rate(progress, warmup=2.0) == pytest.approx(RATE * share)


def test_the_warm_up_goes_with_every_schedule() -> None:
    assert rate(1, schedule="cosine", epochs=4, warmup=2.0) == pytest.approx(
        RATE * 0.5 * (0.5 + math.sqrt(0.5) / 2)
    )
    assert rate(1, schedule="inverse_time", decay=1.0, warmup=2.0) == pytest.approx(RATE * 0.5 * 0.5)


@pytest.mark.parametrize("name", registry.SCHEDULES)
def test_every_schedule_is_a_share_of_the_rate(name: str) -> None:
    function = registry.load(registry.SCHEDULES, name)
    assert function is getattr(schedules, name)
    shares = [function(TrainingSettings(epochs=3), step / 10, (0.2,) * (step // 10)) for step in range(40)]
    assert shares[0] == 1
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("assignments", "shares"),
    [
        # Three epochs of two steps; the first half of the tokens is in the first.
        (["training.schedule=inverse_time", "training.decay=1"], [1, 1, 1 / 2, 1 / 2, 1 / 3, 1 / 3]),
        (
            ["training.schedule=plateau", "training.plateau_patience=1", "training.warmup=1.5"],
            [0.01, 1 / 3, 2 / 3, 1, 0.5, 0.5],
        ),
    ],
)
def test_the_rate_that_the_optimizer_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assignments: list[str], shares: list[float]
) -> None:
    """With SGD and no clipping a step moves the weights by rate times gradient."""
    path = tmp_path / "train.conll"
    path.write_text("a N\nb V\n\nb V\na N\n\n" * 2, encoding="utf-8")
    used: list[float] = []
    real = Trainer.step

    def step(self: Trainer, *arguments: Any) -> Step:
        before = self.network.named_weights()
        found = real(self, *arguments)
        after = self.network.named_weights()
        moved = [np.sum((after[name].astype(float) - before[name]) ** 2) for name in before]
        used.append(math.sqrt(sum(moved)) / found.gradient_norm)
        return found

    monkeypatch.setattr(Trainer, "step", step)
    # A dev score that stays as it is after the first epoch.
    monkeypatch.setattr(TaggerJob, "score_dev", lambda self, stop: 0.5)
    small = [
        "embeddings.word.dim=4", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=dense",
        "encoder.layers=1", "encoder.units=3", "embeddings.dropout=0",
        "encoder.dropout=0", "training.optimizer=sgd", "training.learning_rate=0.5", "training.batch_size=2",
        "training.epochs=3", "training.patience=0", "training.global_clipnorm=0", "training.averaging=none",
    ]  # fmt: skip
    config = merge(parse_assignments([*small, *assignments]))
    train(config, str(path), str(path), None, tmp_path / "model")
    assert used == pytest.approx([0.5 * share for share in shares], rel=1e-3)
