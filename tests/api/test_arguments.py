"""Arguments of the Python API: of each kind a wrong one is refused, by its name."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtag
from seqtag.api.arguments import EXPECTED, checked, kinds_of
from seqtag.support.quoting import quoted

MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_2"
TEXT = "Marta left Lisbon."
FUNCTIONS = [
    seqtag.load, seqtag.train, seqtag.evaluate, seqtag.score,
    seqtag.Tagger.__init__, seqtag.Tagger.__call__, seqtag.Tagger.pipe, seqtag.Tagger.tag,
]  # fmt: skip
SEQUENCES = {"gold", "predicted", "texts", "sentences", "labels"}  # checked item by item


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_every_argument_is_checked(function: Any) -> None:
    assert hasattr(function, "__wrapped__")
    for name, parameter in inspect.signature(function).parameters.items():
        assert name in {"self", *SEQUENCES} or kinds_of(parameter.annotation) in EXPECTED, name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: seqtag.evaluate(MODEL, "x", scheme=3), "scheme: expected a str. Received: int 3"),
        (lambda: seqtag.evaluate(MODEL, "x", format=None), "format: expected a str. Received: NoneType None"),
        (
            lambda: seqtag.evaluate(MODEL, "x", tag_column=[1]),
            "tag_column: expected the number of a column or its name. Received: list [1]",
        ),
        (
            lambda: seqtag.evaluate(MODEL, "x", token_column=True),
            "token_column: expected the number of a column or its name. Received: bool True",
        ),
        (
            lambda: seqtag.evaluate(MODEL, "x", misaligned="keep"),
            "misaligned: expected error, widen, drop. Received: 'keep'",
        ),
        (
            lambda: seqtag.evaluate(MODEL, "x", labels="O"),
            "labels: expected a list of str. Received: str 'O'",
        ),
        (lambda: seqtag.evaluate(MODEL, b"x"), "gold: expected a path. Received: bytes b'x'"),
        (lambda: seqtag.evaluate(MODEL, [["O"]]), "gold: expected a path. Received: list [['O']]"),
        (lambda: seqtag.score([["O"]], [["O"]], scheme=3), "scheme: expected a str. Received: int 3"),
        (lambda: seqtag.load(3), "model: expected a path. Received: int 3"),
        (lambda: seqtag.Tagger(3), "model: expected a path. Received: int 3"),
        (
            lambda: seqtag.Tagger(MODEL, threads=True),
            "threads: expected a whole number, at least 1. Received: True",
        ),
        (lambda: seqtag.load("a\0b"), "model: expected a path. Received: 'a\\x00b' (holds a NUL byte)"),
        (
            lambda: seqtag.load("n" * 300),
            f"model: expected a path. Received: {quoted('n' * 300)} (File name too long)",
        ),
        (
            lambda: seqtag.train(train="x", output="y", checkpoint_steps="a"),
            "checkpoint_steps: expected a whole number, at least 0. Received: 'a'",
        ),
        (
            lambda: seqtag.train(train="x", output="y", force="yes"),
            "force: expected True or False. Received: str 'yes'",
        ),
        (
            lambda: seqtag.train(train="x", output="y", on_event=3),
            "on_event: expected a function. Received: int 3",
        ),
        (
            lambda: seqtag.train(train="x", output="y", dev=3),
            "dev: expected a path. Received: int 3",
        ),
        (
            lambda: seqtag.train(train="x", output="y", settings=["a"]),
            "settings: expected a mapping or the path of a YAML file. Received: list ['a']",
        ),
        (
            lambda: seqtag.train(train="x", output="y", settings="a\0b"),
            "settings: expected a path. Received: 'a\\x00b' (holds a NUL byte)",
        ),
    ],
)
def test_a_wrong_argument(call: Any, message: str) -> None:
    with pytest.raises(seqtag.Error) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.exit_code == 2  # wrong usage


def test_a_path_of_bytes(tmp_path: Path) -> None:
    class Bytes:
        def __fspath__(self) -> bytes:
            return b"x"

    with pytest.raises(seqtag.Error, match=r"model: expected a path\. Received: bytes b'x'"):
        seqtag.load(Bytes())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["n" * 300, "n" * 250, "n" * 240, "n" * 230, "n/" * 3000])
def test_a_model_whose_path_is_too_long(name: str, tmp_path: Path) -> None:
    """Or whose checkpoint's would be."""
    with pytest.raises(seqtag.Error, match="File name too long"):
        seqtag.train(train="x", output=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_is_missing_or_unknown_is_pythons_to_say() -> None:
    @checked
    def add(one: int, *, other: int = 0) -> int:
        return one + other

    assert add(1, other=2) == add(one=3) == 3
    for call in (lambda: add(), lambda: add(1, third=2), lambda: add(1, 2)):  # type: ignore[call-arg, misc]
        with pytest.raises(TypeError, match="add"):
            call()


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    found = seqtag.load(MODEL, threads=np.int64(1))(TEXT)
    assert found.to_dict() == seqtag.load(MODEL, threads=1)(TEXT).to_dict()
    assert type(given(np.int64(2))) is int
    with pytest.raises(seqtag.Error, match=r"number: expected the number of a column or its name"):
        given(np.array([1, 2]))


@checked
def given(number: int | str) -> Any:
    return number


def test_what_cannot_be_looked_at_is_still_a_path(tmp_path: Path) -> None:
    """Opening it says why."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(seqtag.Error, match="loop: "):
        seqtag.load(loop)
