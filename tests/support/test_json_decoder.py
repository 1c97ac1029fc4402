"""Typed values from those of JSON: nothing is lost, and nothing of another type gets through."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.support.json_decoder import DecodeError, decode, expected

FINITE = st.floats(allow_nan=False, allow_infinity=False)


class Mean(NamedTuple):
    value: float
    count: int


@dataclass(frozen=True)
class Epoch:
    number: int
    loss: float
    best: bool = False


@dataclass(frozen=True)
class Run:
    history: list[Epoch]
    means: dict[str, Mean]
    pair: tuple[int, Epoch]
    scores: tuple[float, ...]
    choice: dict[str, bool | int | float | str | None]
    best: Epoch | None
    settings: dict[str, Any] = field(default_factory=dict)


EPOCHS = st.builds(Epoch, st.integers(0, 99), FINITE, st.booleans())
RUNS = st.builds(
    Run,
    history=st.lists(EPOCHS),
    means=st.dictionaries(st.text(), st.builds(Mean, FINITE, st.integers(0, 99))),
    pair=st.tuples(st.integers(0, 99), EPOCHS),
    scores=st.lists(FINITE).map(tuple),
    choice=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(0, 9) | FINITE | st.text()),
    best=st.none() | EPOCHS,
    settings=st.dictionaries(st.text(), st.lists(st.none() | st.text())),
)


@given(RUNS)
def test_nothing_is_lost_through_json(run: Run) -> None:
    again = decode(Run, json.loads(json.dumps(dataclasses.asdict(run))))
    assert again == run
    assert repr(again) == repr(run)  # the types as well


RUN = dataclasses.asdict(
    Run([Epoch(1, 0.5)], {"dev": Mean(0.5, 2)}, (1, Epoch(2, 0.25)), (0.5,), {"a": 1}, None)
)


def with_value(path: str, value: Any) -> dict[str, Any]:
    """The run as JSON gives it, with another value somewhere."""
    run: dict[str, Any] = json.loads(json.dumps(RUN))
    *above, last = path.split(".")
    place: Any = run
    for name in above:
        place = place[int(name) if isinstance(place, list) else name]
    place[int(last) if isinstance(place, list) else last] = value
    return run


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("history", {}, "a list"),
        ("history", "ab", "a list"),
        ("history.0", [1, 0.5], "an object"),
        ("history.0.number", True, "a whole number"),
        ("history.0.number", 1.0, "a whole number"),
        ("history.0.number", "1", "a whole number"),
        ("history.0.number", 10**400, "a whole number"),
        ("history.0.loss", None, "a number"),
        ("history.0.loss", False, "a number"),
        ("history.0.loss", float("nan"), "a number"),
        ("history.0.loss", float("-inf"), "a number"),
        ("history.0.loss", 10**400, "a number"),
        ("history.0.best", 1, "true or false"),
        ("means", [], "an object"),
        ("means.dev", 3, "a list"),
        ("means.dev.1", 0.5, "a whole number"),
        ("pair.1.loss", "x", "a number"),
        ("scores.0", [], "a number"),
        ("choice.a", [], "true or false or a whole number or a number or a text or null"),
        ("choice.a", float("inf"), "true or false or a whole number or a number or a text or null"),
        ("best", 5, "an object or null"),
        ("settings", None, "an object"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_its_place(path: str, value: Any, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Run, with_value(path, value))
    assert caught.value.field == path
    assert str(caught.value).startswith(f"{path} is ")
    assert str(caught.value).endswith(f"; expected {words}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (with_value("history.0.step", 1), "history.0.step is unknown; expected number, loss, best"),
        (with_value("history.0", {"number": 1}), "history.0.loss is missing"),
        (with_value("means.dev", [0.5]), "means.dev has 1 elements; expected 2"),
        (with_value("pair", [1]), "pair has 1 elements; expected 2"),
        (with_value("best", {"number": 1, "loss": "x"}), "best.loss is 'x'; expected a number"),
        ([], "is []; expected an object"),
        ({"history": []}, "means is missing"),
    ],
)
def test_what_is_too_few_or_too_many(value: Any, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Run, value)
    assert str(caught.value) == message


def test_a_field_with_a_default_may_be_left_out() -> None:
    assert decode(Epoch, {"number": 1, "loss": 2}) == Epoch(1, 2.0)


def test_a_whole_number_becomes_a_float_where_that_is_wanted() -> None:
    found = decode(dict[str, float | None], {"a": 1, "b": None})
    assert repr(found) == "{'a': 1.0, 'b': None}"
    assert repr(decode(int | float, 1)) == "1"  # type: ignore[arg-type]


def test_the_whole_value_has_no_name() -> None:
    with pytest.raises(DecodeError, match=r"^is 'x'; expected a whole number$") as caught:
        decode(int, "x")
    assert caught.value.field == ""
    with pytest.raises(DecodeError, match=r"^seed is 'x'; expected a whole number$"):
        decode(int, "x", "seed")


def test_types_in_words() -> None:
    assert expected(int | str | None) == "a whole number or a text or null"
    assert (expected(list[int]), expected(Epoch)) == ("a list", "an object")
