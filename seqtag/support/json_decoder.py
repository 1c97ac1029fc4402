"""From the plain values of JSON to typed ones, as the annotations of dataclasses say."""

import dataclasses
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from seqtag.support.quoting import quoted

Decoded = TypeVar("Decoded")
WORDS: dict[Any, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "null",
    list: "a list", tuple: "a list", dict: "an object",
}  # fmt: skip


class DecodeError(ValueError):
    """A value that is not of the expected type.

    Args:
        field: Where it is, such as `history.2.loss`; empty for the whole value.
        problem: What is wrong, as the end of a sentence that begins with the field.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}".strip())
        self.field = field


def decode(kind: type[Decoded], value: Any, field: str = "") -> Decoded:
    """The typed value from which `dataclasses.asdict` and JSON made a plain one.

    >>> decode(dict[str, float | None], {"dev": 1, "test": None})
    {'dev': 1.0, 'test': None}

    Args:
        kind: A dataclass, a named tuple, `bool`, `int`, `float`, `str`, `None`, `Any`, or a `list`, `tuple`, `dict` or
            union of them.
        value: What a JSON parser returned.
        field: Where the value is, for messages.

    Raises:
        DecodeError: The value is of another type, has a field too many or too few, or a number is not finite.
    """
    build: Any = kind
    origin = typing.get_origin(kind) or kind
    found: Any = value
    if dataclasses.is_dataclass(kind):
        found = build(**_fields(build, value, field))
    elif hasattr(kind, "_fields"):
        found = build(*_elements(list(typing.get_type_hints(kind).values()), value, field))
    elif origin in (types.UnionType, typing.Union):
        found = _member(typing.get_args(kind), value, field)
    elif origin in _CONTAINERS:
        found = _CONTAINERS[origin](typing.get_args(kind), value, field)
    elif kind is not Any:
        found = _leaf(kind, value, field)
    return typing.cast(Decoded, found)


def expected(kind: Any) -> str:
    """A type in words, such as `a whole number or null`."""
    if isinstance(kind, types.UnionType):
        return " or ".join(map(expected, typing.get_args(kind)))
    return WORDS.get(typing.get_origin(kind) or kind, "an object")


def _refused(kind: Any, value: Any, field: str) -> DecodeError:
    return DecodeError(field, f"is {quoted(value)}; expected {expected(kind)}")


def _below(field: str, name: object) -> str:
    return f"{field}.{name}" if field else str(name)


def _fields(kind: Any, value: Any, field: str) -> dict[str, Any]:
    """The arguments of a dataclass."""
    if not isinstance(value, Mapping):
        raise _refused(kind, value, field)
    hints, entries = typing.get_type_hints(kind), {entry.name: entry for entry in dataclasses.fields(kind)}
    for name in value:
        if name not in entries:
            raise DecodeError(_below(field, name), f"is unknown; expected {', '.join(entries)}")
    for name, entry in entries.items():
        if name not in value and entry.default is entry.default_factory is dataclasses.MISSING:
            raise DecodeError(_below(field, name), "is missing")
    return {name: decode(hints[name], one, _below(field, name)) for name, one in value.items()}


def _elements(kinds: list[Any], value: Any, field: str) -> list[Any]:
    """The elements of a tuple of a fixed length."""
    if not isinstance(value, list | tuple):
        raise _refused(tuple, value, field)
    if len(value) != len(kinds):
        raise DecodeError(field, f"has {len(value)} elements; expected {len(kinds)}")
    return [
        decode(kind, one, _below(field, at)) for at, (kind, one) in enumerate(zip(kinds, value, strict=True))
    ]


def _list(arguments: tuple[Any, ...], value: Any, field: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _refused(list, value, field)
    return _elements([arguments[0]] * len(value), value, field)


def _tuple(arguments: tuple[Any, ...], value: Any, field: str) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(_list(arguments, value, field))
    return tuple(_elements(list(arguments), value, field))


def _dict(arguments: tuple[Any, ...], value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(dict, value, field)
    return {name: decode(arguments[1], one, _below(field, name)) for name, one in value.items()}


_CONTAINERS: dict[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    list: _list,
    tuple: _tuple,
    dict: _dict,
}


def _member(members: tuple[Any, ...], value: Any, field: str) -> Any:
    """The value as the first type of a union that takes it: an integer as `int` rather than as `float`."""
    problems = []
    for member in sorted(members, key=lambda member: member is not type(value)):
        try:
            return decode(member, value, field)
        except DecodeError as problem:
            problems.append(problem)
    inner = [problem for problem in problems if problem.field != field]
    wanted = " or ".join(map(expected, members))
    raise inner[0] if inner else DecodeError(field, f"is {quoted(value)}; expected {wanted}")


def _leaf(kind: Any, value: Any, field: str) -> Any:
    fits = type(value) is kind
    if kind in (int, float) and type(value) in (int, kind):
        fits = abs(value) <= sys.float_info.max
        value = kind(value) if fits else value
    if not fits:
        raise _refused(kind, value, field)
    return value
