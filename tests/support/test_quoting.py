"""How an error's words stand in a message."""

import pytest

from seqtag.support.quoting import one_line


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
