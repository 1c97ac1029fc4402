"""The list of errors of a report, as data for the script of its page."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqtag.cli import report_parts as parts
from seqtag.cli.report_parts import Choice
from seqtag.evaluation.mistakes import Mark, Mistake, only_in
from seqtag.support.quoting import printable

if TYPE_CHECKING:
    from markupsafe import Markup

    from seqtag.tasks.use import Evaluated

KINDS = {
    "boundary": "wrong boundaries",
    "type": "wrong type",
    "boundary_and_type": "wrong boundaries and type",
    "missed": "missed",
    "spurious": "spurious",
    "tag": "wrong tag",
    "label": "wrong label",
    "target": "wrong target",
}
"""The classes of errors in words."""


def listed(
    evaluation: "Evaluated", other: "Evaluated | None", palette: Mapping[str, str]
) -> tuple["Markup | None", list[Choice]]:
    """The errors as JSON for the page's script, and what they can be filtered by."""
    errors = [(mistake, "") for mistake in evaluation.mistakes]
    if other is not None:
        ours = only_in(evaluation.mistakes, other.mistakes)
        theirs = only_in(other.mistakes, evaluation.mistakes)
        errors = [
            (mistake, "first" if only else "both")
            for mistake, only in zip(evaluation.mistakes, ours, strict=True)
        ]
        errors += [(mistake, "second") for mistake, only in zip(other.mistakes, theirs, strict=True) if only]
    if not errors:
        return None, []
    kinds = [kind for kind in KINDS if any(mistake.kind == kind for mistake, _ in errors)]
    labels = sorted(
        {
            label
            for mistake, _ in errors
            for label in (mistake.gold, mistake.predicted)
            if label is not None and mistake.kind != "target"
        }
    )
    choices = [Choice("Kind", "kind", [_option("", "all"), *(_option(kind, KINDS[kind]) for kind in kinds)])]
    if labels:
        # A type can be empty, so that a chosen one begins with "=".
        named = [_option(f"={label}", parts.shown(label)) for label in labels]
        choices.append(Choice("Type", "label", [_option("", "all"), *named]))
    if other is not None:
        who = {"first": "only the first", "second": "only the second", "both": "both"}
        choices.append(
            Choice("Made by", "who", [_option("", "all"), *(_option(*one) for one in who.items())])
        )
    sorts = {"surest": "highest probability", "unsurest": "lowest probability", "text": "order of the text"}
    if all(mistake.probability is None for mistake, _ in errors):
        sorts = {"text": "order of the text"}
    choices.append(Choice("Sorted by", "sort", [_option(*one) for one in sorts.items()]))
    return _data(evaluation, other, errors, {kind: KINDS[kind] for kind in kinds}, palette), choices


def _option(value: str, text: str) -> dict[str, str]:
    return {"value": value, "text": text}


def _data(
    evaluation: "Evaluated",
    other: "Evaluated | None",
    errors: Sequence[tuple[Mistake, str]],
    kinds: Mapping[str, str],
    palette: Mapping[str, str],
) -> "Markup":
    """What the script of the page reads; only sentences with errors are there."""
    from markupsafe import Markup

    sentences = {}
    for number in sorted({mistake.sentence for mistake, _ in errors}):
        own = evaluation.shown(number)
        row: dict[str, Any] = {
            "tokens": [printable(token) for token in own.tokens],
            "line": own.line,
            "gold": _marks(own.gold),
            "predicted": _marks(own.predicted),
        }
        if other is not None:
            row["second"] = _marks(other.shown(number).predicted)
        sentences[str(number)] = row
    data = {
        "noun": "source" if errors[0][0].kind == "target" else "sentence",
        "names": ["predicted"] if other is None else ["first", "second"],
        "who": {"first": "only the first", "second": "only the second", "both": "both"} if other else {},
        "kinds": kinds,
        "colours": {printable(name): colour for name, colour in palette.items()},
        "sentences": sentences,
        "errors": [_row(mistake, who) for mistake, who in errors],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _marks(found: Sequence[Mark]) -> list[list[Any]]:
    """Start, end, label and, where it is known, the probability of each."""
    rows: list[list[Any]] = []
    for mark in found:
        row = [mark.start, mark.end, printable(mark.label)]
        rows.append(row if mark.probability is None else [*row, round(mark.probability, 4)])
    return rows


def _row(mistake: Mistake, who: str) -> list[Any]:
    spans = [
        None if span is None else [span.start, span.end]
        for span in (mistake.gold_span, mistake.predicted_span)
    ]
    labels = [None if label is None else printable(label) for label in (mistake.gold, mistake.predicted)]
    probability = None if mistake.probability is None else round(mistake.probability, 4)
    return [mistake.sentence, mistake.kind, *labels, probability, *spans, who]
