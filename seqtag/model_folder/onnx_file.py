"""What stands in an ONNX file, read without the onnx package and without trust: no more than an exporter here writes.

ONNX is made of messages of protocol buffers. Every message that may come is a table of the fields that it may have
(`_FIELDS`); another field, a second value of a field that has one, or a kind that is not the table's is refused. So
external data, functions, sparse tensors, training information and whatever ONNX will have one day are refused as well,
without a word about them here.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

from seqtag.model_folder import protobuf

MAX_NODES = 20_000
MAX_FIELDS = (
    100_000  # fields of all messages, and numbers in lists: 50 times as many as a network of many parts has
)
MAX_RANK = 6
MAX_DEPTH = 12  # messages within messages: a loop within a loop, which is told apart, has 10

FLOAT, INT32, INT64, BOOL = 1, 6, 7, 9  # ONNX's numbers of the types that are used
SIZES = {FLOAT: 4, INT32: 4, INT64: 8, BOOL: 1}  # bytes
ATTRIBUTE_KINDS = {1: "f", 2: "i", 3: "s", 5: "g", 6: "floats", 7: "ints", 8: "strings"}

# Message: {number: (name, type, repeated)}; the types are "varint", "float", "text", "bytes" and messages.
_FIELDS: dict[str, dict[int, tuple[str, str, bool]]] = {
    "model": {
        1: ("ir_version", "varint", False),
        2: ("producer", "text", False),
        7: ("graph", "graph", False),
        8: ("opsets", "opset", True),
    },
    "opset": {1: ("domain", "text", False), 2: ("version", "varint", False)},
    "graph": {
        1: ("nodes", "node", True),
        2: ("name", "text", False),
        5: ("weights", "tensor", True),
        11: ("inputs", "value", True),
        12: ("outputs", "value", True),
    },
    "node": {
        1: ("inputs", "text", True),
        2: ("outputs", "text", True),
        4: ("operator", "text", False),
        5: ("attributes", "attribute", True),
    },
    "attribute": {
        1: ("name", "text", False),
        2: ("f", "float", False),
        3: ("i", "varint", False),
        4: ("s", "text", False),
        6: ("g", "graph", False),
        7: ("floats", "float", True),
        8: ("ints", "varint", True),
        9: ("strings", "text", True),
        20: ("kind", "varint", False),
    },
    "tensor": {
        1: ("dims", "varint", True),
        2: ("dtype", "varint", False),
        8: ("name", "text", False),
        9: ("raw", "bytes", False),
    },
    "value": {1: ("name", "text", False), 2: ("type", "type", False)},
    "type": {1: ("tensor", "tensor_type", False)},
    "tensor_type": {1: ("dtype", "varint", False), 2: ("shape", "shape", False)},
    "shape": {1: ("dims", "dim", True)},
    "dim": {1: ("size", "varint", False), 2: ("name", "text", False)},
}
_WIRE = {"varint": protobuf.NUMBER, "float": protobuf.FOUR_BYTES}  # all others: bytes


@dataclass(frozen=True)
class Tensor:
    """A weight: its type, its shape, and its bytes as they lie in the file."""

    dtype: int
    shape: tuple[int, ...]
    raw: memoryview


@dataclass(frozen=True)
class Node:
    """An operator with the names of its inputs and outputs, and its attributes by name."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Value:
    """An input or an output: its type and its shape, in which a text is a size known only at run time; None where the
    file gives no shape.
    """

    dtype: int
    shape: tuple[int | str, ...] | None


@dataclass(frozen=True)
class Graph:
    """A graph, or the body of a loop."""

    nodes: tuple[Node, ...]
    weights: dict[str, Tensor]
    inputs: dict[str, Value]
    outputs: dict[str, Value]


def read(content: bytes | memoryview, *, ir_version: int, opset: int) -> Graph:
    """The graph of a file.

    Args:
        content: The file.
        ir_version: The version of the format that it must have.
        opset: The version of ONNX's operators that it must use.

    Raises:
        ValueError: It holds anything that an exporter here does not write.
    """
    model = _Reader().message(memoryview(content), "model", 0)
    if model.get("ir_version") != ir_version:
        raise ValueError(f"its IR version is {model.get('ir_version')}; expected {ir_version}")
    opsets = [(entry.get("domain", ""), entry.get("version")) for entry in model["opsets"]]
    if opsets != [("", opset)]:
        raise ValueError(f"its operators are those of {opsets[:4]}; expected ONNX's, version {opset}")
    if "graph" not in model:
        raise ValueError("it holds no graph")
    return _graph(model["graph"])


