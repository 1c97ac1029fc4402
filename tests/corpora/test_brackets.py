"""Bracketed trees: read as nodes with heads, refused where they are none, written as they were."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.base import AUTO, ReadOptions, Source, Unwritable
from seqtag.corpora.brackets import INNER, BracketsWriter, phrases, read, recognise
from seqtag.corpora.document import Document
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.reading import recognise as recognised
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme
from seqtag.support.errors import DataError

HEADS = ReadOptions(with_heads=True)


def parsed(line: str, options: ReadOptions = HEADS) -> Sentence:
    (found,) = read(Source("FILE", [(7, line)]), options)
    return found


def written(sentence: Sentence, tags: tuple[str, ...] | None = None) -> str:
    stream = io.StringIO()
    BracketsWriter(stream).write(Document.of(sentence, tags or sentence.tags or (), parse_scheme("plain")))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("line", "tokens", "tags", "heads"),
    [
        ("(2 It)", "It", "2", (0,)),
        ("(3 (2 It) (4 (2 is) (4 good)))", "It () is () good", "2 3 2 4 4", (2, 0, 4, 2, 4)),
        ("  (a\t(b ( c x )) )\r", "x () ()", "c b a", (2, 3, 0)),
        ("(t(a 1)(b 2)(c 3))", "1 2 () 3", "a b t c", (3, 3, 0, 3)),
    ],
)
def test_nodes_of_a_tree(line: str, tokens: str, tags: str, heads: tuple[int, ...]) -> None:
    """The words keep their order; an inner node stands between its children."""
    found = parsed(line)
    assert (" ".join(found.tokens), " ".join(found.tags or ()), found.heads) == (tokens, tags, heads)
    assert found.lines == (7,) * len(heads)
    to_tag = parsed(line, ReadOptions(with_tags=False))
    assert (to_tag.tokens, to_tag.tags, to_tag.heads) == (found.tokens, None, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(3 (2 It)", "1 bracket not closed; expected one tree per line"),
        ("((3 (2 It)", "a node has no label; expected (label word) or (label node ...)"),
        ("(3 (2 It)))", "a bracket is closed that is not open; expected one tree per line"),
        (")", "a bracket is closed that is not open"),
        ("(3)", "the node '3' is empty; expected a word or nodes in it"),
        ("(3 (2 a) (4))", "the node '4' is empty"),
        ("(", "a node has no label"),
        ("()", "a node has no label"),
        ("(2 New York)", "'York' follows the word 'New'; expected a closing bracket"),
        ("(2 It (3 is))", "'(' follows the word 'It'; expected a closing bracket"),
        ("(2 (3 is) It)", "'It' stands outside of a leaf; expected (label word)"),
        ("It is", "'It' stands outside of a leaf"),
        ("(2 It) (3 is)", "the line holds 2 trees; expected one"),
    ],
)
def test_what_is_no_tree_is_named(line: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parsed(line)
    assert str(caught.value).startswith(f"FILE:7: {message}")


def test_the_label_of_a_sentence_is_that_of_its_root() -> None:
    line, wanted = "(3 (2 It) (4 (2 is) (4 good)))", ReadOptions(label_key="label")
    assert parsed(line, wanted).labels == ("3",)
    assert parsed(line).labels == ()
    assert parsed("(2 It) (3 is)", wanted).labels == ()  # it has several


def test_phrases_of_a_tree() -> None:
    """Each node is a tree of its own, with its own label."""
    found = [*phrases(parsed("(t (a 1) (b (c 2)) (d 3))"))]  # 1 2 () () 3
    assert [(" ".join(one.tokens), one.heads, one.labels, one.tags) for one in found] == [
        ("1", (0,), ("a",), None),
        ("2", (0,), ("c",), None),
        ("2 ()", (2, 0), ("b",), None),
        ("1 2 () () 3", (4, 3, 4, 0, 4), ("t",), None),
        ("3", (0,), ("d",), None),
    ]
    assert {one.lines for one in found} == {(7,) * n for n in (1, 2, 5)}


def test_a_broken_tree_is_named_by_its_line(tmp_path: Path) -> None:
    """Also in the first lines, by which files are recognised."""
    (tmp_path / "file.brackets").write_text("(3 (2 It) (4 is))\n(3 (2 It)\n")
    with pytest.raises(DataError, match=r"file\.brackets:2: 1 bracket not closed"):
        read_corpus(tmp_path / "file.brackets")


def test_leaves_alone_are_a_sentence() -> None:
    found = parsed("(DET The) (NOUN end)", AUTO)
    assert (found.tokens, found.tags, found.heads) == (("The", "end"), ("DET", "NOUN"), None)
    assert written(found) == "(DET The) (NOUN end)\n"


def trees(label: st.SearchStrategy[str], word: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    leaves = st.builds("({} {})".format, label, word)
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            lambda own, parts: f"({own} {' '.join(parts)})", label, st.lists(inner, min_size=1, max_size=4)
        ),
        max_leaves=12,
    )


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="()\\ ", exclude_categories=["C", "Zl", "Zp"]), min_size=1
)


@given(trees(NAMES, NAMES))
def test_a_tree_is_written_as_it_was(line: str) -> None:
    assert written(parsed(line)) == line + "\n"


def test_a_deep_tree() -> None:
    """Nothing is limited by the depth of Python's stack."""
    line = "(a " * 5000 + "(b c)" + ")" * 5000
    found = parsed(line)
    assert len(found) == 5001
    assert written(found) == line + "\n"


