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
from seqtag.stages.evaluate import Against, ModelFacts

if TYPE_CHECKING:
    from seqtag.tasks.use import Evaluated


def page(
    evaluation: "Evaluated",
    facts: ModelFacts | None = None,
    against: Against | None = None,
    *,
    trained: bool = False,
) -> str:
    """The whole page.

    Args:
        evaluation: What is reported.
        facts: The settings and the training of the model; None for a file of predictions.
        against: What it is compared with, if there is something.
        trained: Whether the model was trained just now, so that its training comes first.

    Returns:
        The page as HTML; equal evaluations give equal pages, but for the measured speed.
    """
    palette = colours(_names(evaluation, against))
    other = against.second if against else None
    training = list(sections.training(facts))
    body = [
        *(training if trained else []),
        *sections.against(against),
        *sections.scores(evaluation.score, other.score if other else None, palette),
        *sections.confusion(evaluation),
        *sections.familiarity(evaluation.analysis),
        *sections.lengths(evaluation.analysis),
        *sections.calibration(evaluation.calibrations, evaluation.thresholds),
        *([] if trained else training),
    ]
    mistakes, choices = listed(evaluation, other, palette)
    return render(
        "report.html",
        script="report.js",
        title="Training" if trained else "Evaluation",
        heading=evaluation.heading,
        warnings=[*map(str, _grave(evaluation.findings)), *(_merged(facts))],
        tiles=sections.tiles(evaluation),
        signature=evaluation.score.signature,
        settings=_settings(facts),
        sections=body,
        mistakes=mistakes,
        choices=choices,
    )


def _grave(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level != "note"]


def _merged(facts: ModelFacts | None) -> list[str]:
    if facts is None or facts.members < 2:
        return []
    return [f"The model is merged from {facts.members} models; settings and training are those of the first."]


def _settings(facts: ModelFacts | None) -> Grid | None:
    if facts is None:
        return None
    rows = [[Name(path), str(change.value), str(change.default)] for path, change in facts.changes.items()]
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
