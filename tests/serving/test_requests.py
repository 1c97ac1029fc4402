"""Bodies of requests: what they ask for, and what is refused."""

import json
from typing import Any

import pytest

from seqtag.serving.limits import Limits
from seqtag.serving.models import Extras
from seqtag.serving.requests import Asked, Refused, parse
from seqtag.support.errors import UsageError
from seqtag.tasks.use import Given

SMALL = Limits(sentences=2, characters=10)


def one(value: Any) -> Asked:
    return parse(json.dumps(value).encode(), SMALL, many=False)


def several(value: Any) -> Asked:
    return parse(json.dumps(value).encode(), SMALL, many=True)


def test_a_sentence_is_a_text_or_tokens() -> None:
    assert one({"text": "Ana"}) == Asked((Given("Ana"),), Extras(), "")
    assert one({"text": ""}).given == (Given(""),)
    assert one({"tokens": ["Ana", "left"], "nbest": 1, "model": "m", "alignment": True}) == Asked(
        (Given(None, ("Ana", "left")),), Extras(1, True), "m"
    )
    assert one({"tokens": []}).given == (Given(None),)
    assert one({"text": "go", "features": ["V"]}).given == (Given("go", features=("V",)),)


def test_only_the_first_of_several_starts_a_document() -> None:
    found = several({"sentences": [{"text": "a"}, {"tokens": ["b"]}], "nbest": 2})
    assert found == Asked((Given("a"), Given(None, ("b",), starts_document=False)), Extras(2), "")
    assert several({"sentences": []}).given == ()


@pytest.mark.parametrize(
    "value",
    [
        [],
        "SECRET",
        None,
        {},
        {"text": None},
        {"text": 1},
        {"text": ["SECRET"]},
        {"text": "a", "tokens": ["a"]},
        {"text": "a", "tokens": None},
        {"text": "a", "features": None},
        {"tokens": None},
        {"tokens": "SECRET"},
        {"tokens": [""]},
        {"tokens": [1]},
        {"tokens": [None]},
        {"text": "a", "SECRET": 1},
        {"text": "a", "nbest": -1},
        {"text": "a", "nbest": 101},
        {"text": "a", "nbest": True},
        {"text": "a", "nbest": 1.0},
        {"text": "a", "model": 1},
        {"text": "a", "alignment": 1},
        {"text": "a", "features": "V"},
        {"text": "SECRET SECRET"},
        {"tokens": ["SECRET", "1234"]},
        {"text": "SECRET", "features": ["12345"]},
    ],
)
def test_what_is_malformed_or_too_long_is_refused_without_being_repeated(value: Any) -> None:
    with pytest.raises(Refused) as found:
        one(value)
    assert found.value.status == 422
    assert "SECRET" not in found.value.detail
    if isinstance(value, dict) and value:
        with pytest.raises(Refused, match=r"sentences\[1\]") as found:
            several({"sentences": [{"text": "a"}, value]})
        assert "SECRET" not in found.value.detail


def test_tokens_count_with_a_space_between_them() -> None:
    assert one({"tokens": ["12345", "6789"]}).given[0].tokens == ("12345", "6789")
    with pytest.raises(Refused, match=r"tokens: expected 10 characters at most .* Received: 11"):
        one({"tokens": ["12345", "67890"]})


def test_many_answers_are_for_short_sentences() -> None:
    assert one({"text": "12345", "nbest": 2}).given == (Given("12345"),)
    with pytest.raises(Refused, match="expected 5 characters at most"):
        one({"text": "123456", "nbest": 2})


@pytest.mark.parametrize("value", [{}, {"sentences": {}}, {"sentences": [{"text": "a"}] * 3}, {"text": "a"}])
def test_a_list_is_expected_of_several(value: Any) -> None:
    with pytest.raises(Refused, match="sentences"):
        several(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"SECRET",
        b'{"text": "SECRET',
        b'{"text": NaN}',
        b'{"text": "a", "nbest": 1e999}',
        b'{"text": "a", "nbest": ' + b"1" * 5000 + b"}",
        b'{"text": "SECRET \\ud83d"}',
        b'{"text": "SECRET", "text": "SECRET"}',
        b'{"SECRET": 1, "SECRET": 1}',
        b"[" * 100_000,
        b'{"text":' * 100_000,
        b"[" + b"[]," * 1000 + b"[]]",
        b'{"text": "\xff"}',
        b'\xef\xbb\xbf{"text": "a"}',
        '{"text": "a"}'.encode("utf-16"),
    ],
    ids=range(15),
)
def test_a_body_that_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as found:
        parse(body, SMALL, many=False)
    assert found.value.status == 422
    assert "SECRET" not in found.value.detail


def test_a_queue_has_room_for_every_request() -> None:
    with pytest.raises(UsageError, match="--queue 1"):
        Limits(sentences=2, queue=1)
