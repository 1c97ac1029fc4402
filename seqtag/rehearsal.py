"""A network rehearsed on the shapes of a few batches, before ONNX Runtime sees it.

Each operator that an exporter here writes has a rule (`RULES`) that says which attributes it may have and what comes
out: the type, the shape, and of whole numbers their values where they are few, or else a bound. So a graph that asks
for another operator, for shapes that do not fit, for much memory, or for other tables and tags than those of its
vocabulary is refused while it is no more than a description.

No rule takes one size from another, so each size is a sum of products of the batch's sizes, and so is the memory (a
sentence without its last word is the one exception). On logarithmic axes such a sum is convex: between two batches it
takes no more than the line between them. Hence it is enough to rehearse the smallest batch and the largest ones that a
tagger makes (`LARGEST`): what is not too much there, and not more for each word than in the smallest one, is too much
nowhere.
"""

import math
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.onnx_file import BOOL, FLOAT, INT32, INT64, MAX_RANK, SIZES, Graph, Node, Tensor, Value, read

IR_VERSION, OPSET = 9, 18  # those that `seqtag.model.export` writes
FEW = 64  # whole numbers of an array that are followed one by one
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
MAX_GAP = 1024  # words between those that a filter sees, as the cell's LARGEST_GAP
MAX_STATES = 8  # of a loop; the search of a head has 3
MAX_BEAM = 100  # as the setting head.beam
TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64, "bool": BOOL}
CASTS = {(INT32, INT64), (BOOL, FLOAT), (BOOL, INT32)}  # each holds all that it is given
ACTIVATIONS = {
    "Tanh", "Sigmoid", "Relu", "Elu", "LeakyRelu", "HardSigmoid", "Softsign", "Affine",
}  # fmt: skip


@dataclass(frozen=True)
class Array:
    """What is known of a value.

    Attributes:
        dtype: ONNX's number of its type.
        shape: Its shape.
        known: Its values, row by row, where they are whole numbers and few.
        limit: All its values are whole numbers from 0 to below this; None where that is not known.
        source: The input of the graph that it is.
        weight: Whether it stands in the file.
    """

    dtype: int
    shape: tuple[int, ...]
    known: tuple[int, ...] | None = None
    limit: int | None = None
    source: str | None = None
    weight: bool = False


Arrays = list[Array | None]  # of an operator's inputs; None for one that is left out
Attributes = dict[str, Any]
Rule = Callable[["Rehearsal", Arrays, Attributes], Sequence[Array]]


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
        arrays = {name: _weight(tensor) for name, tensor in self.graph.weights.items()}
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
        if missing := every - names:
            raise ValueError(f"it has no output {', '.join(sorted(missing))}")
        heads = self._sizes.get("heads", 0)
        if heads > MAX_HEADS:
            raise ValueError(f"its attention has {heads} heads; expected at most {MAX_HEADS}")
        return {"heads": heads} if "attention" in names else {}


def _weight(tensor: Tensor) -> Array:
    array = Array(tensor.dtype, tensor.shape, weight=True)
    if tensor.dtype not in (INT32, INT64) or math.prod(tensor.shape) > FEW:
        return array
    kind = np.dtype("<i4" if tensor.dtype == INT32 else "<i8")
    values = tuple(np.frombuffer(tensor.raw, kind).tolist())
    return replace(array, known=values, limit=_limit(values))


def _limit(values: Sequence[int]) -> int | None:
    return max(values) + 1 if values and min(values) >= 0 else None


# ------------------------------------------------------------------------------------------------------------
# Rules


def _of(inputs: Arrays, *kinds: tuple[int, ...] | None) -> list[Any]:
    """The inputs, if they are as many, and each of one of the types; None where any will do."""
    if len(inputs) != len(kinds):
        raise ValueError(f"an operator has {len(inputs)} inputs; expected {len(kinds)}")
    for array, kind in zip(inputs, kinds, strict=True):
        if array is None or (kind is not None and array.dtype not in kind):
            raise ValueError("an operator has an input of another type than seqtag writes")
    return list(inputs)


