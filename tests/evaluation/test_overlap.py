"""BLEU and chrF of the package sacrebleu, as fractions and with its signature."""

import builtins
from typing import Any

import pytest

from seqtag.evaluation.overlap import overlap
from seqtag.support.errors import MissingPackage


def test_words_are_what_spaces_part_or_characters() -> None:
    pytest.importorskip("sacrebleu")
    right = ["a b c d e f", "a b c d"]
    same = overlap(right, right, spaced=True)
    assert (same.bleu, same.chrf) == pytest.approx((1, 1))
    assert same.signature.startswith("BLEU nrefs:1|case:mixed|eff:no|tok:none|")
    # n-grams of 1 to 4 words that match: 9 of 10, 7 of 8, 5 of 6, 3 of 4.
    found = overlap(right, ["a b c d e x", "a b c d"], spaced=True)
    assert found.bleu == pytest.approx((9 / 10 * 7 / 8 * 5 / 6 * 3 / 4) ** 0.25)
    assert 0 < found.chrf < 1
    letters = overlap(["abcdef", "abcd"], ["abcdex", "abcd"], spaced=False)
    assert letters.bleu == pytest.approx(found.bleu)
    assert "tok:char" in letters.signature


def test_without_the_package_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("sacrebleu"):
            raise ModuleNotFoundError(name=name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackage, match=r"with BLEU and chrF needs the package sacrebleu.*'\.\[bleu\]'"):
        overlap(["a"], ["a"], spaced=True)
