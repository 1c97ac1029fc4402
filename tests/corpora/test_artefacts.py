"""What other tools left among the words of a corpus is reported, and words that only look like it are not."""

from pathlib import Path

import pytest

from seqtag.corpora import artefacts
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.tags import detect

WORDS = (("Eva", "las"), ("Ole", "lief"), ("Ana", "kam"))


def found(tmp_path: Path, text: str) -> list[tuple[str, str, int | None, str]]:
    """The level, code, line and message of each doubt."""
    path = tmp_path / "corpus.conll"
    path.write_text(text, encoding="utf-8")
    corpus = read_corpus(path)
    scheme = detect(sentence.tags or () for sentence in corpus.sentences)
    told = [one for rule in artefacts.RULES for one in rule(corpus, scheme)]
    return [(one.level, one.code, one.line, one.message) for one in told]


def rows(*sentences: tuple[str, ...]) -> str:
    """The sentences, all of whose tags are T and U in turn."""
    tags = "TU" * 9
    return "\n".join(
        "".join(f"{word}\t{tag}\n" for word, tag in zip(one, tags, strict=False)) for one in sentences
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[CLS]", "[SEP]", "the sentences begin with '[CLS]' and end with '[SEP]', as"),
        ("BOS", "EOS", "the sentences begin with 'BOS' and end with 'EOS', as"),
        ("<s>", "</s>", "the sentences begin with '<s>' and end with '</s>', as"),
        ("Na", "</s>", "the sentences end with '</s>', as"),
        ("[CLS]", ".", "the sentences begin with '[CLS]', as"),
        ("Na", ".", ""),
    ],
)
def test_special_tokens(tmp_path: Path, before: str, after: str, said: str) -> None:
    told = found(tmp_path, "\n" + rows(*((before, *words, after) for words in WORDS)))
    assert [one[:3] for one in told] == ([("warning", "special-tokens", 2)] if said else [])
    assert all(one[3].startswith(said) for one in told)


def test_padding(tmp_path: Path) -> None:
    """All but the longest sentence end with it."""
    ((_, _, _, said),) = found(
        tmp_path, rows(*[("[CLS]", "a", "[SEP]", "[PAD]")] * 9, ("[CLS]", "a", "b", "[SEP]"))
    )
    assert said.startswith("the sentences begin with '[CLS]' and end with '[PAD]', as")


@pytest.mark.parametrize(
    "sentences",
    [
        [("BOS", "a"), ("a", "b"), ("a", "c")],  # Boston, as in lists of flights
        [("BOS", "a")],
        [("a", "[CLS]"), ("b", "[CLS]")],
        [("EOS",), ("EOS",), ("a", "b"), ("b", "c")],
    ],
)  # fmt: skip
def test_words_in_a_few_places(tmp_path: Path, sentences: list[tuple[str, ...]]) -> None:
    assert found(tmp_path, rows(*sentences)) == []


TEXT = (("Eva", "las"), ("Ja",), ("Ole", "lief"))


@pytest.mark.parametrize(
    "names",
    [
        ("doc0.txt", "doc1.txt", "doc2.txt"),
        ("letter.txt", "report.XML", "my-notes.json"),
        ("PMC123", "PMC4", "PMC5678"),
        ("2010-a", "2011-a", "2012-a"),
    ],
)
def test_names_of_documents(tmp_path: Path, names: tuple[str, ...]) -> None:
    text = "\n".join(rows((name,), *TEXT) for name in names)
    ((level, code, line, said),) = found(tmp_path, text)
    assert (level, code, line) == ("warning", "document-names", 1)
    assert said.startswith(f"'{names[0]}' looks like the name of a document")
    assert "like 2 others; write" in said


@pytest.mark.parametrize(
    "single",
    [
        ("doc0.txt", "doc1.txt"),
        ("doc0.txt", "doc1.txt", "doc1.txt"),
        ("doc0.txt", "doc1.txt", "doc2.txt", "Ja", "Nein", "Gut", "So"),
        ("PMC1", "XY2", "B-3"),
        ("2010", "2011", "2012"),
        ("http://a.de/1.html", "http://a.de/2.html", "http://a.de/3.html"),
        ("Ja", "Nein", "Gut"),
    ],
)
def test_words_alone(tmp_path: Path, single: tuple[str, ...]) -> None:
    """Too few, too few of the words alone, unlike each other, numbers, addresses, or words."""
    assert found(tmp_path, rows(*((one,) for one in single), ("Eva", "las"))) == []
