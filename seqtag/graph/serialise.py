"""ONNX models as bytes: the messages of onnx.proto that a network needs, in protocol buffers' encoding.

Formats: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and https://protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

OPSET = 18
OTHER_OPSET = 1  # of every domain but ONNX's own
IR_VERSION = 9
PRODUCER = "seqtag"
# onnx.proto's numbers of element types, TensorProto.DataType, by NumPy's names.
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9}
# AttributeProto.AttributeType; the field of a value of that type has the next number.
_FLOAT, _INT, _STRING, _GRAPH, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 5, 6, 7, 8
_VARINT, _BYTES, _FIXED32 = 0, 2, 5  # wire types
_BYTE = [bytes([value]) for value in range(128)]

Shape = tuple[str | int, ...]

# Values, nodes and bodies are named tuples: a network has hundreds of them, and a named tuple is made in half the time.


class Value(NamedTuple):
    """An input or output of a graph.

    Attributes:
        name: Its name.
        dtype: Its element type, by NumPy's name.
        shape: Its sizes, a text for one that is known only at run time; None for an undeclared shape.
    """

    name: str
    dtype: str
    shape: Shape | None


class Node(NamedTuple):
    """An operator with the names of what it reads and makes; an empty name is an input left out. One that is not ONNX's
    own has its domain before it: "com.microsoft.MatMulIntegerToFloat".
    """

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, Any]

    @property
    def reads(self) -> Iterator[str]:
        """Every name that the node or the body of its loop reads."""
        yield from self.inputs
        for value in self.attributes.values():
            if isinstance(value, Body):
                for node in value.nodes:
                    yield from node.reads

    @property
    def domains(self) -> Iterator[str]:
        """The domains of the operator and of those in the body of its loop; "" is ONNX's own."""
        yield self.operator.rpartition(".")[0]
        for value in self.attributes.values():
            if isinstance(value, Body):
                for node in value.nodes:
                    yield from node.domains


class Body(NamedTuple):
    """A graph: the whole network, or the body of a loop.

    Attributes:
        name: Its name.
        nodes: Its nodes, in an order in which they can run.
        inputs: Its inputs.
        outputs: Its outputs.
        weights: Its constants, by name.
    """

    name: str
    nodes: Sequence[Node]
    inputs: Sequence[Value]
    outputs: Sequence[Value]
    weights: Mapping[str, NDArray[Any]]


Part = bytes | memoryview


def model(graph: Body) -> bytes:
    """The graph as a serialised ONNX model; the weights are copied once."""
    others = sorted({domain for node in graph.nodes for domain in node.domains} - {""})
    parts = [
        _number(1, IR_VERSION),
        _text(2, PRODUCER),
        *_message(7, _graph(graph)),
        *_message(8, [_text(1, ""), _number(2, OPSET)]),
        *(part for name in others for part in _message(8, [_text(1, name), _number(2, OTHER_OPSET)])),
    ]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    if 0 <= value < 128:
        return _BYTE[value]
    value &= (1 << 64) - 1
    written = bytearray()
    while value >= 128:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | _FIXED32) + struct.pack("<f", value)


def _text(field: int, value: str) -> bytes:
    content = value.encode()
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _message(field: int, parts: Sequence[Part]) -> list[Part]:
    return [_varint(field << 3 | _BYTES) + _varint(sum(map(len, parts))), *parts]


def _graph(graph: Body) -> list[Part]:
    parts: list[Part] = []
    for node in graph.nodes:
        parts += _message(1, _node(node))
    parts.append(_text(2, graph.name))
    for name, array in graph.weights.items():
        parts += _message(5, _tensor(name, array))
    for value in graph.inputs:
        parts += _message(11, _value(value))
    for value in graph.outputs:
        parts += _message(12, _value(value))
    return parts


def _node(node: Node) -> list[Part]:
    parts: list[Part] = [_text(1, name) for name in node.inputs]
    parts += [_text(2, name) for name in node.outputs]
    domain, _, operator = node.operator.rpartition(".")
    parts.append(_text(4, operator))
    for name, value in sorted(node.attributes.items()):
        parts += _message(5, [_text(1, name), *_attribute(value)])
    if domain:
        parts.append(_text(7, domain))
    return [b"".join(parts)]


def _attribute(value: Any) -> list[Part]:
    match value:
        case Body():
            kind, parts = _GRAPH, _message(_GRAPH + 1, _graph(value))
        case int():
            kind, parts = _INT, [_number(_INT + 1, value)]
        case float():
            kind, parts = _FLOAT, [_float(_FLOAT + 1, value)]
        case str():
            kind, parts = _STRING, [_text(_STRING + 1, value)]
        case [int(), *_]:
            kind, parts = _INTS, [_number(_INTS + 1, one) for one in value]
        case [float(), *_]:
            kind, parts = _FLOATS, [_float(_FLOATS + 1, one) for one in value]
        case _:
            kind, parts = _STRINGS, [_text(_STRINGS + 1, one) for one in value]
    return [*parts, _number(20, kind)]


def _tensor(name: str, array: NDArray[Any]) -> list[Part]:
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    sizes = [_number(1, size) for size in array.shape]
    return [*sizes, _number(2, TYPES[array.dtype.name]), _text(8, name), *_message(9, [content])]


def _value(value: Value) -> list[Part]:
    tensor: list[Part] = [_number(1, TYPES[value.dtype])]
    if value.shape is not None:
        sizes = [_text(2, size) if isinstance(size, str) else _number(1, size) for size in value.shape]
        tensor += _message(2, [part for size in sizes for part in _message(1, [size])])
    return [_text(1, value.name), *_message(2, _message(1, tensor))]
