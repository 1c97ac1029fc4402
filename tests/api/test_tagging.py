"""The tagger for Python code: texts and lists of tokens in, documents out."""

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.corpora.sentence import Sentence
from seqtag.inference.tagger import SentenceTagger

MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_1"
TEXT = "Marta Lindqvist  left Lisbon."


@pytest.fixture(scope="module")
def tagger() -> seqtag.Tagger:
    return seqtag.load(MODEL)


def spread(document: seqtag.Document) -> list[tuple[str, str]]:
    return [(entity.text, entity.label) for entity in document.entities]


def test_a_text(tagger: seqtag.Tagger) -> None:
    document = tagger(TEXT)
    assert document.text == TEXT
    assert [token.text for token in document.tokens] == ["Marta", "Lindqvist", "left", "Lisbon", "."]
    assert all(TEXT[token.start : token.end] == token.text for token in document.tokens)
    assert [token.tag for token in document.tokens] == list(document.tags)
    first = document.entities[0]
    assert (first.text, first.label, first.start, first.end) == ("Marta Lindqvist", "PER", 0, 15)
    assert (first.start_token, first.end_token) == (0, 2)
    probabilities = [one.probability for one in (*document.tokens, *document.entities)]
    assert all(type(value) is float and 0 < value <= 1 for value in probabilities)


def test_offsets_count_code_points(tagger: seqtag.Tagger) -> None:
    text = "\U0001f600 Ma\u0301rta Lindqvist left Lisbon."
    for thing in (*tagger(text).tokens, *tagger(text).entities):
        assert text[thing.start : thing.end] == thing.text


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_text_without_tokens(tagger: seqtag.Tagger, text: str) -> None:
    document = tagger(text)
    assert document.text == text
    assert document.tokens == document.entities == document.sentences == ()


def test_the_probabilities_are_the_models(tagger: seqtag.Tagger) -> None:
    """Against the same model, asked without any document."""
    (expected,) = SentenceTagger.load(MODEL).tag(
        [["Marta", "Lindqvist", "left", "Lisbon", "."]], entities=True
    )
    document = tagger(TEXT)
    assert list(document.probabilities) == pytest.approx(expected.probabilities, abs=1e-6)
    assert [entity.probability for entity in document.entities] == pytest.approx(
        [entity.probability for entity in expected.entities], abs=1e-6
    )


def test_pipe_is_as_one_by_one(tagger: seqtag.Tagger) -> None:
    texts = [TEXT, "", "Bo saw Rotterdam.", "Acme Corp. in Oslo"] * 5
    for batch_size in (1, 3, 100):
        found = list(tagger.pipe(texts, batch_size=batch_size))
        assert [document.text for document in found] == texts
        assert [spread(document) for document in found] == [spread(tagger(text)) for text in texts]
    assert list(tagger.pipe([])) == []


def test_a_sentence_with_more_than_tokens(tagger: seqtag.Tagger) -> None:
    words = ("Bo", "saw", "Rotterdam", ".")
    given, plain = tagger.tag([Sentence(words, heads=(2, 0, 2, 2)), words])
    assert spread(given) == spread(plain)
    with pytest.raises(seqtag.Error, match=r"sentences\[0\]\.tokens\[1\]: expected a str, not empty"):
        tagger.tag([Sentence(("Bo", ""))])


def test_pipe_reads_no_more_than_a_batch_ahead(tagger: seqtag.Tagger) -> None:
    taken = 0

    def texts() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield TEXT

    documents = tagger.pipe(texts(), batch_size=4)
    assert taken == 0
    next(documents)
    assert taken == 4
    for _ in range(4):
        next(documents)
    assert taken == 8


def test_tokens(tagger: seqtag.Tagger) -> None:
    (first, none, second) = tagger.tag([["Marta", "Lindqvist", "left", "."], [], ("New York", "\u00a0")])
    assert first.text == "Marta Lindqvist left ."
    assert spread(first) == [("Marta Lindqvist", "PER")]
    assert (none.text, none.tokens) == ("", ())
    assert [(token.text, token.start) for token in second.tokens] == [("New York", 0), ("\u00a0", 9)]
    assert tagger.tag([]) == []
    assert tagger.tag(iter([["Oslo"]]))[0].text == "Oslo"


