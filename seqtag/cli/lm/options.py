"""What several of the commands ask for in the same way."""

import os
from typing import Annotated

import typer

from seqtag.cli import common, parameters
from seqtag.settings import registry

Model = Annotated[str, typer.Argument(metavar="LM", help="The folder of the language model.")]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL",
        help="Label of the sentences, for a model of the task generation.",
        show_default=False,
    ),
]
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
ForceTraining = Annotated[bool, parameters.force("language model")]
ConfigFile = Annotated[
    str | None,
    parameters.config("rnn: YAML file of settings; `seqtag init-config --lm` writes one.", parameters.FILES),
]
Assignments = Annotated[
    list[str] | None,
    parameters.assignments("rnn: set any setting, overriding the file; repeatable.", parameters.FILES),
]
Resume = Annotated[bool, parameters.resume("LM", TRAINING)]
CheckpointSteps = Annotated[int, parameters.checkpoint_steps(TRAINING)]
Seeds = Annotated[int, parameters.seeds(TRAINING)]
Quiet = Annotated[bool, parameters.quiet(TRAINING)]


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
