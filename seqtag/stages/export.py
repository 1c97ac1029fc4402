"""The exporting stage: a model folder in, its network as an ONNX file out, for programs without Python."""

from dataclasses import dataclass

from seqtag.inference.onnx_runtime import onnxruntime
from seqtag.support.errors import UsageError
from seqtag.tasks.use import use_of


@dataclass(frozen=True)
class Array:
    """An input or output of the network.

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
        content: The ONNX file.
        inputs: What it reads.
        outputs: What it computes.
    """

    content: bytes
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def export(model: str) -> Export:
    """The network of a model folder, decoding included, with all its outputs.

    Raises:
        ModelError: The folder is incomplete, damaged, too new or not one of ours.
        UsageError: Models of this task are not one network.
    """
    task, use = use_of(model)
    if use.network is None:
        raise UsageError(f"{model}: is a model of task {task}, which `seqtag export` cannot export.")
    content = use.network(model)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs, outputs = (
        tuple(Array(value.name, value.type, tuple(value.shape)) for value in values)
        for values in (session.get_inputs(), session.get_outputs())
    )
    return Export(content, inputs, outputs)
