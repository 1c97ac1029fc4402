"""Several networks in one graph: a logarithmic opinion pool, compared with one that is computed from its members."""

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from seqtag.graph.build import build
from seqtag.graph.merged import Member, build_merged
from seqtag.graph.weights import Weights
from seqtag.inference.onnx_runtime import open_session
from seqtag.support.errors import UsageError

INPUTS = {
    "lengths": np.array([3, 2], np.int32),
    "words": np.array([[2, 3, 4], [5, 6, 0]], np.int32),
}
OTHERS = {"member2_words": np.array([[6, 2, 5], [3, 3, 0]], np.int32)}


def _run(network: bytes, inputs: dict[str, Any]) -> dict[str, Any]:
    session = open_session(network)
    names = [output.name for output in session.get_outputs()]
    wanted = {one.name for one in session.get_inputs()}
    return dict(zip(names, session.run(names, {name: inputs[name] for name in wanted}), strict=True))


def _sequences(found: dict[str, Any], row: int, length: int) -> dict[tuple[int, ...], float]:
    """The logarithm of the probability of every sequence of tags, by enumeration."""
    scores = found["scores"][row].astype(np.float64)
    tags = range(scores.shape[1])
    sums = {}
    for path in product(tags, repeat=length):
        total = sum(scores[place, tag] for place, tag in enumerate(path))
        if "transitions" in found:
            total += found["start"][path[0]] + found["end"][path[-1]]
            total += sum(found["transitions"][one, two] for one, two in pairwise(path))
        sums[path] = float(total)
    whole = np.logaddexp.reduce([*sums.values()])
    return {path: value - whole for path, value in sums.items()}


@pytest.mark.parametrize(
    ("heads", "plain"),
    [
        (("crf", "crf"), False),
        (("crf", "softmax"), False),
        (("softmax", "softmax"), True),
        (("softmax", "crf"), True),
    ],
)
@pytest.mark.parametrize("prefix", ["", "member2_"])
def test_the_geometric_mean(
    heads: tuple[str, str], plain: bool, prefix: str, plan_of: Any, weights_of: Any
) -> None:
    plans = [
        plan_of(head__name=heads[0], plain=plain),
        plan_of(head__name=heads[1], plain=plain, encoder__cell="gru"),
    ]
    weights = [weights_of(plan) for plan in plans]
    weights[1] = {path: array * 1.5 for path, array in weights[1].items()}
    members = [
        Member(plan, Weights.of_arrays(own), {"word": given})
        for plan, own, given in zip(plans, weights, ("", prefix), strict=True)
    ]
    merged = _run(build_merged(members), INPUTS | OTHERS)
    inputs = [INPUTS, INPUTS | ({"words": OTHERS["member2_words"]} if prefix else {})]
    apart = [
        _run(build(plan, Weights.of_arrays(own)), given)
        for plan, own, given in zip(plans, weights, inputs, strict=True)
    ]
    for row, length in enumerate(INPUTS["lengths"].tolist()):
        first, second = (_sequences(found, row, length) for found in apart)
        pooled = {path: (first[path] + second[path]) / 2 for path in first}
        whole = np.logaddexp.reduce([*pooled.values()])
        best = max(pooled, key=pooled.__getitem__)
        assert tuple(merged["tags"][row, :length].tolist()) == best
        for place, tag in enumerate(best):
            marginal = np.exp([value - whole for path, value in pooled.items() if path[place] == tag]).sum()
            assert merged["probabilities"][row, place] == pytest.approx(marginal, abs=1e-5)
        found = _sequences(merged, row, length)
        likely = [path for path in found if pooled[path] - whole > -20]
        assert [found[path] for path in likely] == pytest.approx(
            [pooled[path] - whole for path in likely], abs=1e-3
        )


def test_the_mean_of_the_biases(plan_of: Any, weights_of: Any) -> None:
    """The search adds it, and no probability has it."""
    plans = [plan_of(head__outside_bias=bias) for bias in (8.0, 4.0)]
    members = [Member(plan, Weights.of_arrays(weights_of(plan)), {}) for plan in plans]
    merged = _run(build_merged(members), INPUTS)
    assert merged["bias"].tolist() == [-6.0] + [0.0] * (plans[0].tags - 1)
    changed = 0
    for row, length in enumerate(INPUTS["lengths"].tolist()):
        found = _sequences(merged, row, length)
        preferred = {path: value - 6.0 * path.count(0) for path, value in found.items()}
        best = max(preferred, key=preferred.__getitem__)
        assert tuple(merged["tags"][row, :length].tolist()) == best
        changed += best != max(found, key=found.__getitem__)
        for place, tag in enumerate(best):
            marginal = np.exp([value for path, value in found.items() if path[place] == tag]).sum()
            assert merged["probabilities"][row, place] == pytest.approx(marginal, abs=1e-5)
    assert changed


def test_inputs_are_shared_or_apart(plan_of: Any, weights_of: Any) -> None:
    plan = plan_of(("word", "characters"))

    def inputs(*prefixes: dict[str, str]) -> list[str]:
        members = [Member(plan, Weights.of_arrays(weights_of(plan)), prefix) for prefix in prefixes]
        return [one.name for one in open_session(build_merged(members)).get_inputs()]

    alone = ["lengths", "words", "characters", "word_pieces", "spellings"]
    assert inputs({}, {}) == alone
    assert inputs({}, {"word": "member2_"}) == [*alone, "member2_words"]


def test_a_head_that_is_no_chain(plan_of: Any, weights_of: Any) -> None:
    plans = plan_of(), plan_of(head__name="feedback")
    members = [Member(plan, Weights.of_arrays(weights_of(plan)), {}, "b") for plan in plans]
    with pytest.raises(UsageError, match="b: its head is feedback; expected crf or softmax"):
        build_merged(members)
