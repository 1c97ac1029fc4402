"""An n-gram model as the files of a folder."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import SYMBOLS
from seqtag.corpora.units import Units
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import dump_json
from seqtag.ngrams.model import ARPA, MOST_ORDERS, NgramModel
from seqtag.ngrams.smoothing import METHODS, rule_of
from seqtag.ngrams.tables import NgramTable, problem_of
from seqtag.support.errors import ModelError
from seqtag.support.quoting import reason

KIND = "ngram"
ARRAYS = "ngrams.safetensors"
_SEPARATOR = re.compile(r"[ \t\r\n]")


def files(model: NgramModel, report: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a model's folder.

    Args:
        model: The model.
        report: How it was made.
    """
    import safetensors.numpy

    arrays: dict[str, NDArray[Any]] = {}
    for order, table in enumerate(model.tables, 1):
        arrays |= {f"{order}.logs": table.logs, f"{order}.backoffs": table.backoffs}
        if order > 1:
            arrays[f"{order}.keys"] = np.ascontiguousarray(table.keys)
    config = {
        "kind": KIND,
        **model.units.to_json(),
        "order": model.order,
        "smoothing": model.smoothing,
        "closed": model.closed,
    }
    return {
        "config.json": dump_json(config),
        "vocab.json": dump_json({"words": list(model.words)}),
        "report.json": dump_json(report),
        ARRAYS: safetensors.numpy.save(arrays),
    }


def read(folder: Folder, config: Mapping[str, Any]) -> NgramModel:
    """The n-gram model of a folder.

    Args:
        folder: The folder.
        config: Its `config.json`.

    Raises:
        ModelError: The files are not what seqtag writes.
    """
    from safetensors import SafetensorError

    if ARRAYS not in folder.files:
        raise ModelError(f"{folder.path}: {ARRAYS} is missing.")
    try:
        return _model(config, folder.read_json("vocab.json"), folder.read(ARRAYS))
    except (KeyError, TypeError, ValueError, SafetensorError) as problem:
        raise ModelError(
            f"{folder.path}: does not hold what a language model of n-grams holds ({reason(problem)})."
        ) from problem


def _model(config: Mapping[str, Any], vocabulary: Mapping[str, Any], content: bytes) -> NgramModel:
    import safetensors.numpy

    match config:
        case {"order": int(order), "smoothing": str(smoothing), "closed": bool(closed), **rest} if {
            *rest
        } == {"kind", "unit", "tokenizer"}:
            units = Units.from_json(rest)
        case _:
            raise ValueError("config.json has other keys, or values of other types")
    if not 1 <= order <= MOST_ORDERS or smoothing not in (ARPA, *METHODS):
        raise ValueError(f"the order is {order}, the smoothing {smoothing!r:.40}")
    words = vocabulary.get("words")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("vocab.json has no list of words")
    joined = "".join(words)
    joined.encode()  # half a character raises a ValueError
    if "" in words or _SEPARATOR.search(joined):
        raise ValueError("a word of vocab.json is empty or holds a space")
    if tuple(words[: len(SYMBOLS)]) != SYMBOLS or len({*words}) != len(words):
        raise ValueError("the words of vocab.json do not begin with the symbols, or repeat")
    tables = _tables(safetensors.numpy.load(content), order, len(words))
    constant = rule_of(smoothing, len(words)).constant is not None
    if problem := problem_of(tables, zeros=smoothing == "none", constant=constant):
        raise ValueError(problem)
    return NgramModel(units, tuple(words), tables, smoothing, closed)


def _tables(arrays: dict[str, NDArray[Any]], order: int, size: int) -> tuple[NgramTable, ...]:
    """The arrays by order; ValueError if there are others than these, or of other types and shapes."""
    found = []
    for number in range(1, order + 1):
        keys = arrays.pop(f"{number}.keys") if number > 1 else np.arange(size)
        found.append(NgramTable(keys, arrays.pop(f"{number}.logs"), arrays.pop(f"{number}.backoffs")))
    if arrays:
        raise ValueError(f"there is no array {next(iter(arrays))!r:.40}")
    for table in found:
        for array, dtype in ((table.keys, np.int64), (table.logs, np.float32), (table.backoffs, np.float32)):
            if array.dtype != dtype or array.ndim != 1:
                raise ValueError(f"an array has the type {array.dtype} and the shape {array.shape}")
    return tuple(found)
