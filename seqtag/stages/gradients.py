"""The gradients stage: a model folder and a corpus file in; how far gradients reach back through the words out."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import seqtag
from seqtag.corpora.base import AUTO
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.reading import ReadOptions
from seqtag.model_folder import folder
from seqtag.network import runtime
from seqtag.settings import registry
from seqtag.support.errors import Error
from seqtag.tasks import base as tasks
from seqtag.training.reach import LayerReach


@dataclass(frozen=True)
class GradientReport:
    """What the gradients of a model are like.

    Attributes:
        model: The model folder, as the user named it.
        file: The corpus file.
        cell: The cell.
        steps: How many steps back.
        sentences: How many sentences were looked at.
        long_enough: How many the file holds that could have been.
        layers: Each layer and direction.
    """

    model: str
    file: str
    cell: str
    steps: int
    sentences: int
    long_enough: int
    layers: list[LayerReach]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        values = asdict(self) | {"layers": [layer.to_json() for layer in self.layers]}
        return {"seqtag": seqtag.__version__} | values


def gradients(
    model: str,
    path: str,
    *,
    steps: int | None = None,
    sentences: int = 20,
    seed: int = 1,
    options: ReadOptions = AUTO,
    report: Report = ignore,
    debug: bool = False,
) -> GradientReport:
    """Measures how the norm of a gradient changes on its way back from a word.

    Args:
        model: The model folder.
        path: A corpus file in the model's tag scheme.
        steps: How many steps back; up to 30, as the file's sentences allow, if not given.
        sentences: At most so many sentences are looked at, drawn from those that are long enough.
        seed: Of the draw.
        options: How the file is read, where it is not as the training corpus was.
        report: Receives what is odd about it.
        debug: Whether TensorFlow may print.

    Raises:
        ModelError: The model folder cannot be read.
        DataError: The file cannot be read, or holds a tag that the scheme does not have.
        Error: The model has no recurrent layer, or no sentence is long enough.
    """
    task = tasks.of_folder(Path(model))
    stored = folder.load(Path(model), task.stored, task.kind)
    cell = stored.config.encoder.cell
    if not stored.config.encoder.layers:
        raise Error(f"{model}: reads trees alone; expected a model with a recurrent layer.")
    if not registry.is_stateful(cell):
        raise Error(f"{model}: its cell, {cell}, has no state; expected a model with a recurrent layer.")
    random = np.random.default_rng(seed)
    sample = task.sample(stored, path, sentences, random, steps, options, report)
    runtime.start(seed, debug=debug)
    layers = sample.measured(stored.network(), random)
    for layer in layers:
        if not layer.finite:
            raise Error(f"the gradients of layer {layer.number} ({layer.direction}) are not finite.")
    return GradientReport(model, sample.path, cell, sample.steps, len(sample), sample.long_enough, layers)
