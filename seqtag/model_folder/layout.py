"""What a model folder holds.

    manifest.json       format, format_version, seqtag's version, size and sha256 of every other file, and the parts
                        from other installed packages that the settings name
    config.json         every setting, as the run used it
    vocab.json          tables of words and tags, the tag scheme, the tokenizer
    weights.safetensors the weights by their Keras paths; the network is built from them and the settings
    known.json          words and entities of the training file, for evaluations
    report.json         data, history, scores, versions
    vectors.bin         pretrained vectors, where the network reads some
    lm.config.json, lm.vocab.json, lm.weights.safetensors
                        the language model whose states the network reads, without its output layer
    lm.vectors.bin      its pretrained vectors, where it has some and they are not those of vectors.bin
    lists.safetensors   the hashes of the entries of word lists, where the network reads some
    README.md           the model card, for people; nothing reads it back

A model that was merged from others has the files of the first of them, and of every other one those that no earlier
one has as well, whose names begin with `member2-`, `member3-` and so on; known.json is of all of them, and

    members.json        for each of them, the name here of each of its files

A language model has config.json (its kind, its units and how it was made), vocab.json, report.json and the files of its
kind: for n-grams `ngrams.safetensors`, the numbers of all n-grams with log10 of their probabilities; for recurrent
models `weights.safetensors` and `vectors.bin`, as above; for a mixture all files of its parts, whose names begin with
`part1-`, `part2-` and so on.

A transducer has config.json, vocab.json (its symbols), weights.safetensors and report.json.

Nothing in it is code, a pickle, a path or a URL. Format 1 also held `model.onnx`, a graph that is no longer read.

A checkpoint (`seqtag.training.checkpoint`) is a folder that is written and checked in the same way, with other files.
"""

import contextlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtag.support.json_reader import parse_json
from seqtag.support.quoting import json_text

FORMAT = "seqtag-model"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
FILES = ("config.json", "vocab.json", "weights.safetensors", "known.json", "report.json")
STATES_FILES = ("lm.config.json", "lm.vocab.json", "lm.weights.safetensors")
OPTIONAL_FILES = ("vectors.bin", *STATES_FILES, "lm.vectors.bin", "lists.safetensors")
CARD = "README.md"
# What may be in any folder beside the files of its manifest: people edit a card, and the Hub adds the other.
TOLERATED = frozenset({CARD, ".gitattributes"})
FORMER_FILES = ("model.onnx",)
MEMBERS = "members.json"  # of a merged model
MEMBER_FILES = ("config.json", "vocab.json", "weights.safetensors")  # that each of its members has
# Bytes that a file may have: a manifest needs less than a thousandth of it, a vocabulary of ten million words has as
# many, and no ONNX file can have more.
MOST = {
    MANIFEST: 1 << 20,
    "config.json": 1 << 20,
    "vocab.json": 1 << 28,
    "known.json": 1 << 28,
    "report.json": 1 << 26,
    CARD: 1 << 20,
    "model.onnx": (1 << 31) - 1,
    "weights.safetensors": (1 << 31) - 1,
    "vectors.bin": 1 << 40,
    "lm.config.json": 1 << 20,
    "lm.vocab.json": 1 << 28,
    "lm.weights.safetensors": (1 << 31) - 1,
    "lm.vectors.bin": 1 << 40,
    "lists.safetensors": 1 << 30,
    "ngrams.safetensors": 1 << 40,
    MEMBERS: 1 << 20,
    "state.json": 1 << 28,
    "state.safetensors": 1 << 40,
}
MOST_PARTS = 16
PARTS = tuple(
    f"part{number}-" for number in range(1, MOST_PARTS + 1)
)  # begin the names of the files of a mixture's parts
MOST_MEMBERS = 16  # of a merged model
MOST_DEPTH = 32  # of lists and objects in each other; what is deeper stops a reader that calls itself
SUFFIX = ".checkpoint"  # ends the name of a folder that is a checkpoint
DRAFT = "seqtag-"  # begins the last part of the name of a folder that is not in its place yet
FORMER = ".former"  # ends a folder that has left its place for a new one


