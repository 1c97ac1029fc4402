"""The head of labels and its graph, for each pooling: the same probabilities, whatever stands at padding."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence, cut
from seqtag.graph.label_head import LabelPlan
from seqtag.settings import registry
from seqtag.settings.labelled import LabelSettings

CASES: list[tuple[str, str, bool, dict[str, Any]]] = [
    (pooling, feeds, multiple, extra)
    for pooling, feeds, multiple, extra in [
        ("last", "none", False, {}),
        ("last", "gate", True, {"encoder__merge_mode": "sum"}),
        ("last", "none", False, {"encoder__bidirectional": False}),
        ("last", "none", False, {"encoder__attention": "self"}),
        ("mean", "probabilities", True, {}),
        ("max", "gate", False, {"encoder__cell": "cnn"}),
        ("attention", "none", True, {}),
        ("attention", "probabilities", False, {"head__name": "softmax"}),
        ("root", "gate", True, {"encoder__tree": "recursive", "encoder__tree_direction": "up"}),
        ("root", "none", False, {"encoder__tree": "nary_tree_lstm", "encoder__attention": "self"}),
        ("last", "none", False, {"encoder__tree": "tree_lstm"}),
    ]
]

ROOTS = (4, 0, 7, 0, 0, 1)  # of the toy corpus


def labelled(make: Any, pooling: str, feeds: str, multiple: bool, tags: bool = True, **extra: Any) -> Any:
    """A toy network with three labels."""
    from seqtag.network.build import Network

    settings = LabelSettings(pooling=pooling, feeds_tags=feeds, units=4 * (feeds == "gate"), dropout=0.0)
    label = LabelPlan(settings, 3, multiple)

    def kind(plan: Any) -> Any:
        return Network(replace(plan, label=label, tags=plan.tags * tags))

    toy = make(("word", "characters"), kind=kind, **extra)
    return replace(toy, plan=replace(toy.plan, label=label, tags=toy.plan.tags * tags))


def test_every_pooling_is_tried() -> None:
    assert {case[0] for case in CASES} == {*registry.POOLINGS}
    assert {case[1] for case in CASES} == {*registry.FEEDS}


@pytest.mark.parametrize(("pooling", "feeds", "multiple", "extra"), CASES)
def test_network_and_graph_agree(
    pooling: str, feeds: str, multiple: bool, extra: dict[str, Any], make: Any, run_onnx: Any
) -> None:
    toy = labelled(make, pooling, feeds, multiple, **extra).shake(0.6)
    inputs, tags = toy.batch(extra=2)
    found = run_onnx(toy.export(), inputs, ["labels", "vector", "tags", "probabilities"])
    probabilities = np.asarray(toy.network.label(inputs))
    np.testing.assert_allclose(found[0], probabilities, atol=1e-5)
    assert probabilities.max(axis=0).std() > 0.01
    if not multiple:
        np.testing.assert_allclose(found[0].sum(axis=1), 1, atol=1e-5)
    tree = toy.network.of_encoder(inputs)
    vector, _ = toy.network.label_head(toy.network(inputs), inputs["lengths"], tree)
    np.testing.assert_allclose(found[1], np.asarray(vector), atol=1e-5)
    inside = np.arange(tags.shape[1]) < inputs["lengths"][:, None]
    np.testing.assert_allclose(found[3][inside], np.asarray(toy.network.decode(inputs)[1])[inside], atol=1e-5)
    changed, _ = toy.garbage(inputs, tags)
    np.testing.assert_allclose(np.asarray(toy.network.label(changed)), probabilities, atol=1e-6)
    np.testing.assert_allclose(run_onnx(toy.export(), changed, ["labels"])[0], found[0], atol=1e-6)


def test_what_poolings_are(make: Any) -> None:
    """By NumPy, from features of words."""
    found = {}
    for name in (*registry.POOLINGS, "last of a tree"):
        over = {"encoder__tree": "recursive"} if name in ("root", "last of a tree") else {}
        toy = labelled(make, name.partition(" ")[0], "none", False, tags=False, **over).shake(0.6)
        inputs, _ = toy.batch(extra=1)
        features = np.asarray(toy.network(inputs))
        tree = toy.network.of_encoder(inputs)
        vector = np.asarray(toy.network.label_head(features, inputs["lengths"], tree)[0])
        rows = [row[:length] for row, length in zip(features, inputs["lengths"], strict=True)]
        found[name] = toy, inputs, rows, vector
    _, _, rows, vector = found["mean"]
    np.testing.assert_allclose(vector, [row.mean(axis=0) for row in rows], atol=1e-6)
    _, _, rows, vector = found["max"]
    np.testing.assert_allclose(vector, [row.max(axis=0) for row in rows], atol=1e-6)
    _, _, rows, vector = found["last"]
    half = vector.shape[1] // 2
    np.testing.assert_allclose(vector, [[*row[-1, :half], *row[0, half:]] for row in rows], atol=1e-6)
    _, _, rows, vector = found["last of a tree"]
    np.testing.assert_allclose(vector, [[*row[-1], *row[0]] for row in rows], atol=1e-6)
    _, _, rows, vector = found["root"]
    np.testing.assert_allclose(vector, [row[at] for row, at in zip(rows, ROOTS, strict=True)], atol=1e-6)
    toy, inputs, rows, vector = found["attention"]
    looks = np.asarray(toy.network.label_head.pooling.looks(toy.network(inputs), inputs["lengths"]))
    np.testing.assert_allclose(looks.sum(axis=1), 1, atol=1e-6)
    expected = [look[: len(row)] @ row for look, row in zip(looks, rows, strict=True)]
    np.testing.assert_allclose(vector, expected, atol=1e-6)


@pytest.mark.parametrize("multiple", [False, True])
def test_the_loss_is_minus_the_logarithm_of_what_is_right(make: Any, multiple: bool) -> None:
    toy = labelled(make, "mean", "none", multiple, tags=False).shake(0.6)
    inputs, tags = toy.batch()
    right = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    right[0, 1] = 1.0 if multiple else 0.0
    given = np.asarray(toy.network.label(inputs), np.float64)
    of_each = np.where(right > 0, np.log(given), np.log(1 - given) if multiple else 0.0)
    loss = float(toy.network.loss_of(inputs | {"right_labels": right}, tags))
    assert loss == pytest.approx(-of_each.sum(axis=1).mean(), rel=1e-4)
    if not multiple:
        numbers = np.repeat(right.argmax(axis=1)[:, None], tags.shape[1], axis=1).astype(np.int32)
        features = toy.network(inputs)
        assert float(toy.network.loss_from([features], inputs, numbers)) == pytest.approx(loss)


def test_several_roots_of_a_piece_count_alike(make: Any) -> None:
    """A sentence that was cut, of which the head of some words is in another piece."""
    toy = labelled(make, "root", "none", False, tags=False, encoder__tree="recursive").shake(0.6)
    piece = cut(Sentence(("in", "Bad", "Ems", "it", "rains"), heads=(3, 3, 5, 5, 0)), 0, 4)
    inputs: dict[str, Any] = {"lengths": np.array([4], np.int32)}
    for indexer in toy.indexers.values():
        inputs |= indexer.collate([indexer.index(piece)], 4, None)
    features = np.asarray(toy.network(inputs))
    vector = np.asarray(
        toy.network.label_head(features, inputs["lengths"], toy.network.of_encoder(inputs))[0]
    )
    np.testing.assert_allclose(vector[0], features[0, [2, 3]].mean(axis=0), atol=1e-6)