def test_nbest(tagger: seqtag.Tagger) -> None:
    (document,) = tagger.pipe([TEXT], nbest=3)
    assert document.alternatives == tagger(TEXT, nbest=3).alternatives
    best = [one.probability for one in document.alternatives]
    assert len(best) == 3
    assert best == sorted(best, reverse=True)
    assert list(document.alternatives[0].tags) == list(document.tags)
    assert tagger.tag([["Oslo"]], nbest=1)[0].alternatives
    assert not tagger(TEXT).alternatives


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t(None), r"text: expected a str. Received: NoneType None"),
        (lambda t: t(b"Oslo"), r"text: expected a str. Received: bytes b'Oslo'"),
        (lambda t: t("Oslo", nbest=-1), r"nbest: expected a whole number, at least 0. Received: -1"),
        (lambda t: t.pipe(["Oslo"], nbest=1.5), r"nbest: expected a whole number, at least 0. Received: 1.5"),
        (lambda t: t.tag([["Oslo"]], nbest=None), r"nbest: expected a whole number, at least 0. Received: None"),
        (lambda t: t(["Oslo"]), r"for lists of tokens, use Tagger.tag"),
        (lambda t: t.pipe("Oslo"), r"texts: expected an iterable of texts. Received: str; for one text, call"),
        (lambda t: t.pipe(3), r"texts: .* Received: int"),
        (lambda t: t.pipe(["Oslo"], batch_size=0), r"batch_size: expected a whole number, at least 1. Received: 0"),
        (lambda t: list(t.pipe(["Oslo", "Rome", 5], batch_size=2)), r"texts\[2\]: expected a str. Received: int 5"),
        (lambda t: t.tag("Oslo"), r"sentences: expected sentences as lists of tokens. Received: str"),
        (lambda t: t.tag(["Oslo"]), r"sentences\[0\]: expected a list of str. Received: str 'Oslo'"),
        (lambda t: t.tag([["Oslo"], ["a", 5]]), r"sentences\[1\]\[1\]: expected a str, not empty. Received: int 5"),
        (lambda t: t.tag([["Oslo", ""]]), r"sentences\[0\]\[1\]: expected a str, not empty. Received: str ''"),
        (lambda t: t.tag([["Oslo"], None]), r"sentences\[1\]: expected a list of str. Received: NoneType None"),
    ],
)  # fmt: skip
def test_wrong_arguments(tagger: seqtag.Tagger, call: Any, message: str) -> None:
    with pytest.raises(seqtag.Error, match=message):
        call(tagger)


def test_load_refuses(tmp_path: Path) -> None:
    with pytest.raises(seqtag.Error, match="no such folder"):
        seqtag.load(tmp_path / "none")
    with pytest.raises(seqtag.Error, match=r"threads: .* Received: 0"):
        seqtag.load(MODEL, threads=0)
    with pytest.raises(seqtag.Error, match=r"model: expected a path. Received: NoneType"):
        seqtag.load(None)  # type: ignore[arg-type]


def test_it_tells_what_it_is(tagger: seqtag.Tagger) -> None:
    assert tagger.labels == ("LOC", "MISC", "ORG", "PER")
    assert tagger.is_spans
    assert repr(tagger) == f"<seqtag.Tagger {str(MODEL)!r}, labels: LOC, MISC, ORG, PER>"


def test_several_threads_at_once(tagger: seqtag.Tagger) -> None:
    texts = [[f"Marta {number} left Lisbon{other}." for other in range(20)] for number in range(8)]
    expected = [[document.tags for document in tagger.pipe(row)] for row in texts]
    shared = seqtag.load(MODEL, threads=2)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda row: [document.tags for document in shared.pipe(row, batch_size=5)], texts)
        )
    assert found == expected


def test_a_pickled_tagger_loads_its_folder(tagger: seqtag.Tagger) -> None:
    copy = pickle.loads(pickle.dumps(tagger))
    assert spread(copy(TEXT)) == spread(tagger(TEXT))


def test_nothing_is_printed(tagger: seqtag.Tagger, capfd: pytest.CaptureFixture[str]) -> None:
    seqtag.load(MODEL)(TEXT)
    assert capfd.readouterr() == ("", "")


def test_plain_tags(plain: Any) -> None:
    found = seqtag.load(plain.folder)
    assert not found.is_spans
    assert "PROPN" in found.labels
    document = found("Ana saw Oslo .")
    assert [token.tag for token in document.tokens] == ["PROPN", "VERB", "PROPN", "PUNCT"]
    assert document.entities == ()
