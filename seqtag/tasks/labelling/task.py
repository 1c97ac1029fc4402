"""Classification of sentences and joint models as tasks: what the stages that train ask of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from seqtag.evaluation.labels import ACCURACY, JOINT
from seqtag.evaluation.measure import Measure
from seqtag.features import word_lists
from seqtag.features.indexers.base import Resources
from seqtag.features.labels import LabelVocabulary
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.inference import language_states
from seqtag.inference.labels import SCHEMAS, vocabulary_of
from seqtag.model_folder import layout
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, Kind
from seqtag.model_folder.stored import checked_network, config_into, read_config
from seqtag.settings.config import Config
from seqtag.settings.labelled import JointConfig
from seqtag.tasks.base import BASE, Task
from seqtag.tasks.labelling import data, reach
from seqtag.tasks.labelling.explain import explain
from seqtag.tasks.labelling.introduction import introduction
from seqtag.tasks.labelling.job import ClassificationJob, ClassificationResult, JointJob, JointResult
from seqtag.tasks.tagging import base_model
from seqtag.tasks.tagging import task as tagging
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.splits import Corpora

MEASURES = {measure.title: measure for measure in (ACCURACY, JOINT)}


def measure(title: str) -> Measure | None:
    """The measure of this title."""
    return MEASURES.get(title)


def check(kind: Kind, files: Mapping[str, bytes], found: Vectors | None) -> None:
    """Refuses the files of a model that could not be read where they are going to be put."""
    resources = Resources(found, language_states.of_files(files, found), word_lists.of_files(files))
    vocabulary = LabelVocabulary.from_json(layout.parsed(files["vocab.json"]), resources)
    config: Config = config_into(SCHEMAS[kind.format], layout.parsed(files["config.json"]), "config.json")
    checked_network(config, vocabulary, Weights.of_file(files["weights.safetensors"]))
    layout.parsed(files["report.json"])


def settings(folder: Folder) -> Config:
    """The settings of a model folder."""
    return read_config(folder, SCHEMAS[folder.kind.format])


def stored(folder: Folder) -> Stored:
    """What a model folder holds of its network."""
    return Stored.of(folder, vocabulary_of(folder), SCHEMAS[folder.kind.format])


def read(kind: Kind, config: JointConfig, paths: Mapping[str, Sequence[str]]) -> Corpora:
    """The corpora of these files, and the model of this kind from which training continues, if there is one."""
    base = base_model.read(paths[BASE][0], kind, stored) if BASE in paths else None
    return data.read(config, paths, base)


def _task(kind: Kind, job: Callable[..., Any], result: type[Any]) -> Task[Corpora, Stored]:
    return replace(
        tagging.TAGGING,
        kind=kind,
        read=partial(read, kind),
        measure=measure,
        job=job,
        result=result,
        check=partial(check, kind),
        settings=settings,
        stored=stored,
        explain=partial(explain, kind),
        introduction=introduction,
    )


CLASSIFICATION_TASK = replace(
    _task(CLASSIFICATION_MODEL, ClassificationJob, ClassificationResult),
    rates=reach.rates,
    sample=reach.sample,
)
JOINT_TASK = _task(JOINT_MODEL, JointJob, JointResult)
