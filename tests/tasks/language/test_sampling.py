"""Words drawn from a distribution."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.support.errors import Error
from seqtag.tasks.language import sampling
from seqtag.tasks.language.base import BatchModel, load
from seqtag.tasks.language.sampling import Sampling, draw, generate

CHANCES = np.array([0.1, 0.4, 0.0, 0.2, 0.3])


def shares(**settings: Any) -> dict[int, float]:
    """How often each place is drawn."""
    random = np.random.default_rng(1)
    found = Counter(draw(CHANCES.copy(), Sampling(**settings), random) for _ in range(20_000))
    return {place: count / 20_000 for place, count in found.items()}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {0: 0.1, 1: 0.4, 3: 0.2, 4: 0.3}),
        ({"temperature": 0.5}, {0: 0.01 / 0.3, 1: 0.16 / 0.3, 3: 0.04 / 0.3, 4: 0.09 / 0.3}),
        ({"temperature": 0}, {1: 1.0}),
        ({"top_k": 2}, {1: 4 / 7, 4: 3 / 7}),
        ({"top_k": 100}, {0: 0.1, 1: 0.4, 3: 0.2, 4: 0.3}),
        ({"top_p": 0.6}, {1: 4 / 7, 4: 3 / 7}),
        ({"top_p": 0.39}, {1: 1.0}),
        ({"top_k": 3, "top_p": 0.5}, {1: 4 / 7, 4: 3 / 7}),  # of the three, 4/9 and 7/9
        ({"temperature": 1e-3}, {1: 1.0}),
    ],
)
def test_shares(settings: dict[str, Any], expected: dict[int, float]) -> None:
    found = shares(**settings)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=0.015)


def test_scores_need_not_sum_to_one() -> None:
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    for settings in (Sampling(), Sampling(top_p=0.7), Sampling(top_k=2)):
        drawn = [draw(CHANCES * 5, settings, first) for _ in range(50)]
        assert drawn == [draw(CHANCES, settings, second) for _ in range(50)]


class TestSideBySide:
    """Sentences of a model that continues several at once."""

    model: Any = load(Path(__file__).parents[2] / "golden" / "models" / "recurrent_language_model_1")

    def drawn(self, count: int, prompt: tuple[str, ...] = (), **settings: Any) -> list[list[str]]:
        return list(generate(self.model, count, Sampling(longest=12, **settings), prompt))

    def test_it_is_such_a_model(self) -> None:
        assert isinstance(self.model, BatchModel)

    def test_a_sentence_does_not_depend_on_its_neighbours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        every = self.drawn(40)
        assert len({*map(tuple, every)}) > 10
        assert "<unk>" not in {word for sentence in every for word in sentence}
        assert self.drawn(3) == every[:3]
        monkeypatch.setattr(sampling, "TOGETHER", 7)
        assert self.drawn(40) == every
        monkeypatch.setattr(sampling, "ROOM", 1)
        assert self.drawn(5) == every[:5]
        assert self.drawn(3, seed=1) != every[:3]

    def test_words_follow_the_prompt_as_they_are_probable(self) -> None:
        counts = Counter(sentence[1] if sentence[1:] else "</s>" for sentence in self.drawn(3000, ("Ana",)))
        chances = self.model.continuation(["Ana"])
        chances[self.model.words.index("<unk>")] = 0
        for word, chance in zip(self.model.words, chances / chances.sum(), strict=True):
            assert counts[word] / 3000 == pytest.approx(chance, abs=0.03)

    def test_the_most_probable_words(self) -> None:
        tokens = ["Bo"]
        while len(tokens) < 12:
            chances = self.model.continuation(tokens)
            chances[self.model.words.index("<unk>")] = 0
            if self.model.words[chances.argmax()] == "</s>":
                break
            tokens.append(self.model.words[chances.argmax()])
        assert self.drawn(2, ("Bo",), temperature=0) == [tokens, tokens]

    def test_limits(self) -> None:
        assert max(map(len, self.drawn(200))) == 12
        assert self.drawn(2, ("Bo",) * 13) == [["Bo"] * 13] * 2
        assert self.drawn(0) == []

    def test_no_word_is_possible(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nothing(model: Any, beginnings: Any) -> Any:
            return np.zeros((len(beginnings), len(model.words)))

        monkeypatch.setattr(type(self.model), "continuations", nothing)
        with pytest.raises(Error, match="after 'Bo' every word has the probability 0"):
            self.drawn(2, ("Bo",))
