"""Checks of arguments: a wrong one raises a UsageError that names it, with what was expected and what came."""

import errno
import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from os import PathLike, fspath
from types import NoneType
from typing import Any, ParamSpec, TypeVar, get_origin

from seqtag.settings.schema import members_of
from seqtag.support.errors import UsageError
from seqtag.support.quoting import one_line, quoted

P = ParamSpec("P")
R = TypeVar("R")
Kinds = frozenset[Any]


def kinds_of(annotation: Any) -> Kinds:
    """The types of an annotation, without None and what is in brackets."""
    return frozenset(get_origin(member) or member for member in members_of(annotation)) - {NoneType}


PATH, TEXT, NUMBER = kinds_of(str | PathLike[str]), kinds_of(str), kinds_of(int)
EXPECTED = {
    PATH: "a path",
    TEXT: "a str",
    NUMBER: "a whole number, at least {least}",
    kinds_of(int | float): "a number",
    kinds_of(bool): "True or False",
    kinds_of(int | str): "the number of a column or its name",
    kinds_of(Callable[..., Any]): "a function",
    kinds_of(Mapping[str, Any] | str | PathLike[str]): "a mapping or the path of a YAML file",
}
LEAST = {"threads": 1, "seeds": 1, "batch_size": 1}  # of whole numbers; of any other, 0


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function behind a check of its arguments by their annotations; those of kinds that are not in `EXPECTED` are
    its own to check.

    Raises:
        UsageError: An argument is not what its annotation says, is out of bounds, or is no path that the system takes.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError:
            return function(*args, **kwargs)  # raises the same, with the name of the function
        for name, value in given.arguments.items():
            annotation = signature.parameters[name].annotation
            if value is not None or NoneType not in members_of(annotation):
                kinds = kinds_of(annotation)
                given.arguments[name] = value = _as_int(value) if int in kinds else value
                _check(value, kinds, name)
        return function(*given.args, **given.kwargs)

    return call


def _as_int(value: Any) -> Any:
    """A whole number of another library, such as NumPy, as Python's; anything else as it is."""
    if isinstance(value, bool):
        return value
    return int(value) if isinstance(value, Integral) else value


def _check(value: Any, kinds: Kinds, name: str) -> None:
    if kinds not in EXPECTED:
        return
    least = LEAST.get(name, 0)
    right = isinstance(value, tuple(kinds)) and (bool in kinds or not isinstance(value, bool))
    if not right or (kinds == NUMBER and value < least):
        shown = quoted(value) if kinds == NUMBER else _kind(value)
        if name.startswith("text") and isinstance(value, list | tuple):
            shown += "; for lists of tokens, use Tagger.tag"
        raise UsageError(f"{name}: expected {EXPECTED[kinds].format(least=least)}. Received: {shown}")
    if kinds >= PATH and isinstance(value, str | PathLike):
        _check_path(value, name)


def _check_path(value: str | PathLike[Any], name: str) -> None:
    """Refuses what the system does not take for a path; whether something is there is not asked."""
    path = fspath(value)
    if not isinstance(path, str):
        raise UsageError(f"{name}: expected a path. Received: {_kind(path)}")
    try:
        os.lstat(path)
    except (OSError, ValueError) as problem:  # the latter is for a NUL, or half a surrogate pair
        if isinstance(problem, OSError) and problem.errno != errno.ENAMETOOLONG:
            return  # opening it will say so
        words = "holds a NUL byte" if "\0" in path else one_line(problem)
        reason = getattr(problem, "strerror", None) or words
        raise UsageError(f"{name}: expected a path. Received: {quoted(path)} ({reason})") from problem


def text_of(value: Any, name: str) -> str:
    """A text."""
    _check(value, TEXT, name)
    return str(value)


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
    shown = quoted(value)
    return f"{type(value).__name__} {shown}" if len(shown) <= 40 else type(value).__name__
