"""Words for gaps: where they are, and what is listed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.tokenizers import Tokenizer
from seqtag.corpora.units import Units
from seqtag.support.errors import UsageError
from seqtag.tasks.language.filling import fill, gapped


class Fixed:
    """A model that says the same of every gap, and keeps what it was asked."""

    words = ("<s>", "a", "</s>", "b", "<unk>", "c", "d")

    def __init__(self, unit: str = "word", tokenizer: str = "whitespace") -> None:
        self.units = Units(unit, Tokenizer(tokenizer))
        self.asked: list[tuple[list[str], list[str]]] = []

    def gap(self, left: Sequence[str], right: Sequence[str]) -> Any:
        self.asked.append(([*left], [*right]))
        return np.array([0, 0.2, 0, 0.1, 0.4, 0.3, 0])


def test_words_by_probability() -> None:
    model: Any = Fixed()
    (found,) = fill(model, "x ___ y", 10)
    assert (found.place, found.words, found.probabilities) == (1, ("c", "a", "b"), (0.3, 0.2, 0.1))
    assert model.asked == [(["x"], ["y"])]
    (found,) = fill(model, "x ___ y", 2)
    assert found.to_json() == {
        "token": 1,
        "words": [{"word": "c", "probability": 0.3}, {"word": "a", "probability": 0.2}],
    }


def test_other_gaps_are_unknown_words() -> None:
    model: Any = Fixed()
    assert [filling.place for filling in fill(model, "___ x ____", 1)] == [0, 2]
    assert model.asked == [([], ["x", "<unk>"]), (["<unk>", "x"], [])]


@pytest.mark.parametrize(
    ("unit", "tokenizer", "text", "tokens"),
    [
        ("word", "whitespace", "The ___ was", ["The", None, "was"]),
        ("word", "whitespace", "___", [None]),
        ("word", "whitespace", "re___s, __ _____", ["re", None, "s,", "__", None]),
        ("word", "word", "The ___.", ["The", None, "."]),
        ("character", "whitespace", "a ___ b___", ["a", "\u2581", None, "\u2581", "b", None]),
    ],
)
def test_where_gaps_are(unit: str, tokenizer: str, text: str, tokens: list[str | None]) -> None:
    model: Any = Fixed(unit, tokenizer)
    assert list(gapped(model, text)) == tokens


def test_no_gap() -> None:
    model: Any = Fixed()
    with pytest.raises(UsageError, match=r"the text has no gap; expected ___ in it\. Received: 'x __ y'"):
        list(fill(model, "x __ y", 1))
