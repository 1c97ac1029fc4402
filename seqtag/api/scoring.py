"""Scores of a model on a gold file, and of predicted tags against gold tags."""

from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from typing import Any

from seqtag.api.arguments import checked, sentence_of
from seqtag.corpora import tags
from seqtag.corpora.base import ReadOptions
from seqtag.evaluation import schemes, scoring
from seqtag.evaluation.scoring import Score
from seqtag.settings import registry
from seqtag.stages import evaluate as stage
from seqtag.support.errors import UsageError
from seqtag.support.quoting import quoted

Column = int | str | None


@checked
def evaluate(
    model: str | PathLike[str],
    gold: str | PathLike[str],
    *,
    scheme: str = "auto",
    format: str = "auto",
    token_column: Column = None,
    tag_column: Column = None,
    skip_rows: int | None = None,
    tag_spelling: str | None = None,
    outside_tag: str | None = None,
    neighbours: str | None = None,
    misaligned: str = "error",
    labels: Sequence[str] = (),
    label_key: str | None = None,
    threads: int | None = None,
) -> Any:
    """Answers a gold file with a model and scores the answers, as `seqtag evaluate` does.

    Returns:
        A `Score` of a tagger; of a model of another task the score of that task.

    Args:
        model: The model folder.
        gold: The gold file.
        scheme: Its tag scheme; "auto" for the model's, unless another fits the file better.
        format: Its format; "auto" for that of the training corpus if its settings name one, else by the file.
        token_column: Its column of tokens: a number (1 first, -1 last) or a name (field, attribute, header, key).
        tag_column: Its column of tags, likewise.
        skip_rows: Lines to pass over at its start; None for as many as at that of the training corpus.
        tag_spelling: How it spells its span tags, such as "B_TYPE"; None for the training corpus's way.
        outside_tag: Its tag outside spans, likewise.
        neighbours: Without letters in tags, "join" or "split" neighbouring tokens of one type, likewise.
        misaligned: What to do with a span of characters that is not one of whole tokens: "error", "widen" or "drop".
        labels: The names of tags that it has as numbers from 0.
        label_key: Of a model that labels sentences, what holds the labels of its sentences; None for what held them in
            training.
        threads: Threads that tag side by side; None for as many as the process may use cores.

    Raises:
        Error: An argument is wrong, the model or the file cannot be read, or a tag is not one of the scheme.

    Example:
        >>> score = seqtag.evaluate("model", "test.conll")
        >>> score.f1 > 0.9, sorted(score.types)
        (True, ['LOC', 'PER'])
    """
    if misaligned not in registry.MISALIGNED:
        raise UsageError(
            f"misaligned: expected {', '.join(registry.MISALIGNED)}. Received: {quoted(misaligned)}"
        )
    options = ReadOptions(
        format,
        token_column,
        tag_column,
        skip_rows=skip_rows,
        tag_spelling=tag_spelling,
        outside_tag=outside_tag,
        neighbours=neighbours,
        misaligned=misaligned,
        labels=sentence_of(labels, "labels"),
        label_key=label_key,
    )
    evaluation = stage.evaluate_model(
        fspath(model),
        fspath(gold),
        scheme=scheme,
        options=options,
        threads=threads or 0,
    )
    return evaluation.score


@checked
def score(
    gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], *, scheme: str = "auto"
) -> Score:
    """Scores predicted tags against gold tags, whatever made them.

    Args:
        gold: The right tags: for each sentence, a list of tags.
        predicted: As many lists of the same lengths. They are taken as they are, well-formed or not.
        scheme: The tag scheme of both; "auto" to detect it in the gold tags.

    Raises:
        Error: The two differ in shape, an item is not a list of str, or a tag is not one of the scheme.

    Example:
        >>> score = seqtag.score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
        >>> score.precision, score.recall
        (1.0, 0.5)
    """
    rows = _rows(gold, "gold"), _rows(predicted, "predicted")
    _check_same_shape(*rows)
    found = tags.parse_scheme(scheme) if tags.is_named(scheme) else schemes.shared(*rows)
    for name, column in zip(("gold", "predicted"), rows, strict=True):
        _check_tags(column, found, name)
    return scoring.score(*rows, found)


def _rows(value: Any, name: str) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(
            f"{name}: expected a list of tags for each sentence. Received: {type(value).__name__}"
        )
    return tuple(sentence_of(row, f"{name}[{at}]") for at, row in enumerate(value))


def _check_same_shape(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    if len(gold) != len(predicted):
        raise UsageError(f"predicted: expected {len(gold)} sentences, as in gold. Received: {len(predicted)}")
    for at, (right, found) in enumerate(zip(gold, predicted, strict=True)):
        if len(right) != len(found):
            raise UsageError(
                f"predicted[{at}]: expected {len(right)} tags, as in gold. Received: {len(found)}"
            )


def _check_tags(rows: Sequence[Sequence[str]], scheme: tags.Scheme, name: str) -> None:
    if not scheme.is_spans:
        return
    for at, row in enumerate(rows):
        for place, tag in enumerate(row):
            try:
                tags.split(tag, scheme)
            except ValueError as problem:
                raise UsageError(f"{name}[{at}][{place}]: {problem}") from None
