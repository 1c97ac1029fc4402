"""`seqtag lm mix`: language models in, their mixture out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common
from seqtag.cli.lm import options
from seqtag.cli.stderr import steps
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.stages.mix_lm import MixedLanguageModel


def mix(
    models: Annotated[
        list[str],
        typer.Argument(metavar="LM", help="Folders of language models with the same vocabulary."),
    ],
    dev: Annotated[
        list[str],
        typer.Option(
            metavar="TEXT", help="Text to fit the weights on, a sentence a line; repeatable; - for stdin."
        ),
    ],
    output: options.ModelOutput,
    input_format: common.InputFormat = None,
    force: options.Force = False,
) -> None:
    """Mix language models: a weighted mean of their probabilities, with weights fitted on a text.

    The mixture is a new model, which holds all that it needs of the others.

    Examples:
      seqtag lm mix 5gram 2gram --dev dev.txt -o mixture
    """
    common.check_name("--input-format", input_format, registry.formats("reader"))
    if dev.count(common.STDIN) > 1:
        raise UsageError("Only one of the files can come from stdin.")
    common.invite(dev)
    from seqtag.cli.warnings import warner
    from seqtag.stages.mix_lm import mix as stage

    with steps() as say:
        result = stage(
            models, Path(output), dev=dev, force=force, input_format=input_format, say=say, report=warner()
        )
    _show(result)


def _show(result: "MixedLanguageModel") -> None:
    """Says what was mixed."""
    from seqtag.cli.lm.score import summary
    from seqtag.cli.tables import label, make_console, make_table, print_labelled, safe

    console = make_console()
    print_labelled("model", result.model.description, console)
    print_labelled("", options.VOCABULARY_NOTE, console)
    table = make_table("mixed", "weight", "dev perplexity")
    for one in result.models:
        table.add_row(label(one.name), f"{one.weight:.4f}", f"{one.dev.perplexity:,.2f}")
    console.print(table)
    print_labelled("dev", summary(result.dev), console)
    console.print(safe(f"language model written to {result.path}"), soft_wrap=True)
