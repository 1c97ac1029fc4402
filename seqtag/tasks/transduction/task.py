"""Transduction as a task: what the stages that train ask of it."""

from collections.abc import Mapping

from seqtag.corpora.findings import Level, gravest
from seqtag.evaluation.measure import Measure
from seqtag.features.vectors import Vectors
from seqtag.model_folder import layout
from seqtag.settings.transduction import TransductionConfig
from seqtag.tasks.base import Task
from seqtag.tasks.transduction import reach, read, stored
from seqtag.tasks.transduction.explain import explain
from seqtag.tasks.transduction.job import TransductionJob, introduction
from seqtag.tasks.transduction.read import PairCorpora
from seqtag.tasks.transduction.score import MEASURES, TransductionResult
from seqtag.tasks.transduction.stored import StoredTransducer

MOST_WARNINGS = 5


def warnings(config: TransductionConfig, data: PairCorpora) -> list[tuple[Level, str]]:
    """What is odd about the files, in a few lines."""
    return gravest(data.findings, MOST_WARNINGS)


def vectors(config: TransductionConfig, data: PairCorpora) -> Vectors | None:
    """None: a transducer reads no pretrained vectors."""
    return None


def measure(title: str) -> Measure | None:
    """The measure of this title."""
    return next((found for found in MEASURES.values() if found.title == title), None)


def check(files: Mapping[str, bytes], found: Vectors | None) -> None:
    """Refuses the files of a model that could not be read where they are going to be put."""
    stored.check(files)


TRANSDUCTION = Task[PairCorpora, StoredTransducer](
    kind=layout.TRANSDUCER,
    read=read.read,
    fill_in=read.fill_in,
    warnings=warnings,
    vectors=vectors,
    digests=PairCorpora.digests,
    measure=measure,
    job=TransductionJob,
    result=TransductionResult,
    check=check,
    rates=reach.rates,
    settings=stored.settings_of,
    stored=StoredTransducer.of,
    sample=reach.sample,
    final=read.final,
    explain=explain,
    introduction=introduction,
)