@dataclass(frozen=True)
class Kind:
    """A kind of folder.

    Attributes:
        title: What it is, for messages.
        format: What the manifest says it is.
        version: The newest version of the format that is read.
        files: The files that it must hold.
        optional: Those that it may hold.
        former: Those that folders of earlier versions hold as well: compared with the manifest, and not used.
        reader: The command that reads it, for messages; empty for one that none does.
    """

    title: str
    format: str
    version: int
    files: tuple[str, ...]
    optional: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    reader: str = ""


_LANGUAGE_FILES = ("config.json", "vocab.json", "report.json")
_LANGUAGE_OPTIONAL = ("ngrams.safetensors", "weights.safetensors", "vectors.bin")
_OF_PARTS = {part + name: name for part in PARTS for name in (*_LANGUAGE_FILES, *_LANGUAGE_OPTIONAL)}
MOST |= {part: MOST[name] for part, name in _OF_PARTS.items()}

_OF_MEMBERS = {
    f"member{number}-{name}": name
    for number in range(2, MOST_MEMBERS + 1)
    for name in (*MEMBER_FILES, *OPTIONAL_FILES)
}
MOST |= {member: MOST[name] for member, name in _OF_MEMBERS.items()}

MODEL = Kind(
    "model",
    FORMAT,
    FORMAT_VERSION,
    FILES,
    (*OPTIONAL_FILES, CARD, MEMBERS, *_OF_MEMBERS),
    FORMER_FILES,
    "seqtag predict",
)
LANGUAGE_MODEL = Kind(
    "language model",
    "seqtag-lm",
    1,
    _LANGUAGE_FILES,
    (*_LANGUAGE_OPTIONAL, *_OF_PARTS),
    reader="seqtag lm score",
)
TRANSDUCER = Kind(
    "transducer",
    "seqtag-transduction",
    1,
    ("config.json", "vocab.json", "weights.safetensors", "report.json"),
    (CARD,),
    reader="seqtag predict",
)
# Models that label whole sentences: the files of a tagger, but for what only scores of tags need.
CLASSIFICATION_MODEL = Kind(
    "classification model",
    "seqtag-classification",
    1,
    tuple(name for name in FILES if name != "known.json"),
    (*OPTIONAL_FILES, CARD),
    reader="seqtag predict",
)
JOINT_MODEL = Kind("joint model", "seqtag-joint", 1, FILES, (*OPTIONAL_FILES, CARD), reader="seqtag predict")
MODELS = (MODEL, CLASSIFICATION_MODEL, JOINT_MODEL, LANGUAGE_MODEL, TRANSDUCER)
# What any checkpoint is; that of a run also holds files of the model that it ends in.
CHECKPOINT = Kind(
    "checkpoint",
    "seqtag-checkpoint",
    2,
    ("state.json", "state.safetensors"),
    reader="seqtag train --resume",
)


def check_size(name: str, size: int) -> None:
    """Raises ValueError for a file of more bytes than would be read again."""
    if size > MOST[name]:
        raise ValueError(f"{name} would have {size:,} bytes; expected {MOST[name]:,} at most")


def format_of(path: Path) -> Any:
    """What the manifest of a folder says that it is; None if it has none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        # Neither a link, which may lead out of the folder, nor a pipe, which would not end.
        if stat.S_ISREG((path / MANIFEST).lstat().st_mode):
            with (path / MANIFEST).open("rb") as file:
                return parsed(file.read(MOST[MANIFEST])).get("format")
    return None


def drafts(target: Path) -> list[Path]:
    """What lies beside a folder's place to come there, or was there just now."""
    draft = re.compile(rf"\.{re.escape(target.name)}\.{DRAFT}[a-z0-9_]{{8,}}({re.escape(FORMER)})?")
    return sorted(entry for entry in target.absolute().parent.iterdir() if draft.fullmatch(entry.name))


def dump_json(value: Any) -> bytes:
    """The value as JSON with one key per line, UTF-8."""
    return (json_text(value, indent=1) + "\n").encode()


def parsed(content: bytes) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        ValueError: It holds none, or one that seqtag does not write.
    """
    value = parse_json(content, depth=MOST_DEPTH, surrogates=True)
    if not isinstance(value, dict):
        raise ValueError("holds no JSON object")
    return value