_FLOATS, _INTEGERS, _NUMBERS, _BOOLS = (FLOAT,), (INT32, INT64), (FLOAT, INT32, INT64), (BOOL,)


def _numbers(array: Array | None) -> tuple[int, ...]:
    """Whole numbers on which a shape depends."""
    if array is None or array.known is None:
        raise ValueError("a shape depends on what is computed")
    return array.known


def _constants(array: Array | None) -> tuple[int, ...]:
    """Whole numbers that stand in the file."""
    if array is None or not array.weight or array.known is None:
        raise ValueError("a shape depends on what is no constant")
    return array.known


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ValueError(f"an operator has axis {axis} of {rank}")
    return axis % rank


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        size = next((size for size in sizes if size != 1), 1)
        if any(other not in (1, size) for other in sizes):
            raise ValueError(f"the shapes {[list(shape) for shape in shapes]} do not go together")
        result.append(size)
    return tuple(result)


def _same(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    return [replace(array, source=None, weight=False)]


def _by_element(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    return [Array(FLOAT, array.shape)]


def _along(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    _axis(attributes["axis"], len(array.shape))
    return [Array(FLOAT, array.shape)]


def _not(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _BOOLS)
    return [Array(BOOL, array.shape)]


def _prelu(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, slope = _of(inputs, _FLOATS, _FLOATS)
    if _broadcast(array.shape, slope.shape) != array.shape:
        raise ValueError("PRelu has more slopes than values")
    return [Array(FLOAT, array.shape)]


def _clip(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, low, high = _of(inputs, _FLOATS, _FLOATS, _FLOATS)
    if low.shape or high.shape:
        raise ValueError("Clip has bounds that are no single numbers")
    return [Array(FLOAT, array.shape)]


def _pair(inputs: Arrays) -> tuple[Array, Array, tuple[int, ...]]:
    first, second = _of(inputs, _NUMBERS, _NUMBERS)
    if first.dtype != second.dtype:
        raise ValueError("an operator has two inputs of different types")
    return first, second, _broadcast(first.shape, second.shape)


def _arithmetic(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, _, shape = _pair(inputs)
    return [Array(first.dtype, shape)]


def _divided(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, second, shape = _pair(inputs)
    # What is computed may be 0 after all, or -1, by which the lowest number cannot be divided.
    if first.dtype == FLOAT or not second.weight or not all(number > 0 for number in _numbers(second)):
        raise ValueError("it divides by what is no constant above 0")
    return [Array(first.dtype, shape)]


def _modulo(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _divided(rehearsal, inputs, attributes)
    return [replace(array, limit=max(_numbers(inputs[1])))]  # of ONNX, the sign is the divisor's


def _largest(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    return _arithmetic(rehearsal, inputs, attributes)


def _comparison(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    _, _, shape = _pair(inputs)
    return [Array(BOOL, shape)]


def _where(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    condition, first, second = _of(inputs, _BOOLS, _NUMBERS, _NUMBERS)
    if first.dtype != second.dtype:
        raise ValueError("Where has two inputs of different types")
    shape = _broadcast(condition.shape, first.shape, second.shape)
    return [Array(first.dtype, shape, limit=_either(first.limit, second.limit))]


def _either(*limits: int | None) -> int | None:
    return None if None in limits else max(limit for limit in limits if limit is not None)


def _matmul(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, second = _of(inputs, _FLOATS, _FLOATS)
    if min(len(first.shape), len(second.shape)) < 2 or first.shape[-1] != second.shape[-2]:
        raise ValueError(f"it multiplies the shapes {list(first.shape)} and {list(second.shape)}")
    outer = _broadcast(first.shape[:-2], second.shape[:-2])
    return [Array(FLOAT, (*outer, first.shape[-2], second.shape[-1]))]


def _cast(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    if (array.dtype, attributes["to"]) not in CASTS:
        raise ValueError(f"it casts type {array.dtype} to {attributes['to']}, which seqtag never writes")
    return [Array(attributes["to"], array.shape, array.known, array.limit)]


def _concat(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    arrays = [array for array in inputs if array is not None]
    first = arrays[0]
    axis = _axis(attributes["axis"], len(first.shape))
    if len(arrays) != len(inputs) or any(
        array.dtype != first.dtype
        or len(array.shape) != len(first.shape)
        or array.shape[:axis] + array.shape[axis + 1 :] != first.shape[:axis] + first.shape[axis + 1 :]
        for array in arrays
    ):
        raise ValueError("Concat has inputs that do not go together")
    size = sum(array.shape[axis] for array in arrays)
    known: tuple[int, ...] | None = None
    if len(first.shape) == 1 and size <= FEW and all(array.known is not None for array in arrays):
        known = tuple(number for array in arrays for number in array.known or ())
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return [Array(first.dtype, shape, known, _either(*(array.limit for array in arrays)))]


def _transpose(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    order = attributes["perm"]
    if sorted(order) != list(range(len(array.shape))):
        raise ValueError(f"Transpose of {list(array.shape)} by {order}")
    return [Array(array.dtype, tuple(array.shape[axis] for axis in order), limit=array.limit)]


def _reshape(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, None, (INT64,))
    numbers = _constants(wanted)
    if min(numbers, default=0) < 0 or len(numbers) > MAX_RANK:
        raise ValueError(f"Reshape to {list(numbers)[:8]}")
    shape = tuple(size or array.shape[axis] for axis, size in enumerate(numbers))
    if math.prod(shape) != math.prod(array.shape):
        raise ValueError(f"Reshape of {list(array.shape)} to {list(shape)}")
    return [Array(array.dtype, shape, limit=array.limit)]


def _squeeze(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    if len(inputs) == 1:
        (array,) = _of(inputs, None)
        axes = {axis for axis, size in enumerate(array.shape) if size == 1}
    else:
        array, given = _of(inputs, None, (INT64,))
        axes = {_axis(axis, len(array.shape)) for axis in _constants(given)}
    if any(array.shape[axis] != 1 for axis in axes):
        raise ValueError(f"Squeeze of {list(array.shape)}")
    shape = tuple(size for axis, size in enumerate(array.shape) if axis not in axes)
    return [Array(array.dtype, shape, array.known, array.limit)]


def _unsqueeze(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, given = _of(inputs, None, (INT64,))
    added = _constants(given)
    rank = len(array.shape) + len(added)
    axes = {_axis(axis, rank) for axis in added}
    if rank > MAX_RANK or len(axes) != len(added):
        raise ValueError(f"Unsqueeze of {list(array.shape)}")
    sizes = iter(array.shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    return [Array(array.dtype, shape, array.known, array.limit)]


def _split(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array = inputs[0]
    if array is None:
        raise ValueError("Split of nothing")
    axis = _axis(attributes["axis"], len(array.shape))
    if len(inputs) == 2:
        sizes = _constants(inputs[1])
    else:
        count = attributes["num_outputs"]
        if not 1 <= count <= FEW or array.shape[axis] % count:
            raise ValueError(f"Split of {list(array.shape)} in {count}")
        sizes = (array.shape[axis] // count,) * count
    if min(sizes) < 1 or sum(sizes) != array.shape[axis]:
        raise ValueError(f"Split of {list(array.shape)}")
    return [Array(array.dtype, (*array.shape[:axis], size, *array.shape[axis + 1 :])) for size in sizes]


def _slice(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, starts, ends, axes = _of(inputs, None, (INT64,), (INT64,), (INT64,))
    # Only the last word is ever left out: what begins late would come up in long sentences alone.
    if tuple(map(_constants, (starts, ends, axes))) != ((0,), (-1,), (1,)) or len(array.shape) < 2:
        raise ValueError("Slice as seqtag never writes it")
    shape = (array.shape[0], array.shape[1] - 1, *array.shape[2:])
    return [Array(array.dtype, shape, limit=array.limit)]


def _gather(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    data, index = _of(inputs, None, _INTEGERS)
    axis = _axis(attributes.get("axis", 0), len(data.shape))
    if index.limit is not None and index.limit > data.shape[axis]:
        raise ValueError(f"it looks up row {index.limit - 1} of {data.shape[axis]}")
    shape = (*data.shape[:axis], *index.shape, *data.shape[axis + 1 :])
    return [Array(data.dtype, shape, limit=data.limit)]


def _gather_elements(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    data, index = _of(inputs, None, _INTEGERS)
    axis = _axis(attributes["axis"], len(data.shape))
    fits = len(data.shape) == len(index.shape) and all(
        own <= other
        for at, (own, other) in enumerate(zip(index.shape, data.shape, strict=True))
        if at != axis
    )
    if not fits or (index.limit is not None and index.limit > data.shape[axis]):
        raise ValueError(f"GatherElements of {list(data.shape)} by {list(index.shape)}")
    return [Array(data.dtype, index.shape, limit=data.limit)]


def _gather_nd(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    data, index = _of(inputs, _FLOATS, (INT64,))
    if attributes["batch_dims"] != 1 or len(index.shape) != 2 or index.shape[1] != 1:
        raise ValueError("GatherND as seqtag never writes it")
    if len(data.shape) < 2 or data.shape[0] != index.shape[0]:
        raise ValueError(f"GatherND of {list(data.shape)}")
    return [Array(FLOAT, (data.shape[0], *data.shape[2:]))]


def _shape(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    start, end = attributes.get("start", 0), attributes.get("end", len(array.shape))
    sizes = array.shape[start:end]
    return [Array(INT64, (len(sizes),), sizes, _limit(sizes))]


def _expand(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, None, (INT64,))
    numbers = _numbers(wanted)
    if min(numbers, default=0) < 0:
        raise ValueError(f"Expand to {list(numbers)[:8]}")
    return [Array(array.dtype, _broadcast(array.shape, numbers), limit=array.limit)]


def _tile(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, times = _of(inputs, None, (INT64,))
    sizes = zip(array.shape, _constants(times), strict=True)
    return [Array(array.dtype, tuple(size * count for size, count in sizes), limit=array.limit)]


def _range(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    arrays = _of(inputs, (INT64,), (INT64,), (INT64,))
    (start,), (end,), (step,) = (_numbers(array) for array in arrays)
    if (start, step) != (0, 1) or end < 0 or any(array.shape for array in arrays):
        raise ValueError("Range as seqtag never writes it")
    return [Array(INT64, (end,), limit=end)]


def _constant_of_shape(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (wanted,) = _of(inputs, (INT64,))
    return [Array(FLOAT, _numbers(wanted))]


def _arg_max(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    axis = _axis(attributes["axis"], len(array.shape))
    shape = _reduced(array.shape, {axis}, attributes)
    return [Array(INT64, shape, limit=array.shape[axis])]


def _reduce(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, given = _of(inputs, _NUMBERS, (INT64,))
    axes = {_axis(axis, len(array.shape)) for axis in _constants(given)}
    return [Array(array.dtype, _reduced(array.shape, axes, attributes))]


def _reduced(shape: tuple[int, ...], axes: set[int], attributes: Attributes) -> tuple[int, ...]:
    keep = bool(attributes.get("keepdims", 1))
    if not all(shape[axis] for axis in axes):
        raise ValueError("it reduces an axis without entries")
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)


def _top_k(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, _FLOATS, (INT64,))
    axis, (count,) = _axis(attributes["axis"], len(array.shape)), _constants(wanted)
    if not 1 <= count <= array.shape[axis]:
        raise ValueError(f"TopK takes {count} of {array.shape[axis]}")
    shape = (*array.shape[:axis], count, *array.shape[axis + 1 :])
    return [Array(FLOAT, shape), Array(INT64, shape, limit=array.shape[axis])]


def _conv(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, kernel, bias = _of(inputs, _FLOATS, _FLOATS, _FLOATS)
    (gap,), (before, after) = attributes.get("dilations", [1]), attributes["pads"]
    batch, features, time = array.shape
    units, of_features, width = kernel.shape
    reach = (width - 1) * gap
    # Padding never outgrows what the filter sees: each word has one output.
    if not 1 <= gap <= MAX_GAP or width < 1 or min(before, after) < 0 or before + after != reach:
        raise ValueError("Conv as seqtag never writes it")
    if of_features != features or bias.shape != (units,):
        raise ValueError(f"Conv of {list(array.shape)} by {list(kernel.shape)}")
    rehearsal.take("Conv", FLOAT, (reach,))  # the padding
    return [Array(FLOAT, (batch, units, time))]


def _recurrent(gates: int, biases: int) -> Rule:
    def rule(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
        peepholes = inputs[7:]
        if len(inputs) > 5 and (gates != 4 or len(inputs) != 8 or inputs[5] or inputs[6]):
            raise ValueError("a recurrent layer has inputs that seqtag never writes")
        array, kernel, recurrent, bias, lengths = _of(
            inputs[:5], _FLOATS, _FLOATS, _FLOATS, _FLOATS, (INT32,)
        )
        time, batch, features = array.shape
        units = attributes["hidden_size"]
        directions = {"forward": 1, "bidirectional": 2}[attributes.get("direction", "forward")]
        own = [
            (kernel.shape, (directions, gates * units, features)),
            (recurrent.shape, (directions, gates * units, units)),
            (bias.shape, (directions, 2 * gates * units)),
            (lengths.shape, (batch,)),
            *(
                (array.shape, (directions, 3 * units))
                for array in _of(peepholes, *[_FLOATS] * len(peepholes))
            ),
        ]
        if units < 1 or any(found != wanted for found, wanted in own):
            raise ValueError(f"a recurrent layer of {units} units has weights of other sizes")
        names = attributes["activations"]
        if len(names) != directions * biases or not {*names} <= ACTIVATIONS:
            raise ValueError("a recurrent layer has other activations than seqtag writes")
        rehearsal.take("a recurrent layer", FLOAT, (time, directions, batch, gates * units))
        last = Array(FLOAT, (directions, batch, units))
        return [Array(FLOAT, (time, directions, batch, units)), last]

    return rule


def _reverse(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, lengths = _of(inputs, _FLOATS, (INT64,))
    if len(array.shape) < 2 or lengths.shape != (array.shape[1],):
        raise ValueError(f"ReverseSequence of {list(array.shape)} by {list(lengths.shape)}")
    return [Array(FLOAT, array.shape)]


def _scan(rehearsal: Rehearsal, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    body: Graph = attributes["body"]
    count = attributes["num_scan_inputs"]
    given = _of(inputs, *[None] * len(inputs))
    states, series = given[: len(given) - count], given[len(given) - count :]
    if not 1 <= count <= len(given) or len(states) > MAX_STATES:
        raise ValueError(f"Scan has {len(states)} states")
    if len({array.shape[0] for array in series}) != 1:
        raise ValueError("Scan goes through inputs of unequal length")
    if len(body.inputs) != len(given) or len(body.outputs) < len(states):
        raise ValueError("the body of a Scan has other inputs or outputs than it")
    outputs = len(body.outputs) - len(states)
    for name, length in (("scan_input_directions", count), ("scan_output_directions", outputs)):
        directions = attributes.get(name, [])
        if len(directions) != length or not {*directions} <= {0, 1}:
            raise ValueError("Scan has other directions than seqtag writes")
    steps = [Array(array.dtype, array.shape[1:], limit=array.limit) for array in series]
    starts = [Array(array.dtype, array.shape, limit=array.limit) for array in states]
    # What a state is at first may not hold later: then nothing is said of it. That may let nothing be said of another
    # one either, and so on; hence in the end nothing is said of any.
    for attempt in range(3):
        arrays: MutableMapping[str, Array] = ChainMap({}, attributes["arrays"])
        for (name, value), array in zip(body.inputs.items(), [*starts, *steps], strict=True):
            if name in arrays or value.dtype != array.dtype or value.shape is not None:
                raise ValueError("the body of a Scan has other inputs than it")
            arrays[name] = array
        rehearsal.body(body, arrays)
        found = [arrays[name] for name in body.outputs]
        if any(array.dtype != value.dtype for array, value in zip(found, body.outputs.values(), strict=True)):
            raise ValueError("the body of a Scan has other outputs than it says")
        wider = []
        for start, after in zip(starts, found, strict=False):
            if (start.dtype, start.shape) != (after.dtype, after.shape):
                raise ValueError("a state of a Scan changes its shape")
            holds = after.limit is not None and start.limit is not None and after.limit <= start.limit
            wider.append(start if holds or start.limit is None else replace(start, limit=None))
        if wider == starts:
            break
        starts = [replace(start, limit=None) for start in starts] if attempt else wider
    length = series[0].shape[0]
    made = [Array(array.dtype, (length, *array.shape), limit=array.limit) for array in found[len(states) :]]
    return [*(Array(array.dtype, array.shape) for array in found[: len(states)]), *made]


def _is_int(value: Any) -> bool:
    return type(value) is int and abs(value) < 1 << 31


def _are(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda values: isinstance(values, list) and 0 < len(values) <= FEW and all(map(check, values))


def _is_number(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


# Each attribute that any operator may have, and what it may be.
ATTRIBUTES: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("axis", "start", "end", "to", "batch_dims", "num_outputs", "num_scan_inputs"), _is_int),
    **dict.fromkeys(("keepdims", "linear_before_reset", "input_forget"), lambda value: value in (0, 1)),
    **dict.fromkeys(("alpha", "beta"), _is_number),
    **dict.fromkeys(("activation_alpha", "activation_beta"), _are(_is_number)),
    **dict.fromkeys(("perm", "pads", "dilations", "scan_input_directions", "scan_output_directions"), _are(_is_int)),
    "hidden_size": _is_int,
    "direction": lambda value: value in ("forward", "bidirectional"),
    "activations": _are(lambda value: isinstance(value, str)),
    "body": lambda value: isinstance(value, Graph),
}  # fmt: skip

_LAYER = ("hidden_size", "direction", "activations", "activation_alpha", "activation_beta")

# Each operator that an exporter here writes: the attributes that it may have, and its rule.
RULES: dict[str, tuple[Sequence[str], Rule]] = {
    "Identity": ((), _same),
    **dict.fromkeys(("Exp", "Log", "Tanh", "Sigmoid", "Relu", "Softsign"), ((), _by_element)),
    **dict.fromkeys(("Elu", "LeakyRelu"), (("alpha",), _by_element)),
    "HardSigmoid": (("alpha", "beta"), _by_element),
    "PRelu": ((), _prelu),
    "Clip": ((), _clip),
    "Not": ((), _not),
    **dict.fromkeys(("Softmax", "LogSoftmax"), (("axis",), _along)),
    **dict.fromkeys(("Add", "Sub", "Mul"), ((), _arithmetic)),
    "Div": ((), _divided),
    "Mod": ((), _modulo),
    **dict.fromkeys(("Max", "Min"), ((), _largest)),
    **dict.fromkeys(("Equal", "Less", "Greater"), ((), _comparison)),
    "Where": ((), _where),
    "MatMul": ((), _matmul),
    "Cast": (("to",), _cast),
    "Concat": (("axis",), _concat),
    "Transpose": (("perm",), _transpose),
    "Reshape": ((), _reshape),
    "Squeeze": ((), _squeeze),
    "Unsqueeze": ((), _unsqueeze),
    "Split": (("axis", "num_outputs"), _split),
    "Slice": ((), _slice),
    "Gather": (("axis",), _gather),
    "GatherElements": (("axis",), _gather_elements),
    "GatherND": (("batch_dims",), _gather_nd),
    "Shape": (("start", "end"), _shape),
    "Expand": ((), _expand),
    "Tile": ((), _tile),
    "Range": ((), _range),
    "ConstantOfShape": ((), _constant_of_shape),
    "ArgMax": (("axis", "keepdims"), _arg_max),
    **dict.fromkeys(("ReduceMax", "ReduceSum", "ReduceProd", "ReduceMean"), (("keepdims",), _reduce)),
    "TopK": (("axis",), _top_k),
    "Conv": (("dilations", "pads"), _conv),
    "RNN": (_LAYER, _recurrent(1, 1)),
    "GRU": ((*_LAYER, "linear_before_reset"), _recurrent(3, 2)),
    "LSTM": ((*_LAYER, "input_forget"), _recurrent(4, 3)),
    "ReverseSequence": ((), _reverse),
    "Scan": (
        ("body", "num_scan_inputs", "scan_input_directions", "scan_output_directions"),
        _scan,
    ),
}
