"""`seqtag lm train`: text in, language model out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seqtag.cli import common, parameters
from seqtag.cli.lm import options
from seqtag.cli.settings import with_settings
from seqtag.settings import registry
from seqtag.settings.tasks import chosen_options
from seqtag.support.errors import UsageError

KINDS = ("ngram", "rnn")
TASK = "language"  # of the settings of `--kind rnn`
FILES, TRAINING = parameters.FILES, options.TRAINING
NGRAMS, NETWORK = "N-grams (--kind ngram)", "Network (--kind rnn)"
PANELS = dict.fromkeys(("reading", "embeddings", "encoder", "output"), NETWORK) | {"training": TRAINING}


def command(
    train: Annotated[
        list[str],
        typer.Option(
            metavar="TEXT",
            rich_help_panel=FILES,
            help="Training text, a sentence a line; repeatable; - for stdin.",
        ),
    ],
    output: options.ModelOutput,
    kind: Annotated[str, typer.Option(metavar="NAME", help=f"Kind of model: {', '.join(KINDS)}.")] = "ngram",
    dev: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            rich_help_panel=FILES,
            help="Text to score. rnn: to choose the best epoch on (default: a part of the training text). "
            "jelinek_mercer: to fit the weights on.",
        ),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", rich_help_panel=FILES, help="rnn: text to score the finished model on, once."
        ),
    ] = None,
    config: options.ConfigFile = None,
    assignments: options.Assignments = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="LM",
            rich_help_panel=FILES,
            help="rnn: continue to train this model on other text; its vocabulary and network stay.",
        ),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=6,
            metavar="N",
            rich_help_panel=NGRAMS,
            show_default=False,
            help="Length of the longest n-grams. [default: 5]".replace("[", "\\["),
        ),
    ] = None,
    smoothing: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=NGRAMS,
            show_default=False,
            help=f"Smoothing: {', '.join(registry.SMOOTHINGS)}. \\[default: modified_kneser_ney]",
        ),
    ] = None,
    add_k: Annotated[
        float | None,
        typer.Option(
            metavar="K",
            rich_help_panel=NGRAMS,
            help="What add_k adds to each count; default: 0.1.",
            show_default=False,
        ),
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option(
            metavar="COUNTS",
            rich_help_panel=NGRAMS,
            help="For each order, the count up to which n-grams are dropped; the last holds for the rest; "
            "such as '0 0 1'. \\[default: 0]",
            show_default=False,
        ),
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Predict the N most frequent words, all others as <unk>. Default: all words (ngram), 30000 (rnn).",
            show_default=False,
        ),
    ] = None,
    input_format: common.InputFormat = None,
    unit: options.ChosenUnit = None,
    tokenizer: options.ChosenTokenizer = None,
    force: options.ForceTraining = False,
    resume: options.Resume = False,
    checkpoint_steps: options.CheckpointSteps = 0,
    seeds: options.Seeds = 1,
    quiet: options.Quiet = False,
    **chosen: Any,
) -> None:
    r"""Train a language model on text, a sentence a line, or on the tokens of corpora.

    --kind ngram counts n-grams; --kind rnn trains a recurrent network, which
    takes longer.

    Examples:
      seqtag lm train --train text.txt --dev dev.txt -o lm
      seqtag lm train --train text.txt.gz --vocabulary 30000 -o lm \
        --order 3 --smoothing witten_bell
      seqtag lm train --kind rnn --train text.txt --dev dev.txt -o lm
      seqtag lm train --kind rnn --from lm --train more.txt -o adapted
    """
    common.check_name("--kind", kind, KINDS)
    common.check_name("--input-format", input_format, registry.formats("reader"))
    options.check_units(unit or "word", tokenizer or "whitespace")
    ngrams: dict[str, Any] = {"--order": order, "--smoothing": smoothing, "--add-k": add_k, "--prune": prune}
    networks: dict[str, Any] = {
        "--test": test,
        "--config": config,
        "--set": assignments,
        "--from": base,
        "--seeds": seeds > 1,
    }
    networks |= {"--resume": resume, "--checkpoint-steps": checkpoint_steps, "--quiet": quiet}
    networks |= {name: True for _, name in chosen_options(chosen, TASK).values()}
    for other, given in (("ngram", ngrams), ("rnn", networks)):
        wrong = [name for name, value in given.items() if value not in (None, False, 0)]
        if wrong and kind != other:
            raise UsageError(f"{wrong[0]} is for --kind {other}; this is --kind {kind}.")
    if [*train, *(dev or ()), *(test or ())].count(common.STDIN) > 1:
        raise UsageError("Only one of the files can come from stdin.")
    common.invite(train)
    if kind == "ngram":
        from seqtag.cli.lm import train_ngram

        train_ngram.run(
            train, dev or (), Path(output), order=order, smoothing=smoothing, add_k=add_k, prune=prune,
            vocabulary=vocabulary, input_format=input_format, unit=unit or "word",
            tokenizer=tokenizer or "whitespace", force=force,
        )  # fmt: skip
        return
    from seqtag.cli.lm import train_rnn

    text = {"text.format": (input_format, "--input-format"), "text.vocabulary": (vocabulary, "--vocabulary")}
    text |= {"text.unit": (unit, "--unit"), "text.tokenizer": (tokenizer, "--tokenizer")}
    named = {path: pair for path, pair in text.items() if pair[0] is not None}
    train_rnn.run(
        {"train": train, "dev": dev, "test": test},
        Path(output),
        train_rnn.settings(config, assignments or [], named | chosen_options(chosen, TASK), base),
        base,
        quiet=quiet,
        seeds=seeds, force=force, resume=resume, checkpoint_steps=checkpoint_steps,
    )  # fmt: skip


train = with_settings(command, [TASK], PANELS)
