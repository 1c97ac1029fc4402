"""What is written is read back, for any text: the same examples in each run."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqtag.corpora import conll, jsonl
from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import parse_scheme, problems
from seqtag.inference.tagger import SentenceTagger
from seqtag.support.quoting import CONTROLS, json_text, printable

BIO = parse_scheme("bio")
ODD = (
    "\ufeff",
    "\ufeffa",
    "\ufeff\ufeff",
    "\ufeff a",
    "\ufeff-DOCSTART-",
    "\u00a0",
    "\u2028",
    "\x85",
    "\x1c",
    "\0",
    "\r",
    "\t",
    "\n",
    " ",
    "  ",
    "-DOCSTART-",
    "#",
    "# a = b",
    "\u200d",
)
characters = st.characters(exclude_categories=["Cs"])
tag = st.sampled_from(["O", "B-X", "I-a b", "\u00a0", "#", "B-\ufeff"])
token = st.text(characters, min_size=1, max_size=5) | st.sampled_from(ODD)
sentence = st.lists(token, min_size=1, max_size=5)
half = st.sampled_from(["\ud800", "\udfff", "\udcff"])
value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(characters),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters, max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
always = settings(derandomize=True, deadline=None, max_examples=100)


def written(sentences: list[list[tuple[str, str]]]) -> str:
    """What `seqtag predict` would write of sentences with these tokens and tags."""
    stream = io.StringIO(newline="")
    writer = conll.ConllWriter(stream)
    for pairs in sentences:
        tokens, tags = ([pair[at] for pair in pairs] for at in (0, 1))
        writer.write(Document.of(Sentence(tuple(tokens)), tags, BIO))
    return stream.getvalue()


def test_the_bytes_of_answers_in_conll() -> None:
    sentences = [[("a", "O"), ("b c", "B-X")], [], [("d", "O")]]
    assert written(sentences) == "a\tO\nb c\tB-X\n\nd\tO\n\n"


@always
@given(st.lists(st.lists(st.tuples(token, tag), min_size=1, max_size=5), min_size=1, max_size=4))
@example([[("a", "O")], [("-DOCSTART-", "O")]])
@example([[("-DOCSTART-s", "#")], [("\ufeff", "O")]])
@example([[("\ufeff", "O")], [("# a = b", "#")]])
@example([[(" ", "O")], [("a", "O"), (" ", "B-X")]])
@example([[("\ufeffa", "O"), ("\ufeff\ufeff", "O")], [("\ufeff-DOCSTART-", "O"), ("\ufeff a", "O")]])
def test_answers_in_conll(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str]]]
) -> None:
    """Read back with the same tokens and tags, or refused: never read as something else."""
    path = tmp_path_factory.mktemp("conll") / "out.conll"
    tokens = [text for drawn in sentences for text, _ in drawn]
    starts = [drawn[0] for drawn in sentences if drawn]
    if any(
        set(one) & set("\t\n\r\0") or (not one.strip(" ") and one != " ") or one.startswith("-DOCSTART-")
        for one in tokens
    ) or any(
        text.startswith("#") and (tag == "\u00a0" or (tag == "#" and text.startswith(("##", "# "))))
        for text, tag in starts
    ):
        with pytest.raises(Unwritable, match=r"cannot be written in a column|would be read as a comment"):
            written(sentences)
        return
    path.write_bytes(written(sentences).encode())
    found = read_corpus(path, ReadOptions(format="conll")).sentences
    assert [list(zip(one.tokens, one.tags or (), strict=True)) for one in found] == sentences


@always
@given(
    st.lists(
        st.tuples(sentence, st.dictionaries(st.text(characters, max_size=4), value, max_size=3)), max_size=3
    )
)
def test_json_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[list[str], dict[str, Any]]]
) -> None:
    """Tokens and all other keys come out as they went in."""
    own = ("text", "tokens", "entities")
    given_rows = [
        {**{key: content for key, content in extra.items() if key not in own}, "tokens": tokens}
        for tokens, extra in rows
    ]
    path = tmp_path_factory.mktemp("jsonl") / "in.jsonl"
    for ascii_only in (True, False):
        lines = [json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in given_rows]
        path.write_bytes("".join(lines).encode())
        stream = io.StringIO(newline="")
        writer = jsonl.JsonlWriter(stream)
        for sentence in jsonl.read(Source(path), ReadOptions(with_tags=False)):
            document = Document.of(sentence, ["O"] * len(sentence), BIO)
            assert all(document.text[one.start : one.end] == one.text for one in document.tokens)
            writer.write(document)
        found = [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]
        assert [[one["text"] for one in row["tokens"]] for row in found] == [tokens for tokens, _ in rows]
        for row, expected in zip(found, given_rows, strict=True):
            assert {key: content for key, content in row.items() if key not in own} == {
                key: content for key, content in expected.items() if key not in own
            }


plain = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\0\r"), min_size=1, max_size=4
)
field = plain.filter(lambda text: bool(text.strip(" ")))
ud_tag = field.filter(lambda text: not CONTROLS.search(text))
ud_word = st.tuples(field, ud_tag, st.sampled_from(["", "range", "empty", "comment"]))


@always
@given(
    st.lists(st.lists(ud_word, min_size=1, max_size=5), min_size=1, max_size=3),
    st.sampled_from(["\n", "\r\n"]),
)
def test_conllu(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str, str]]], end: str
) -> None:
    """Words and tags are read whatever stands between them."""
    rows = []
    for words in sentences:
        for number, (form, tag, before) in enumerate(words, 1):
            rest = "\t_" * 5
            if before == "range":
                rows.append(f"{number}-{number + 1}\tx\t_\tX\t_{rest}")
            elif before == "empty":
                rows.append(f"{number - 1}.1\tx\t_\tX\t_{rest}")
            elif before == "comment":
                rows.append("# 1\tx\t_")
            rows.append(f"{number}\t{form}\t_\t{tag}\t_{rest}")
        rows.append("")
    path = tmp_path_factory.mktemp("conllu") / "in.conllu"
    path.write_bytes(("\n".join(rows) + "\n").replace("\n", end).encode())
    found = read_corpus(path).sentences
    assert [list(zip(one.tokens, one.tags or (), strict=True)) for one in found] == [
        [(form, tag) for form, tag, _ in words] for words in sentences
    ]


@pytest.fixture(scope="module")
def loaded(spans: Any) -> SentenceTagger:
    return SentenceTagger.load(spans.folder)


@always
@given(st.lists(sentence, min_size=1, max_size=5), st.sampled_from([1, 3, 8192]))
def test_a_tag_for_each_token(loaded: SentenceTagger, sentences: list[list[str]], window: int) -> None:
    """In order, well-formed, whatever the tokens are and wherever long sentences are cut."""
    from seqtag.inference import tagger

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagger, "WINDOW", window)
        answers = list(loaded.tag(sentences, entities=True))
    assert [len(answer.tags) for answer in answers] == [len(tokens) for tokens in sentences]
    assert all(len(answer.probabilities) == len(answer.tags) for answer in answers)
    assert all(problems(answer.tags, BIO) == [] for answer in answers)


@always
@given(st.lists(st.text() | half, max_size=4).map("".join))
def test_json_of_any_name(text: str) -> None:
    """A name that is not UTF-8 is an escape in JSON, and is the name again when it is read."""
    found = json_text({text: [text]}).encode("utf-8")
    assert json.loads(found) == json.loads(json.dumps({text: [text]}))


@always
@given(st.lists(st.text() | half, max_size=4).map("".join))
def test_nothing_printable_steers_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
    if text.isprintable():
        assert printable(text) == text


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@always
@given(sentence)
def test_json_on_a_terminal_is_the_same_json(tokens: list[str]) -> None:
    document = Document.of(Sentence(tuple(tokens)), ["O"] * len(tokens), BIO)
    screen, file = Screen(), io.StringIO(newline="")
    for stream in (screen, file):
        jsonl.JsonlWriter(stream).write(document)
    assert json.loads(screen.getvalue()) == json.loads(file.getvalue()) == document.to_dict()
    assert screen.getvalue().removesuffix("\n").isprintable()
