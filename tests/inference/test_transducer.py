"""The search for targets: against all targets that there are, symbol by symbol, and in any company."""

import itertools
from typing import Any

import numpy as np
import pytest

from seqtag.graph.transducer import TransducerGraphs, TransducerPlan
from seqtag.graph.weights import Floats, Weights
from seqtag.inference import transducer
from seqtag.inference.transducer import Beams, Hypothesis, Search, TransducerSession
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.settings.transduction import TRANSDUCTION
from seqtag.support.errors import ModelError

SYMBOLS = 4
SOURCES = [np.array(source, np.int32) for source in ([2, 3, 0], [4, 0], [3, 3, 2, 4, 0], [0])]


class RandomWeights(Weights):
    """Weights of any path and shape."""

    def __init__(self, seed: int) -> None:
        super().__init__({}, lambda path: np.zeros(1, np.float32))
        self.random = np.random.default_rng(seed)

    def take(self, path: str, shape: tuple[int, ...]) -> Floats:
        return self.random.normal(0, 1.5, shape).astype(np.float32)


def session_of(seed: int = 1, spoilt: bool = False, **settings: Any) -> TransducerSession:
    small = {
        "embeddings.word.dim": 3,
        "encoder.units": 3,
        "decoder.units": 4,
        "decoder.dim": 3,
        "decoder.copy": "no",
    }
    layer = small | {path.replace("__", "."): value for path, value in settings.items()}
    config = for_corpus(merge_into(TRANSDUCTION, {path: (value, "test") for path, value in layer.items()}))
    plan = TransducerPlan(config, 5, SYMBOLS, np.array([1, 1, 2, 3, 1], np.int32))
    graphs = TransducerGraphs(plan, RandomWeights(seed))
    if spoilt:
        graphs.arrays["scores/bias"] = np.full(SYMBOLS, np.nan, np.float32)
    return TransducerSession(graphs.reader(), graphs.step(), threads=1)


@pytest.fixture(scope="module", params=["bahdanau", "luong", "none"])
def session(request: pytest.FixtureRequest) -> TransducerSession:
    return session_of(decoder__attention=request.param)


def every(session: TransducerSession, source: Any, longest: int) -> dict[tuple[int, ...], float]:
    """The log-probability of each target of at most so many symbols."""
    symbols = range(1, SYMBOLS)
    targets = [one for length in range(longest + 1) for one in itertools.product(symbols, repeat=length)]
    logs, _ = session.follow([source] * len(targets), [np.array(one, np.int32) for one in targets])
    return dict(zip(targets, logs.sum(axis=1).tolist(), strict=True))


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_targets(session: TransducerSession, penalty: float) -> None:
    search = Search(beam=64, penalty=penalty, factor=0.1, more=2)  # three symbols at most
    found = session.search(SOURCES, search, 8)
    for source, answers in zip(SOURCES, found, strict=True):
        totals = every(session, source, 2)
        ended = [answer for answer in answers if answer.complete]
        assert {one.symbols for one in ended} <= totals.keys()
        scores = {one: total / search.divisor(len(one) + 1) for one, total in totals.items()}
        best = max(scores, key=scores.__getitem__)
        assert ended[0].symbols == best
        for one in ended:
            assert one.log_probability == pytest.approx(totals[one.symbols], abs=1e-4)
            assert one.score == pytest.approx(scores[one.symbols], abs=1e-4)
        assert [one.score for one in ended] == sorted((one.score for one in ended), reverse=True)


def test_a_beam_of_one_takes_the_best_symbol_each_time(session: TransducerSession) -> None:
    for source, (answer,) in zip(SOURCES, session.search(SOURCES, Search(1, 0.0, 1.0, 3)), strict=True):
        limit, written = len(source) + 3, ()  # type: int, tuple[int, ...]
        while len(written) < limit:
            options = [(*written, symbol) for symbol in range(1, SYMBOLS)]
            logs, _ = session.follow([source] * 3, [np.array(one, np.int32) for one in options])
            ends, _ = session.follow([source], [np.array(written, np.int32)])
            at = len(written)
            if ends[0, at] >= logs[:, at].max():
                break
            written = options[int(logs[:, at].argmax())]
        assert answer.symbols == written
        assert answer.complete == (len(written) < limit)