class _Reader:
    """Reads messages, and stops where there are too many: one of two bytes takes hundreds of bytes of memory."""

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def _count(self, fields: int) -> None:
        self._left -= fields
        if self._left < 0:
            raise ValueError(f"it has more than {MAX_FIELDS:,} fields")

    def message(self, content: memoryview, kind: str, depth: int) -> dict[str, Any]:
        """The fields of a message by name; a repeated one is a list, and always there."""
        if depth > MAX_DEPTH:
            raise ValueError("its messages are nested too deep")
        fields = _FIELDS[kind]
        found: dict[str, Any] = {name: [] for name, _, repeated in fields.values() if repeated}
        for number, wire, value, _, _ in protobuf.fields(content):
            self._count(1)
            if number not in fields:
                raise ValueError(f"a {kind} has a field of number {number}, which seqtag never writes")
            name, inner, repeated = fields[number]
            values = [value]
            if wire == protobuf.BYTES and repeated and inner in _WIRE:  # numbers in one piece
                values = self._packed(value, inner)
            elif wire != _WIRE.get(inner, protobuf.BYTES):
                raise ValueError(f"the field {name} of a {kind} is of another kind")
            elif inner == "text":
                values = [str(value, "utf-8")]
            elif inner == "float":
                values = [struct.unpack("<f", value)[0]]
            elif inner in _FIELDS:
                values = [self.message(value, inner, depth + 1)]
            if repeated:
                found[name] += values
            elif name in found:
                raise ValueError(f"the field {name} of a {kind} comes twice")
            else:
                found[name] = values[0]
        return found

    def _packed(self, content: memoryview, kind: str) -> list[Any]:
        if len(content) > 1 << 16:
            raise ValueError("a list of numbers is too long to be true")
        if kind == "float":
            if len(content) % 4:
                raise ValueError("a list of numbers ends within one")
            self._count(len(content) // 4)
            return [entry[0] for entry in struct.iter_unpack("<f", content)]
        values, at = [], 0
        while at < len(content):
            self._count(1)
            value, at = protobuf.signed(content, at)
            values.append(value)
        return values


def _graph(message: dict[str, Any], inside: bool = False) -> Graph:
    if len(message["nodes"]) > MAX_NODES:
        raise ValueError(f"it has more than {MAX_NODES:,} operators")
    if inside and message["weights"]:
        raise ValueError("the body of a loop has weights of its own")
    weights = {_name(entry): _tensor(entry) for entry in message["weights"]}
    inputs = {_name(entry): _value(entry) for entry in message["inputs"]}
    outputs = {_name(entry): _value(entry) for entry in message["outputs"]}
    for table, key in ((weights, "weights"), (inputs, "inputs"), (outputs, "outputs")):
        if len(table) != len(message[key]):
            raise ValueError(f"two of its {key} have the same name")
    return Graph(tuple(_node(entry, inside) for entry in message["nodes"]), weights, inputs, outputs)


def _name(message: dict[str, Any]) -> str:
    name = message.get("name", "")
    if not isinstance(name, str) or not name:
        raise ValueError("a weight, an input or an output has no name")
    return name


def _node(message: dict[str, Any], inside: bool) -> Node:
    attributes: dict[str, Any] = {}
    for entry in message["attributes"]:
        name, kind = entry.get("name", ""), ATTRIBUTE_KINDS.get(entry.get("kind", 0))
        values = {key for key, value in entry.items() if value != [] and key not in ("name", "kind")}
        if kind is None or not values <= {kind} or (values == set() and kind in ("g",)):
            raise ValueError(f"the attribute {name!r} is of a kind that seqtag never writes")
        if name in attributes:
            raise ValueError(f"the attribute {name!r} comes twice")
        value = entry.get(kind, {"f": 0.0, "i": 0, "s": ""}.get(kind))
        if kind == "g":
            if inside:
                raise ValueError("a loop stands within a loop")
            value = _graph(value, inside=True)
        attributes[name] = value
    return Node(message.get("operator", ""), tuple(message["inputs"]), tuple(message["outputs"]), attributes)


def _tensor(message: dict[str, Any]) -> Tensor:
    shape, dtype, raw = tuple(message["dims"]), message.get("dtype"), message.get("raw", memoryview(b""))
    if dtype not in SIZES:
        raise ValueError(f"a weight is of type {dtype}, which seqtag never writes")
    if len(shape) > MAX_RANK or not all(size >= 0 for size in shape):
        raise ValueError(f"a weight has the shape {list(shape)[:8]}")
    if math.prod(shape) * SIZES[dtype] != len(raw):
        raise ValueError(f"a weight of shape {list(shape)} has {len(raw)} bytes")
    return Tensor(dtype, shape, raw)


def _value(message: dict[str, Any]) -> Value:
    tensor = message.get("type", {}).get("tensor", {})
    dtype = tensor.get("dtype")
    if dtype not in SIZES:
        raise ValueError(f"an input or output is of type {dtype}, which seqtag never writes")
    if "shape" not in tensor:
        return Value(dtype, None)
    sizes = [entry.get("name", entry.get("size")) for entry in tensor["shape"]["dims"]]
    if len(sizes) > MAX_RANK or any(size is None for size in sizes):
        raise ValueError("an input or output has no shape that seqtag writes")
    return Value(dtype, tuple(sizes))
