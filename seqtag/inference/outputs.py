"""The outputs of a serialised ONNX network: those that nobody asks for cost time all the same.

ONNX Runtime runs every node of a graph, whatever is asked for. The nodes of a valid graph stand in an order in which
they can run.
"""

from collections.abc import Collection, Iterator

from seqtag.model_folder import protobuf

_MODEL_GRAPH = 7  # the numbers of fields in onnx.proto
_GRAPH_NODE, _GRAPH_OUTPUT = 1, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 1, 2, 5
_ATTRIBUTE_GRAPH = 6
_OUTPUT_NAME = 1


def with_outputs(network: bytes, names: Collection[str]) -> bytes:
    """The network with those of its outputs alone that are named, and with the nodes that these need.

    Raises:
        ValueError: The bytes are no message of protocol buffers.
    """
    written: list[bytes | memoryview] = []
    model = memoryview(network)
    for number, kind, content, begin, end in protobuf.fields(model):
        if (number, kind) == (_MODEL_GRAPH, protobuf.BYTES):
            graph = _reduced(content, {name.encode() for name in names})
            key = bytes([_MODEL_GRAPH << 3 | protobuf.BYTES])
            written += [key, protobuf.written(len(graph)), graph]
        else:
            written.append(model[begin:end])
    return b"".join(written)


def _reduced(graph: memoryview, needed: set[bytes]) -> bytes:
    kept: list[memoryview] = []
    for number, kind, content, begin, end in reversed(list(protobuf.fields(graph))):
        if (number, kind) == (_GRAPH_NODE, protobuf.BYTES):
            if needed.isdisjoint(_texts(content, _NODE_OUTPUT)):
                continue
            needed.update(_read_by(content))
        elif (number, kind) == (_GRAPH_OUTPUT, protobuf.BYTES) and needed.isdisjoint(
            _texts(content, _OUTPUT_NAME)
        ):
            continue
        kept.append(graph[begin:end])
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
    """The contents of all fields of a number, of those that are bytes."""
    for number, kind, content, _, _ in protobuf.fields(message):
        if (number, kind) == (wanted, protobuf.BYTES):
            yield content
