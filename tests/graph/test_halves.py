"""The network in two halves, and with products in 8 bits."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from seqtag.graph.build import build, build_halves, check_int8
from seqtag.graph.builder import LARGEST_WEIGHT, rounded
from seqtag.graph.weights import Weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import UsageError

OF_WORDS = ("word", "vectors", "characters", "shape")


def answer(content: bytes, inputs: dict[str, Any]) -> Any:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["scores"], inputs)[0]


@pytest.mark.parametrize("settings", [{}, {"encoder__bidirectional": False}, {"encoder__merge_mode": "sum"}])
def test_both_halves_are_valid(settings: dict[str, Any], plan_of: Any, weights_of: Any) -> None:
    plan = plan_of(OF_WORDS, encoder__layers=2, **settings)
    halves = build_halves(plan, Weights.of_arrays(weights_of(plan)))
    assert halves is not None
    for content in (halves.words, halves.sentences):
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    assert halves.directions == (1 if "encoder__bidirectional" in settings else 2)


@pytest.mark.parametrize(
    ("embeddings", "settings"),
    [
        *(((name,), {}) for name in registry.EMBEDDINGS if name not in OF_WORDS),
        (("word",), {"encoder__cell": "gru"}),
        (("word",), {"encoder__cell": "peephole_lstm"}),
        (("word",), {"encoder__activation": "relu"}),
        (("word",), {"encoder__residual": "highway"}),
    ],
    ids=str,
)
def test_what_cannot_be_divided(
    embeddings: tuple[str, ...], settings: dict[str, Any], plan_of: Any, weights_of: Any
) -> None:
    plan = plan_of(embeddings, **settings)
    assert build_halves(plan, Weights.of_arrays(weights_of(plan))) is None


class TestInt8:
    def test_rounding(self) -> None:
        array = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
        array[:, 2] = 0
        numbers, scale = rounded(array)
        assert np.abs(numbers).max() == LARGEST_WEIGHT
        np.testing.assert_allclose(numbers * scale, array, atol=float(scale.max()) / 2 + 1e-6)

    def test_it_is_nearly_the_same_and_alone_in_a_batch(self, plan_of: Any, weights_of: Any) -> None:
        """Two layers, the second of which reads states."""
        plan = plan_of(encoder__layers=2, encoder__units=24)
        weights = weights_of(plan)
        exact, quick = (build(plan, Weights.of_arrays(weights), int8=int8) for int8 in (False, True))
        words = np.array([[1, 2, 3, 4, 5], [6, 5, 4, 0, 0], [2, 0, 0, 0, 0]], np.int32)
        lengths = np.array([5, 3, 1], np.int32)
        wanted, found = (answer(content, {"words": words, "lengths": lengths}) for content in (exact, quick))
        for row, length in enumerate(lengths.tolist()):
            difference = np.abs(wanted[row, :length] - found[row, :length]).max()
            assert difference < 0.1 < np.ptp(wanted[row, :length])
            assert (difference > 0) == (length > 1)  # a first word has no state to multiply
            alone = answer(quick, {"words": words[row : row + 1, :length], "lengths": lengths[row : row + 1]})
            np.testing.assert_allclose(found[row, :length], alone[0], atol=1e-5)

    @pytest.mark.parametrize(
        "settings",
        [EncoderSettings(cell="gru"), EncoderSettings(activation="relu"), EncoderSettings(layers=0)],
        ids=str,
    )
    def test_without_an_lstm(self, settings: EncoderSettings) -> None:
        with pytest.raises(UsageError, match="int8 is for models with layers"):
            check_int8(settings)
