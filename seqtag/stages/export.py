"""The exporting stage: a model folder in, its networks as ONNX files out, for programs without Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqtag.inference.onnx_runtime import onnxruntime
from seqtag.tasks.use import use_of


@dataclass(frozen=True)
class Array:
    """An input or output of a network.

    Attributes:
        name: Its name.
        type: Its element type, as ONNX Runtime names it, such as `tensor(int32)`.
        shape: Its sizes, a name for one that differs from batch to batch.
    """

    name: str
    type: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class Export:
    """A network to write.

    Attributes:
        name: What it is among several networks of a model, such as `encoder`; empty for an only one.
        content: The ONNX file.
        inputs: What it reads.
        outputs: What it computes.
    """

    name: str
    content: bytes
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def export(model: str) -> tuple[Export, ...]:
    """The networks of a model folder, each with all its outputs.

    Raises:
        ModelError: The folder is incomplete, damaged, too new or not one of ours.
    """
    _, use = use_of(model)
    return tuple(_exported(name, content) for name, content in use.networks(model).items())


def _exported(name: str, content: bytes) -> Export:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return Export(name, content, _arrays(session.get_inputs()), _arrays(session.get_outputs()))


def _arrays(values: Sequence[Any]) -> tuple[Array, ...]:
    return tuple(Array(value.name, value.type, tuple(value.shape)) for value in values)
