"""What the operators that an exporter here writes make of shapes: a rule for each.

A rule says which inputs and attributes its operator may have and what comes out: the type, the shape, and of whole
numbers their values where they are few, or else a bound. Anything else is refused, for `rehearsal` rehearses the
networks of strangers.
"""

import math
from collections import ChainMap
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from seqtag.model_folder.onnx_file import BOOL, FLOAT, INT32, INT64, MAX_RANK, Graph, Tensor

FEW = 64  # whole numbers of an array that are followed one by one
MAX_GAP = 1024  # words between those that a filter sees, as the cell's LARGEST_GAP
MAX_STATES = 8  # of a loop; the search of a head has 3
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
Rule = Callable[["Run", Arrays, Attributes], Sequence[Array]]


class Run(Protocol):
    """What a rule may ask of the rehearsal that it is part of."""

    def take(self, operator: str, dtype: int, shape: tuple[int, ...]) -> None:
        """Takes memory for an array that the operator makes for itself; raises ValueError if that is too much."""

    def body(self, graph: Graph, arrays: MutableMapping[str, Array]) -> None:
        """Runs the operators of a loop's body."""


def weight(tensor: Tensor) -> Array:
    """What is known of a weight: of a few whole numbers their values."""
    array = Array(tensor.dtype, tensor.shape, weight=True)
    if tensor.dtype not in (INT32, INT64) or math.prod(tensor.shape) > FEW:
        return array
    kind = np.dtype("<i4" if tensor.dtype == INT32 else "<i8")
    values = tuple(np.frombuffer(tensor.raw, kind).tolist())
    return replace(array, known=values, limit=_limit(values))


def _limit(values: Sequence[int]) -> int | None:
    return max(values) + 1 if values and min(values) >= 0 else None


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


