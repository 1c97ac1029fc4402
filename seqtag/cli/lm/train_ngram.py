"""The training of a model of n-grams, as `seqtag lm train` shows it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seqtag.cli import common
from seqtag.cli.lm import options
from seqtag.cli.stderr import stderr, steps
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.stages.train_lm import TrainedLanguageModel


def run(
    train: Sequence[str],
    dev: Sequence[str],
    output: Path,
    *,
    order: int | None,
    smoothing: str | None,
    add_k: float | None,
    prune: str | None,
    vocabulary: int | None,
    input_format: str | None,
    unit: str,
    tokenizer: str,
    force: bool,
) -> None:
    """Trains a model and shows it; arguments that are None have their defaults."""
    smoothing = smoothing or "modified_kneser_ney"
    common.check_name("--smoothing", smoothing, registry.SMOOTHINGS)
    if add_k is not None and smoothing != "add_k":
        raise UsageError("--add-k is for --smoothing add_k.")
    thresholds = _thresholds("0" if prune is None else prune)
    from seqtag.cli.warnings import warner
    from seqtag.corpora.tokenizers import Tokenizer
    from seqtag.corpora.units import Units
    from seqtag.stages.train_lm import Ngrams
    from seqtag.stages.train_lm import train as stage

    units = Units(unit, Tokenizer(tokenizer))
    settings = Ngrams(order or 5, smoothing, 0.1 if add_k is None else add_k, thresholds, vocabulary, units)
    with steps() as say:
        result = stage(
            settings,
            train,
            output,
            dev=dev,
            force=force,
            input_format=input_format,
            say=say,
            report=warner(),
        )
    for warning in result.warnings:
        print(f"seqtag: warning: {warning}", file=stderr())
    _show(result)


def _thresholds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise UsageError(f"--prune {text}: expected whole numbers, such as '0 0 1'.") from None


def _show(result: "TrainedLanguageModel") -> None:
    """Says what was trained."""
    from seqtag.cli.tables import make_console, make_table, print_labelled, safe
    from seqtag.support.quoting import counted

    text, model = result.text, result.model
    noun = "token" if model.units.are_words else "character"
    console = make_console()
    unknown = f", {text.unknown / text.tokens:.2%} of them unknown" if text.unknown else ""
    read = f"{counted(text.sentences, 'sentence')}, {counted(text.tokens, noun)}{unknown}"
    for name, words in (("train", read), ("model", model.description), ("", options.VOCABULARY_NOTE)):
        print_labelled(name, words, console)
    table = make_table("order", "n-grams", *(["discounts"] if result.estimate.discounts else []))
    for order, one in enumerate(model.tables, 1):
        row = [
            " ".join(f"{value:.3f}" for value in own) for own in result.estimate.discounts[order - 1 : order]
        ]
        table.add_row(str(order), f"{len(one.keys):,}", *row)
    console.print(table)
    if result.dev is not None:
        from seqtag.cli.lm.score import summary

        print_labelled("dev", summary(result.dev), console)
    console.print(safe(f"language model written to {result.path}"), soft_wrap=True)
