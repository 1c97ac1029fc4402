"""The names that stand behind tags written as numbers."""

import os
import re

from seqtag.support.errors import DataError, UsageError
from seqtag.support.json_reader import JsonError, parse_json
from seqtag.support.lines import lines

_FILE = re.compile(r"[^,]+\.(?:txt|json|jsonl|csv|tsv|labels)", re.IGNORECASE)


def names(given: str | None) -> tuple[str, ...]:
    """The names in the order of their numbers, from 0.

    >>> names("O,B-PER,I-PER")
    ('O', 'B-PER', 'I-PER')

    Args:
        given: Names separated by commas; or a file with a name a line, with a JSON list, or with JSON that holds one
            list of names somewhere within, as `dataset_info.json` does, or `id2label`, as the `config.json` of a model
            does. None for no names.

    Raises:
        DataError: The file is none of these.
        UsageError: A name is empty or comes twice.
    """
    if given is None:
        return ()
    is_file = os.path.isfile(given)
    if not is_file and (os.sep in given or _FILE.fullmatch(given)):
        raise DataError(
            given, None, "cannot be read: no such file; expected one of labels, or names as in A,B,C"
        )
    found = _of_file(given) if is_file else tuple(name.strip() for name in given.split(","))
    if "" in found or len(set(found)) < len(found):
        raise UsageError(f"--labels {given}: expected names that differ, none of them empty.")
    return found


def _of_file(path: str) -> tuple[str, ...]:
    text = "\n".join(line for _, line in lines(path))
    if not text.lstrip().startswith(("[", "{")):
        return tuple(line.strip() for line in text.split("\n") if line.strip())
    try:
        value = parse_json(text)
    except JsonError as problem:
        raise DataError(path, None, str(problem)) from problem
    found: list[tuple[str, ...]] = []
    _collect(value, found)
    if len(found) != 1:
        raise DataError(
            path, None, f"holds {len(found)} lists of labels; expected one, or give them as A,B,C"
        )
    return found[0]


def _collect(value: object, found: list[tuple[str, ...]]) -> None:
    """Adds the lists of names in a JSON value: a list of texts, under `names` or alone, or the texts of `id2label`."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        found.append(tuple(value))
    elif isinstance(value, dict):
        numbered = value.get("id2label")
        if isinstance(numbered, dict) and all(str(number) in numbered for number in range(len(numbered))):
            found.append(tuple(str(numbered[str(number)]) for number in range(len(numbered))))
        else:
            for key, inner in value.items():
                if isinstance(inner, dict) or key == "names":
                    _collect(inner, found)
