"""The feedback decoder against a loop in NumPy written from the formulas; its search against all sequences."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.corpora.tags import parse_scheme
from seqtag.features.tags import legal_sequences
from seqtag.graph import outputs
from seqtag.graph.builder import Graph
from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.beam import NEVER, rules, write_search
from seqtag.graph.heads.feedback import FeedbackHead as GraphHead
from seqtag.graph.weights import Weights
from seqtag.network.heads import beam
from seqtag.network.heads.feedback import FeedbackHead
from seqtag.settings.config import HeadSettings
from seqtag.settings.merging import merge
from seqtag.support.errors import Error

Floats = NDArray[np.float64]
BIO = ("O", "B-X", "I-X", "B-Y")
BIOES = ("O", "B-X", "I-X", "E-X", "S-X")
DIM, UNITS = 3, 4
LENGTHS = (4, 1, 2, 3)  # the batch is padded to one more than the longest
JUNK = 30.0


def legal_of(tags: Sequence[str] | None) -> Legal | None:
    """What the tags' scheme allows; None for plain tags."""
    if tags is None:
        return None
    found = legal_sequences(tags, parse_scheme("bio" if tags is BIO else "bioes"))
    assert found is not None
    return Legal(*found)


@dataclass(frozen=True)
class Case:
    """A head with random weights, and a padded batch."""

    head: FeedbackHead
    legal: Legal | None
    features: NDArray[np.float32]
    gold: NDArray[np.int32]
    mask: NDArray[np.bool_]

    @property
    def lengths(self) -> NDArray[np.int32]:
        return self.mask.sum(axis=1, dtype=np.int32)

    def sentences(self) -> Iterator[tuple[Floats, NDArray[np.int32]]]:
        """Each sentence's features and gold tags, without padding."""
        for features, gold, length in zip(self.features, self.gold, self.lengths, strict=True):
            yield features[:length].astype(float), gold[:length]

    def decoder(self) -> "Decoder":
        return Decoder({weight.path.partition("head/")[2]: weight.numpy() for weight in self.head.weights})

    def is_legal(self, path: Sequence[int]) -> bool:
        if self.legal is None:
            return True
        inner = all(self.legal.transitions[i, j] for i, j in pairwise(path))
        return bool(self.legal.start[path[0]] and inner and self.legal.end[path[-1]])


def make(
    tags: Sequence[str] | None = BIO,
    seed: int = 0,
    lengths: Sequence[int] = LENGTHS,
    scale: float = 1.0,
    **more: Any,
) -> Case:
    random = np.random.default_rng([seed, 5])
    count = len(tags or BIO)
    mask = np.arange(max(lengths) + 1) < np.array(lengths)[:, None]
    features = random.normal(size=(*mask.shape, DIM)).astype(np.float32)
    features[~mask] = random.normal(0, JUNK, features[~mask].shape)
    legal = legal_of(tags)
    smoothing, weights = more.pop("smoothing", 0.0), more.pop("tag_weights", None)
    head = FeedbackHead(HeadSettings(units=UNITS, tag_dim=2, **more), count, legal, smoothing, weights)
    head.build(features.shape)
    for weight in head.trainable_variables:
        weight.assign(random.normal(0, scale, weight.shape))
    return Case(head, legal, features, random.integers(0, count, mask.shape).astype(np.int32), mask)


