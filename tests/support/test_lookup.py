"""A value once a text, and never more of them than there is room for."""

import pytest

from seqtag.support import lookup
from seqtag.support.lookup import LONGEST, Lookup


def test_each_text_is_looked_up_once() -> None:
    asked: list[str] = []
    found = Lookup(lambda text: asked.append(text) or len(asked))
    assert [found[text] for text in ("a", "b", "a", "b", "c")] == [1, 2, 1, 2, 3]
    assert asked == ["a", "b", "c"]


def test_it_never_grows_beyond_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST", 5)
    found = Lookup(str.upper)
    for number in range(100):
        assert found[f"a{number % 7}"] == f"A{number % 7}"
        assert len(found) <= 5


def test_long_texts_are_not_kept() -> None:
    found = Lookup(len)
    assert found["a" * LONGEST] == LONGEST
    assert found["b" * (LONGEST + 1)] == LONGEST + 1
    assert list(found) == ["a" * LONGEST]
