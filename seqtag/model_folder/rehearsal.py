"""A network rehearsed on the shapes of a few batches, before ONNX Runtime sees it.

Each operator that an exporter here writes has a rule (`operators`) that says which attributes it may have and
what comes out. So a graph that asks for another operator, for shapes that do not fit, for much memory, or for other
tables and tags than those of its vocabulary is refused while it is no more than a description.

No rule takes one size from another, so each size is a sum of products of the batch's sizes, and so is the memory (a
sentence without its last word is the one exception). On logarithmic axes such a sum is convex: between two batches it
takes no more than the line between them. Hence it is enough to rehearse the smallest batch and the largest ones that a
tagger makes (`LARGEST`): what is not too much there, and not more for each word than in the smallest one, is too much
nowhere.
"""

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from seqtag.model_folder.onnx_file import BOOL, FLOAT, INT32, INT64, MAX_RANK, SIZES, Graph, Node, Value, read
from seqtag.model_folder.operators import ATTRIBUTES, RULES, Array, Arrays, weight

IR_VERSION, OPSET = 9, 18  # those that `seqtag.network.export` writes
AMPLE = 1 << 24  # bytes that a rehearsal may take in any case, ...
SHARE = 4  # ... so many for each byte of the weights, ...
LAYERS = 32  # ... and so many arrays of the network's width for each word, character and so on of the batch
OVERHEAD = 64  # bytes of an array beside its numbers
SIDES = 12  # arrays (time, time) for each head of an attention
# The sizes of the largest batches that a tagger makes, by their names in the shapes of the network's inputs: a long
# sentence, many short ones, and a long word.
LARGEST: tuple[dict[str, int], ...] = (
    {"batch": 1, "time": 8704, "pieces": 8704, "characters": 1, "words": 8704, "pieces_of_a_word": 1},
    {"batch": 2048, "time": 1, "pieces": 2048, "characters": 1, "words": 2048, "pieces_of_a_word": 1},
    {"batch": 1, "time": 1, "pieces": 256, "characters": 40, "words": 1, "pieces_of_a_word": 256},
)
MAX_HEADS = 256  # as the setting encoder.attention_heads
MAX_BEAM = 100  # as the setting head.beam
TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64, "bool": BOOL}


@dataclass(frozen=True)
class Expected:
    """What a vocabulary wants of its network.

    Attributes:
        batches: The arrays of batches, as the vocabulary collates them: a word alone, and two sentences of unequal
            length, of which the sizes that batches may differ in are all different.
        rows: For each input that names rows of a table, how many the vocabulary can name.
        tags: How many tags there are.
    """

    batches: Sequence[Mapping[str, NDArray[Any]]]
    rows: Mapping[str, int]
    tags: int


def check(content: bytes, expected: Expected) -> None:
    """Refuses a network that an exporter here does not write, or that is not the vocabulary's.

    Raises:
        ValueError: What is wrong with it.
    """
    graph = read(content, ir_version=IR_VERSION, opset=OPSET)
    try:
        for name, tensor in graph.weights.items():
            if 0 in tensor.shape:
                raise ValueError(f"its weight {name[:60]} is empty: {list(tensor.shape)}")
        fixed = {"tags": expected.tags}
        first: dict[str, int] = {}
        for batch in expected.batches:
            inputs = _given(graph, expected, batch)
            fixed |= Rehearsal(graph, expected, fixed | _sizes_of(batch), first).run(inputs)
        for largest in LARGEST:
            inputs = _grown(graph, expected, largest)
            fixed |= Rehearsal(graph, expected, fixed | largest, first).run(inputs)
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError, ZeroDivisionError) as problem:
        raise ValueError(
            f"an operator has other inputs or attributes than seqtag writes ({problem!r})"
        ) from problem


