"""The exporting stage: a model folder in, its network as an ONNX file out, for programs without Python."""

from dataclasses import dataclass
from pathlib import Path

from seqtag.inference import language_states
from seqtag.inference.onnx_runtime import onnxruntime
from seqtag.model_folder.folder import Folder, load
from seqtag.model_folder.stored import read_network, read_vocabulary


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
    """
    content = load(Path(model), _read)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs, outputs = (
        tuple(Array(value.name, value.type, tuple(value.shape)) for value in values)
        for values in (session.get_inputs(), session.get_outputs())
    )
    return Export(content, inputs, outputs)


def _read(folder: Folder) -> bytes:
    return read_network(folder, read_vocabulary(folder, language_states.of_folder))
