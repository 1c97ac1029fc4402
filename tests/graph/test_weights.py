"""What a file of weights is held to, before memory is taken for them."""

import json
import struct
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from seqtag.graph.build import build
from seqtag.graph.weights import Weights

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(4, np.float32)}
FILE = safetensors.numpy.save(ARRAYS)
SIZE = int.from_bytes(FILE[:8], "little")


def changed(**entries: Any) -> bytes:
    header = json.loads(FILE[8 : 8 + SIZE]) | entries
    encoded = json.dumps({name: entry for name, entry in header.items() if entry is not None}).encode()
    return struct.pack("<Q", len(encoded)) + encoded + FILE[8 + SIZE :]


def entry(**values: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | values


@pytest.mark.parametrize("content", [FILE, changed()])
def test_weights_as_they_are_written(content: bytes) -> None:
    weights = Weights.of_file(content)
    for name, array in weights.take_all().items():
        np.testing.assert_array_equal(array, ARRAYS[name])
    weights.check_all()
    weights.check_finite()


@given(st.lists(st.lists(st.integers(1, 4), max_size=3), min_size=1, max_size=5))
def test_any_shapes_go_out_and_in(shapes: list[list[int]]) -> None:
    arrays = {
        f"part/{at}": np.random.default_rng(at).normal(size=shape).astype(np.float32)
        for at, shape in enumerate(shapes)
    }
    found = Weights.of_file(safetensors.numpy.save(arrays)).take_all()
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "its header says"),
        (FILE[:7], "its header says"),
        (struct.pack("<Q", 2**63) + FILE[8:], "its header says"),
        (struct.pack("<Q", 2) + b"[]", "not an object"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "its header is nested deeper than 3"),
        (
            changed(c={"dtype": "F32", "shape": [1] * 300_000, "data_offsets": [40, 44]}),
            "the shape of c is none",
        ),
        (changed(c={"dtype": "F32", "shape": [10**400], "data_offsets": [40, 44]}), "the shape of c is none"),
        (changed(c={"dtype": "F32", "shape": [0], "data_offsets": [40, 40]}), "the shape of c is none"),
        (FILE[:-1], "do not fill it"),
        (FILE + b"\0", "do not fill it"),
        (changed(a=entry(shape=[2**40, 2**24])), "the shape of a is none"),
        (changed(a=entry(shape=[3, 3])), "a has 24 bytes"),
        (changed(a=entry(shape=[-2, -3])), "the shape of a is none"),
        (changed(a=entry(shape=[2.0, 3])), "the shape of a is none"),
        (changed(a=entry(dtype="F64")), "a is not what seqtag writes"),
        (changed(a=entry(extra=1)), "a is not what seqtag writes"),
        (changed(a=entry(data_offsets=[16, 40])), "overlap, or leave a gap"),
        (changed(a=None), "overlap, or leave a gap"),
        (changed(c=entry()), "overlap, or leave a gap"),
        (changed(__metadata__={"a": "b"}), "__metadata__ is not what seqtag writes"),
    ],
    ids=range(20),
)
def test_a_file_that_nobody_wrote(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Weights.of_file(content)


def test_weights_of_another_network(plan_of: Any, weights_of: Any) -> None:
    """Each that is missing, left over or misshapen is named; the numbers are not even looked at."""
    plan = plan_of()
    arrays = weights_of(plan)
    shapes = {name: array.shape for name, array in arrays.items()}

    def refused(shapes: dict[str, tuple[int, ...]]) -> str:
        with pytest.raises(ValueError, match="weight") as caught:
            build(plan, Weights(shapes, arrays.__getitem__))
        return str(caught.value)

    for name, shape in shapes.items():
        others = {other: size for other, size in shapes.items() if other != name}
        assert refused(others) == f"the weight {name} is missing"
        for wrong in ((*shape, 1), (shape[0] + 1, *shape[1:]), (10**9, *shape[1:])):
            assert (
                refused(shapes | {name: wrong})
                == f"the weight {name} has the shape {wrong}; expected {shape}"
            )
    arrays["other/kernel"] = np.zeros(3, np.float32)
    assert refused(shapes | {"other/kernel": (3,)}) == "the network has no weight other/kernel"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float) -> None:
    for name, array in ARRAYS.items():
        bad = array.copy()
        bad.flat[-1] = value
        weights = Weights.of_file(safetensors.numpy.save(ARRAYS | {name: bad}))
        weights.take_all()
        with pytest.raises(ValueError, match=f"the weight {name} contains NaN or infinite numbers"):
            weights.check_finite()


def test_under_other_paths() -> None:
    weights = Weights.of_arrays(ARRAYS).renamed({"x": "a", "y": "a", "b": "b"})
    np.testing.assert_array_equal(weights.take("y", (2, 3)), ARRAYS["a"])
    assert weights.paths == ("x", "y", "b")