def test_a_source_is_answered_alike_in_any_company(
    session: TransducerSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Search(3, 0.6, 1.5, 4)

    def close(one: list[list[Hypothesis]], other: list[list[Hypothesis]]) -> None:
        assert [[each.symbols for each in row] for row in one] == [
            [each.symbols for each in row] for row in other
        ]
        logs = [[each.log_probability for row in rows for each in row] for rows in (one, other)]
        np.testing.assert_allclose(*logs, atol=1e-4)

    together = session.search(SOURCES, search, 3)
    close(together, [session.search([source], search, 3)[0] for source in SOURCES])
    close(together, session.search(SOURCES[::-1], search, 3)[::-1])
    monkeypatch.setattr(transducer, "TOKEN_BUDGET", 4)
    session._threads = 3
    close(together, session.search(SOURCES, search, 3))
    session._threads = 1


def test_a_target_is_cut_at_the_limit_and_says_so() -> None:
    search = Search(2, 0.0, 2.0, 1)
    assert search.limits(np.array([3, 1])).tolist() == [7, 3]
    beams = Beams(search, np.array([2, 5]), 2)
    logs = np.log(np.full((2, 1, 3), [0.01, 0.59, 0.4]))
    left, _ = beams.advance(logs)
    assert left.tolist() == [0, 1]
    left, _ = beams.advance(np.log(np.full((2, 2, 3), [0.01, 0.59, 0.4])))
    assert left.tolist() == [1]
    cut, _ = beams.results()
    assert [one.symbols for one in cut] == [(1, 1), (1, 2)]
    assert [one.complete for one in cut] == [False, False]
    assert cut[0].log_probability == pytest.approx(2 * np.log(0.59))


def test_a_longer_target_wins_with_a_length_penalty() -> None:
    """The end at once has 0.3; the two symbols and the end have 0.7 * 0.6 * 0.6 = 0.252."""

    def best(penalty: float) -> Hypothesis:
        beams = Beams(Search(3, penalty), np.array([9]), 1)
        steps = [[0.3, 0.7], [0.4, 0.6], [0.6, 0.4], [0.99, 0.01]]
        for step in steps:
            if not len(beams.rows):
                break
            beams.advance(np.log(np.tile(step, (1, beams.previous.shape[1], 1))))
        return beams.results()[0][0]

    assert best(0.0).symbols == ()
    assert best(0.0).log_probability == pytest.approx(np.log(0.3))
    assert best(1.0).symbols == (1, 1)
    assert best(1.0).score == pytest.approx(np.log(0.7 * 0.6 * 0.6) / (8 / 6))


def test_probabilities_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelError, match=r"the model: the network gave probabilities that are not finite"):
        session_of(spoilt=True).search(SOURCES, Search())


def test_what_is_certain_is_not_searched_for_again() -> None:
    """A target is certain if its score is above that of one target with all the rest, of the longest length."""
    search = Search(5, 1.0)
    sure, unsure = (Hypothesis((1,), np.log(p), np.log(p) / search.divisor(2), True) for p in (0.7, 0.6))
    assert search.is_best(sure, 9)  # log 0.7 / (7 / 6) = -0.306 and log 0.3 / (14 / 6) = -0.516
    assert not search.is_best(unsure, 9)  # -0.438 and log 0.4 / (14 / 6) = -0.393
    assert search.is_best(unsure, 2)
    assert not search.is_best(Hypothesis((1,), np.log(0.99), np.log(0.99), False), 9)
    assert search.is_best(Hypothesis((1,), 0.0, 0.0, True), 9)


def test_one_answer_is_the_first_of_several(session: TransducerSession) -> None:
    search = Search(64, 0.6, 0.1, 2)  # wide enough to find all
    several = session.search(SOURCES, search, 8)
    for (one,), (first, *_) in zip(session.search(SOURCES, search), several, strict=True):
        assert one.symbols == first.symbols


def test_a_beginning_goes_on_as_long_as_it_may_win() -> None:
    """An end at once scores log 0.5 = -0.693; log 0.45 = -0.799 is worse, but -0.684 at the length of two."""
    beams = Beams(Search(2, 1.0), np.array([9]), 1)
    left, _ = beams.advance(np.log([[[0.5, 0.45, 0.05]]]))
    assert left.tolist() == [0]
    left, _ = beams.advance(np.log([[[0.999, 0.0005, 0.0005]] * 2]))
    assert left.tolist() == []
    assert beams.results()[0][0].symbols == (1,)


def test_what_ended_comes_before_what_was_cut() -> None:
    beams = Beams(Search(2, 0.0), np.array([2]), 2)
    beams.advance(np.log([[[0.3, 0.6, 0.1]]]))
    beams.advance(np.log([[[0.01, 0.9, 0.09]] * 2]))
    found = beams.results()[0]
    assert [(one.symbols, one.complete) for one in found] == [((), True), ((1, 1), False)]
    assert found[1].score > found[0].score
