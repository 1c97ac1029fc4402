"""The page that `seqtag evaluate --report` and `seqtag train --report` write."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqtag.cli import report_sections as sections
from seqtag.cli.report_errors import listed
from seqtag.cli.report_parts import Grid, Name
from seqtag.corpora.findings import Finding
from seqtag.evaluation.labels import JointScore, LabelScore
from seqtag.evaluation.scoring import Score
from seqtag.pages.colours import colours
from seqtag.pages.templates import render
from seqtag.stages.evaluate import Against, TrainingRecord
from seqtag.stages.info import ModelInfo

if TYPE_CHECKING:
    from seqtag.tasks.use import Evaluated


def page(
    evaluation: "Evaluated",
    info: ModelInfo | None = None,
    trained: TrainingRecord | None = None,
    against: Against | None = None,
    *,
    training_first: bool = False,
) -> str:
    """The whole page.

    Args:
        evaluation: What is reported.
        info: What the model folder says of itself; None for a file of predictions.
        trained: What it says of the training; likewise.
        against: What it is compared with, if there is something.
        training_first: Whether the model was trained just now, so that its training comes first.

    Returns:
        The page as HTML; equal evaluations give equal pages, but for the measured speed.
    """
    palette = colours(_names(evaluation, against) | {*(info.tags if info else ())})
    other = against.second if against else None
    training = list(sections.training(trained))
    body = [
        *(training if training_first else []),
        *sections.against(against),
        *sections.scores(evaluation.score, other.score if other else None, palette),
        *sections.confusion(evaluation),
        *sections.familiarity(evaluation.analysis),
        *sections.lengths(evaluation.analysis),
        *sections.calibration(evaluation.calibrations, evaluation.thresholds),
        *([] if training_first else training),
    ]
    mistakes, choices = listed(evaluation, other, palette)
    return render(
        "report.html",
        script="report.js",
        title="Training" if training_first else "Evaluation",
        heading=evaluation.heading,
        warnings=[*map(str, _grave(evaluation.findings)), *(_merged(info))],
        tiles=sections.tiles(evaluation),
        signature=evaluation.score.signature,
        settings=_settings(info),
        sections=body,
        mistakes=mistakes,
        choices=choices,
    )


def _grave(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level != "note"]


def _merged(info: ModelInfo | None) -> list[str]:
    if info is None or info.members < 2:
        return []
    return [f"The model is merged from {info.members} models; settings and training are those of the first."]


def _settings(info: ModelInfo | None) -> Grid | None:
    if info is None:
        return None
    rows = [[Name(path), *map(str, pair)] for path, pair in info.settings.items()]
    return Grid(("setting", "value", "default"), rows)


def _names(evaluation: "Evaluated", against: Against | None) -> set[str]:
    """All types, tags or labels."""
    found: set[str] = set()
    for one in (evaluation, against.second if against else None):
        score = one.score if one else None
        if isinstance(score, JointScore):
            found |= {*score.tags.types, *score.labels.types}
        elif isinstance(score, Score | LabelScore):
            found |= {*score.types}
    return found
