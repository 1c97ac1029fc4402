"""Directions, layers and dropout of the encoder."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.attention import MentionAttention
from seqtag.network.encoder import Encoder, variational_dropout

Array = NDArray[Any]

LENGTHS = np.array([1, 5, 3], np.int32)
X = np.random.default_rng(8).normal(0, 1, (3, 6, 2)).astype(np.float32)


def states(x: Array, weights: list[Array]) -> Array:
    """The forward formula of the plain recurrent network (Elman 1990) over one sentence."""
    kernel, recurrent, bias = weights
    state, found = np.zeros(len(recurrent)), []
    for word in x:
        state = np.tanh(word @ kernel + state @ recurrent + bias)
        found.append(state)
    return np.array(found)


def built(settings: Any, x: Array = X) -> Encoder:
    encoder = Encoder(settings)
    encoder(x, LENGTHS)
    random = np.random.default_rng(6)
    for layers in encoder.stack:
        for layer in layers:
            layer.set_weights([random.normal(0, 0.7, weight.shape) for weight in layer.get_weights()])
    return encoder


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_encoder_is_the_formula_run_both_ways(
    layers: int, bidirectional: bool, encoder_settings: Any
) -> None:
    encoder = built(encoder_settings(cell="simplernn", layers=layers, bidirectional=bidirectional))
    found = encoder(X, LENGTHS).numpy()
    assert found.shape == (3, 6, 8 if bidirectional else 4)
    for sentence, length in enumerate(LENGTHS):
        wanted = X[sentence, :length]
        for forward, *backward in encoder.stack:
            ways = [states(wanted, forward.get_weights())]
            ways += [states(wanted[::-1], layer.get_weights())[::-1] for layer in backward]
            wanted = np.concatenate(ways, axis=-1)
        np.testing.assert_allclose(found[sentence, :length], wanted, rtol=1e-4, atol=1e-5)


def test_the_directions_have_weights_of_their_own(encoder_settings: Any) -> None:
    encoder = Encoder(encoder_settings(cell="simplernn", layers=2))
    encoder(X, LENGTHS)
    kernels = [layer.get_weights()[0] for layers in encoder.stack for layer in layers]
    assert [kernel.shape for kernel in kernels] == [(2, 4), (2, 4), (8, 4), (8, 4)]
    assert (kernels[0] != kernels[1]).any()
    assert (kernels[2] != kernels[3]).any()


MERGES = {
    "concat": lambda ways: np.concatenate(ways, axis=-1), "sum": sum, "mul": lambda ways: np.prod(ways, axis=0),
    "ave": lambda ways: np.mean(ways, axis=0),
}  # fmt: skip


@pytest.mark.parametrize("mode", MERGES)
def test_directions_are_merged_as_keras_does_it(mode: str, encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="simplernn", merge_mode=mode, layers=2))
    found = encoder(X, LENGTHS).numpy()
    for sentence, length in enumerate(LENGTHS):
        wanted = X[sentence, :length]
        for forward, backward in encoder.stack:
            ways = [states(wanted, forward.get_weights()), states(wanted[::-1], backward.get_weights())[::-1]]
            wanted = MERGES[mode](ways)
        np.testing.assert_allclose(found[sentence, :length], wanted, rtol=1e-4, atol=1e-5)
    both = keras.layers.Bidirectional(keras.layers.SimpleRNN(4, return_sequences=True), merge_mode=mode)
    both.build(X.shape)
    both.set_weights([array for layer in encoder.stack[0] for array in layer.get_weights()])
    merged = encoder.cell.apply(encoder.stack[0], X, np.full(3, 6, np.int32), False)
    np.testing.assert_allclose(merged, both(X), rtol=1e-4, atol=1e-5)
    assert encoder.cell.width == both.compute_output_shape(X.shape)[-1]


def test_one_direction_has_nothing_to_merge(encoder_settings: Any) -> None:
    one, other = (
        built(encoder_settings(cell="simplernn", merge_mode=mode, bidirectional=False))(X, LENGTHS)
        for mode in ("concat", "ave")
    )
    np.testing.assert_array_equal(one, other)


# ------------------------------------------------------------------------------------------------------------
# Shortcuts


def shake(layer: Any, scale: float = 0.7) -> list[Array]:
    """Random weights; returns them."""
    random = np.random.default_rng(7)
    layer.set_weights([random.normal(0, scale, weight.shape) for weight in layer.get_weights()])
    return layer.get_weights()


@pytest.mark.parametrize("kind", ["residual", "highway"])
def test_a_shortcut_goes_round_its_layer(kind: str, encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="simplernn", layers=3, bidirectional=False, residual=kind))
    weights = [shake(shortcut) for shortcut in encoder.shortcuts]
    assert weights[0][-1 if kind == "residual" else 0].shape[0] == 2  # the first layer changes the width
    found = encoder(X, LENGTHS).numpy()
    for sentence, length in enumerate(LENGTHS):
        x = X[sentence, :length]
        for number, (layer,) in enumerate(encoder.stack):
            y = states(x, layer.get_weights())
            if kind == "residual":
                carried = x @ weights[number][0] if number == 0 else x
                x = carried + y
            else:
                projection = weights[number][:1] if number == 0 else []
                kernel, bias = weights[number][len(projection) :]
                gate = 1 / (1 + np.exp(-(x @ kernel + bias)))
                x = gate * y + (1 - gate) * (x @ projection[0] if projection else x)
        np.testing.assert_allclose(found[sentence, :length], x, rtol=1e-4, atol=1e-5)
    assert [len(array) for array in weights] == ([1, 0, 0] if kind == "residual" else [3, 2, 2])


@pytest.mark.parametrize(
    ("layers", "span", "ends"), [(4, 2, [2, 4]), (5, 2, [2, 4, 5]), (3, 5, [3]), (1, 1, [1])]
)
def test_a_shortcut_goes_round_several_layers(
    layers: int, span: int, ends: list[int], encoder_settings: Any
) -> None:
    settings = {"cell": "dense", "layers": layers, "residual": "residual", "shortcut_span": span}
    encoder = built(encoder_settings(**settings))
    assert [number for number, one in enumerate(encoder.shortcuts, start=1) if one] == ends
    first = shake(encoder.shortcuts[ends[0] - 1])[0]
    wanted, entered = X, X @ first
    for number, (layer,) in enumerate(encoder.stack, start=1):
        kernel, bias = layer.get_weights()
        wanted = np.tanh(wanted @ kernel + bias)
        if number in ends:
            wanted = entered = entered + wanted
    np.testing.assert_allclose(encoder(X, LENGTHS), wanted, rtol=1e-4, atol=1e-5)


def test_a_highway_starts_mostly_open(encoder_settings: Any) -> None:
    """Srivastava et al. 2015: at first the input is carried on."""
    encoder = Encoder(encoder_settings(cell="simplernn", layers=2, residual="highway"))
    encoder(X, LENGTHS)
    assert encoder.shortcuts[1].gate.get_weights()[1].tolist() == [-1] * 8


def test_dropout_leaves_the_shortcut_whole(encoder_settings: Any) -> None:
    encoder = built(
        encoder_settings(cell="dense", layers=2, residual="residual", dropout=0.5, activation="linear")
    )
    for (layer,) in encoder.stack:
        layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
    projection = shake(encoder.shortcuts[0])[0]
    found = encoder(X, LENGTHS, training=True)
    np.testing.assert_allclose(found, X @ projection, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------
# Normalisation


def words(array: Array) -> Array:
    return array[np.arange(array.shape[1]) < LENGTHS[:, None]]


def test_layer_norm_is_of_each_word(encoder_settings: Any) -> None:
    settings = encoder_settings(cell="dense", normalization="layer")
    encoder, plain = built(settings), built(encoder_settings(cell="dense"))
    scale, shift = shake(encoder.norms[0])
    found, outputs = (words(one(X, LENGTHS, training=True).numpy()) for one in (encoder, plain))
    deviation = np.sqrt(outputs.var(axis=1, keepdims=True) + 1e-3)
    wanted = (outputs - outputs.mean(axis=1, keepdims=True)) / deviation * scale + shift
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_batch_norm_is_over_the_words_of_a_batch(encoder_settings: Any) -> None:
    """Padding counts neither for what comes out nor for the moving averages, which hold outside training."""
    encoder = built(encoder_settings(cell="dense", normalization="batch"))
    outputs = words(built(encoder_settings(cell="dense"))(X, LENGTHS).numpy())
    wider = np.concatenate([X, np.full((3, 4, 2), 50.0, np.float32)], axis=1)
    np.testing.assert_allclose(  # at first the moving averages are 0 and 1
        words(encoder(X, LENGTHS, training=False).numpy()), outputs / np.sqrt(1 + 1e-3), rtol=1e-4, atol=1e-5
    )
    found = words(encoder(wider, LENGTHS, training=True).numpy())
    mean, variance = outputs.mean(axis=0), outputs.var(axis=0)
    np.testing.assert_allclose(found, (outputs - mean) / np.sqrt(variance + 1e-3), rtol=1e-3, atol=1e-4)
    scale, shift, moving_mean, moving_variance = encoder.norms[0].get_weights()
    assert (scale == 1).all()
    assert (shift == 0).all()
    np.testing.assert_allclose(moving_mean, 0.1 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moving_variance, 0.9 + 0.1 * variance, rtol=1e-3)
    later = words(encoder(wider, LENGTHS, training=False).numpy())
    np.testing.assert_allclose(
        later, (outputs - moving_mean) / np.sqrt(moving_variance + 1e-3), rtol=1e-4, atol=1e-5
    )


def test_what_is_carried_on_is_normalised(encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="gru", bidirectional=False, layers=2, normalization="layer"))
    zeros = [np.zeros((3, size), np.float32) for size in encoder.state_sizes]
    found, _ = encoder.carry(X, zeros)
    np.testing.assert_allclose(found, encoder(X, np.full(3, 6, np.int32)), rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------
# Attention


def attended(x: Array, arrays: list[Array], heads: int) -> tuple[Array, Array]:
    """Vaswani et al. 2017, over one sentence: what each word finds, and the weights (heads, time, time)."""
    wq, bq, wk, bk, wv, bv, wo, bo = arrays
    found, weights, size = [], [], wq.shape[1] // heads
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        q, k, v = (x @ w[:, own] + b[own] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        scores = np.exp(q @ k.T / np.sqrt(size))
        weights.append(scores / scores.sum(axis=1, keepdims=True))
        found.append(weights[-1] @ v)
    return np.concatenate(found, axis=-1) @ wo + bo, np.array(weights)


@pytest.mark.parametrize("heads", [1, 3])
def test_attention_is_its_formula(heads: int, encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="simplernn", attention="self", attention_heads=heads))
    arrays = shake(encoder.attention)
    size = 8 // heads
    assert arrays[0].shape == (8, heads * size)
    states = encoder.states(X, LENGTHS).numpy()
    features = tf.function(
        encoder,
        autograph=False,
        input_signature=[tf.TensorSpec((None, None, 2), tf.float32), tf.TensorSpec((None,), tf.int32)],
    )(X, LENGTHS).numpy()
    weights = encoder.attention.look(states, LENGTHS)[1].numpy()
    assert features.shape == (3, 6, 16)
    assert weights.shape == (3, heads, 6, 6)
    for sentence, length in enumerate(LENGTHS):
        found, wanted = attended(states[sentence, :length], arrays, heads)
        together = np.concatenate([states[sentence, :length], found], axis=-1)
        np.testing.assert_allclose(features[sentence, :length], together, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(weights[sentence, :, :length, :length], wanted, rtol=1e-4, atol=1e-5)
        assert not weights[sentence, :, :length, length:].any()
    # Keras has the same layer, but warns of each sentence of one word.
    keras_layer = keras.layers.MultiHeadAttention(heads, size)
    keras_layer.build(states.shape, states.shape)
    keras_layer.set_weights(
        [a.reshape(w.shape) for a, w in zip(arrays, keras_layer.get_weights(), strict=True)]
    )
    mask = (np.arange(6) < LENGTHS[:, None])[:, None]
    found, wanted = keras_layer(states, states, attention_mask=mask, return_attention_scores=True)
    np.testing.assert_allclose(features[..., 8:], found, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weights, wanted, rtol=1e-4, atol=1e-5)


def test_what_attention_finds_is_dropped_in_training(encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="dense", units=20, attention="self", dropout=0.5))
    encoder.dropouts[0].rate = 0.0
    lengths = np.full(3, 6, np.int32)
    calm, wild = (encoder(X, lengths, training=training).numpy() for training in (False, True))
    np.testing.assert_allclose(wild[..., :20], calm[..., :20], rtol=1e-5)
    dropped = wild[..., 20:] == 0
    assert (dropped == dropped[:, :1]).all()
    assert 0.3 < dropped[:, 0].mean() < 0.7


# ------------------------------------------------------------------------------------------------------------
# Every option in a network

OPTIONS: dict[str, dict[str, Any]] = {
    "sum": {"merge_mode": "sum", "layers": 2},
    "mul": {"merge_mode": "mul"},
    "ave": {"merge_mode": "ave"},
    "sum-scan": {"cell": "jordan", "merge_mode": "sum", "layers": 2},
    "mul-scan": {"cell": "gru", "activation": "hard_tanh", "merge_mode": "mul"},
    "residual": {"residual": "residual", "layers": 2, "bidirectional": False},
    "highway": {"residual": "highway", "layers": 2, "cell": "gru"},
    "attention": {"attention": "self", "attention_heads": 3, "layers": 2},
    "attention-alone": {"attention": "self", "cell": "dense"},
    "mentions": {"attention": "mentions"},
    "cnn": {"cell": "cnn", "layers": 3, "dilation": 2, "width": 5, "residual": "highway"},
    "cnn-causal": {"cell": "cnn", "layers": 2, "dilation": 2, "bidirectional": False, "activation": "prelu"},
    "jordan-prelu": {"cell": "jordan", "activation": "prelu", "bidirectional": False},
    "maxout": {
        "cell": "simplernn",
        "activation": "maxout",
        "maxout_pieces": 3,
        "layers": 2,
        "use_bias": False,
    },
    "maxout-cnn": {"cell": "cnn", "activation": "maxout", "layers": 2},
    "rrelu": {"cell": "jordan", "activation": "rrelu"},
    "span": {"residual": "highway", "shortcut_span": 2, "layers": 5, "cell": "dense"},
    "layer-norm": {"normalization": "layer", "layers": 2, "residual": "residual"},
    "batch-norm": {"normalization": "batch", "cell": "cnn", "layers": 2, "bidirectional": False},
    "all": {
        "cell": "peephole_cifg_lstm",
        "layers": 2,
        "normalization": "batch",
        "merge_mode": "ave",
        "residual": "highway",
        "attention": "self",
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_in_a_network(name: str, make: Any, inside: Any, run_onnx: Any) -> None:
    """Padding changes nothing, a sentence of one word is one, each weight has its name, ONNX says what Keras says."""
    toy = make(
        plain=True, head__name="softmax", **{f"encoder__{k}": v for k, v in OPTIONS[name].items()}
    ).shake(0.5)
    network = toy.network
    assert len(network.named_weights()) == len(network.tagger_weights)
    signature = {key: tf.TensorSpec(e.shape, e.dtype) for key, e in network.inputs_needed.items()}
    decode = tf.function(network.decode, autograph=False, input_signature=[signature])
    exported = toy.export()
    tags, probabilities = (array.numpy() for array in decode(toy.batch()[0]))
    assert probabilities[inside(*toy.batch())].std() > 1e-3
    for numbers, extra in ((range(6), 0), (range(6), 3), ([2, 4], 0), ([1], 0), ([3], 2)):
        batch = toy.batch(numbers, extra)
        for inputs, _ in (batch, toy.garbage(*batch)):
            for found in (decode(inputs), run_onnx(exported, inputs)):
                for place, number in enumerate(numbers):
                    n = inputs["lengths"][place]
                    np.testing.assert_allclose(
                        found[1][place][:n], probabilities[number][:n], rtol=0, atol=1e-5
                    )
                    np.testing.assert_array_equal(found[0][place][:n], tags[number][:n])


def test_the_weights_of_the_attention_are_an_output(make: Any) -> None:
    import onnxruntime

    toy = make(encoder__attention="self", encoder__attention_heads=2).shake(0.7)
    session = onnxruntime.InferenceSession(toy.export(), providers=["CPUExecutionProvider"])
    for numbers, extra in ((range(6), 2), ([1], 0)):
        inputs, _ = toy.batch(numbers, extra)
        (found,) = session.run(["attention"], inputs)
        wanted = toy.network.attention(inputs).numpy()
        assert found.shape == wanted.shape == (len(numbers), 2, *[inputs["words"].shape[1]] * 2)
        for one, other, length in zip(found, wanted, inputs["lengths"], strict=True):
            np.testing.assert_allclose(one[:, :length], other[:, :length], rtol=0, atol=1e-5)
            np.testing.assert_allclose(one[:, :length, :length].sum(axis=-1), 1, rtol=1e-5)
            assert not one[:, :length, length:].any()
    without = make()
    assert "attention" not in {
        output.name for output in onnxruntime.InferenceSession(without.export()).get_outputs()
    }
    with pytest.raises(ValueError, match="needs a network with an attention"):
        without.network.attention(inputs)


@pytest.mark.parametrize(
    ("head", "attention"),
    [
        ("crf", {"encoder__attention": "self", "encoder__attention_heads": 2}),
        ("softmax", {"encoder__attention": "self", "encoder__attention_heads": 2}),
        ("feedback", {"head__attention": True}),
    ],
)
def test_a_tagger_with_attention_and_a_long_sentence(
    head: str, attention: dict[str, Any], make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are no output that its windows join, and each token has its tag all the same."""
    from seqtag.corpora import tags, tokenizers
    from seqtag.features.tags import tag_inventory
    from seqtag.features.vocabulary import Vocabulary
    from seqtag.inference import tagger

    toy = make(head__name=head, **attention).shake(0.7)
    scheme = tags.parse_scheme("bioes")
    names = ("B-LOC", "B-PER", "E-LOC", "E-PER", "I-LOC", "I-PER", "O", "S-LOC", "S-PER")
    inventory = tag_inventory(names, scheme)
    vocabulary = Vocabulary(
        toy.indexers, scheme, scheme, inventory, dict.fromkeys(names, 1), tokenizers.Tokenizer("word")
    )
    made = tagger.SentenceTagger(toy.export(), vocabulary, threads=1)
    words = ["Bad", "Ems", "in", "June", "Mira"] * 5
    whole, short, alone = made.tag([words, words[:3], words[8:22]], entities=True, nbest=2)
    assert len(whole.tags) == 25
    name, shape = ("head_attention", (1, 25, 25)) if head == "feedback" else ("attention", (1, 2, 25, 25))
    assert made.run(vocabulary.collate([vocabulary.index(words)]), [name])[name].shape == shape
    monkeypatch.setattr(tagger, "WINDOW", 10)
    monkeypatch.setattr(tagger, "OVERLAP", 2)
    cut, same = made.tag([words, words[:3]], entities=True, nbest=2)
    assert len(cut.tags) == len(cut.probabilities) == 25
    assert tags.problems(cut.tags, scheme) == []
    assert cut.probabilities != pytest.approx(
        whole.probabilities, abs=1e-3
    )  # a seam is no longer seen through
    assert same.tags == short.tags
    # A window is tagged as the sentence that it is: the attention sees no further.
    assert cut.probabilities[10:20] == pytest.approx(alone.probabilities[2:12], abs=1e-5)


