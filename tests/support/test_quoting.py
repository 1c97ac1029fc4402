"""How an error's words stand in a message."""

import pytest

from seqtag.support.quoting import one_line, reason


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("no such file", "no such file"),
        ("It is too large.", "It is too large"),
        ("a list ends ...", "a list ends .."),  # the sentence's own full stop makes it three again
        ("two\n  lines\t\x1b[2J.\n", "two lines \\x1b[2J"),
        ("", ""),
    ],
)
def test_an_errors_words_are_the_middle_of_a_sentence(words: str, shown: str) -> None:
    assert one_line(ValueError(words)) == shown


def test_they_are_not_long() -> None:
    assert len(one_line(ValueError("a" * 10_000))) == 500


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (KeyError("a\nb"), "'a\\nb' is missing"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "a text in it cannot be written as UTF-8"),
        (TypeError("list indices must be integers"), "a value in it is of another kind than seqtag writes"),
        (AttributeError("no attribute 'keys'"), "a value in it is of another kind than seqtag writes"),
        (ValueError("the weight a is missing."), "the weight a is missing"),
    ],
)  # fmt: skip
def test_pythons_words_for_what_a_file_holds(problem: Exception, shown: str) -> None:
    assert reason(problem) == shown
