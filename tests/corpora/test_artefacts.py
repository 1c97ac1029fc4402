"""What other tools left among the words of a corpus is reported, and words that only look like it are not."""

from pathlib import Path

import pytest

from seqtag.cli import run
from seqtag.corpora import artefacts
from seqtag.corpora.reading import Corpus, read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import detect, parse_scheme

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
        ("<START>", "[END]", "the sentences begin with '<START>' and end with '[END]', as"),
        (
            "<|begin_of_text|>",
            "<pad>",
            "the sentences begin with '<|begin_of_text|>' and end with '<pad>', as",
        ),
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


@pytest.mark.parametrize(
    "cut", [("las", "##en"), ("\u2581las", "en"), ("\u0120las", "en"), ("las@@", "en"), ("las", "en</w>")]
)
def test_pieces_of_words(tmp_path: Path, cut: tuple[str, str]) -> None:
    sentences = [
        ("Eva", *cut),
        ("Ole", "ran"),
        ("Ida", cut[0].replace("las", "kam"), cut[1].replace("en", "st")),
    ]
    ((level, code, _, said),) = found(tmp_path, rows(*sentences))
    assert (level, code) == ("warning", "subword-tokens")
    assert said.startswith("tokens such as ")
    assert found(tmp_path, rows(*sentences, *[("a", "b")] * 100)) == []


def test_marks_are_no_pieces(tmp_path: Path) -> None:
    assert found(tmp_path, rows(("##", "a"), ("@@", "b"), ("#", "</w>"), ("###", "c"), ("##x", "##x"))) == []


TEXT = (("Eva", "las"), ("Ja",), ("Ole", "lief"))


@pytest.mark.parametrize(
    "names",
    [
        ("doc0.txt", "doc1.txt", "doc2.txt"),
        ("letter.txt", "report.XML", "my-notes.json"),
        ("PMC123", "PMC4", "PMC5678"),
        ("2010-a", "2011-a", "2012-a"),
        ("10027336", "10071902", "10091616"),
        ("9f86d081-884c-7d65", "60303ae22b998861", "FD61A03AF4F77D87"),
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
        ("-" * 16, "-" * 17, "-" * 18),
    ],
)
def test_words_alone(tmp_path: Path, single: tuple[str, ...]) -> None:
    """Too few, too few of the words alone, unlike each other, numbers, addresses, or words."""
    assert found(tmp_path, rows(*((one,) for one in single), ("Eva", "las"))) == []


TOKYO = "東京".encode("iso2022_jp").decode()


@pytest.mark.parametrize(
    ("token", "code", "said"),
    [
        (TOKYO, "encoding", "escape sequences of the encoding iso2022_jp; so it is with 1 more"),
        (
            "a\x08b",
            "control-characters",
            "a control character, which raw text hardly has; so it is with 1 more",
        ),
        ("\x1b[1m", "control-characters", "a control character"),
        ("\x7f", "control-characters", "a control character"),
    ],
)
def test_control_characters(tmp_path: Path, token: str, code: str, said: str) -> None:
    ((level, found_code, line, message),) = found(tmp_path, rows(("Eva", token), ("x", token), ("\x01", "x")))
    assert (level, found_code, line) == ("warning", code, 2)
    assert f"holds {said}" in message
    assert message.isprintable()


def test_white_space_is_no_control_character() -> None:
    sentences = tuple(Sentence((one,), ("O",), (1,)) for one in ("\n\n", "\t", "\r\n", " "))
    corpus = Corpus("FILE", sentences)
    assert list(artefacts.control_characters(corpus, parse_scheme("plain"))) == []


@pytest.mark.parametrize("column", ["tokens", "tags"])
def test_the_command_that_decodes_japanese(
    tmp_path: Path, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, copy = tmp_path / "a.conll", tmp_path / "b.conll"
    text = "東京\tB-LOC\nは\tO\n" if column == "tokens" else "Oslo\t名詞\nist\t動詞\n"
    path.write_text(text, encoding="iso2022_jp")
    assert run(["check", str(path)]) == (column == "tags")
    shown = "".join(capsys.readouterr())
    assert "seqtag check FILE --fix OUT --encoding iso2022_jp" in shown
    assert run(["check", str(path), "--fix", str(copy), "--encoding", "iso2022_jp"]) == 0
    assert copy.read_text(encoding="utf-8") == text
    assert "iso2022_jp (" not in capsys.readouterr().out
