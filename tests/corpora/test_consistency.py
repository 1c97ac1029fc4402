"""Whether corpora agree, and hold enough: each kind of finding on files small enough to count by eye."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seqtag.corpora import consistency
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus, read_corpus
from seqtag.corpora.tags import parse_scheme

Make = Callable[[str], Corpus]
BIO, PLAIN = parse_scheme("bio"), parse_scheme("plain")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A corpus of sentences given as words with tags, a sentence a line: "Rome/B-LOC fell/O"."""

    def made(text: str) -> Corpus:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.conll"
        rows = ("\n".join(word.replace("/", "\t") for word in line.split()) for line in text.splitlines())
        path.write_text("\n\n".join(rows) + "\n", encoding="utf-8")
        return read_corpus(path)

    return made


def told(findings: "list[Finding]") -> list[tuple[str, str, int | None, str]]:
    return [(one.level, one.code, one.line, one.message) for one in findings]


def test_repeated_sentences(make: Make) -> None:
    corpus = make("a/O b/O\na/O b/B-X\na/O b/O\nc/O")
    assert told(list(consistency.repeated(corpus, consistency.first_places(corpus)))) == [
        ("warning", "duplicate-sentences", 4, '"a b" has other tags than in line 1'),
        (
            "note", "duplicate-sentences", 7,
            '2 of 4 sentences (50.0%) stood in the file before, such as this one in line 1: "a b"',
        ),
    ]  # fmt: skip


def test_a_corpus_without_repetitions(make: Make) -> None:
    corpus = make("a/O\nb/O")
    assert list(consistency.repeated(corpus, consistency.first_places(corpus))) == []


class TestOverlap:
    """Sentences of two files."""

    LONG = "a/O b/O c/O d/O e/O"

    def test_sentences_in_both(self, make: Make) -> None:
        first, second = make(f"x/O\n{self.LONG}"), make(f"{self.LONG}\na/O b/O c/O d/O f/O")
        (finding,) = consistency.overlapping(first, consistency.first_places(first), second)
        assert (finding.level, finding.code, finding.file, finding.line) == (
            "warning", "overlap", second.path, 1,
        )  # fmt: skip
        assert finding.message == (
            f"{first.path} also has 1 of 2 sentences (50.0%) of 5 tokens or more, such as this one in its line 3: "
            '"a b c d e"'
        )

    def test_one_in_a_hundred_may_be_chance(self, make: Make) -> None:
        others = "\n".join(f"a/O b/O c/O d/O f{number}/O" for number in range(100))
        first, second = make(self.LONG), make(f"{self.LONG}\n{others}")
        (finding,) = consistency.overlapping(first, consistency.first_places(first), second)
        assert finding.level == "note"

    def test_short_sentences_may_stand_anywhere(self, make: Make) -> None:
        first = second = make("Thank/O you/O very/O much/O")
        assert list(consistency.overlapping(first, consistency.first_places(first), second)) == []


class TestLabels:
    """The same phrase with another label."""

    def test_another_label(self, make: Make) -> None:
        corpus = make("Rome/B-LOC\n" * 5 + "Rome/B-ORG\n" + "x/O\n")
        assert told(list(consistency.labels(corpus, BIO))) == [
            ("note", "inconsistent-labels", 11, '"Rome" is LOC in 5 places, but ORG here')
        ]

    def test_no_label(self, make: Make) -> None:
        """Of several words; a single one may be a word like any other."""
        corpus = make(
            "New/B-LOC York/I-LOC\nMay/B-PER\n" * 10 + "in/O New/O York/O\nin/O May/O\nNew/O York/O\n"
        )
        assert told(list(consistency.labels(corpus, BIO))) == [
            (
                "note", "inconsistent-labels", 52,
                '"New York" is LOC in 10 places, but unmarked here and in 1 more',
            )
        ]  # fmt: skip

    def test_a_word_with_two_meanings(self, make: Make) -> None:
        corpus = make("Washington/B-LOC\n" * 5 + "Washington/B-PER\n" * 2 + "x/O\n")
        assert list(consistency.labels(corpus, BIO)) == []

    def test_what_stands_within_another_entity(self, make: Make) -> None:
        corpus = make("New/B-LOC York/I-LOC\n" * 5 + "The/B-ORG New/I-ORG York/I-ORG Times/I-ORG\n")
        assert list(consistency.labels(corpus, BIO)) == []

    def test_plain_tags_have_no_phrases(self, make: Make) -> None:
        assert list(consistency.labels(make("a/X\n" * 9 + "a/Y\n"), PLAIN)) == []


def test_rare_types(make: Make) -> None:
    corpus = make("a/B-X")
    counts = {"X": 10, "Y": 9, "": 1}
    assert told(list(consistency.rare_types(corpus, BIO, counts))) == [
        (
            "warning",
            "rare-type",
            None,
            "the type Y has 9 examples; a type with fewer than 10 is hardly learnt",
        ),
        (
            "warning",
            "rare-type",
            None,
            "the type (no label) has 1 example; a type with fewer than 10 is hardly learnt",
        ),
    ]
    assert [one.level for one in consistency.rare_types(corpus, PLAIN, counts)] == ["note", "note"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/O " * 500 + "\na/O b/O", []),
        ("b/O\n" + "a/O " * 501, [("long-sentence", 3)]),
        ("a/O b/O\n" + "a/O ./O b/O ./O c/O ./O\n" * 2, [("one-line-documents", 4)]),
        ("a/O b/O\n" * 2 + "a/O ./O b/O ./O c/O ./O\n" * 2, []),
        ("a/O\n" * 10 + "a/O b/O", [("one-token-sentences", 1)]),
        ("a/O", []),
    ],
    ids=["long", "too long", "documents", "some documents", "single tokens", "one token"],
)
def test_lengths(make: Make, text: str, expected: list[tuple[str, int]]) -> None:
    assert [(one.code, one.line) for one in consistency.lengths(make(text))] == expected


def test_unknown_words(make: Make) -> None:
    corpus = make("a/O b/O")
    assert list(consistency.unknown_words(corpus, "train.conll", 0.5)) == []
    (finding,) = consistency.unknown_words(corpus, "train.conll", 0.6)
    assert finding.message.startswith("60.0% of the tokens do not occur in train.conll; ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Müller Mu\u0308ller x", [("normal-form", 2)]),
        ("Mu\u0308ller x", []),  # one form throughout
        ("Ã¼ber MÃ¼ller", [("encoding", 1)]),
        ("x Ãber \u00c3\u00c9", []),  # Portuguese and the like in capitals
        ("x a\ufffdb", [("encoding", 2)]),
        ("x a\x96 b", [("encoding", 2)]),
        ("x â\x80\x93 Ã\x96", [("encoding", 2)]),
        ("\x81 \xad", []),
    ],
    ids=["two forms", "one form", "encoded twice", "capitals", "lost", "Windows", "dash twice", "rare"],
)
def test_characters(make: Make, words: str, expected: list[tuple[str, int]]) -> None:
    corpus = make(" ".join(f"{word}/O" for word in words.split()))
    assert [(one.code, one.line) for one in consistency.characters(corpus)] == expected