class Decoder:
    """The formulas, for one sentence, in double precision."""

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        self.weights = {name: array.astype(float) for name, array in weights.items()}

    def run(self, features: Floats, choose: Callable[[int, Floats], int]) -> tuple[list[int], Floats, Floats]:
        """Tags as `choose` takes them from the word's place and log-probabilities, these `(time, tags)`, and how much
        each word looks at each, `(time, time)`.
        """
        w = self.weights
        kernel, recurrent, bias = (w[f"cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias"))
        state = np.tanh(np.concatenate([features[-1], features[0]]) @ w["first/kernel"] + w["first/bias"])
        path: list[int] = []
        logs, looks = [], []
        for place, word in enumerate(features):
            before = w["tags"][path[-1] if path else -1]
            read = [word, before]
            if "energy" in w:
                energies = [
                    np.tanh(state @ w["query/kernel"] + other @ w["key/kernel"] + w["key/bias"])
                    @ w["energy"][:, 0]
                    for other in features
                ]
                looks.append(np.exp(energies) / np.exp(energies).sum())
                read.append(looks[-1] @ features)
            given = np.concatenate(read) @ kernel + bias[0]
            past = state @ recurrent + bias[1]
            z = 1 / (1 + np.exp(-given[:UNITS] - past[:UNITS]))
            r = 1 / (1 + np.exp(-given[UNITS : 2 * UNITS] - past[UNITS : 2 * UNITS]))
            candidate = np.tanh(given[2 * UNITS :] + r * past[2 * UNITS :])
            state = z * state + (1 - z) * candidate
            scores = state @ w["scores/kernel"] + w["scores/bias"]
            logs.append(scores - np.log(np.exp(scores).sum()))
            path.append(choose(place, logs[-1]))
        return path, np.array(logs), np.array(looks)

    def of(self, features: Floats, path: Sequence[int]) -> Floats:
        """The log-probability of each tag given those before it."""
        _, logs, _ = self.run(features, lambda place, _: path[place])
        return logs[np.arange(len(path)), path]

    def loss(self, case: Case) -> float:
        """The mean over words under teacher forcing."""
        losses = [-self.of(features, gold) for features, gold in case.sentences()]
        return float(np.concatenate(losses).mean())