def _sizes_of(batch: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """The sizes of a batch by name, as in `LARGEST`."""
    sizes = {"batch": len(batch["lengths"]), "time": int(batch["lengths"].max())}
    for name, axes in (
        ("characters", ("pieces", "characters")),
        ("word_pieces", ("words", "pieces_of_a_word")),
    ):
        if name in batch:
            sizes |= zip(axes, batch[name].shape, strict=True)
    return sizes


def _given(graph: Graph, expected: Expected, batch: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """The inputs of a batch."""
    if graph.inputs.keys() != batch.keys():
        raise ValueError(
            f"it reads {', '.join(sorted(graph.inputs))[:200]}; its vocabulary gives {', '.join(sorted(batch))}"
        )
    found = {}
    for name in graph.inputs:
        given = batch[name]
        limit = expected.rows.get(name, int(given.max()) + 1) if given.dtype.kind == "i" else None
        found[name] = Array(TYPES[str(given.dtype)], given.shape, limit=limit, source=name)
    return found


def _grown(graph: Graph, expected: Expected, sizes: Mapping[str, int]) -> dict[str, Array]:
    """The inputs of a batch of these sizes, once the network's inputs are known to be what they are declared as."""
    found = {}
    for name, value in graph.inputs.items():
        shape = tuple(sizes[size] if isinstance(size, str) else size for size in value.shape or ())
        found[name] = Array(value.dtype, shape, limit=expected.rows.get(name), source=name)
    return found


class Rehearsal:
    """A run of a graph on shapes alone.

    Args:
        graph: The graph.
        expected: What the vocabulary wants of it.
        sizes: The batch's sizes by name, and those that are the same in every batch, as far as they are known.
        first: How many numbers each array has in the first rehearsal, the one of a single word; filled by it.
    """

    def __init__(
        self, graph: Graph, expected: Expected, sizes: Mapping[str, int], first: dict[str, int]
    ) -> None:
        self.graph = graph
        self.expected = expected
        self._left = self._growth = 0
        self._is_first, self._first = not first, first
        self._looked_up: set[str] = set()
        self._sizes = dict(sizes)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, int]:
        """Goes through the graph from its inputs to its outputs.

        Returns:
            Sizes by name that must be the same in every other batch.

        Raises:
            ValueError: What is wrong with it.
        """
        arrays = {name: weight(tensor) for name, tensor in self.graph.weights.items()}
        for name, value in self.graph.inputs.items():
            self._declared(name, value, inputs[name])
            if name in arrays:
                raise ValueError(f"{name} is an input and a weight")
            arrays[name] = inputs[name]
        self._left, self._growth = self._allowed()
        self.body(self.graph, arrays)
        unread = self.expected.rows.keys() - self._looked_up
        if unread:
            raise ValueError(f"it has no table for {', '.join(sorted(unread))}")
        return self._outputs(arrays)

    def _allowed(self) -> tuple[int, int]:
        """How many bytes the batch may take, and how many times as many numbers as for a word an array may have: as
        many as in all networks that are exported, and of the bytes more.
        """
        floats = [tensor.shape for tensor in self.graph.weights.values() if tensor.dtype == FLOAT]
        numbers = sum(map(math.prod, floats))
        # The width of a layer is the last size of its bias or table; its square is about the number of its weights.
        width = min(sum(shape[-1] for shape in floats if shape), 64 * math.isqrt(numbers))
        batch, time, tags = (self._sizes[name] for name in ("batch", "time", "tags"))
        places = [
            math.prod(self._sizes[size] for size in value.shape or () if isinstance(size, str))
            for value in self.graph.inputs.values()
        ]
        of_head = "head_attention" in self.graph.outputs
        searched = (
            batch * (time if of_head else 1) * self._beam() * width
        )  # in a step, with so many sequences
        looks = batch * time * time * (of_head + self._sizes.get("heads", 0))
        weights = sum(len(tensor.raw) for tensor in self.graph.weights.values())
        of_layers = LAYERS * (sum(places) * width + batch * tags * tags + searched)
        growth = max(places) * (time if looks else 1)
        return AMPLE + SHARE * weights + SIZES[FLOAT] * (of_layers + SIDES * looks), growth

    def _beam(self) -> int:
        """How many sequences the network says that it gives."""
        if "beam_tags" not in self.graph.outputs:
            return 1
        shape = self.graph.outputs["beam_tags"].shape
        beam = shape[-1] if shape else None
        if not isinstance(beam, int) or not 1 <= beam <= MAX_BEAM:
            raise ValueError(f"it gives {beam!r:.60} sequences; expected at most {MAX_BEAM}")
        return beam

    def body(self, graph: Graph, arrays: MutableMapping[str, Array]) -> None:
        """Runs the operators of a graph; `arrays` holds what they may use, and afterwards what they made."""
        for node in graph.nodes:
            if node.operator not in RULES:
                raise ValueError(f"it uses the operator {node.operator[:60]!r}, which seqtag never writes")
            allowed, rule = RULES[node.operator]
            for name, value in node.attributes.items():
                if name not in allowed or not ATTRIBUTES[name](value):
                    raise ValueError(
                        f"{node.operator} has the attribute {name[:60]!r}, as seqtag never writes it"
                    )
            inputs = [arrays[name] if name else None for name in node.inputs]
            attributes = node.attributes
            if node.operator == "Scan":
                attributes = attributes | {"arrays": arrays}
            self._reads(node, inputs)
            # A sentence of one word has no words before its last one; something is always put beside these.
            if node.operator != "Concat" and any(array is not None and 0 in array.shape for array in inputs):
                raise ValueError(f"{node.operator} reads an array without entries")
            found = rule(self, inputs, attributes)
            if node.operator == "Split":
                found = found if len(node.outputs) == len(found) else []
            if len(found) < len(node.outputs) or not node.outputs:
                raise ValueError(f"{node.operator} has {len(node.outputs)} outputs")
            for name, array in zip(node.outputs, found, strict=False):
                if not name or name in arrays:
                    raise ValueError(f"the value {name[:60]!r} is made twice or has no name")
                self._grows(name, node.operator, array)
                arrays[name] = self._taken(node.operator, array)

    def _reads(self, node: Node, inputs: Arrays) -> None:
        """Sees to it that inputs that name rows of a table do nothing else, and that the table is theirs."""
        for place, array in enumerate(inputs):
            if array is None or array.source is None or array.source not in self.expected.rows:
                continue
            if node.operator == "Equal":
                continue
            table = inputs[0]
            if node.operator != "Gather" or place != 1 or table is None or not table.weight:
                raise ValueError(f"{array.source} is not looked up in a table")
            rows = self.expected.rows[array.source]
            if node.attributes.get("axis", 0) != 0 or table.shape[0] != rows:
                raise ValueError(
                    f"its table for {array.source} has {table.shape[0]} rows; its vocabulary has {rows}"
                )
            self._looked_up.add(array.source)

    def _taken(self, operator: str, array: Array) -> Array:
        """The array, if memory may be taken for it."""
        least = 0 if operator == "Slice" else 1
        if len(array.shape) > MAX_RANK or not all(size >= least for size in array.shape):
            raise ValueError(f"{operator} gives the shape {list(array.shape)[:8]}")
        self.take(operator, array.dtype, array.shape)
        return array

    def _grows(self, name: str, operator: str, array: Array) -> None:
        """Sees to it that the array has no more numbers for each word than in the first rehearsal."""
        size = math.prod(array.shape)
        if self._is_first:
            self._first[name] = min(size, self._first.get(name, size))  # loops may share a name
        elif size > self._growth * max(self._first[name], 1):
            raise ValueError(
                f"{operator} gives the shape {list(array.shape)[:8]}, which grows faster than the batch"
            )

    def take(self, operator: str, dtype: int, shape: tuple[int, ...]) -> None:
        """Takes memory for an array of a shape, and some for the array itself.

        Raises:
            ValueError: That is too much.
        """
        self._left -= math.prod(shape) * SIZES[dtype] + OVERHEAD
        if self._left < 0:
            raise ValueError(f"{operator} gives the shape {list(shape)}, which is too much memory")

    def _declared(self, name: str, value: Value, array: Array) -> None:
        """Compares an input or output with what the file says of it."""
        shape = value.shape
        fits = value.dtype == array.dtype and shape is not None and len(shape) == len(array.shape)
        for size, found in zip(shape or (), array.shape, strict=False):
            fits = fits and (self._sizes.setdefault(size, found) if isinstance(size, str) else size) == found
        if not fits:
            raise ValueError(
                f"{name[:60]} is declared as {list(shape or ())[:8]}, and is {list(array.shape)}"
            )

    def _outputs(self, arrays: Mapping[str, Array]) -> dict[str, int]:
        """Sees to it that the outputs are those that the tagger knows; sizes that must be the same in every batch."""
        tags, names = self.expected.tags, self.graph.outputs.keys()
        of_words, of_tags = ("batch", "time"), ("batch", "time", "tags")
        of_beam = (*of_words, self._beam())
        shapes: dict[str, tuple[int | str, ...]] = {
            "tags": of_words, "probabilities": of_words, "scores": of_tags, "forward": of_tags, "backward": of_tags,
            "start": (tags,), "end": (tags,), "transitions": (tags, tags), "beam_tags": of_beam,
            "beam_probabilities": of_beam, "attention": ("batch", "heads", "time", "time"),
            "head_attention": ("batch", "time", "time"),
        }  # fmt: skip
        for name, value in self.graph.outputs.items():
            array = arrays[name]
            if name not in shapes or array.dtype != (INT64 if name.endswith("tags") else FLOAT):
                raise ValueError(f"it has an output {name[:60]!r} that seqtag never writes")
            if value.shape != shapes[name]:
                raise ValueError(
                    f"its output {name} is declared as {list(value.shape or ())[:8]}; expected "
                    f"{list(shapes[name])} for {tags} tags"
                )
            self._declared(name, value, array)
            if name.endswith("tags") and array.limit != tags:
                raise ValueError(f"its tags are numbers below {array.limit}; its vocabulary has {tags} tags")
        every = {"tags", "probabilities"}
        for group in (
            ("forward", "backward", "start", "transitions", "end"),
            ("beam_tags", "beam_probabilities"),
        ):
            if any(name in names for name in group):
                every |= {*group}
        if "forward" in names:
            every.add("scores")
        if "scores" in names and "beam_tags" in names:
            raise ValueError("it gives the scores of one head and the sequences of another")
        if missing := every - names:
            raise ValueError(f"it has no output {', '.join(sorted(missing))}")
        heads = self._sizes.get("heads", 0)
        if heads > MAX_HEADS:
            raise ValueError(f"its attention has {heads} heads; expected at most {MAX_HEADS}")
        return {"heads": heads} if "attention" in names else {}
