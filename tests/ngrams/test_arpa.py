"""ARPA files that others wrote, and those that nobody should have."""

from pathlib import Path

import numpy as np
import pytest

from seqtag.corpora.units import WORDS
from seqtag.ngrams import arpa
from seqtag.support.errors import DataError

GOOD = """\
Some programs say here who they are.

\\data\\
ngram 1=4
ngram 2=3

\\1-grams:
-99 <s> -0.3
-0.5\t</s>
-0.7 a 	-0.1 
-0.6 b

\\2-grams:
-0.2 <s> a
-0.4\ta b
-0.1 b </s> 0.0

\\end\\
"""


def read(tmp_path: Path, content: str) -> "arpa.NgramModel":
    path = tmp_path / "lm.arpa"
    path.write_text(content, "utf-8")
    return arpa.read(str(path), WORDS)


def test_by_hand(tmp_path: Path) -> None:
    """Words separated by spaces or tabs, weights left out, no unknown word: as KenLM reads it."""
    model = read(tmp_path, GOOD)
    assert model.words == ("<unk>", "<s>", "</s>", "a", "b")
    bits, unknown = model.score([["a", "b"], ["b", "a", "zzz"], []])
    logs = [-0.2, -0.4, -0.1, -0.3 - 0.6, -0.7, -0.1 - 100, -0.5, -0.3 - 0.5]
    np.testing.assert_allclose(-bits * np.log10(2), logs, rtol=1e-6)
    assert unknown.tolist() == [False] * 5 + [True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("\\data\\\n", "", r"has no line \data\ in front; expected an ARPA file"),
        ("ngram 1=4\n", "", ":4: 'ngram 2=3' stands here; expected the numbers"),
        ("ngram 1=4\nngram 2=3\n", "", "expected `ngram 1=NUMBER`"),
        ("ngram 2=3", "ngram 2=4", "log10 of a probability, 2 words"),
        ("ngram 2=3", "ngram 2=2", "expected \\end\\ after the last n-gram"),
        ("ngram 1=4", "ngram 1=5", "log10 of a probability, 1 words"),
        ("\\end\\\n", "", "ends in the middle"),
        ("-0.2 <s> a", "-0.2 <s> a -0.1", "expected no back-off weight at the highest order"),
        ("-0.2 <s> a", "x <s> a", "expected numbers before and after the words"),
        ("-0.2 <s> a", "nan <s> a", "expected at most 0 and 50"),
        ("-0.2 <s> a", "0.2 <s> a", "expected at most 0 and 50"),
        ("-0.7 a \t-0.1", "-0.7 a 51", "expected at most 0 and 50"),
        ("-0.7 a \t-0.1", "-0.7 a inf", "expected at most 0 and 50"),
        ("-0.2 <s> a", "-0.2 <s> c", "'c' is no unigram"),
        ("-0.2 <s> a", "-0.4 a b", "the n-gram stands here again"),
        ("-0.6 b", "-0.6 a", "the word 'a' stands here again"),
        ("-99 <s> -0.3", "-99 c -0.3", "has no <s>"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(DataError) as raised:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert problem in str(raised.value)


def test_beginnings_that_are_not_there(tmp_path: Path) -> None:
    text = GOOD.replace("ngram 2=3", "ngram 2=3\nngram 3=1")
    text = text.replace("-0.1 b </s> 0.0\n", "-0.1 b </s>\n\n\\3-grams:\n-0.1 b b a\n")
    with pytest.raises(DataError, match="begins with an n-gram that is not among those of its order"):
        read(tmp_path, text)


def test_too_many_orders(tmp_path: Path) -> None:
    text = GOOD.replace("ngram 2=3", "\n".join(f"ngram {order}=1" for order in range(2, 8)))
    with pytest.raises(DataError, match="the numbers of n-grams of order 1"):
        read(tmp_path, text)


def test_some_other_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in front; expected an ARPA file"):
        read(tmp_path, "a line of text\n" * 2000)
