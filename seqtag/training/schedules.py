"""Learning-rate schedules: the share of the configured rate that holds at a point of training."""

import math
from collections.abc import Sequence

from seqtag.settings import registry
from seqtag.settings.config import TrainingSettings


def learning_rate(settings: TrainingSettings, progress: float, scores: Sequence[float]) -> float:
    """The learning rate at a point of training.

    Args:
        settings: The `training` section of the configuration.
        progress: Epochs done, with a fraction: 2.5 is the middle of the third epoch.
        scores: The dev scores of the epochs done; the larger, the better. They are negated where the measure's smaller
            values are better.
    """
    rise = min(1.0, progress / settings.warmup) if settings.warmup else 1.0
    share: float = registry.load(registry.SCHEDULES, settings.schedule)(settings, progress, scores)
    # A first step at rate 0 would be lost, so the rise starts one hundredth up.
    return settings.learning_rate * max(rise, 0.01) * share


def constant(settings: TrainingSettings, progress: float, scores: Sequence[float]) -> float:
    """Always the whole rate."""
    return 1.0


def inverse_time(settings: TrainingSettings, progress: float, scores: Sequence[float]) -> float:
    """1 / (1 + decay * epochs done), a step at each epoch's end (as in Ma and Hovy 2016)."""
    return 1 / (1 + settings.decay * int(progress))


def plateau(settings: TrainingSettings, progress: float, scores: Sequence[float]) -> float:
    """Times `plateau_factor` each time that dev has not improved for `plateau_patience` epochs, from the first score
    other than 0 on.
    """
    share, best, waited = 1.0, -math.inf, 0
    for score in scores:
        if score > best:
            best, waited = score, 0
        elif best:
            waited += 1
        if waited == settings.plateau_patience:
            share, waited = share * settings.plateau_factor, 0
    return share


def cosine(settings: TrainingSettings, progress: float, scores: Sequence[float]) -> float:
    """Half a cosine from 1 at the start to 0 after `epochs` (Loshchilov and Hutter 2017, without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * min(progress / settings.epochs, 1.0)))
