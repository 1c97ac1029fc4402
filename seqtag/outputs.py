"""The outputs of a serialised ONNX network: those that nobody asks for cost time all the same.

ONNX Runtime runs every node of a graph, whatever is asked for. The graph is a message of protocol buffers, of which
just this much is read here: https://protobuf.dev/programming-guides/encoding. The nodes of a valid graph stand in an
order in which they can run.
"""

from collections.abc import Collection, Iterator

_MODEL_GRAPH = 7  # the numbers of fields in onnx.proto
_GRAPH_NODE, _GRAPH_OUTPUT = 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 1, 2, 5
_ATTRIBUTE_GRAPH = 6
_OUTPUT_NAME = 1

_NUMBER, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5  # how a field is written


def with_outputs(network: bytes, names: Collection[str]) -> bytes:
    """The network with those of its outputs alone that are named, and with the nodes that these need.

    Raises:
        ValueError: The bytes are no message of protocol buffers.
    """
    written: list[bytes | memoryview] = []
    for number, field, content in _fields(memoryview(network)):
        if number == _MODEL_GRAPH:
            graph = _reduced(content, {name.encode() for name in names})
            written += [bytes([_MODEL_GRAPH << 3 | _MESSAGE]), _varint(len(graph)), graph]
        else:
            written.append(field)
    return b"".join(written)


def _reduced(graph: memoryview, needed: set[bytes]) -> bytes:
    kept: list[memoryview] = []
    for number, field, content in reversed(list(_fields(graph))):
        if number == _GRAPH_NODE:
            if needed.isdisjoint(_texts(content, _NODE_OUTPUT)):
                continue
            needed.update(_read_by(content))
        elif number == _GRAPH_OUTPUT and needed.isdisjoint(_texts(content, _OUTPUT_NAME)):
            continue
        kept.append(field)
    return b"".join(reversed(kept))


def _read_by(node: memoryview) -> Iterator[bytes]:
    """What a node reads, and what the nodes within it read, as those in the body of a loop."""
    yield from _texts(node, _NODE_INPUT)
    for attribute in _contents(node, _NODE_ATTRIBUTE):
        for graph in _contents(attribute, _ATTRIBUTE_GRAPH):
            for inner in _contents(graph, _GRAPH_NODE):
                yield from _read_by(inner)


def _texts(message: memoryview, wanted: int) -> Iterator[bytes]:
    return map(bytes, _contents(message, wanted))


def _contents(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """The contents of all fields of a number."""
    return (content for number, _, content in _fields(message) if number == wanted)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """The number of each field of a message, the field, and its content."""
    at = 0
    while at < len(message):
        key, start = _read_varint(message, at)
        kind = key & 7
        if kind == _MESSAGE:
            size, start = _read_varint(message, start)
            end = start + size
        elif kind == _NUMBER:
            _, end = _read_varint(message, start)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            end = start + (8 if kind == _EIGHT_BYTES else 4)
        else:
            raise ValueError(f"a field of kind {kind}")
        if end > len(message):
            raise ValueError("it ends within a field")
        yield key >> 3, message[at:end], message[start:end]
        at = end


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for place, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("it ends within a number")


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
