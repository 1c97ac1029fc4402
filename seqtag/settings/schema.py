"""Each setting as a value of its own: what it may be, what it expects in words, and the check of a value."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from seqtag.settings import registry
from seqtag.settings.config import Config, Tree
from seqtag.support.errors import UsageError, suggest
from seqtag.support.json_decoder import DecodeError, decode, expected
from seqtag.support.quoting import quoted

# Options whose name on the command line is not the last part of the path.
FLAG_NAMES = {
    "embeddings.word.dim": "embedding_dim",
    "embeddings.vectors.file": "embeddings",
    "embeddings.lm.file": "lm",
    "embeddings.lists.files": "lists",
    "embeddings.characters.encoder": "characters",
    "head.name": "head",
}


@dataclass(frozen=True)
class Setting:
    """One leaf of the tree of settings, as a `Schema` lists them."""

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
    def is_list(self) -> bool:
        """Whether it holds several values."""
        return any(typing.get_origin(member) is tuple for member in members_of(self.type))

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
            if int in members:
                words = f"a whole number, or {words}"
        else:
            words = "a text or a list of texts" if self.is_list else " or ".join(map(expected, members))
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


AnyTree = TypeVar("AnyTree", bound=Tree)
_SCHEMAS: dict[type, "Schema[Any]"] = {}


class Schema(dict[str, Setting], Generic[AnyTree]):
    """The leaves of a tree of settings by path, in order.

    Args:
        kind: The class of the tree.
        example: The command that lists all settings, for messages.
    """

    def __init__(self, kind: type[AnyTree], example: str) -> None:
        super().__init__((entry.path, entry) for entry in _leaves(kind, kind, ""))
        self.kind = kind
        self.example = example
        _SCHEMAS[kind] = self


def _leaves(tree: type[Tree], kind: Any, prefix: str) -> Iterator[Setting]:
    for entry in dataclasses.fields(kind):
        path = prefix + entry.name
        if dataclasses.is_dataclass(entry.type):
            yield from _leaves(tree, entry.type, path + ".")
        elif entry.metadata and path not in tree.FIXED:
            default, metadata = entry.default, dict(entry.metadata)
            if path in tree.DEFAULTS:
                default, metadata["plain"] = tree.DEFAULTS[path], None
            yield Setting(path, entry.type, default, metadata)


SETTINGS = Schema(Config, "seqtag init-config")


def schema_of(config: object) -> Schema[Any]:
    """The schema of settings that are one of its tree."""
    return _SCHEMAS[type(config)]


def check_value(path: str, value: Any, source: str, schema: Schema[Any] = SETTINGS) -> Any:
    """The value in the setting's own type.

    Raises:
        UsageError: A value of the wrong type or out of bounds; the message names source and path.
    """
    entry = schema[path]
    problem = UsageError(f"{source}: {path} is {quoted(value)}; expected {entry.expected}.")
    members = members_of(entry.type)
    if value is None:
        if type(None) in members:
            return None
        raise problem
    if entry.is_list and isinstance(value, str):
        value = [value]
    choices, table = entry.metadata["choices"], entry.metadata["table"]
    if isinstance(value, bool) and {"yes", "no"} <= {*choices}:  # YAML 1.1 reads yes as true
        value = "yes" if value else "no"
    try:
        value = decode(entry.type, _number(value, members))
    except DecodeError:
        raise problem from None
    if (
        choices
        and isinstance(value, str)
        and value not in choices
        and registry.plugin(table or (), value) is None
    ):
        names = dict.fromkeys([*choices, *registry.known(table or ())])
        raise UsageError(f"{source}: {path} is {quoted(value)}.{suggest(str(value), names)}")
    bounds = entry.metadata
    if not isinstance(value, str) and (
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


def check_key(path: str, source: str, schema: Schema[Any] = SETTINGS) -> None:
    """Raises UsageError, with the closest known key, if there is no such setting."""
    if path not in schema:
        same_name = [known for known in schema if known.rpartition(".")[2] == path.rpartition(".")[2]]
        same_name = [
            known for known in same_name if schema[known].flag
        ] or same_name  # the one that is used most
        close = difflib.get_close_matches(path, same_name or schema, n=1, cutoff=0.0 if same_name else 0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"{source}: there is no setting {quoted(path)}.{hint} `{schema.example}` lists all settings."
        )
