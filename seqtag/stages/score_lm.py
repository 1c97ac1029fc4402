"""The scoring stage of language models: how well one predicts a text."""

from collections.abc import Callable, Iterator, Sequence
from itertools import tee
from pathlib import Path

from seqtag.corpora.findings import Report, ignore
from seqtag.evaluation.perplexity import Perplexity
from seqtag.support.errors import DataError, Error
from seqtag.support.lines import shown
from seqtag.tasks.language.base import TextModel, given, load, measured
from seqtag.tasks.language.reading import read

__all__ = ["TextModel", "by_line", "given", "load", "total"]

OFTEN = 1 << 12  # sentences after which it is said how far it is


def total(
    model: TextModel,
    paths: Sequence[str],
    name: str | Path,
    *,
    input_format: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    report: Report = ignore,
) -> Perplexity:
    """The perplexity of all sentences of files together, in both directions if the model has them.

    Args:
        model: The model.
        paths: Texts, a sentence a line, or corpora; "-" is standard input. Blank lines are left out.
        name: The model's folder, for messages.
        input_format: A format in `registry.FORMATS`; None to go by the name and the first lines of each file.
        say: Receives how far it is.
        report: Receives what is odd about a file.

    Raises:
        Error: The model has no perplexity, or a file cannot be read or has no words.
    """
    check(model, name)
    found = Perplexity()
    for path in paths:
        for _, one in by_line(model, path, input_format, report, backward=True):
            found += one
            if found.sentences % OFTEN == 0:
                say(f"scored {found.tokens:,} tokens")
    return found


def check(model: TextModel, name: str | Path) -> None:
    """Refuses a model whose scores are not probabilities.

    Raises:
        Error: It has no perplexity.
    """
    if model.not_probabilities:
        raise Error(f"{name}: {model.not_probabilities}; --lines lists the scores.")


def by_line(
    model: TextModel,
    path: str,
    input_format: str | None = None,
    report: Report = ignore,
    *,
    backward: bool = False,
) -> Iterator[tuple[int, Perplexity]]:
    """The score of each sentence, with the number of its line; `backward` asks a model of both directions for both.

    Raises:
        DataError: The file cannot be read, or has no words.
    """
    numbered, tokens = tee(read(model, path, input_format, report))
    scored = measured(model, (sentence for _, sentence in tokens), backward=backward)
    empty = True
    for (number, _), one in zip(numbered, scored, strict=True):
        empty = False
        yield number, one
    if empty:
        raise DataError(shown(path), None, "holds no words; expected text, a sentence a line")
