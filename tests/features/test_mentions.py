"""Which places of a batch hold the same word."""

from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.mentions import MentionIndexer
from seqtag.settings.merging import merge


def config(**settings: Any) -> Any:
    return merge({f"encoder.{name}": (value, "test") for name, value in settings.items()})


def numbers(*sentences: str, windows: list[int] | None = None, common: tuple[str, ...] = ()) -> list[Any]:
    indexer = MentionIndexer(common, 10)
    rows = [indexer.index(Sentence(tuple(sentence.split()))) for sentence in sentences]
    found = indexer.collate(rows, max(map(len, rows)) + 1, None, windows)["mentions"]
    assert found.dtype == np.int32
    return found.tolist()


def test_words_are_found_again_in_their_window() -> None:
    sentences = ("Oslo won in oslo", "Oslo lost", "Ana won")
    assert numbers(*sentences) == [[1, 0, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert numbers(*sentences, windows=[1, 2]) == numbers(*sentences)
    assert numbers(*sentences, windows=[2, 1]) == [[1, 0, 0, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert numbers(*sentences, windows=[3]) == [[1, 2, 0, 1, 0], [1, 0, 0, 0, 0], [0, 2, 0, 0, 0]]


def test_windows_share_no_number() -> None:
    assert numbers("a a", "a a", windows=[1, 1]) == [[1, 1, 0], [2, 2, 0]]


def test_signs_and_common_words_are_no_mentions() -> None:
    assert numbers("The the . . B2 b2", common=("the",)) == [[0, 0, 0, 0, 1, 1, 0]]


def test_common_words_are_those_of_the_training_file() -> None:
    """More than one token in 500, and more than ten times."""
    assert MentionIndexer.fit([], config(), Resources()) is None
    words = ("The",) * 6 + ("the",) * 5 + ("of",) * 10
    chosen = config(attention="mentions", context=300)
    fitted = MentionIndexer.fit([Sentence(words)], chosen, Resources())
    assert fitted is not None
    assert (fitted.common, fitted.context) == ({"the"}, 300)
    longer = Sentence((*words, *map(str, range(6000))))
    rarer = MentionIndexer.fit([longer], chosen, Resources())
    assert rarer is not None
    assert not rarer.common


def test_they_come_back_from_json() -> None:
    indexer = MentionIndexer(["the", "of"], 300)
    same = MentionIndexer.from_json(indexer.to_json(), Resources())
    assert same.to_json() == indexer.to_json() == {"common": ["of", "the"], "context": 300}
    for wrong in (
        {"common": "the", "context": 0},
        {"common": [1], "context": 0},
        {"common": [], "context": -1},
    ):
        with pytest.raises(ValueError, match="its co"):
            MentionIndexer.from_json(wrong, Resources())


def test_a_vocabulary_fits_its_settings() -> None:
    indexer = MentionIndexer([], 300)
    assert indexer.fits(config(attention="mentions", context=300).encoder)
    assert not indexer.fits(config(attention="mentions", context=200).encoder)
    assert not indexer.fits(config(attention="self").encoder)
