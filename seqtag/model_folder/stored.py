"""What a model folder holds, as values: read only after everything about it has been checked.

The folder may be anybody's. `Folder` sees to it that its files are those of its manifest; here each file is held to
what seqtag writes, and all of them to each other.
"""

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.characters import LONGEST
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.rehearsal import Expected, check
from seqtag.support.errors import ModelError, UserError
from seqtag.support.quoting import one_line

if TYPE_CHECKING:
    from seqtag.settings.config import Config

MAX_HEADER = 1 << 24  # bytes of the list of weights; one of a hundred weights needs a thousandth
MAX_RANK = 8  # a weight's dimensions
LENGTH = 8  # bytes of the header's length


def read_vocabulary(folder: Folder) -> Vocabulary:
    """The vocabulary of a model folder, with its vectors.

    Raises:
        ModelError: It is not what seqtag writes.
    """
    try:
        vectors = Vectors.unpack(folder.map("vectors.bin")) if "vectors.bin" in folder.files else None
        return Vocabulary.from_json(folder.read_json("vocab.json"), Resources(vectors))
    except (KeyError, TypeError, ValueError, AttributeError, UserError) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(
            f"{folder.path}: its vocabulary is not that of a seqtag model ({one_line(problem)})."
        ) from problem


def read_network(folder: Folder, vocabulary: Vocabulary) -> bytes:
    """The exported network of a model folder.

    Raises:
        ModelError: It is not what seqtag writes, or not for this vocabulary.
    """
    content = folder.read("model.onnx")
    try:
        check_network(content, vocabulary)
    except ValueError as problem:
        raise ModelError(f"{folder.path}: model.onnx cannot be loaded: {one_line(problem)}.") from problem
    return content


def check_network(content: bytes, vocabulary: Vocabulary) -> None:
    """Refuses an exported network that seqtag does not write, or that is not for this vocabulary.

    Raises:
        ValueError: What is wrong with it.
    """
    check(content, expected(vocabulary))


def expected(vocabulary: Vocabulary) -> Expected:
    """What the vocabulary wants of its network: the arrays of a word, and of two sentences, one with a long word."""
    columns = len(vocabulary.feature_columns)
    batches = [
        vocabulary.collate(
            vocabulary.index_all(
                [Sentence(words, columns=(("_",) * len(words),) * columns) for words in batch]
            )
        )
        for batch in ((("a",),), (("a", "b", "c" * LONGEST), ("d", "e")))
    ]
    rows: dict[str, int] = {}
    for indexer in vocabulary.indexers.values():
        rows |= indexer.table_rows
    return Expected(batches, rows, len(vocabulary.tags))


def read_config(folder: Folder) -> "Config":
    """The settings of a model folder; one that is newer than the model has its default, which is what the model was
    trained with.

    Raises:
        ModelError: A setting that there is not, or a value that it cannot have.
    """
    from seqtag.settings.merging import flatten, from_values
    from seqtag.settings.schema import SETTINGS

    given = dict(flatten(folder.read_json("config.json")))
    defaults = {path: entry.default for path, entry in SETTINGS.items()}
    try:
        return from_values(defaults | given, f"{folder.path}: config.json")
    except UserError as problem:
        raise ModelError(f"{problem} It was written by another version of seqtag.") from problem


def read_weights(folder: Folder) -> dict[str, Any]:
    """The weights of a model folder as arrays.

    Raises:
        ModelError: It is not what seqtag writes.
    """
    import safetensors
    import safetensors.numpy

    content = folder.read("weights.safetensors")
    try:
        check_weights(content)
        weights = safetensors.numpy.load(content)
    except (ValueError, KeyError, TypeError, safetensors.SafetensorError) as problem:
        raise ModelError(
            f"{folder.path}: weights.safetensors is not what seqtag writes ({one_line(problem)})."
        ) from problem
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise ModelError(f"{folder.path}: weights.safetensors holds weights that are no numbers.")
    return weights


def check_weights(content: bytes) -> None:
    """Holds the header of a safetensors file to what seqtag writes; no weight is read.

    Raises:
        ValueError: The header is not what seqtag writes, or its weights do not fill the file.
    """
    size = int.from_bytes(content[:LENGTH], "little")
    if len(content) < LENGTH or size > min(MAX_HEADER, len(content) - LENGTH):
        raise ValueError(f"its header says that it has {size} bytes")
    try:
        header = json.loads(content[LENGTH : LENGTH + size].decode())
    except RecursionError as problem:
        raise ValueError("its header is nested too deep") from problem
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    places = []
    for name, entry in header.items():
        match entry:
            case {"dtype": "F32", "shape": list(shape), "data_offsets": [int(start), int(end)], **rest} if (
                not rest
            ):
                if len(shape) > MAX_RANK or not all(
                    type(size) is int and 0 <= size <= len(content) for size in shape
                ):
                    raise ValueError(f"the shape of {name[:80]} is none")
                if end - start != 4 * math.prod(shape):
                    raise ValueError(f"{name[:80]} has {end - start} bytes; its shape is {shape[:8]}")
                places.append((start, end))
            case _:
                raise ValueError(f"{name[:80]} is not what seqtag writes as a weight")
    at = 0
    for start, end in sorted(places):
        if start != at:
            raise ValueError("its weights overlap, or leave a gap")
        at = end
    if at != len(content) - LENGTH - size:
        raise ValueError("its weights do not fill it")
