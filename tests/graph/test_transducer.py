"""The encoder-decoder as Keras network and as ONNX graphs: two implementations that must say the same."""

from typing import Any

import numpy as np
import pytest

from seqtag.features.indexers.base import pad
from seqtag.graph.transducer import TransducerGraphs, TransducerPlan, decoder_settings
from seqtag.graph.weights import Weights
from seqtag.inference.transducer import TransducerSession
from seqtag.network.transducer import TransducerNetwork
from seqtag.settings import registry
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.settings.transduction import TRANSDUCTION, TransductionConfig
from seqtag.support.errors import UsageError

SMALL = {
    "embeddings.word.dim": 5,
    "encoder.units": 4,
    "decoder.units": 6,
    "decoder.dim": 3,
    "decoder.copy": "no",
}
CELLS = [cell for cell in registry.CELLS if registry.is_stateful(cell)]
SOURCES = [np.array(source, np.int32) for source in ([2, 3, 4, 5, 0], [6, 0], [2, 2, 0])]
TARGETS = [np.array(target, np.int32) for target in ([2, 3, 4], [], [5])]
COPIED = np.array([1, 1, 2, 3, 4, 5, 1], np.int32)
TIED = {"decoder.tied": True, "decoder.units": 4, "decoder.dim": 5}


def config_of(**settings: Any) -> TransductionConfig:
    layer = SMALL | {path.replace("__", "."): value for path, value in settings.items()}
    return for_corpus(merge_into(TRANSDUCTION, {path: (value, "test") for path, value in layer.items()}))


def networks(config: TransductionConfig) -> tuple[TransducerNetwork, TransducerSession]:
    plan = TransducerPlan(config, 7, 6, COPIED)
    network = TransducerNetwork(plan)
    random = np.random.default_rng(1)
    network.assign_weights({
        name: random.normal(0, 0.5, array.shape).astype(np.float32)
        for name, array in network.named_weights().items()
    })  # fmt: skip
    graphs = TransducerGraphs(plan, Weights.of_arrays(network.named_weights()))
    return network, TransducerSession(graphs.reader(), graphs.step(), threads=1)


def inputs() -> dict[str, Any]:
    return {"symbols": pad(SOURCES, 5), "lengths": np.array([5, 2, 3], np.int32)}


def padded() -> Any:
    return pad([np.append(target, 0).astype(np.int32) for target in TARGETS], 4)


def agree(config: TransductionConfig) -> None:
    network, session = networks(config)
    logs, looks = network.log_probabilities(inputs(), padded())
    found, found_looks = session.follow(SOURCES, TARGETS)
    np.testing.assert_allclose(found, logs, atol=2e-6)
    assert (found[1, 1:] == 0).all()  # after the end
    if looks is None:
        assert found_looks is None
        return
    assert found_looks is not None
    for row, target in enumerate(TARGETS):
        end = len(target) + 1
        np.testing.assert_allclose(found_looks[row, :end], looks[row, :end], atol=1e-6)
    np.testing.assert_allclose(found_looks.sum(axis=2), 1, atol=1e-5)
    assert (found_looks[1, :, 2:] == 0).all()  # padding


@pytest.mark.parametrize(
    ("cell", "attention"),
    [
        *((cell, attention) for cell in CELLS for attention in ("bahdanau", "luong")),
        ("lstm", "none"),
        ("gru", "none"),
    ],
)
def test_graph_and_network_agree(cell: str, attention: str) -> None:
    copy = "no" if attention == "none" else "yes"
    layers = 2 if cell in ("lstm", "gru") else 1
    agree(
        config_of(
            decoder__cell=cell, decoder__attention=attention, decoder__copy=copy, decoder__layers=layers
        )
    )


@pytest.mark.parametrize("settings", [
    {**TIED, "decoder.attention": "luong"},
    {**TIED, "decoder.attention": "none", "encoder.bidirectional": False, "encoder.layers": 2, "decoder.layers": 2},
    {"encoder.cell": "cnn"},
    {"encoder.cell": "gru", "encoder.layers": 2, "encoder.residual": "highway", "encoder.attention": "self"},
    {"encoder.cell": "simplernn", "decoder.cell": "simplernn", "encoder.activation": "hard_tanh"},
])  # fmt: skip
def test_further_settings_agree(settings: dict[str, Any]) -> None:
    agree(config_of(**settings))


