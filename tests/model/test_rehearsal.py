"""A network is rehearsed on shapes before it is run: all that is exported passes."""

from typing import Any

import pytest

from seqtag import parts
from seqtag.config import ACTIVATIONS
from seqtag.rehearsal import Expected, check


def expected_of(toy: Any, tags: int = 9) -> Expected:
    inputs, _ = toy.batch([0, 3])
    rows = {name: count for i in toy.indexers.values() for name, count in i.table_rows.items()}
    return Expected(inputs, rows, tags)


EVERY = ("word", "vectors", "characters", "shape", "bigrams", "bigram_vectors", "columns")
GRAPHS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    *(((name,), {}) for name in EVERY),
    (EVERY, {"embeddings__characters__encoder": "lstm"}),
    (("characters",), {"embeddings__characters__encoder": "gru"}),
    *((("word",), {"encoder__cell": cell}) for cell in parts.CELLS),
    *((("word",), {"encoder__cell": cell, "encoder__activation": "hard_tanh"}) for cell in parts.CELLS),
    *((("word",), {"encoder__cell": "simplernn", "encoder__activation": name}) for name in ACTIVATIONS),
    *((("word",), {"encoder__cell": "lstm", "encoder__merge_mode": mode}) for mode in ("sum", "mul", "ave")),
    *((("word",), {"encoder__residual": name, "encoder__layers": 2}) for name in parts.SHORTCUTS),
    (("word",), {"encoder__attention": "self", "encoder__attention_heads": 2}),
    *((("word",), {"head__name": head}) for head in parts.HEADS),
    *((("word",), {"head__name": head, "plain": True}) for head in parts.HEADS),
    *((("word",), {"head__name": "feedback", "head__beam": beam}) for beam in (1, 100)),
    (("word",), {"head__name": "feedback", "head__attention": True}),
]


@pytest.mark.parametrize(("embeddings", "settings"), GRAPHS, ids=str)
def test_what_is_exported_passes(embeddings: tuple[str, ...], settings: dict[str, Any], make: Any) -> None:
    toy = make(embeddings, **settings)
    expected = expected_of(toy)
    check(toy.network.export(), expected)
    with pytest.raises(ValueError, match="tags"):
        check(toy.network.export(), Expected(expected.inputs, expected.rows, 8))
    for name, rows in expected.rows.items():
        with pytest.raises(
            ValueError, match=rf"its table for {name} has {rows} rows; its vocabulary has {rows + 1}"
        ):
            check(toy.network.export(), Expected(expected.inputs, {**expected.rows, name: rows + 1}, 9))