def exported(case: Case) -> Callable[..., dict[str, NDArray[Any]]]:
    """The graph of the decoder alone: features and lengths in, all outputs by name."""
    head, graph = case.head, Graph()
    weights = {weight.path[weight.path.index("head/") :]: weight.numpy() for weight in head.weights}
    features = graph.input("features", "float32", ("batch", "time", DIM))
    writer = GraphHead(head.settings, head.tags, case.legal, DIM, Weights.of_arrays(weights))
    writer.write(graph, features, graph.input("lengths", "int32", ("batch",)))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.finish(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(case: Case) -> dict[str, NDArray[Any]]:
        found = session.run(names, {"features": case.features, "lengths": case.lengths})
        return dict(zip(names, found, strict=True))

    return run


def found_by(case: Case) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """The beams of the batch, by TensorFlow and by ONNX: tags and probabilities, `(batch, time, beam)`."""
    yield tuple(array.numpy() for array in case.head.best(case.features, case.mask))  # type: ignore[misc]
    outputs = exported(case)(case)
    if "beam_tags" in outputs:
        assert (outputs["beam_tags"][:, :, 0] == outputs["tags"])[case.mask].all()
        assert (outputs["beam_probabilities"][:, :, 0] == outputs["probabilities"])[case.mask].all()
        yield outputs["beam_tags"], outputs["beam_probabilities"]
    else:
        yield outputs["tags"][:, :, None], outputs["probabilities"][:, :, None]


# ------------------------------------------------------------------------------------------------------------
# The decoder


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_under_teacher_forcing(seed: int, attention: bool) -> None:
    case = make(seed=seed, attention=attention)
    found = float(case.head.loss(case.features, case.gold, case.mask))
    assert found == pytest.approx(case.decoder().loss(case), rel=1e-5)
    other = case.gold.copy()
    other[0, 0] = (other[0, 0] + 1) % len(BIO)
    logits = [case.head.logits(case.features, tags, case.mask).numpy() for tags in (case.gold, other)]
    assert (logits[0][:, 0] == logits[1][:, 0]).all(), "a tag is not read by its own word"
    assert (logits[0][0, 1] != logits[1][0, 1]).any(), "but by the next one"


def test_the_loss_with_smoothing_and_weights() -> None:
    weights = np.array([0.5, 2, 1, 3], np.float32)
    case = make(smoothing=0.2, tag_weights=weights)
    total = weight = 0.0
    for features, gold in case.sentences():
        _, logs, _ = case.decoder().run(features, lambda place, _, gold=gold: gold[place])
        for tag, row in zip(gold, logs, strict=True):
            total -= weights[tag] * (0.8 * row[tag] + 0.2 * row.mean())
            weight += weights[tag]
    found = float(case.head.loss(case.features, case.gold, case.mask))
    assert found == pytest.approx(total / weight, rel=1e-5)


@pytest.mark.parametrize("attention", [False, True])
def test_the_gradient(attention: bool) -> None:
    """Of each weight, along a random direction; the attention's is written by hand."""
    case = make(attention=attention)
    variables = case.head.trainable_variables
    assert len(variables) == (12 if attention else 8)
    with tf.GradientTape() as tape:
        loss = case.head.loss(case.features, case.gold, case.mask)
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    random = np.random.default_rng(1)
    for variable, gradient in zip(variables, gradients, strict=True):
        direction, small = random.normal(size=variable.shape), 1e-5
        name = variable.path.partition("head/")[2]
        losses = []
        for step in (small, -small):
            moved = case.decoder()
            moved.weights[name] = moved.weights[name] + step * direction
            losses.append(moved.loss(case))
        wanted = (losses[0] - losses[1]) / (2 * small)
        assert float((gradient.numpy() * direction).sum()) == pytest.approx(wanted, rel=1e-3, abs=1e-6), name


def test_where_the_attention_looks() -> None:
    case = make(seed=1, attention=True)
    run = exported(case)
    best = case.head.decode(case.features, case.mask)[0].numpy()
    outputs = run(case)
    for tags, found in (
        (case.gold, case.head.attention(case.features, case.gold, case.mask).numpy()),
        (best, case.head.attention(case.features, best, case.mask).numpy()),
        (best, outputs["head_attention"]),
    ):
        time = case.mask.shape[1]
        assert found.shape == (len(LENGTHS), time, time)
        for row, (features, path) in enumerate(zip(case.sentences(), tags, strict=True)):
            length = len(features[1])
            _, _, looks = case.decoder().run(features[0], lambda place, _, path=path: path[place])
            np.testing.assert_allclose(found[row, :length, :length], looks, atol=1e-5)
            assert not found[row, :, length:].any()
            assert not found[row, length:].any()
    assert looks.std() > 0.05


def test_there_is_no_attention_unless_it_is_asked_for() -> None:
    assert set(exported(make(beam=2))(make())) == {
        "tags", "probabilities", "beam_tags", "beam_probabilities",
    }  # fmt: skip
    assert set(exported(make(beam=1))(make())) == {"tags", "probabilities"}


def test_more_tags_than_it_takes() -> None:
    said = "there are 4,097 tags for a feedback head; expected 4,096 at most"
    with pytest.raises(Error, match=said):
        FeedbackHead(HeadSettings(), 4097, None)
    with pytest.raises(Error, match=said):
        GraphHead(HeadSettings(), 4097, None, DIM, Weights.of_arrays({}))
    FeedbackHead(HeadSettings(), 4096, None)


# ------------------------------------------------------------------------------------------------------------
# Scheduled sampling


def free_loss(case: Case) -> float:
    """The loss of gold tags where the decoder reads its own best tags."""
    losses: list[float] = []
    for features, gold in case.sentences():
        _, logs, _ = case.decoder().run(features, lambda _, row: int(row.argmax()))
        losses += (-logs[np.arange(len(gold)), gold]).tolist()
    return float(np.mean(losses))


def test_the_share_rises_with_the_epochs() -> None:
    head = make(sampling_rate=0.5, sampling_epochs=4).head
    assert float(head.share) == 0
    shares = []
    for epochs in (0.0, 1.0, 2.5, 4.0, 9.0, 1.0):
        head.progress(epochs)
        shares.append(float(head.share))
    assert shares == pytest.approx([0, 0.125, 0.3125, 0.5, 0.5, 0.125])
    head = make(sampling_rate=0.5, sampling_epochs=0).head
    head.progress(0.0)
    assert float(head.share) == 0.5


@pytest.mark.parametrize("attention", [False, True])
def test_from_teacher_forcing_to_free_running(attention: bool) -> None:
    case = make(seed=2, scale=2.0, attention=attention, sampling_rate=1.0, sampling_epochs=2)
    arguments = (case.features, case.gold, case.mask)
    forced, free = case.decoder().loss(case), free_loss(case)
    assert abs(forced - free) > 0.05
    assert float(case.head.loss(*arguments, training=True)) == pytest.approx(forced, rel=1e-5)
    case.head.progress(2)
    assert float(case.head.loss(*arguments, training=True)) == pytest.approx(free, rel=1e-5)
    assert float(case.head.loss(*arguments)) == pytest.approx(forced, rel=1e-5), "in training only"
    case.head.progress(1)
    losses = {float(case.head.loss(*arguments, training=True)) for _ in range(8)}
    assert len(losses) > 2
    never = make(seed=2, scale=2.0, attention=attention, sampling_rate=0.0)
    never.head.progress(100)
    assert float(never.head.loss(*arguments, training=True)) == pytest.approx(forced, rel=1e-5)


def test_the_share_is_the_share_of_words() -> None:
    """And every word draws for itself, whatever its sentence."""
    case = make(lengths=(50,) * 40, sampling_rate=0.3, sampling_epochs=0)
    case.head.progress(0)
    own = case.head.draw(case.mask).numpy()
    assert own.shape == case.mask.shape
    assert abs(own.mean() - 0.3) < 0.05
    assert own.mean(axis=0).std() > 0.01
    assert own.mean(axis=1).std() > 0.01
    assert (case.head.draw(case.mask).numpy() != own).any(), "each step draws for itself"


def test_the_same_seed_draws_the_same() -> None:
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        case = make(sampling_rate=0.5, sampling_epochs=0)
        case.head.progress(0)
        found.append(
            [float(case.head.loss(case.features, case.gold, case.mask, training=True)) for _ in range(3)]
        )
    assert found[0] == found[1] != found[2]


# ------------------------------------------------------------------------------------------------------------
# The search


def by_hand(case: Case, features: Floats, width: int) -> list[tuple[tuple[int, ...], Floats]]:
    """Beam search with lists: the beginnings that can still end legally, the most probable ones first."""
    decoder, length = case.decoder(), len(features)
    tags = range(case.head.tags)
    legal = [path for path in product(tags, repeat=length) if case.is_legal(path)]
    kept: list[tuple[int, ...]] = [()]
    for place in range(length):
        possible = {path[: place + 1] for path in legal}
        longer = [(*path, tag) for path in kept for tag in tags if (*path, tag) in possible]
        rest = [0] * (length - place - 1)  # any tags: those to come change nothing
        totals = {path: decoder.of(features, [*path, *rest])[: place + 1].sum() for path in longer}
        kept = sorted(longer, key=totals.__getitem__, reverse=True)[:width]
    return [(path, np.exp(decoder.of(features, path))) for path in kept]


def assert_found(
    case: Case, width: int, wanted: Callable[[Floats], list[tuple[tuple[int, ...], Floats]]]
) -> None:
    best = [wanted(features) for features, _ in case.sentences()]
    for tags, probabilities in found_by(case):
        assert tags.shape == probabilities.shape == (*case.mask.shape, width)
        for row, (length, sequences) in enumerate(zip(case.lengths, best, strict=True)):
            for place, (path, expected) in enumerate(sequences):
                assert tags[row, :length, place].tolist() == list(path)
                np.testing.assert_allclose(probabilities[row, :length, place], expected, atol=1e-5)
            assert not probabilities[row, :length, len(sequences) :].any()


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("tags", [BIO, BIOES, None])
def test_a_beam_that_holds_all_sequences_finds_the_best(tags: Sequence[str] | None, attention: bool) -> None:
    """All legal sequences, one by one, best first, and nothing else."""
    width = len(tags or BIO) ** 3
    for seed in range(2):
        case = make(tags, seed, (3, 1, 2), beam=width, attention=attention)

        def every(features: Floats, case: Case = case) -> list[tuple[tuple[int, ...], Floats]]:
            paths = [p for p in product(range(case.head.tags), repeat=len(features)) if case.is_legal(p)]
            decoder = case.decoder()
            of = {path: np.exp(decoder.of(features, path)) for path in paths}
            return sorted(of.items(), key=lambda item: -item[1].prod())

        assert_found(case, width, every)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("tags", [BIO, BIOES, None])
def test_a_narrow_beam_keeps_the_best_beginnings(tags: Sequence[str] | None, width: int) -> None:
    """With one it is greedy: the best tag that can go on, word by word."""
    for seed in range(3):
        case = make(tags, seed, beam=width)
        assert_found(case, width, lambda features, case=case: by_hand(case, features, width))
        if width == 1 and tags is None:
            for features, _ in case.sentences():
                greedy, _, _ = case.decoder().run(features, lambda _, row: int(row.argmax()))
                assert greedy == list(by_hand(case, features, 1)[0][0])


def test_a_wider_beam_finds_more_probable_sequences() -> None:
    """Else there would be no need of one, and the tests above could not tell."""
    gained = 0
    for seed in range(8):
        totals = []
        for width in (1, 4**4):
            case = make(None, seed, (4,) * 4, scale=2.0, beam=width)
            _, probabilities = case.head.best(case.features, case.mask)
            totals.append(probabilities.numpy()[:, :4, 0].prod(axis=1))
        assert (totals[1] > totals[0] - 1e-6).all()
        gained += int((totals[1] > totals[0] + 1e-4).sum())
    assert gained > 2


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("tags", [BIO, BIOES])
def test_what_is_forbidden_never_comes_out(tags: Sequence[str], width: int) -> None:
    """However much speaks for it: for a tag that cannot start, or cannot stand at the end."""
    lengths = (7, 1, 2, 3, 5, 1, 4)
    for liked in range(1, len(tags)):
        case = make(tags, liked, lengths, scale=2.0, beam=width)
        bias = np.zeros(len(tags))
        bias[liked] = 30
        case.head.dense.bias.assign(bias)
        for found, probabilities in found_by(case):
            for row, length in enumerate(lengths):
                for place in range(width):
                    path = found[row, :length, place].tolist()
                    assert case.is_legal(path) or (place > 0 and not probabilities[row, :length, place].any())


def test_rules() -> None:
    found = rules(legal_of(BIOES), 5)
    never = np.float32(NEVER)
    assert found.tags == 5
    assert found.following.dtype == found.ending.dtype == np.float32
    assert found.following[-1].tolist() == [0, 0, never, never, 0]  # a sentence starts with O, B or S
    assert found.following[1].tolist() == [never, never, 0, 0, never]  # after B come I and E
    assert found.ending.tolist() == [[0, never, never, 0, 0], [0] * 5]  # the last word ends no B and no I
    everything = rules(None, 3)
    assert not everything.following.any()
    assert everything.ending.shape == (1, 3)


def test_an_end_that_is_two_words_away() -> None:
    """A tag from which the end takes more than one step is left in time."""
    follows = np.array(
        [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]], bool
    )  # 0 -> 1 -> 2 -> 3 -> 0
    legal = Legal(np.array([1, 1, 0, 0], bool), follows, np.array([1, 0, 0, 0], bool))
    ending = rules(legal, 4).ending == 0
    assert ending.tolist() == [[1, 0, 0, 0], [1, 0, 0, 1], [1, 0, 1, 1], [1, 1, 1, 1]]
    case = replace(make(None, 0, (1, 2, 3, 4, 6), beam=1), legal=legal)
    case.head.rules = rules(legal, 4)
    case.head.dense.bias.assign([0, 30, 0, 0])
    wanted = [[0], [0, 0], [0, 0, 0], [1, 2, 3, 0], [1, 2, 3, 0, 0, 0]]
    for tags, _ in found_by(case):
        assert [row[:length, 0].tolist() for row, length in zip(tags, case.lengths, strict=True)] == wanted


