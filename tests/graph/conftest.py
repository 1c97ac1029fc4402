"""Networks with random weights, made without Keras."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.tags import parse_scheme
from seqtag.features.tags import legal_sequences, tag_inventory
from seqtag.graph.build import Plan, build
from seqtag.graph.heads.base import Legal
from seqtag.graph.weights import Floats, Weights
from seqtag.settings.merging import merge

BIOES = parse_scheme("bioes")
TAGS = tag_inventory(("B-LOC", "B-PER"), BIOES)
SIZES: dict[str, dict[str, int]] = {
    "word": {"rows": 7},
    "vectors": {"dim": 5, "rows": 6},
    "characters": {"rows": 8},
    "shape": {"rows": 11},
    "bigrams": {"rows": 4},
    "bigram_vectors": {"dim": 3, "rows": 0},
    "columns": {"rows_0": 3, "rows_1": 5},
    "numbers": {"columns": 2, "gaps": 1},
    "lists": {"rows_0": 6, "rows_1": 6},
    "lm": {"layers": 2, "width": 6},
}
SMALL = {
    "embeddings.word.dim": 5, "embeddings.characters.dim": 4, "embeddings.characters.units": 3,
    "embeddings.shape.dim": 2, "embeddings.bigrams.dim": 3, "embeddings.columns.dim": 2, "embeddings.lm.dim": 3,
    "encoder.units": 4, "encoder.layers": 1, "head.units": 6, "head.tag_dim": 3,
}  # fmt: skip


class Demand(Weights):
    """Random weights of whatever path and shape a part asks for."""

    def __init__(self) -> None:
        super().__init__({}, {}.__getitem__)
        self.arrays: dict[str, Floats] = {}
        self._random = np.random.default_rng(1)

    def take(self, path: str, shape: tuple[int, ...]) -> Floats:
        assert path not in self.arrays, f"{path} is taken twice"
        self.arrays[path] = self._random.normal(0, 0.5, shape).astype(np.float32)
        return self.arrays[path]


def _plan(embeddings: Sequence[str] = ("word",), *, plain: bool = False, **settings: Any) -> Plan:
    chosen = SMALL | {path.replace("__", "."): value for path, value in settings.items()}
    legal = legal_sequences(TAGS, BIOES)
    assert legal is not None
    config = merge({path: (value, "test") for path, value in chosen.items()})
    return Plan(
        config, {name: SIZES[name] for name in embeddings}, len(TAGS), None if plain else Legal(*legal)
    )


def _weights(plan: Plan) -> dict[str, Floats]:
    demand = Demand()
    build(plan, demand)
    return demand.arrays


@pytest.fixture(scope="session")
def plan_of() -> Any:
    """The function that makes a plan; settings by path, with `__` for the dot."""
    return _plan


@pytest.fixture(scope="session")
def weights_of() -> Any:
    """The function that makes random weights for a plan."""
    return _weights
