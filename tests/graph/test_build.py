"""Graphs of every part: valid ONNX for the `onnx` package, with the outputs of the contract and no others."""

import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from seqtag.graph.build import build
from seqtag.graph.outputs import BEAM, CHAIN, LATTICE, OUTPUTS, PROBABILITIES, TAGS
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import ACTIVATIONS
from seqtag.support.errors import UsageError

EVERY = tuple(registry.EMBEDDINGS)
PLANS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    *(
        (("word",), {"encoder__cell": cell, "head__name": head, "encoder__layers": 2, "plain": plain})
        for cell, head, plain in product(registry.CELLS, registry.HEADS, (False, True))
    ),
    *(((name,), {}) for name in EVERY),
    *((EVERY, {"embeddings__characters__encoder": name}) for name in registry.CHARACTER_ENCODERS),
    *((("word",), {"encoder__cell": cell, "encoder__activation": "hard_tanh"}) for cell in registry.CELLS),
    *(
        (("word",), {"encoder__cell": cell, "encoder__activation": "prelu"})
        for cell in ("simplernn", "jordan", "dense", "cnn")
    ),
    *((("word",), {"encoder__cell": "simplernn", "encoder__activation": name}) for name in ACTIVATIONS),
    *((("word",), {"encoder__merge_mode": mode}) for mode in ("sum", "mul", "ave")),
    *((("word",), {"encoder__residual": name, "encoder__layers": 2}) for name in registry.SHORTCUTS),
    *(
        (("word",), {"encoder__normalization": name, "encoder__layers": 2})
        for name in registry.NORMALIZATIONS
    ),
    (("word",), {"encoder__bidirectional": False, "encoder__residual": "highway"}),
    (
        ("word",),
        {"encoder__cell": "cnn", "encoder__layers": 11, "encoder__dilation": 2, "encoder__width": 101},
    ),
    (("word",), {"encoder__attention": "self", "encoder__attention_heads": 3}),
    *((("word",), {"head__name": "feedback", "head__beam": beam}) for beam in (1, 100)),
    (("word",), {"head__name": "feedback", "head__attention": True}),
]


def inputs_for(model: Any, batch: int = 2, time: int = 3) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """A batch of the first sentence whole and the second one word shorter, each row number 1."""
    sizes = {"batch": batch, "time": time, "pieces": 2, "characters": 4, "words": 2, "pieces_of_a_word": 1}
    found = {}
    for value in model.graph.input:
        shape = [sizes.get(d.dim_param, d.dim_value) for d in value.type.tensor_type.shape.dim]
        found[value.name] = np.ones(
            shape, onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        )
    return found | {"lengths": np.array([time, *[time - 1] * (batch - 1)], np.int32)}


@pytest.mark.parametrize(("embeddings", "settings"), PLANS, ids=str)
def test_every_graph_is_valid_and_keeps_the_contract(
    embeddings: tuple[str, ...], settings: dict[str, Any], plan_of: Any, weights_of: Any
) -> None:
    plan = plan_of(embeddings, **settings)
    content = build(plan, Weights.of_arrays(weights_of(plan)))
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    inputs = inputs_for(model)
    sizes = {
        "batch": 2, "time": 3, "tags": plan.tags, "beam": plan.config.head.beam,
        "heads": plan.config.encoder.attention_heads,
    }  # fmt: skip
    for name, array in zip(names, session.run(names, inputs), strict=True):
        assert array.dtype == OUTPUTS[name].dtype
        assert array.shape == OUTPUTS[name].shape_of(**sizes)
    assert {TAGS.name, PROBABILITIES.name} <= {*names}
    for group in (LATTICE[1:], CHAIN, BEAM):
        assert len({output.name for output in group} & {*names}) in (0, len(group))


@pytest.mark.parametrize("head", registry.HEADS)
@pytest.mark.parametrize("plain", [False, True])
def test_tags_alone(head: str, plain: bool, plan_of: Any, weights_of: Any) -> None:
    """The same tags, by fewer operators."""
    plan = plan_of(head__name=head, plain=plain)
    weights = Weights.of_arrays(weights_of(plan))
    whole, few = build(plan, weights), build(plan, weights, ["tags"])
    onnx.checker.check_model(onnx.load_from_string(few), full_check=True)
    inputs = inputs_for(onnx.load_from_string(few), time=9)
    inputs["words"] = np.arange(18, dtype=np.int32).reshape(2, 9) % 7
    found = [
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(["tags"], inputs)[0]
        for content in (whole, few)
    ]
    np.testing.assert_array_equal(*found)
    assert len(few) < len(whole)
    operators = [node.op_type for node in onnx.load_from_string(few).graph.node]
    assert [value.name for value in onnx.load_from_string(few).graph.output] == ["tags"]
    if head == "crf":
        assert operators.count("Scan") == 2  # the best path, there and back; no sums over all paths
        assert "Softmax" not in operators


def test_it_is_a_function_of_its_arguments(plan_of: Any, weights_of: Any) -> None:
    plan = plan_of(EVERY)
    weights = weights_of(plan)
    assert build(plan, Weights.of_arrays(weights)) == build(plan, Weights.of_arrays(weights))
    name = next(iter(weights))
    changed = weights | {name: weights[name] + 1}
    assert build(plan, Weights.of_arrays(weights)) != build(plan, Weights.of_arrays(changed))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder__width": 4}, "expected an odd number"),
        ({"encoder__dilation": 16, "encoder__layers": 32}, "makes a gap of"),
    ],
)
def test_a_window_that_makes_no_sense(
    settings: dict[str, Any], message: str, plan_of: Any, weights_of: Any
) -> None:
    with pytest.raises(UsageError, match=message):
        weights_of(plan_of(encoder__cell="cnn", **settings))


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, pkgutil, importlib, seqtag.graph as top\n"
        "for module in pkgutil.walk_packages(top.__path__, 'seqtag.graph.'): importlib.import_module(module.name)\n"
        "print(*sorted({'tensorflow', 'keras', 'onnx', 'onnxruntime', 'safetensors'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(("head", "plain"), [("crf", True), ("softmax", True), ("feedback", False)])
def test_what_has_no_outside_tag_or_no_search_refuses_a_bias(
    head: str, plain: bool, plan_of: Any, weights_of: Any
) -> None:
    """As a `config.json` may ask for one that training would have refused."""
    received = f"{head} over plain tags" if plain else head
    with pytest.raises(UsageError, match=f"head.outside_bias is for tags of spans .* Received: {received}$"):
        weights_of(plan_of(head__name=head, head__outside_bias=1.0, plain=plain))
