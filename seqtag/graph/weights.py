"""The weights of a network, by path: taken by name and shape, so that a file with others is refused."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.support.json_reader import JsonError, parse_json

MAX_HEADER = 1 << 24  # bytes of the list of weights; one of a hundred weights needs a thousandth
HEADER_DEPTH = 3  # of lists and objects in each other: all weights, a weight, its shape
MAX_RANK = 8  # a weight's dimensions
LENGTH = 8  # bytes of the header's length
SIZE = 4  # bytes of a float32

Floats = NDArray[np.float32]


class Weights:
    """Weights that the parts of a network take, each once.

    What a part takes is compared with the list of names and shapes; the numbers are not looked at before `check_all`.

    Args:
        shapes: The shape of each weight, by path.
        read: Gives a weight by its path, without a copy.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str], Floats]) -> None:
        self._shapes = shapes
        self._read = read
        self._taken: dict[str, Floats] = {}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Floats]) -> Self:
        """The weights of a network in memory."""
        return cls({path: array.shape for path, array in arrays.items()}, arrays.__getitem__)

    @classmethod
    def of_file(cls, content: bytes) -> Self:
        """The weights of a safetensors file.

        Raises:
            ValueError: The file is not what seqtag writes.
        """
        places, begin = read_header(content)

        def read(path: str) -> Floats:
            shape, start = places[path]
            return np.frombuffer(content, "<f4", math.prod(shape), begin + start).reshape(shape)

        return cls({path: shape for path, (shape, _) in places.items()}, read)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all weights."""
        return tuple(self._shapes)

    def renamed(self, former: Mapping[str, str]) -> "Weights":
        """The same weights under other paths; `former` gives the path here of each path there."""
        return Weights(
            {path: self._shapes[source] for path, source in former.items()},
            lambda path: self._read(former[path]),
        )

    def take(self, path: str, shape: tuple[int, ...]) -> Floats:
        """The weight of a path.

        Raises:
            ValueError: It is missing, or has another shape.
        """
        if path not in self._shapes:
            raise ValueError(f"the weight {path} is missing")
        if self._shapes[path] != shape:
            raise ValueError(f"the weight {path} has the shape {self._shapes[path]}; expected {shape}")
        self._taken[path] = self._read(path)
        return self._taken[path]

    def take_all(self) -> dict[str, Floats]:
        """Every weight by its path."""
        return {path: self.take(path, shape) for path, shape in self._shapes.items()}

    def check_all(self) -> None:
        """Sees to it that all weights were taken.

        Raises:
            ValueError: One was not.
        """
        for path in self._shapes:
            if path not in self._taken:
                raise ValueError(f"the network has no weight {path[:80]}")

    def check_finite(self) -> None:
        """Sees to it that all weights that were taken are finite.

        Raises:
            ValueError: One holds NaN or an infinite number.
        """
        for path, array in self._taken.items():
            if not math.isfinite(array.min()) or not math.isfinite(array.max()):  # without a copy
                raise ValueError(f"the weight {path} contains NaN or infinite numbers")


def read_header(content: bytes) -> tuple[dict[str, tuple[tuple[int, ...], int]], int]:
    """The list of weights of a safetensors file: shape and first byte of each, and where these bytes begin.

    Raises:
        ValueError: The list is not what seqtag writes, or the weights do not fill the file.
    """
    size = int.from_bytes(content[:LENGTH], "little")
    if len(content) < LENGTH or size > min(MAX_HEADER, len(content) - LENGTH):
        raise ValueError(f"its header says that it has {size} bytes")
    try:
        header = parse_json(content[LENGTH : LENGTH + size], depth=HEADER_DEPTH)
    except JsonError as problem:
        raise ValueError(f"its header {problem}") from problem
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    entries = {path: _entry(path, entry, len(content)) for path, entry in header.items()}
    at = 0
    for shape, start in sorted(entries.values(), key=lambda entry: entry[1]):
        if start != at:
            raise ValueError("its weights overlap, or leave a gap")
        at += SIZE * math.prod(shape)
    if at != len(content) - LENGTH - size:
        raise ValueError("its weights do not fill it")
    return entries, LENGTH + size


def _entry(path: str, entry: Any, most: int) -> tuple[tuple[int, ...], int]:
    """Shape and first byte of a weight; `most` is the size of the file."""
    match entry:
        case {"dtype": "F32", "shape": list(shape), "data_offsets": [int(start), int(end)], **rest} if (
            not rest
        ):
            if len(shape) > MAX_RANK or not all(type(size) is int and 0 < size <= most for size in shape):
                raise ValueError(f"the shape of {path[:80]} is none")
            if end - start != SIZE * math.prod(shape):
                raise ValueError(f"{path[:80]} has {end - start} bytes; its shape is {shape}")
            return tuple(shape), start
        case _:
            raise ValueError(f"{path[:80]} is not what seqtag writes as a weight")
