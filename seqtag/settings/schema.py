"""Each setting as a value of its own: what it may be, what it expects in words, and the check of a value."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.support.errors import UsageError, suggest
from seqtag.support.json_decoder import DecodeError, decode, expected
from seqtag.support.quoting import quoted

# Options whose name on the command line is not the last part of the path.
FLAG_NAMES = {
    "embeddings.word.dim": "embedding_dim",
    "embeddings.vectors.file": "embeddings",
    "embeddings.characters.encoder": "characters",
    "head.name": "head",
}


@dataclass(frozen=True)
class Setting:
    """One leaf of the tree of settings, as `settings()` lists them."""

    path: str
    type: Any
    default: Any
    metadata: Mapping[str, Any]

    @property
    def flag(self) -> str | None:
        """The option's name with underscores, or None where the command line has none."""
        if self.path in FLAG_NAMES:
            return FLAG_NAMES[self.path]
        return self.path.rpartition(".")[2] if self.metadata["flag"] else None

    @property
    def help(self) -> str:
        return str(self.metadata["help"])

    @property
    def by_corpus(self) -> bool:
        """Whether the default goes by the corpus."""
        return self.metadata["plain"] is not None or self.metadata["word_vectors"] is not None

    def default_for(self, *, spans: bool = True, word_vectors: bool = False) -> Any:
        """The default for a corpus of spans or of plain tags, with or without pretrained vectors of whole words."""
        if word_vectors and self.metadata["word_vectors"] is not None:
            return self.metadata["word_vectors"]
        return self.default if spans or self.metadata["plain"] is None else self.metadata["plain"]

    def described(self, show: Callable[[Any], str]) -> str:
        """The defaults in words."""
        words = show(self.default)
        if self.metadata["plain"] is not None:
            words += f" for spans, {show(self.metadata['plain'])} for plain tags"
        if self.metadata["word_vectors"] is not None:
            words += f", or {show(self.metadata['word_vectors'])} with pretrained word vectors"
        return words

    @property
    def expected(self) -> str:
        """What a value may be, in words: `a whole number, at least 1`."""
        members = [member for member in members_of(self.type) if member is not type(None)]
        if self.metadata["choices"]:
            words = "one of " + ", ".join(self.metadata["choices"])
        else:
            words = " or ".join(map(expected, members))
        for key, text in BOUND_WORDS.items():
            if self.metadata[key] is not None:
                words += f", {text} {self.metadata[key]}"
        return (
            words
            + (", or null" if type(None) in members_of(self.type) else "")
            + ", or auto" * self.by_corpus
        )


BOUND_WORDS = {"low": "at least", "above": "greater than", "high": "at most", "below": "less than"}


def members_of(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type itself."""
    return typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)


def settings(kind: type = Config, prefix: str = "") -> Iterator[Setting]:
    """All leaves of the tree, in order."""
    for entry in dataclasses.fields(kind):
        path = prefix + entry.name
        if dataclasses.is_dataclass(entry.type):
            yield from settings(typing.cast(type, entry.type), path + ".")
        elif entry.metadata:
            yield Setting(path, entry.type, entry.default, entry.metadata)


SETTINGS: dict[str, Setting] = {entry.path: entry for entry in settings()}


def check_value(path: str, value: Any, source: str) -> Any:
    """The value in the setting's own type.

    Raises:
        UsageError: A value of the wrong type or out of bounds; the message names source and path.
    """
    entry = SETTINGS[path]
    problem = UsageError(f"{source}: {path} is {quoted(value)}; expected {entry.expected}.")
    members = members_of(entry.type)
    if value is None:
        if type(None) in members:
            return None
        raise problem
    choices, table = entry.metadata["choices"], entry.metadata["table"]
    if isinstance(value, bool) and {"yes", "no"} <= {*choices}:  # YAML 1.1 reads yes as true
        value = "yes" if value else "no"
    try:
        value = decode(entry.type, _number(value, members))
    except DecodeError:
        raise problem from None
    if choices and value not in choices and registry.plugin(table or (), value) is None:
        names = dict.fromkeys([*choices, *registry.known(table or ())])
        raise UsageError(f"{source}: {path} is {quoted(value)}.{suggest(str(value), names)}")
    bounds = entry.metadata
    if (
        (bounds["low"] is not None and not value >= bounds["low"])
        or (bounds["high"] is not None and not value <= bounds["high"])
        or (bounds["above"] is not None and not value > bounds["above"])
        or (bounds["below"] is not None and not value < bounds["below"])
    ):
        raise problem
    return value


def _number(value: Any, members: tuple[Any, ...]) -> Any:
    """The number that a text is, where the setting is one: on the command line, and as YAML 1.1 reads 1e-3."""
    if isinstance(value, str) and int in members and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, str) and float in members:
        with suppress(ValueError):
            return float(value)
    return value


def check_key(path: str, source: str) -> None:
    """Raises UsageError, with the closest known key, if there is no such setting."""
    if path not in SETTINGS:
        same_name = [known for known in SETTINGS if known.rpartition(".")[2] == path.rpartition(".")[2]]
        same_name = [
            known for known in same_name if SETTINGS[known].flag
        ] or same_name  # the one that is used most
        close = difflib.get_close_matches(path, same_name or SETTINGS, n=1, cutoff=0.0 if same_name else 0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"{source}: there is no setting {quoted(path)}.{hint} `seqtag init-config` lists all settings."
        )
