"""`seqtag lm train`: text in, language model out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common
from seqtag.cli.lm import options
from seqtag.cli.lm.steps import steps
from seqtag.cli.stderr import stderr
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.stages.train_lm import TrainedLanguageModel

KINDS = ("ngram",)


def train(
    train: Annotated[
        list[str],
        typer.Option(metavar="TEXT", help="Training text, a sentence a line; repeatable; - for stdin."),
    ],
    output: options.ModelOutput,
    kind: Annotated[str, typer.Option(metavar="NAME", help=f"Kind of model: {', '.join(KINDS)}.")] = "ngram",
    dev: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Text to score, and to fit the weights of jelinek_mercer on."),
    ] = None,
    order: Annotated[int, typer.Option(min=1, max=6, metavar="N", help="Length of the longest n-grams.")] = 5,
    smoothing: Annotated[
        str, typer.Option(metavar="NAME", help=f"Smoothing: {', '.join(registry.SMOOTHINGS)}.")
    ] = "modified_kneser_ney",
    add_k: Annotated[
        float | None,
        typer.Option(metavar="K", help="What add_k adds to each count; default: 0.1.", show_default=False),
    ] = None,
    prune: Annotated[
        str,
        typer.Option(
            metavar="COUNTS",
            help="For each order, the count up to which n-grams are dropped; the last holds for the rest; "
            "such as '0 0 1'.",
        ),
    ] = "0",
    vocabulary: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Close the vocabulary: the N most frequent words, all others are <unk>. Default: open, all words.",
            show_default=False,
        ),
    ] = None,
    input_format: common.InputFormat = None,
    unit: options.Unit = "word",
    tokenizer: options.TokenizerName = "whitespace",
    force: options.Force = False,
) -> None:
    r"""Train a language model on text, a sentence a line, or on the tokens of corpora.

    Examples:
      seqtag lm train --train text.txt --dev dev.txt -o lm
      seqtag lm train --train text.txt.gz --vocabulary 30000 -o lm \
        --order 3 --smoothing witten_bell
    """
    common.check_name("--kind", kind, KINDS)
    common.check_name("--smoothing", smoothing, registry.SMOOTHINGS)
    common.check_name("--input-format", input_format, registry.formats("reader"))
    options.check_units(unit, tokenizer)
    if add_k is not None and smoothing != "add_k":
        raise UsageError("--add-k is for --smoothing add_k.")
    thresholds = _thresholds(prune)
    if [*train, *(dev or ())].count(common.STDIN) > 1:
        raise UsageError("Only one of the files can come from stdin.")
    common.invite(train)
    from seqtag.cli.warnings import warner
    from seqtag.corpora.tokenizers import Tokenizer
    from seqtag.corpora.units import Units
    from seqtag.stages.train_lm import Ngrams
    from seqtag.stages.train_lm import train as stage

    units = Units(unit, Tokenizer(tokenizer))
    settings = Ngrams(order, smoothing, 0.1 if add_k is None else add_k, thresholds, vocabulary, units)
    with steps() as say:
        result = stage(
            settings,
            train,
            Path(output),
            dev=dev or (),
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
    from rich.console import Console

    from seqtag.cli.tables import make_table, safe
    from seqtag.support.quoting import counted

    text, model = result.text, result.model
    noun = "token" if model.units.are_words else "character"
    console = Console(highlight=False, soft_wrap=True)
    unknown = f", {text.unknown / text.tokens:.2%} of them unknown" if text.unknown else ""
    console.print(f"train  {counted(text.sentences, 'sentence')}, {counted(text.tokens, noun)}{unknown}")
    console.print(f"model  {model.description}", markup=False)
    console.print(f"       {options.VOCABULARY_NOTE}", markup=False)
    table = make_table("order", "n-grams", *(["discounts"] if result.estimate.discounts else []))
    for order, one in enumerate(model.tables, 1):
        row = [
            " ".join(f"{value:.3f}" for value in own) for own in result.estimate.discounts[order - 1 : order]
        ]
        table.add_row(str(order), f"{len(one.keys):,}", *row)
    console.print(table)
    if result.dev is not None:
        from seqtag.cli.lm.score import summary

        console.print(f"dev    {summary(result.dev)}", markup=False)
    console.print(safe(f"language model written to {result.path}"))
