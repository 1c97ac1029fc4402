"""Labels of whole sentences: comments such as ``# intent = PlayMusic`` in files of columns, keys of JSON objects.

Everything after the sign of equality is the label, without the white space around it; ``#`` and ``+`` are part of it.
A comment that stands several times gives several labels, as does a list in JSON.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from seqtag.corpora.base import Source
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.quoting import CONTROLS, quoted

_PAIR = re.compile(r"#+[ \t]*([^\s=]+(?: [^\s=]+)*)[ \t]*=(.*)")
MOST_KEYS = 50  # that are remembered, to be named in messages


class LabelComments:
    """Takes the comments of a file of columns.

    Args:
        key: The key of labels; None if none are wanted.
        source: The file, which receives each key that is met.
    """

    def __init__(self, key: str | None, source: Source) -> None:
        self._key = key
        self._source = source
        self._found: list[str] = []
        self._last = 0  # the line of the last label

    def add(self, number: int, row: str, *, begins: bool) -> None:
        """Takes a comment.

        Args:
            number: Its line.
            row: The comment.
            begins: Whether no token of the sentence has come yet.

        Raises:
            DataError: It is a label behind the first token, as where the blank line before a sentence is missing.
        """
        if self._key is None or (found := _PAIR.match(row)) is None:
            return
        keys = self._source.keys
        if len(keys) < MOST_KEYS:
            keys.add(found[1])
        if found[1] == self._key and (label := found[2].strip()):
            if not begins:
                problem = (
                    f"the label {quoted(label)} stands within a sentence; expected it before the first token"
                )
                raise DataError(self._source.name, number, f"{problem} (a blank line ends a sentence)")
            self._found.append(label)
            self._last = number

    def end(self) -> None:
        """DataError if a label has come, but no token before a blank line or the end of the file."""
        if self._found:
            problem = f"the label {quoted(self._found[-1])} has no tokens"
            raise DataError(self._source.name, self._last, problem)

    def take(self) -> tuple[str, ...]:
        """The labels of the sentence that is over."""
        found, self._found = self._found, []
        return tuple(dict.fromkeys(found))


def from_keys(found: Iterable[Sentence], key: str, keys: set[str], name: str) -> Iterator[Sentence]:
    """The sentences with the labels that their JSON objects have under a key; others stay as they are.

    Raises:
        DataError: What is there is neither a text nor a list of texts.
    """
    for sentence in found:
        extra = sentence.extra
        if not extra:
            yield sentence
            continue
        if len(keys) < MOST_KEYS:
            keys.update(extra)
        if extra.get(key) is None:
            yield sentence
            continue
        line = sentence.lines[0] if sentence.lines else None
        rest = {other: value for other, value in extra.items() if other != key}
        yield replace(sentence, labels=_of_value(extra[key], key, name, line), extra=rest)


def _of_value(value: Any, key: str, name: str, line: int | None) -> tuple[str, ...]:
    """The labels of a value of JSON; numbers are taken as their digits."""
    listed = value if isinstance(value, list) else [value]
    texts = [str(one) if type(one) is int else one for one in listed]
    if isinstance(value, Mapping) or not all(isinstance(one, str) and one for one in texts):
        problem = f'"{key}" is {quoted(value)}; expected a label or a list of labels'
        raise DataError(name, line, problem)
    return tuple(dict.fromkeys(texts))


def check_labels(sentences: Iterable[Sentence], name: str) -> None:
    """DataError at the first label that would steer a terminal or begin a new line."""
    seen: set[str] = set()
    for sentence in sentences:
        for label in sentence.labels:
            if label not in seen and CONTROLS.search(label):
                line = sentence.lines[0] if sentence.lines else None
                raise DataError(name, line, f"the label {quoted(label)} holds a control character")
            seen.add(label)
