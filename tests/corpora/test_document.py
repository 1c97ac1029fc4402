"""Documents: offsets of tokens and entities in any text, and the JSON object of `predict`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.document import Alternative, Document, Entity, SentenceSpan, Token, offsets
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.corpora.tokenizers import Tokenizer

BIO = parse_scheme("bio")
LISBON: dict[str, Any] = {
    "text": "Ana Ruiz  left Lisbon.",
    "words": ("Ana", "Ruiz", "left", "Lisbon", "."),
    "tags": ("B-PER", "I-PER", "O", "B-LOC", "O"),
    "scheme": BIO,
    "spans": (Span(0, 2, "PER"), Span(3, 4, "LOC")),
}


def document(**more: Any) -> Document:
    return Document(**(LISBON | more))


def test_tokens_and_entities() -> None:
    found = document(probabilities=(0.9, 0.8, 0.7, 0.6, 0.5), span_probabilities=(0.75, 0.25))
    assert len(found) == 5
    assert found.tokens[1:4] == (
        Token("Ruiz", 4, 8, "I-PER", 0.8),
        Token("left", 10, 14, "O", 0.7),
        Token("Lisbon", 15, 21, "B-LOC", 0.6),
    )
    assert found.entities == (
        Entity("Ana Ruiz", "PER", 0, 8, 0, 2, 0.75),
        Entity("Lisbon", "LOC", 15, 21, 3, 4, 0.25),
    )


def test_without_probabilities() -> None:
    found = document()
    assert [token.probability for token in found.tokens] == [None] * 5
    assert [entity.probability for entity in found.entities] == [None] * 2
    assert "probability" not in json.dumps(found.to_dict())


def test_to_dict() -> None:
    found = Document(
        "Ana", ["Ana"], ["B-PER"], BIO, [0.87654321], [Span(0, 1, "PER")], [1.0], extra={"id": 7}
    ).to_dict()
    assert json.dumps(found) == (
        '{"id": 7, "text": "Ana",'
        ' "tokens": [{"text": "Ana", "start": 0, "end": 3, "tag": "B-PER", "probability": 0.8765}],'
        ' "entities": [{"start": 0, "end": 3, "label": "PER", "text": "Ana", "start_token": 0, "end_token": 1,'
        ' "probability": 1.0}]}'
    )
    best = Document("Ana", ["Ana"], ["O"], BIO, alternatives=[Alternative(["O"], 0.000123456)]).to_dict()
    assert best["nbest"] == [{"tags": ["O"], "probability": 0.0001235}]


def test_no_tokens() -> None:
    found = Document(" ", (), (), BIO)
    assert (found.tokens, found.entities, len(found)) == ((), (), 0)
    assert found.to_dict() == {"text": " ", "tokens": [], "entities": []}


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (["a b", "", "\U0001f600"], [(0, 3), (4, 4), (5, 6)]),
        (["Ana", " ", "New  York", "a"], [(0, 3), (4, 5), (6, 15), (16, 17)]),
        ([], []),
    ],
)
def test_offsets_of_joined_words(words: list[str], places: list[tuple[int, int]]) -> None:
    assert offsets(" ".join(words), words) == places


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["word", "whitespace", "char"]))
def test_offsets_in_any_text(text: str, tokenizer: str) -> None:
    words = Tokenizer(tokenizer).words(text)
    places = offsets(text, words)
    assert [text[start:end] for start, end in places] == words
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text)]
    assert not "".join(text[end:start] for end, start in zip(ends, starts, strict=True)).strip()


def test_one_sentence() -> None:
    found = document(text="  Ana Ruiz  left Lisbon.\n")
    assert found.sentences == (SentenceSpan("Ana Ruiz  left Lisbon.", 2, 24, 0, 5),)
    assert Document("  ", [], [], BIO).sentences == ()
