"""Training from Python."""

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.api.arguments import checked
from seqtag.settings.merging import Layer, flatten
from seqtag.settings.tasks import settings_of
from seqtag.support.errors import UsageError
from seqtag.support.extras import missing
from seqtag.training.events import Listener

if TYPE_CHECKING:
    from seqtag.evaluation.scoring import Score
    from seqtag.stages.train import TrainingResult
    from seqtag.tasks.tagging.prepared import Prepared


@checked
def train(
    *,
    train: str | PathLike[str],
    output: str | PathLike[str],
    dev: str | PathLike[str] | None = None,
    test: str | PathLike[str] | None = None,
    base: str | PathLike[str] | None = None,
    settings: Mapping[str, Any] | str | PathLike[str] | None = None,
    seeds: int = 1,
    force: bool = False,
    resume: bool = False,
    checkpoint_steps: int = 0,
    on_event: Listener | None = None,
) -> "TrainingResult[Prepared, Score]":
    """Trains a tagger, keeps the epoch that scores best on dev and writes it as a model folder.

    Nothing is printed. Ctrl-C raises KeyboardInterrupt as in any Python code; `resume=True` then goes on from the last
    checkpoint. TensorFlow and Keras are set up for the whole process, and the seed is also that of `random` and NumPy.

    Args:
        train: The training corpus.
        output: The folder for the model.
        dev: The corpus to choose the best epoch on; a part of the training corpus is held out if None.
        test: A corpus that the finished model is scored on, once.
        base: A model folder to continue from: its settings, words and tags are kept, and what the corpus has besides is
            added. Of its settings only those of reading and training may differ.
        settings: The settings that differ from the defaults, `task` among them: a mapping, nested as in the YAML file
            or with dotted keys (`{"encoder.cell": "gru"}`), or the path of a YAML file.
        seeds: How many runs, with `training.seed` and the seeds after it; the best on dev is kept.
        force: Whether to replace a model that is there and, without `resume`, the checkpoint of a stopped run.
        resume: Whether to go on from the checkpoint of a stopped run, if there is one.
        checkpoint_steps: A checkpoint is written after each epoch, and after every so many steps; 0 for none.
        on_event: Called with what was read (`Prepared`), each step (`Progress`), each epoch (`Epoch`), each remark
            (`Note`), and where a run goes on from a checkpoint with the epochs before (`Resumed`).

    Raises:
        Error: An argument, a file or a setting is wrong, the output cannot be written, a package for training is not
            installed, or training diverged.

    Example:
        >>> result = seqtag.train(
        ...     train="train.conll",
        ...     dev="dev.conll",
        ...     output="small",
        ...     settings={"encoder": {"cell": "gru", "units": 8}, "training": {"epochs": 2}},
        ... )
        >>> result.path.name, len(result.history)
        ('small', 2)
    """
    paths = fspath(train), _optional(dev), _optional(test)
    try:
        task, config = _settings(settings, _optional(base))
        from seqtag.stages.train import train as stage

        return stage(
            config,
            *paths,
            Path(output),
            task=task,
            base=_optional(base),
            seeds=seeds,
            force=force,
            resume=resume,
            checkpoint_steps=checkpoint_steps,
            listener=on_event or (lambda event: None),
        )
    except ImportError as problem:
        if absent := missing(problem, "seqtag.train"):
            raise absent from problem
        raise


def _optional(path: str | PathLike[str] | None) -> str | None:
    return None if path is None else fspath(path)


def _settings(settings: Mapping[str, Any] | str | PathLike[str] | None, base: str | None) -> tuple[str, Any]:
    """The task, and its settings from a mapping or a YAML file, over the defaults or over those of a model."""
    layer = _layer(settings)
    if base is None:
        return settings_of(layer)
    from seqtag.tasks import base as tasks

    task, rest = tasks.to_continue(base, [layer], None)
    return task, tasks.continued_settings(base, task, rest)


def _layer(settings: Mapping[str, Any] | str | PathLike[str] | None) -> Layer:
    """Settings by their paths, each with its source."""
    if settings is None:
        return {}
    if isinstance(settings, str | PathLike):
        from seqtag.settings.config_files import read

        return read(fspath(settings))
    layer: dict[str, tuple[Any, str]] = {}
    for path, value in flatten(settings):
        if path in layer:  # once as {"a.b": ...} and once as {"a": {"b": ...}}
            raise UsageError(f"settings: {path} is given twice.")
        layer[path] = value, "settings"
    return layer
