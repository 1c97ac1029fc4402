"""What `report.json` of a model folder holds: how the model was made, and what it scored."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import seqtag
from seqtag.training.events import Epoch
from seqtag.training.job import Final, Job, SeedResult
from seqtag.training.seed import spread


def report(job: Job, result: SeedResult[Any]) -> dict[str, Any]:
    """What `report.json` holds of the seed whose model is kept."""
    import keras
    import tensorflow as tf

    from seqtag.inference.onnx_runtime import onnxruntime

    return {
        **job.facts(),
        "seed": result.seed,
        "history": [_reproducible(epoch) for epoch in result.history],
        "best_epoch": result.best_epoch,
        "gradients": result.gradients.to_json() if result.gradients else None,
        **({"temperatures": result.fitted.temperatures} if result.fitted.temperatures else {}),
        **({"outside_bias": result.fitted.outside_bias} if result.fitted.outside_bias else {}),
        "dev": result.dev.to_json(),
        "test": result.test.to_json() if result.test else None,
        **({"final": final_report(result.final)} if result.final else {}),
        "versions": {
            "seqtag": seqtag.__version__,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
    }


def final_report(final: Final) -> dict[str, Any]:
    """What `report.json` holds of a run on train and dev; `history` and `dev` are those of the run before."""
    return {
        "trained_on": ["train", "dev"],
        "epochs": len(final.losses),
        "losses": final.losses,
        "sentences": final.sentences,
        "first": final.first,
    }


def seeds_report(
    seeds: Sequence[int], best_epochs: Sequence[int], dev: Sequence[float], test: Sequence[float]
) -> dict[str, Any]:
    """What `report.json` holds of several seeds: the score of each, and by corpus their mean and spread.

    Args:
        seeds: The seeds.
        best_epochs: The epoch whose weights were kept, of each.
        dev: The score on dev, of each.
        test: The same on test; empty where there is no test file.
    """
    found: dict[str, Any] = {"seeds": list(seeds), "best_epochs": list(best_epochs)}
    for name, values in (("dev", dev), ("test", test)):
        if values:
            mean, deviation = spread(values)
            found[name] = {"scores": list(values), "mean": mean, "standard_deviation": deviation}
    return found


def _reproducible(epoch: Epoch) -> dict[str, Any]:
    """The epoch without what a clock measured, so that equal runs leave equal bytes."""
    return {
        name: value for name, value in asdict(epoch).items() if name not in ("seconds", "tokens_per_second")
    }
