"""A network is rehearsed on shapes before it is run: all that is exported passes."""

from typing import Any

import onnx
import pytest
from onnx import helper

from seqtag.model_folder import operators
from seqtag.model_folder.rehearsal import Expected, check
from seqtag.network.cells import cnn
from seqtag.settings import registry
from seqtag.settings.config import ACTIVATIONS


def expected_of(toy: Any, tags: int = 9) -> Expected:
    batches = [toy.batch(numbers)[0] for numbers in ([1], [0, 3])]
    rows = {name: count for i in toy.indexers.values() for name, count in i.table_rows.items()}
    return Expected(batches, rows, tags)


EVERY = ("word", "vectors", "characters", "shape", "bigrams", "bigram_vectors", "columns")
GRAPHS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    *(((name,), {}) for name in EVERY),
    (EVERY, {"embeddings__characters__encoder": "lstm"}),
    (("characters",), {"embeddings__characters__encoder": "gru"}),
    *((("word",), {"encoder__cell": cell}) for cell in registry.CELLS),
    *((("word",), {"encoder__cell": cell, "encoder__activation": "hard_tanh"}) for cell in registry.CELLS),
    (
        ("word",),
        {"encoder__cell": "cnn", "encoder__layers": 11, "encoder__dilation": 2, "encoder__width": 101},
    ),
    *((("word",), {"encoder__cell": "simplernn", "encoder__activation": name}) for name in ACTIVATIONS),
    *((("word",), {"encoder__cell": "lstm", "encoder__merge_mode": mode}) for mode in ("sum", "mul", "ave")),
    *((("word",), {"encoder__residual": name, "encoder__layers": 2}) for name in registry.SHORTCUTS),
    (("word",), {"encoder__attention": "self", "encoder__attention_heads": 2}),
    *((("word",), {"head__name": head}) for head in registry.HEADS),
    *((("word",), {"head__name": head, "plain": True}) for head in registry.HEADS),
    *((("word",), {"head__name": "feedback", "head__beam": beam}) for beam in (1, 100)),
    (("word",), {"head__name": "feedback", "head__attention": True}),
]


def test_no_gap_is_too_wide() -> None:
    assert operators.MAX_GAP == cnn.LARGEST_GAP


@pytest.mark.parametrize(("embeddings", "settings"), GRAPHS, ids=str)
def test_what_is_exported_passes(embeddings: tuple[str, ...], settings: dict[str, Any], make: Any) -> None:
    toy = make(embeddings, **settings)
    expected = expected_of(toy)
    check(toy.network.export(), expected)
    with pytest.raises(ValueError, match="tags"):
        check(toy.network.export(), Expected(expected.batches, expected.rows, 8))
    for name, rows in expected.rows.items():
        with pytest.raises(
            ValueError, match=rf"its table for {name} has {rows} rows; its vocabulary has {rows + 1}"
        ):
            check(toy.network.export(), Expected(expected.batches, {**expected.rows, name: rows + 1}, 9))


@pytest.mark.parametrize("size", ["time", "beam", "999999", 101])
@pytest.mark.parametrize("name", ["beam_tags", "beam_probabilities"])
def test_a_number_of_sequences_that_is_none(name: str, size: Any, make: Any) -> None:
    toy = make(("word",), head__name="feedback", head__beam=3)
    model = onnx.load_from_string(toy.network.export())
    output = next(output for output in model.graph.output if output.name == name)
    dim = output.type.tensor_type.shape.dim[2]
    dim.Clear()
    setattr(dim, "dim_value" if isinstance(size, int) else "dim_param", size)
    with pytest.raises(ValueError, match=r"sequences; expected at most 100|is declared as"):
        check(model.SerializeToString(), expected_of(toy))


def test_with_an_attention_memory_grows_with_the_square(make: Any) -> None:
    """And no faster."""
    toy = make(("word",), encoder__attention="self")
    for power in (2, 3):
        model = onnx.load_from_string(toy.network.export())
        model.graph.node.extend(
            [
                helper.make_node("Shape", ["tags"], ["size"], start=1, end=2),
                helper.make_node("Concat", ["size"] * power, ["sizes"], axis=0),
                helper.make_node("ConstantOfShape", ["sizes"], ["new"]),
            ]
        )
        if power == 2:
            check(model.SerializeToString(), expected_of(toy))
            continue
        with pytest.raises(ValueError, match="grows faster than the batch"):
            check(model.SerializeToString(), expected_of(toy))