def test_mentions_are_the_mean_of_the_others() -> None:
    """Words 1, 3 and 5 of the batch are mentions of one word; padding and other words find nothing."""
    layer = MentionAttention(1, variational_dropout(0.5, "dropout"))
    states = np.arange(1, 17, dtype=np.float32).reshape(2, 4, 2)
    mentions = np.array([[1, 0, 1, 2], [1, 2, 2, 2]], np.int32)
    found = layer(states, np.array([3, 1], np.int32), mentions).numpy()
    np.testing.assert_array_equal(found[..., :2], states)
    first, second, third = states[0, 0], states[0, 2], states[1, 0]
    expected = np.zeros_like(states)
    expected[0, 0], expected[0, 2], expected[1, 0] = (
        (second + third) / 2,
        (first + third) / 2,
        (first + second) / 2,
    )
    np.testing.assert_allclose(found[..., 2:], expected, rtol=1e-6)


# ------------------------------------------------------------------------------------------------------------
# Dropout


def test_dropout_drops_the_same_at_each_step() -> None:
    rate = 0.25
    dropout = variational_dropout(rate, "dropout")
    x = np.ones((40, 6, 50), np.float32)
    found = dropout(x, training=True).numpy()
    assert (found == found[:, :1]).all()
    np.testing.assert_allclose(np.unique(found), [0, 1 / (1 - rate)], rtol=1e-6)
    assert abs((found[:, 0] == 0).mean() - rate) < 0.05
    assert len(np.unique(found[:, 0], axis=0)) == 40  # each sentence has a mask of its own
    assert (dropout(x, training=True).numpy() != found).any()
    np.testing.assert_array_equal(dropout(x, training=False), x)


