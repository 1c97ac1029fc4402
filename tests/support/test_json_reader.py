"""Strict JSON: what the standard parser takes and others do not, and what costs too much, is refused."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.support.json_reader import JsonError, NotJson, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_writes_is_read(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert parse_json(text) == parse_json(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ('{"a": 1} {}', "Extra data"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("9" * 5000, "Exceeds the limit"),
        (b'"\xff"', "invalid start byte"),
    ],
)
def test_what_is_not_json(text: str | bytes, problem: str) -> None:
    with pytest.raises(NotJson, match=rf"^is not JSON \(.*{problem}.*\)$"):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "b": 2, "a": 1}', "holds the key 'a' twice in one object"),
        ('[{"x": {"y": 1, "y": 2}}]', "holds the key 'y' twice in one object"),
        ("[1e999]", "holds the number 1e999, which is too large"),
        ("-1e999", "holds the number -1e999, which is too large"),
        (r'"\ud83d"', "holds half of a surrogate pair, which is not a character"),
        (r'{"\uDC00": 1}', "holds half of a surrogate pair, which is not a character"),
    ],
)
def test_json_that_readers_take_differently(text: str, problem: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_json(text)
    assert str(caught.value) == problem
    assert not isinstance(caught.value, NotJson)


def test_a_long_key_is_shown_in_few_words() -> None:
    key = json.dumps("k" * 10_000)
    with pytest.raises(JsonError) as caught:
        parse_json(f"{{{key}: 1, {key}: 2}}")
    assert len(str(caught.value)) < 200


def test_surrogates_where_they_are_wanted() -> None:
    assert parse_json(r'"\ud83d\ude00"') == "\U0001f600"
    assert parse_json(r'"\\ud83d"') == "\\ud83d"
    assert parse_json(r'["\udcff"]', surrogates=True) == ["\udcff"]


@pytest.mark.parametrize("depth", [1, 3, 32])
def test_a_limit_on_depth(depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        inside = opening * (depth - 1) + "[]" + closing * (depth - 1)
        parse_json(inside, depth=depth)
        with pytest.raises(JsonError, match=f"^is nested deeper than {depth} lists and objects$"):
            parse_json(opening + inside + closing, depth=depth)
    many = ", ".join(["[]"] * 99)
    assert depth == 1 or len(parse_json(f"[{many}]", depth=depth)) == 99


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 5000 + "]" * 5000])
def test_depth_beyond_any_stack(text: str) -> None:
    with pytest.raises(JsonError, match="is nested deeper than 500"):
        parse_json(text)


def test_a_limit_on_lists_and_objects() -> None:
    words = ["[" * 99 + "{", "\\", '"[', '\\"]'] * 2
    text = json.dumps([words, {"[": "{"}])
    assert parse_json(text, containers=3) == [words, {"[": "{"}]
    with pytest.raises(JsonError, match=r"^holds more than 2 lists and objects$"):
        parse_json(text, containers=2)


def test_the_limit_holds_before_memory_is_taken() -> None:
    text = "[" + "[]," * (1 << 20) + "[]]"
    tracemalloc.start()
    try:
        with pytest.raises(JsonError, match="holds more than 1,048,576"):
            parse_json(text)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
