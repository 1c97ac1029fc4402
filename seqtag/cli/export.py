"""`seqtag export`: the network of a model as an ONNX file."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common, results
from seqtag.cli.stderr import stderr

if TYPE_CHECKING:
    from seqtag.stages.export import Array


def export(
    model: common.Model,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="OUT.onnx", help="The file to write; - for stdout.")
    ],
) -> None:
    """Write the network of a model as an ONNX file, for C#, Java, JavaScript and others.

    The file holds the network with its decoder. The words and tags that its
    numbers stand for are in the model's vocab.json; docs/onnx.md describes
    inputs and outputs, with an example.

    Examples:
      seqtag export model -o model.onnx
    """
    output = results.place(output)
    results.check_outputs([output], [model])

    from seqtag.stages.export import export as stage

    exported = stage(model)
    if output == results.STDOUT:
        sys.stdout.buffer.write(exported.content)
        sys.stdout.buffer.flush()
    else:
        with results.written_bytes(output) as stream:
            stream.write(exported.content)
        results.announce(output)
    for title, arrays in (("inputs", exported.inputs), ("outputs", exported.outputs)):
        print(f"{title}:", *_lines(arrays), sep="\n", file=stderr())


def _lines(arrays: "Iterable[Array]") -> list[str]:
    """A line for each array: name, element type and shape."""
    return [f"  {array.name:18} {array.type:15} ({', '.join(map(str, array.shape))})" for array in arrays]
