"""The writer of ONNX files, against the `onnx` package."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from seqtag.graph import serialise
from seqtag.graph.serialise import Body, Node, Value, model

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(width=32, allow_nan=False)
TEXTS = st.text(min_size=1, max_size=5)
ATTRIBUTES = st.dictionaries(
    TEXTS,
    st.one_of(
        INTEGERS, FLOATS, TEXTS, *(st.lists(one, min_size=1, max_size=3) for one in (INTEGERS, FLOATS, TEXTS))
    ),
    max_size=3,
)


def by_onnx(graph: Body, name: str = "") -> Any:
    """The graph as the `onnx` package makes it."""
    nodes = [
        helper.make_node(
            node.operator,
            list(node.inputs),
            list(node.outputs),
        )
        for node in graph.nodes
    ]
    for node, wanted in zip(nodes, graph.nodes, strict=True):
        node.attribute.extend(
            helper.make_attribute(key, by_onnx(value) if isinstance(value, Body) else value)
            for key, value in sorted(wanted.attributes.items())
        )
    values = [
        [helper.make_tensor_value_info(v.name, serialise.TYPES[v.dtype], v.shape) for v in side]
        for side in (graph.inputs, graph.outputs)
    ]
    weights = [
        numpy_helper.from_array(np.asarray(array, order="C"), key) for key, array in graph.weights.items()
    ]
    return helper.make_graph(nodes, graph.name, *values, weights)


def same(graph: Body) -> None:
    wanted = helper.make_model(
        by_onnx(graph), producer_name="seqtag", ir_version=9, opset_imports=[helper.make_opsetid("", 18)]
    )
    assert model(graph) == wanted.SerializeToString()


@given(ATTRIBUTES, st.lists(TEXTS, max_size=3))
def test_nodes_and_attributes(attributes: dict[str, Any], names: list[str]) -> None:
    inner = Body("inner", [Node("Add", names, ["x"], attributes)], [Value("a", "int32", None)], [], {})
    same(Body("graph", [Node("Scan", ["", *names], names, attributes | {"body": inner})], [], [], {}))


@pytest.mark.parametrize("dtype", serialise.TYPES)
def test_values_and_weights(dtype: str) -> None:
    random = np.random.default_rng(2)
    arrays = {
        str(shape): random.integers(-3, 3, shape).astype(dtype) for shape in ((), (1,), (2, 3), (70, 2, 9))
    }
    arrays["turned"] = arrays["(2, 3)"].T
    shapes: list[Any] = [None, (), (1, "time"), ("batch", 2**31)]
    values = [Value(f"v{at}", dtype, shape) for at, shape in enumerate(shapes)]
    same(Body("graph", [], values, values[::-1], arrays))


def test_the_numbers_of_types_are_those_of_onnx() -> None:
    for name, number in serialise.TYPES.items():
        assert number == helper.np_dtype_to_tensor_dtype(np.dtype(name))
    assert serialise.TYPES["float32"] == onnx.TensorProto.FLOAT
