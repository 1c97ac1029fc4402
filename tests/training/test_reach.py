"""Which sentences and words are looked at for the reach of gradients, and what their norms come to."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.reading import Corpus, Sentence
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.tagger import SentenceTagger
from seqtag.network import gradients as model
from seqtag.network.gradients import Profile
from seqtag.tasks.tagging.reach import draw
from seqtag.training.activity import Activity
from seqtag.training.reach import Fit, LayerReach, Sample


@pytest.fixture(scope="module")
def vocabulary(spans: Any) -> Vocabulary:
    """That of a corpus in BIO, learnt as BIOES."""
    return SentenceTagger.load(spans.folder).vocabulary


def corpus(*lengths: int, tag: str = "O") -> Corpus:
    """Sentences of so many words, told apart by their first."""
    made = [
        Sentence((f"w{number}", *["x"] * (length - 1)), (tag,) * length)
        for number, length in enumerate(lengths)
    ]
    return Corpus("x.conll", tuple(made))


def drawn(
    given: Corpus, vocabulary: Vocabulary, count: int = 99, longest: int = 99, **more: Any
) -> Sample[Sentence]:
    return draw(given, vocabulary, longest, count, np.random.default_rng(1), **more)


class TestDraw:
    def test_steps_are_those_that_one_in_ten_allows(self, vocabulary: Vocabulary) -> None:
        sample = drawn(corpus(*range(1, 21)), vocabulary)  # the third longest has 18 words
        assert (sample.steps, sample.long_enough, sample.longest) == (17, 3, 20)
        assert [len(sentence) for sentence in sample.examples] == [18, 19, 20]
        assert drawn(corpus(1, 1, 2), vocabulary).steps == 2, "at least"
        assert drawn(corpus(*[60] * 10), vocabulary).steps == 30, "at most"

    def test_steps_that_are_given(self, vocabulary: Vocabulary) -> None:
        sample = drawn(corpus(4, 3, 5), vocabulary, steps=3)
        assert [len(sentence) for sentence in sample.examples] == [4, 5], "more words than steps"
        none = drawn(corpus(4, 3, 5), vocabulary, steps=5)
        assert (none.examples, none.long_enough, none.longest) == ([], 0, 5)

    def test_some_in_the_order_of_the_file(self, vocabulary: Vocabulary) -> None:
        given = corpus(*[5] * 50)
        sample = drawn(given, vocabulary, 10)
        places = [int(sentence.tokens[0][1:]) for sentence in sample.examples]
        assert places == sorted(set(places))
        assert places != list(range(10)), "drawn"
        assert sample.long_enough == 50
        other = draw(given, vocabulary, 99, 10, np.random.default_rng(2))
        assert [int(sentence.tokens[0][1:]) for sentence in other.examples] != places

    def test_long_ones_are_cut(self, vocabulary: Vocabulary) -> None:
        sample = drawn(corpus(50, 7), vocabulary, longest=8)
        assert [len(sentence) for sentence in sample.examples] == [8]
        assert len(sample.examples[0].tags or ()) == 8
        assert sample.longest == 8

    def test_tags_of_the_training_scheme_and_none_that_is_unknown(self, vocabulary: Vocabulary) -> None:
        tags = ("B-PER", "I-PER", "O", "B-LOC")
        known = Sentence(("a", "b", "c", "d"), tags, columns=(("1", "2", "3", "4"),))
        unknown = Sentence(("a", "b", "c", "d"), ("B-PRIZE", "O", "O", "O"))
        sample = drawn(Corpus("x", (known, unknown)), vocabulary, steps=2)
        (one,) = sample.examples
        assert one.tags == ("B-PER", "E-PER", "O", "S-LOC")
        assert one.columns == known.columns


def test_what_is_measured(vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of each sentence that has enough before it; means over sentences; gates at words alone."""
    sample = drawn(corpus(*[4] * 30, 6), vocabulary, steps=3)
    lengths = np.array([4] * 30 + [6])
    seen: dict[str, Any] = {}

    def profile(trace: Any, places: Any, steps: int, random: Any) -> Profile:
        seen[trace.direction] = places
        norms = np.array([[1.0, 0.5, 0.2, 0.1]] * 30 + [[1.0, 32.0, 0.2, 0.1]])
        return Profile(2 * norms, norms)

    def traces(network: Any, inputs: Any, tags: Any) -> list[Any]:
        assert inputs["lengths"].tolist() == lengths.tolist()
        assert tags.shape == (31, 6)
        assert (tags[:, :4] == vocabulary.tags.index("O")).all()
        return [
            SimpleNamespace(layer=1, direction=name, cell=None, activation="tanh")
            for name in ("forward", "backward")
        ]

    inside = np.arange(6) < lengths[:, None]
    gate = np.where(inside[..., None], 0.5, 0.99) * np.ones(3)
    monkeypatch.setattr(model, "traces", traces)
    monkeypatch.setattr(model, "profile", profile)
    monkeypatch.setattr(model, "kernels", lambda cell: {"recurrent": np.diag([2.0, -3.0])})
    monkeypatch.setattr(model, "gates", lambda trace: {"update": gate, "reset": gate, "forget": gate})
    monkeypatch.setattr(model, "activations", lambda trace: (gate, 2 * gate - 0.5))  # 0.5 on words
    network: Any = None
    found = sample.measured(network, np.random.default_rng(3))
    assert [(layer.number, layer.direction) for layer in found] == [(1, "forward"), (1, "backward")]
    for places in seen.values():
        assert ((places >= 3) & (places < lengths)).all()
    for layer in found:
        np.testing.assert_allclose(layer.jacobians, [1, (30 * 0.5 + 32) / 31, 0.2, 0.1])
        np.testing.assert_allclose(layer.errors, 2 * np.array(layer.jacobians))
        kernel = layer.kernels["recurrent"]
        assert (kernel.radius, kernel.largest) == (pytest.approx(3), pytest.approx(3))
        assert {name: gate.mean for name, gate in layer.gates.items()} == dict.fromkeys(layer.gates, 0.5)
        lives = {name: gate.half_life for name, gate in layer.gates.items()}
        assert lives == {"update": pytest.approx(1), "forget": pytest.approx(1), "reset": None}
        assert layer.activity == Activity("tanh", idle=0, saturated=0, mean=0.5, shift=0.5, deviation=0)


