"""A score calculated again with the seqeval package, figure by figure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module, metadata
from typing import Any

from seqtag.corpora import tags
from seqtag.corpora.sentence import Rows
from seqtag.corpora.tags import Scheme
from seqtag.evaluation.counts import BARE, Average, Counts, type_names
from seqtag.evaluation.scoring import Score
from seqtag.support.errors import Error
from seqtag.support.extras import missing


def check_with_seqeval(gold: Rows, predicted: Rows, scheme: Scheme, score: Score) -> None:
    """Calculate the figures of `score` again with the seqeval package itself, which takes seconds.

    Raises:
        Error: A figure differs in any digit, or seqeval is not installed.
    """
    if not score.tokens:
        return  # seqeval divides by their number
    try:
        installed = metadata.version("seqeval")
        figures = list(_compared(gold, predicted, scheme, score))
    except ImportError as error:
        raise missing(error, "--crosscheck") or error from error
    for name, ours, theirs in figures:
        if ours != theirs:
            raise Error(
                f"the cross-check failed: {name} is {ours!r} here, but {theirs!r} by seqeval {installed} "
                f"({score.signature})"
            )


def _compared(
    gold: Rows, predicted: Rows, scheme: Scheme, score: Score
) -> Iterator[tuple[str, float, float]]:
    """Each figure of a score: its name, its value here, its value by seqeval."""
    labeling, v1 = import_module("seqeval.metrics.sequence_labeling"), import_module("seqeval.metrics.v1")
    schemes = import_module("seqeval.scheme")
    columns = [[list(row) for row in column] for column in (gold, predicted)]
    yield "the accuracy", score.accuracy, labeling.accuracy_score(*columns)

    numbered = _numbered(columns, scheme)
    averages = {"micro": _micro(score.counts), "macro": score.macro, "weighted": score.weighted}
    yield from _mode("", score.types, averages, numbered, labeling.precision_recall_fscore_support, {})
    if score.strict is not None:
        kind = getattr(schemes, _SEQEVAL_SCHEMES[scheme.name])
        # seqeval stops at a letter of another scheme, which counts as O here.
        legal = [[[tag if scheme.has(tag) else "O" for tag in row] for row in column] for column in columns]
        numbered = _numbered(legal, scheme)
        entities = [schemes.Entities(column, kind) for column in numbered]
        options = {"scheme": kind, "entities_true": entities[0], "entities_pred": entities[1]}
        averages = {"micro": _micro(score.strict)}
        function = v1.precision_recall_fscore_support
        yield from _mode("strict ", score.strict_types, averages, numbered, function, options)


_SEQEVAL_SCHEMES = {
    "iob1": "IOB1",
    "bio": "IOB2",
    "ioe1": "IOE1",
    "ioe2": "IOE2",
    "bioes": "IOBES",
    "bilou": "IOBES",
}
"""seqeval's classes by scheme; its BILOU is its IOBES in other letters, and tags go there as B, I, E, S."""


def _micro(counts: Counts) -> Average:
    return Average(counts.precision, counts.recall, counts.f1)


def _numbered(columns: Sequence[Rows], scheme: Scheme) -> list[list[list[str]]]:
    """The columns as seqeval is to see them, in the letters B, I, E and S.

    Types go by numbers in the order of their names, since seqeval takes dashes off the ends of a type in
    strict mode; plain tags go as spans of one token.
    """
    known = {tag for column in columns for row in column for tag in row}
    pieces = {tag: tags.split(tag, scheme) if scheme.is_spans else ("S", tag) for tag in known}
    names = type_names({label for letter, label in pieces.values() if letter != "O"})
    numbers = {label: f"{number:06}" for number, label in enumerate(names)}
    written = {
        tag: "O" if letter == "O" else f"{letter}-{numbers[label]}" for tag, (letter, label) in pieces.items()
    }
    return [[[written[tag] for tag in row] for row in column] for column in columns]


def _mode(
    mode: str,
    types: Mapping[str, Counts],
    averages: Mapping[str, Average],
    columns: Sequence[list[list[str]]],
    function: Callable[..., Any],
    options: Mapping[str, Any],
) -> Iterator[tuple[str, float, float]]:
    """The figures of one mode of seqeval beside ours."""
    theirs = list(zip(*function(*columns, average=None, zero_division=0, **options), strict=True))
    yield f"the {mode}number of types", len(types), len(theirs)
    for (name, counts), figures in zip(types.items(), theirs, strict=False):
        ours = (*_micro(counts), counts.gold)
        for what, here, there in zip(_FIGURES, ours, figures, strict=True):
            yield f"the {mode}{what} of {name or BARE}", here, float(there)
    for average, values in averages.items() if types else ():
        figures = function(*columns, average=average, zero_division=0, **options)
        for what, here, there in zip(_FIGURES, values, figures, strict=False):
            yield f"the {average} {mode}{what}", here, float(there)


_FIGURES = ("precision", "recall", "F1", "support")
