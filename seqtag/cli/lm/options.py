"""What several of the commands ask for in the same way."""

import os
from typing import Annotated

import typer

from seqtag.cli import common
from seqtag.settings import registry

Model = Annotated[str, typer.Argument(metavar="LM", help="The folder of the language model.")]
Unit = Annotated[
    str, typer.Option(metavar="NAME", help=f"What the tokens are: {' or '.join(registry.UNITS)}.")
]
ChosenUnit = Annotated[
    str | None,
    typer.Option(
        "--unit",
        metavar="NAME",
        show_default=False,
        help=f"What the tokens are: {' or '.join(registry.UNITS)}. \\[default: word]",
    ),
]
ChosenTokenizer = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        metavar="NAME",
        show_default=False,
        help=f"Tokenizer that cuts lines into words: {', '.join(registry.TOKENIZERS)}. \\[default: whitespace]",
    ),
]
TokenizerName = Annotated[
    str,
    typer.Option(
        "--tokenizer",
        metavar="NAME",
        help=f"Tokenizer that cuts lines into words: {', '.join(registry.TOKENIZERS)}.",
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace an existing language model.")]
ModelOutput = Annotated[str, typer.Option("--output", "-o", metavar="LM", help="Folder for the model.")]
VOCABULARY_NOTE = "these, <unk> and the end </s> are predicted, the start <s> is not"

TRAINING = "Training (--kind rnn)"  # a panel of `seqtag lm train --help`
ForceTraining = Annotated[
    bool,
    typer.Option(
        "--force",
        "-f",
        help="Replace an existing language model and, without --resume, the checkpoint of a stopped run.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", rich_help_panel=TRAINING,
        help="Continue from LM.checkpoint if there is one: repeat the same command with this option.",
    ),
]  # fmt: skip
CheckpointSteps = Annotated[
    int,
    typer.Option(
        "--checkpoint-steps", metavar="N", min=0, rich_help_panel=TRAINING,
        help="Write the checkpoint every N steps as well as after each epoch; 0: only after each epoch.",
    ),
]  # fmt: skip
Seeds = Annotated[
    int,
    typer.Option(
        "--seeds", metavar="N", min=1, rich_help_panel=TRAINING,
        help="Train with N consecutive seeds from --seed on; report mean and spread, keep the best on dev.",
    ),
]  # fmt: skip
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=TRAINING, help="Print errors only.")]


def check_units(unit: str, tokenizer: str) -> None:
    """Refuses unknown names."""
    common.check_name("--unit", unit, registry.UNITS)
    common.check_name("--tokenizer", tokenizer, registry.TOKENIZERS)


def one_thread() -> None:
    """Has NumPy's products run on one thread each, if nobody chose otherwise; before NumPy is imported.

    Batches of a recurrent model run side by side already, and its classes are so small that threads take longer to meet
    than to multiply: with two of them each word costs three times the processor time.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