def test_every_word_with_enough_before_it_is_drawn(
    vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the last one."""
    drawn_places: set[int] = set()

    def profile(trace: Any, places: Any, steps: int, random: Any) -> Profile:
        drawn_places.update(places.tolist())
        return Profile(np.ones((len(places), steps + 1)), np.ones((len(places), steps + 1)))

    monkeypatch.setattr(
        model,
        "traces",
        lambda *_: [SimpleNamespace(layer=1, direction="forward", cell=None, activation="linear")],
    )
    monkeypatch.setattr(model, "profile", profile)
    monkeypatch.setattr(model, "kernels", lambda cell: {})
    monkeypatch.setattr(model, "gates", lambda trace: {})
    monkeypatch.setattr(model, "activations", lambda trace: (np.zeros((40, 6, 1)), np.zeros((40, 6, 1))))
    sample = drawn(corpus(*[6] * 40), vocabulary, steps=3)
    network: Any = None
    sample.measured(network, np.random.default_rng(3))
    assert drawn_places == {3, 4, 5}


def test_what_overflowed_is_seen() -> None:
    for bad in (float("inf"), float("nan")):
        assert not LayerReach(1, "forward", [1.0, bad], [1.0, 1.0], {}, {}).finite
        assert not LayerReach(1, "forward", [1.0, 1.0], [1.0, bad], {}, {}).finite
    assert LayerReach(1, "forward", [1.0, 1e300], [1.0, 0.0], {}, {}).finite


def test_where_more_than_one_percent_is_left_it_is_lost_later() -> None:
    """Although the fit, here of a fall that slows down, would have it lost before."""
    norms = [1.0, 0.05, 0.03, 0.02, 0.0143]
    assert Fit.of(norms).memory == 5
    assert Fit.of([*norms, 0.0099]).memory == 5


def test_one_percent_is_of_what_was_there() -> None:
    """Where it was not 1, measured and as the fit goes on."""
    for scale in (1.0, 50.0, 0.02):
        assert Fit.of([scale * 0.5**k for k in range(9)]).memory == 7
        assert Fit.of([scale * 0.5**k for k in range(5)]).memory == 7