def test_a_scheme_that_never_settles_is_refused() -> None:
    legal = Legal(np.ones(2, bool), np.array([[0, 1], [1, 0]], bool), np.array([1, 0], bool))
    with pytest.raises(ValueError, match="no number of words is enough"):
        rules(legal, 2)


def test_a_long_sentence() -> None:
    case = make(BIO, 0, (500,), beam=3)
    signature = [tf.TensorSpec((None, None, DIM)), tf.TensorSpec((None, None), tf.bool)]
    tags, probabilities = (
        array.numpy()[0, :500]
        for array in tf.function(case.head.best, autograph=False, input_signature=signature)(
            case.features, case.mask
        )
    )
    outputs = exported(case)(case)
    np.testing.assert_array_equal(tags, outputs["beam_tags"][0, :500])
    np.testing.assert_allclose(probabilities, outputs["beam_probabilities"][0, :500], atol=1e-5)
    (features, _) = next(case.sentences())
    exact = [case.decoder().of(features, tags[:, place]) for place in range(3)]
    np.testing.assert_allclose(probabilities, np.exp(exact).T, atol=1e-5)
    totals = [logs.sum() for logs in exact]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("width", [1, 3])
def test_a_long_sentence_keeps_its_digits(width: int) -> None:
    """A total over 3000 words passes 100,000, where float32 has two digits left behind the point; the tags of each word
    differ by 0.001, and the best sequence is the best tag of each.
    """
    logs = np.random.default_rng(0).permuted(np.tile([-60, -60.001, -60.002], (3000, 1)), axis=1)
    logs = logs.astype(np.float32)[:, None]  # (time, batch, tags)
    everything, state = rules(None, 3), np.zeros((1, 1), np.float32)
    run = tf.function(
        lambda inputs: beam.search(
            lambda states, _, now: (states, tf.tile(now[:, None], [1, width, 1])),
            state, inputs, tf.ones((1, 3000), tf.bool), everything, width,
        )
    )  # fmt: skip
    graph = Graph()
    inputs, lengths = (
        graph.input("inputs", "float32", ("time", "batch", 3)),
        graph.input("lengths", "int32", ("batch",)),
    )

    def step(states: str, previous: str, now: str) -> tuple[str, str]:
        wide = graph.node("Unsqueeze", now, graph.integers(1))
        return states, graph.node("Expand", wide, graph.integers(1, width, 3))

    tags, _ = write_search(graph, step, graph.constant(state), inputs, lengths, everything, width)
    graph.output(tags, outputs.BEAM_TAGS, beam=width)
    session = onnxruntime.InferenceSession(graph.finish(), providers=["CPUExecutionProvider"])
    by_onnx = session.run(None, {"inputs": logs, "lengths": np.array([3000], np.int32)})[0]
    for found in (run(logs)[0].numpy(), by_onnx):
        np.testing.assert_array_equal(found[0, :, 0], logs[:, 0].argmax(axis=1))


def test_the_configuration_reaches_the_head() -> None:
    values = {"head.units": 7, "head.tag_dim": 5, "head.beam": 3, "training.label_smoothing": 0.1}
    config = merge({path: (value, "test") for path, value in values.items()})
    head = FeedbackHead.from_config(config, 4, legal_of(BIO), np.array([9, 3, 1, 0]))
    head.build((None, None, DIM))
    assert head.cell.recurrent_kernel.shape == (7, 21)
    assert head.table.shape == (5, 5)
    assert (head.settings.beam, head.smoothing, head.tag_weights) == (3, 0.1, None)