def test_the_encoder_drops_its_outputs_in_training_alone(encoder_settings: Any) -> None:
    encoder = built(encoder_settings(cell="simplernn", units=20, dropout=0.5))
    lengths = np.array([6, 6, 6], np.int32)
    calm = encoder(X, lengths).numpy()
    np.testing.assert_array_equal(calm, encoder(X, lengths, training=False))
    found = encoder(X, lengths, training=True).numpy()
    dropped = found == 0
    assert (dropped == dropped[:, :1]).all()  # a component is dropped at all steps of a sentence or at none
    assert 0.3 < dropped[:, 0].mean() < 0.7
    np.testing.assert_allclose(found[~dropped], 2 * calm[~dropped], rtol=1e-5)


def test_every_layer_has_its_dropout(encoder_settings: Any) -> None:
    encoder = Encoder(encoder_settings(layers=3, dropout=0.3))
    assert [layer.rate for layer in encoder.dropouts] == [0.3] * 3
    assert len({id(layer) for layer in encoder.dropouts}) == 3
    encoder = built(encoder_settings(cell="simplernn", layers=2, dropout=0.5))
    encoder.dropouts[1].rate = 0.0
    assert (encoder(X, LENGTHS, training=True).numpy() != encoder(X, LENGTHS).numpy()).any()


def test_recurrent_dropout_is_the_same_at_each_step(encoder_settings: Any) -> None:
    """An impulse that the identity carries on: each component survives all steps or none."""
    units, rate = 30, 0.5
    encoder = Encoder(
        encoder_settings(
            cell="simplernn", units=units, activation="linear", recurrent_initializer="identity",
            kernel_initializer="identity", recurrent_dropout=rate, bidirectional=False,
        )
    )  # fmt: skip
    x = np.zeros((4, 5, units), np.float32)
    x[:, 0] = 1
    lengths = np.full(4, 5, np.int32)
    np.testing.assert_allclose(encoder(x, lengths), 1)
    found = encoder(x, lengths, training=True).numpy()
    alive = found[:, 1] != 0
    assert 0.3 < alive.mean() < 0.7
    for step in range(5):
        np.testing.assert_allclose(found[:, step][alive], (1 / (1 - rate)) ** step, rtol=1e-5)
        assert step == 0 or not found[:, step][~alive].any()
