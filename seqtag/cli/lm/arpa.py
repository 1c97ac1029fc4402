"""`seqtag lm export` and `seqtag lm import`: n-gram models as ARPA files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqtag.cli import results
from seqtag.cli.lm import options
from seqtag.cli.stderr import steps


def export(
    model: options.Model,
    arpa: Annotated[
        str, typer.Option(metavar="FILE", help="ARPA file to write, packed if it ends in .gz; - for stdout.")
    ],
) -> None:
    """Write a model of n-grams as an ARPA file, for KenLM, SRILM and others.

    Recurrent models and mixtures cannot be written as ARPA files.

    Examples:
      seqtag lm export lm --arpa lm.arpa.gz
    """
    output = results.place(arpa)
    results.check_outputs([output], [model])
    from seqtag.stages import arpa as stage

    loaded = stage.exportable(model)
    if output == results.STDOUT:
        stage.export(loaded, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with steps() as say, results.written_bytes(output) as stream:
            stage.export(loaded, stream, say)
        results.announce(output)


def import_arpa(
    file: Annotated[str, typer.Argument(metavar="FILE", help="ARPA file; it may be compressed.")],
    output: options.ModelOutput,
    unit: options.Unit = "word",
    tokenizer: options.TokenizerName = "whitespace",
    force: options.Force = False,
) -> None:
    """Read a model of n-grams from an ARPA file of KenLM, SRILM or others.

    The new model is scored, sampled and mixed like one of `seqtag lm train`.

    Examples:
      seqtag lm import lm.arpa.gz -o lm
    """
    options.check_units(unit, tokenizer)

    from seqtag.cli.tables import make_console, print_labelled
    from seqtag.corpora.tokenizers import Tokenizer
    from seqtag.corpora.units import Units
    from seqtag.stages.arpa import import_arpa as stage
    from seqtag.support.quoting import printable

    with steps() as say:
        model = stage(file, Path(output), Units(unit, Tokenizer(tokenizer)), force=force, say=say)
    print_labelled("model", model.description, make_console())
    print(printable(f"language model written to {output}"))