def test_tied_layers_are_there_once() -> None:
    network, _ = networks(config_of(**TIED, decoder__attention="luong"))
    names = list(network.named_weights())
    assert not [name for name in names if name.startswith("decoder/stack")]
    assert network.decoder.stack.stack[0][0] is network.encoder.stack[0][0]
    assert network.parameters == sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_the_probabilities_of_a_step_sum_to_one() -> None:
    """Those of a decoder that copies as well, some of whose symbols no target has."""
    for copy in ("yes", "no"):
        network, _ = networks(config_of(decoder__copy=copy))
        features = network.encoder(network.vectors(inputs()), inputs()["lengths"])
        memory = network.decoder.read(features, inputs()["lengths"], inputs()["symbols"])
        logs, _ = network.decoder.logs(memory, padded())
        np.testing.assert_allclose(np.exp(logs).sum(axis=2), 1, atol=1e-5)


def test_the_loss_is_the_mean_over_symbols_and_ends() -> None:
    network, session = networks(config_of())
    logs, _ = session.follow(SOURCES, TARGETS)
    assert float(network.loss_of(inputs(), padded())) == pytest.approx(-logs.sum() / 7, rel=1e-5)
    further = np.pad(padded(), ((0, 0), (0, 2)))  # padding, more of it
    assert float(network.loss_of(inputs(), further)) == pytest.approx(-logs.sum() / 7, rel=1e-5)


def test_scheduled_sampling_reads_what_the_decoder_would_have_written() -> None:
    network, _ = networks(config_of(decoder__sampling_rate=1.0, decoder__sampling_epochs=2.0))
    features = network.encoder(network.vectors(inputs()), inputs()["lengths"])
    memory = network.decoder.read(features, inputs()["lengths"])
    previous = np.pad(padded()[:, :-1], ((0, 0), (1, 0)))
    network.progress(0.0)
    np.testing.assert_array_equal(network.decoder._sampled(memory, previous), previous)
    network.progress(5.0)
    logs, _ = network.decoder.logs(memory, padded())
    own = np.asarray(logs).argmax(axis=2)
    found = np.asarray(network.decoder._sampled(memory, previous))
    wanted = np.where(own[:, :-1] > 0, own[:, :-1], previous[:, 1:])
    np.testing.assert_array_equal(found[:, 1:], wanted)
    assert (found[:, 0] == 0).all()
    network.decoder.scores.bias.assign([50.0, 0, 0, 0, 0, 0])  # it would end each target at once
    np.testing.assert_array_equal(network.decoder._sampled(memory, previous), previous)


def test_label_smoothing_spreads_a_part_of_the_target() -> None:
    network, _ = networks(config_of(training__label_smoothing=0.2))
    plain, _ = networks(config_of())
    features = plain.encoder(plain.vectors(inputs()), inputs()["lengths"])
    logs, _ = plain.decoder.logs(plain.decoder.read(features, inputs()["lengths"]), padded())
    mask = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]])
    own = -np.take_along_axis(np.asarray(logs), padded()[..., None], 2)[..., 0]
    wanted = ((0.8 * own - 0.2 * np.asarray(logs).mean(axis=2)) * mask).sum() / mask.sum()
    assert float(network.loss_of(inputs(), padded())) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("settings", "words"), [
    ({"decoder.cell": "cnn"}, r"decoder\.cell cnn has no state; expected one of simplernn, lstm"),
    ({"decoder.copy": "yes", "decoder.attention": "none"}, r"decoder\.attention is none"),
    ({"decoder.tied": True, "decoder.units": 9}, r"decoder\.units must be 4\. Received: 9"),
    ({**TIED, "decoder.attention": "bahdanau"}, r"decoder\.attention bahdanau read more .* expected luong or none"),
    (
        {**TIED, "decoder.attention": "luong", "encoder.layers": 2, "decoder.layers": 2},
        r"expected encoder\.layers 1 or encoder\.bidirectional: false",
    ),
])  # fmt: skip
def test_settings_that_contradict_each_other(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        decoder_settings(config_of(**settings))


def test_weights_of_other_shapes_are_refused() -> None:
    network, _ = networks(config_of())
    plan = TransducerPlan(config_of(), 7, 6, COPIED)
    weights = network.named_weights()
    with pytest.raises(ValueError, match=r"decoder/scores/bias has the shape \(5,\); expected \(6,\)"):
        TransducerGraphs(plan, Weights.of_arrays(weights | {"decoder/scores/bias": np.zeros(5, np.float32)}))
    with pytest.raises(ValueError, match=r"the network has no weight decoder/gate/bias"):
        TransducerGraphs(plan, Weights.of_arrays(weights | {"decoder/gate/bias": np.zeros(1, np.float32)}))