def _same(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    return [replace(array, source=None, weight=False)]


def _by_element(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    return [Array(FLOAT, array.shape)]


def _along(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    _axis(attributes["axis"], len(array.shape))
    return [Array(FLOAT, array.shape)]


def _not(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _BOOLS)
    return [Array(BOOL, array.shape)]


def _prelu(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, slope = _of(inputs, _FLOATS, _FLOATS)
    if _broadcast(array.shape, slope.shape) != array.shape:
        raise ValueError("PRelu has more slopes than values")
    return [Array(FLOAT, array.shape)]


def _clip(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, low, high = _of(inputs, _FLOATS, _FLOATS, _FLOATS)
    if low.shape or high.shape:
        raise ValueError("Clip has bounds that are no single numbers")
    return [Array(FLOAT, array.shape)]


def _pair(inputs: Arrays) -> tuple[Array, Array, tuple[int, ...]]:
    first, second = _of(inputs, _NUMBERS, _NUMBERS)
    if first.dtype != second.dtype:
        raise ValueError("an operator has two inputs of different types")
    return first, second, _broadcast(first.shape, second.shape)


def _arithmetic(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, _, shape = _pair(inputs)
    return [Array(first.dtype, shape)]


def _divided(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, second, shape = _pair(inputs)
    # What is computed may be 0 after all, or -1, by which the lowest number cannot be divided.
    if first.dtype == FLOAT or not second.weight or not all(number > 0 for number in _numbers(second)):
        raise ValueError("it divides by what is no constant above 0")
    return [Array(first.dtype, shape)]


def _modulo(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _divided(run, inputs, attributes)
    return [replace(array, limit=max(_numbers(inputs[1])))]  # of ONNX, the sign is the divisor's


def _largest(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    return _arithmetic(run, inputs, attributes)


def _comparison(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    _, _, shape = _pair(inputs)
    return [Array(BOOL, shape)]


def _where(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    condition, first, second = _of(inputs, _BOOLS, _NUMBERS, _NUMBERS)
    if first.dtype != second.dtype:
        raise ValueError("Where has two inputs of different types")
    shape = _broadcast(condition.shape, first.shape, second.shape)
    return [Array(first.dtype, shape, limit=_either(first.limit, second.limit))]


def _either(*limits: int | None) -> int | None:
    return None if None in limits else max(limit for limit in limits if limit is not None)


def _matmul(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    first, second = _of(inputs, _FLOATS, _FLOATS)
    if min(len(first.shape), len(second.shape)) < 2 or first.shape[-1] != second.shape[-2]:
        raise ValueError(f"it multiplies the shapes {list(first.shape)} and {list(second.shape)}")
    outer = _broadcast(first.shape[:-2], second.shape[:-2])
    return [Array(FLOAT, (*outer, first.shape[-2], second.shape[-1]))]


def _cast(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    if (array.dtype, attributes["to"]) not in CASTS:
        raise ValueError(f"it casts type {array.dtype} to {attributes['to']}, which seqtag never writes")
    return [Array(attributes["to"], array.shape, array.known, array.limit)]


def _concat(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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


def _transpose(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    order = attributes["perm"]
    if sorted(order) != list(range(len(array.shape))):
        raise ValueError(f"Transpose of {list(array.shape)} by {order}")
    return [Array(array.dtype, tuple(array.shape[axis] for axis in order), limit=array.limit)]


def _reshape(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, None, (INT64,))
    numbers = _constants(wanted)
    if min(numbers, default=0) < 0 or len(numbers) > MAX_RANK:
        raise ValueError(f"Reshape to {list(numbers)[:8]}")
    shape = tuple(size or array.shape[axis] for axis, size in enumerate(numbers))
    if math.prod(shape) != math.prod(array.shape):
        raise ValueError(f"Reshape of {list(array.shape)} to {list(shape)}")
    return [Array(array.dtype, shape, limit=array.limit)]


def _squeeze(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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


def _unsqueeze(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, given = _of(inputs, None, (INT64,))
    added = _constants(given)
    rank = len(array.shape) + len(added)
    axes = {_axis(axis, rank) for axis in added}
    if rank > MAX_RANK or len(axes) != len(added):
        raise ValueError(f"Unsqueeze of {list(array.shape)}")
    sizes = iter(array.shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    return [Array(array.dtype, shape, array.known, array.limit)]


def _split(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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


def _slice(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, starts, ends, axes = _of(inputs, None, (INT64,), (INT64,), (INT64,))
    # Only the last word is ever left out: what begins late would come up in long sentences alone.
    if tuple(map(_constants, (starts, ends, axes))) != ((0,), (-1,), (1,)) or len(array.shape) < 2:
        raise ValueError("Slice as seqtag never writes it")
    shape = (array.shape[0], array.shape[1] - 1, *array.shape[2:])
    return [Array(array.dtype, shape, limit=array.limit)]


def _gather(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    data, index = _of(inputs, None, _INTEGERS)
    axis = _axis(attributes.get("axis", 0), len(data.shape))
    if index.limit is not None and index.limit > data.shape[axis]:
        raise ValueError(f"it looks up row {index.limit - 1} of {data.shape[axis]}")
    shape = (*data.shape[:axis], *index.shape, *data.shape[axis + 1 :])
    return [Array(data.dtype, shape, limit=data.limit)]


def _gather_elements(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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


def _gather_nd(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    data, index = _of(inputs, _FLOATS, (INT64,))
    if attributes["batch_dims"] != 1 or len(index.shape) != 2 or index.shape[1] != 1:
        raise ValueError("GatherND as seqtag never writes it")
    if len(data.shape) < 2 or data.shape[0] != index.shape[0]:
        raise ValueError(f"GatherND of {list(data.shape)}")
    return [Array(FLOAT, (data.shape[0], *data.shape[2:]))]


def _shape(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, None)
    start, end = attributes.get("start", 0), attributes.get("end", len(array.shape))
    sizes = array.shape[start:end]
    return [Array(INT64, (len(sizes),), sizes, _limit(sizes))]


def _expand(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, None, (INT64,))
    numbers = _numbers(wanted)
    if min(numbers, default=0) < 0:
        raise ValueError(f"Expand to {list(numbers)[:8]}")
    return [Array(array.dtype, _broadcast(array.shape, numbers), limit=array.limit)]


def _tile(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, times = _of(inputs, None, (INT64,))
    sizes = zip(array.shape, _constants(times), strict=True)
    return [Array(array.dtype, tuple(size * count for size, count in sizes), limit=array.limit)]


def _range(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    arrays = _of(inputs, (INT64,), (INT64,), (INT64,))
    (start,), (end,), (step,) = (_numbers(array) for array in arrays)
    if (start, step) != (0, 1) or end < 0 or any(array.shape for array in arrays):
        raise ValueError("Range as seqtag never writes it")
    return [Array(INT64, (end,), limit=end)]


def _constant_of_shape(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (wanted,) = _of(inputs, (INT64,))
    return [Array(FLOAT, _numbers(wanted))]


def _arg_max(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    (array,) = _of(inputs, _FLOATS)
    axis = _axis(attributes["axis"], len(array.shape))
    shape = _reduced(array.shape, {axis}, attributes)
    return [Array(INT64, shape, limit=array.shape[axis])]


def _reduce(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, given = _of(inputs, _NUMBERS, (INT64,))
    axes = {_axis(axis, len(array.shape)) for axis in _constants(given)}
    return [Array(array.dtype, _reduced(array.shape, axes, attributes))]


def _reduced(shape: tuple[int, ...], axes: set[int], attributes: Attributes) -> tuple[int, ...]:
    keep = bool(attributes.get("keepdims", 1))
    if not all(shape[axis] for axis in axes):
        raise ValueError("it reduces an axis without entries")
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)


def _top_k(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, wanted = _of(inputs, _FLOATS, (INT64,))
    axis, (count,) = _axis(attributes["axis"], len(array.shape)), _constants(wanted)
    if not 1 <= count <= array.shape[axis]:
        raise ValueError(f"TopK takes {count} of {array.shape[axis]}")
    shape = (*array.shape[:axis], count, *array.shape[axis + 1 :])
    return [Array(FLOAT, shape), Array(INT64, shape, limit=array.shape[axis])]


def _conv(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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
    run.take("Conv", FLOAT, (reach,))  # the padding
    return [Array(FLOAT, (batch, units, time))]


def _recurrent(gates: int, biases: int) -> Rule:
    def rule(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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
        run.take("a recurrent layer", FLOAT, (time, directions, batch, gates * units))
        last = Array(FLOAT, (directions, batch, units))
        return [Array(FLOAT, (time, directions, batch, units)), last]

    return rule


def _reverse(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
    array, lengths = _of(inputs, _FLOATS, (INT64,))
    if len(array.shape) < 2 or lengths.shape != (array.shape[1],):
        raise ValueError(f"ReverseSequence of {list(array.shape)} by {list(lengths.shape)}")
    return [Array(FLOAT, array.shape)]


def _scan(run: Run, inputs: Arrays, attributes: Attributes) -> Sequence[Array]:
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
        run.body(body, arrays)
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
