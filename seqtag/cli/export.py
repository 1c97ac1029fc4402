"""`seqtag export`: the networks of a model as ONNX files."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common, results
from seqtag.cli.stderr import stderr
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.stages.export import Array


def export(
    model: common.Model,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="OUT.onnx",
            help="The file to write; - for stdout. For a transducer: OUT.encoder.onnx and OUT.decoder.onnx.",
        ),
    ],
) -> None:  # fmt: skip
    """Write the network of a model as an ONNX file, for C#, Java, JavaScript and others.

    The file holds the network with its decoder; for a transducer there are two
    files, the encoder and one step of the decoder. The words, symbols, tags and
    labels that the numbers stand for are in the model's vocab.json;
    docs/onnx.md describes inputs and outputs, with examples.

    Examples:
      seqtag export model -o model.onnx
    """
    output = results.place(output)
    results.check_outputs([output], [model])

    from seqtag.stages.export import export as stage

    networks = stage(model)
    if output == results.STDOUT and len(networks) > 1:
        names = " and ".join(network.name for network in networks)
        raise UsageError(f"{model}: has {len(networks)} networks ({names}); name a file with -o.")
    paths = [_path(output, network.name) for network in networks]
    results.check_outputs(paths, [model])
    for network, path in zip(networks, paths, strict=True):
        if path == results.STDOUT:
            sys.stdout.buffer.write(network.content)
            sys.stdout.buffer.flush()
        else:
            with results.written_bytes(path) as stream:
                stream.write(network.content)
            results.announce(path)
    for network in networks:
        for title, arrays in (("inputs", network.inputs), ("outputs", network.outputs)):
            print(f"{network.name} {title}:".lstrip(), *_lines(arrays), sep="\n", file=stderr())


def _path(output: str, name: str) -> str:
    """The file of a network: the output, with the name of one of several before its ending."""
    if not name:
        return output
    from seqtag.support.unpacking import without_ending

    bare = without_ending(output)
    stem, ending = os.path.splitext(bare)
    return f"{stem}.{name}{ending}{output[len(bare) :]}"


def _lines(arrays: "Sequence[Array]") -> list[str]:
    """A line for each array: name, element type and shape."""
    width = max(18, *(len(array.name) for array in arrays))
    return [
        f"  {array.name:{width}} {array.type:15} ({', '.join(map(str, array.shape))})" for array in arrays
    ]