@pytest.mark.parametrize("word", ["(", "a)b", INNER, "\\", "\\(", "a\\b", "\\\\(\\", "a\u00a0b"])
def test_brackets_and_the_like_in_a_word(word: str) -> None:
    line = written(Sentence((word, "x")), ("A)", word)).rstrip("\n")
    assert parsed(line, AUTO).tokens == (word, "x")
    assert parsed(line, AUTO).tags == ("A)", word)


def test_a_word_like_an_inner_node() -> None:
    line = "(a (b \\(\\)) (c d))"
    assert parsed(line).tokens == ("()", "()", "d")
    assert written(parsed(line)) == line + "\n"


def test_labels_are_the_tags_that_are_given() -> None:
    found = parsed("(_ (_ It) (_ ends))")
    assert written(found, ("1", "2", "3")) == "(2 (1 It) (3 ends))\n"


@pytest.mark.parametrize(("word", "tag"), [("a b", "A"), ("a", "A\t"), ("", "A"), ("a", "")])
def test_a_word_that_cannot_be_written(word: str, tag: str) -> None:
    with pytest.raises(Unwritable, match="cannot be written in brackets"):
        written(Sentence((word,)), (tag,))


@pytest.mark.parametrize("heads", [[0], [2, 0, 4, 2], [2, 3, 2], [0, 0, 2], "heads", [2, 0, True], [0, 1, 2]])
def test_other_heads_are_no_tree(heads: object) -> None:
    """Of a document that came from elsewhere, and says something else under this name."""
    document = Document(
        "a b c", ("a", "b", "c"), ("A", "B", "C"), parse_scheme("plain"), extra={"heads": heads}
    )
    stream = io.StringIO()
    BracketsWriter(stream).write(document)
    assert stream.getvalue() == "(A a) (B b) (C c)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(3 (2 It) (4 is))\n", True),
        ("\n(A a) (B b)\n(A a)\n", True),
        ("(see below)\n", False),  # which may be text
        ("(3 (2 It) (4 is))\nIt is\n", False),
        ("(3 (2 It)\n(4 is))\n", False),
        ("", False),
    ],
)
def test_it_is_recognised(text: str, expected: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert recognise(Source(path)) == expected
    if expected:
        assert recognised(Source(path), AUTO) == "brackets"
        assert read_corpus(path).sentences


def test_no_tree_steers_a_terminal() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, file = Screen(), io.StringIO()
    for stream in (screen, file):
        BracketsWriter(stream).write(Document.of(Sentence(("a\x1b[2J",)), ["X"], parse_scheme("plain")))
    assert screen.getvalue() == "(X a\\x1b[2J)\n"
    assert file.getvalue() == "(X a\x1b[2J)\n"


def test_heads_are_no_labels() -> None:
    """They are among what the file says of a sentence, where keys of labels are looked for."""
    sentence = parsed("(A (B x) (C y))", ReadOptions(label_key="heads"))
    assert not sentence.extra
    assert parsed("(A (B x) (C y))").extra == {"heads": [2, 0, 2]}
