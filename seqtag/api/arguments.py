"""Checks of arguments that several functions take. Each returns the argument or raises a UsageError that names it."""

from collections.abc import Iterable
from os import PathLike, fspath
from typing import Any

from seqtag.support.errors import UsageError


def path_of(value: Any, name: str) -> str:
    """A path."""
    if not isinstance(value, str | PathLike) or not isinstance(fspath(value), str):
        raise UsageError(f"{name}: expected a path. Received: {_kind(value)}")
    return fspath(value)


def at_least_one(value: Any, name: str) -> int:
    """A whole number, at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{name}: expected a whole number, at least 1. Received: {value!r}")
    return value


def at_least_zero(value: Any, name: str) -> int:
    """A whole number, at least 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{name}: expected a whole number, at least 0. Received: {value!r}")
    return value


def text_of(value: Any, name: str) -> str:
    """A text."""
    if not isinstance(value, str):
        tokens = "; for lists of tokens, use Tagger.tag" if isinstance(value, list | tuple) else ""
        raise UsageError(f"{name}: expected a str. Received: {_kind(value)}{tokens}")
    return value


def sentence_of(value: Any, name: str) -> tuple[str, ...]:
    """A list of tokens or tags, none of them empty."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{name}: expected a list of str. Received: {_kind(value)}")
    items = tuple(value)
    for at, item in enumerate(items):
        if not isinstance(item, str) or not item:
            raise UsageError(f"{name}[{at}]: expected a str, not empty. Received: {_kind(item)}")
    return items


def _kind(value: Any) -> str:
    """What a wrong argument is: its type, and a short value as it is."""
    shown = repr(value)
    return f"{type(value).__name__} {shown}" if len(shown) <= 40 else type(value).__name__
