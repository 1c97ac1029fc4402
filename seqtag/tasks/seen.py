"""Scores of models that have seen dev: marked, and with a warning where the gold file was a part of their data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from seqtag.corpora.findings import Finding
from seqtag.evaluation import trained_on
from seqtag.model_folder import layout
from seqtag.model_folder.members import reports_of
from seqtag.support.errors import ModelError
from seqtag.support.json_decoder import decode
from seqtag.support.quoting import reason


def marked(evaluation: Any, folder: Path) -> Any:
    """The evaluation of a model. One of a model that has seen dev, as a merged model has if one of its members has,
    says so in the signature, and warns of a gold file that was a part of its training data.

    Raises:
        ModelError: The report of the model is not what seqtag writes.
    """
    try:
        reports = reports_of(layout.parsed((folder / "report.json").read_bytes()))
        digests = [decode(dict[str, str], one["final"]["sentences"]) for one in reports if one.get("final")]
    except (KeyError, TypeError, ValueError) as problem:
        raise ModelError(
            f"{folder}: report.json is not that of a seqtag model ({reason(problem)})."
        ) from problem
    if not digests:
        return evaluation
    findings = evaluation.findings
    if what := next(filter(None, (trained_on.seen(evaluation.sentences, each) for each in digests)), ""):
        said = f"is {what} of this model, which was trained on it (training.final); such a score says nothing"
        findings = (*findings, Finding("warning", "trained-on", evaluation.gold_file, None, said))
    return replace(evaluation, score=trained_on.marked(evaluation.score, trained_on.BOTH), findings=findings)
