"""What a scored model was trained on, as its scores say it: a model that has seen dev has no score on dev."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

TRAIN, BOTH = "train", "train+dev"
Scored = TypeVar("Scored")


def marked(score: Scored, what: str) -> Scored:
    """The score with what its model was trained on, `TRAIN` or `BOTH`, in its signature."""
    names = {entry.name for entry in dataclasses.fields(score)}  # type: ignore[arg-type]
    found: Scored
    if "signature" in names:
        signature = f"{score.signature}|trained-on:{what}"  # type: ignore[attr-defined]
        found = dataclasses.replace(score, signature=signature)  # type: ignore[type-var]
    else:
        found = dataclasses.replace(score, trained_on=what)  # type: ignore[type-var]
    return found


def mark(what: str) -> str:
    """The end of a signature; empty for a model that was trained as usual."""
    return f"|trained-on:{what}" if what else ""


def digest(sentences: Iterable[Sequence[str] | str]) -> str:
    """The sha256 of sentences, or of other texts, whatever their order and their tags are."""
    each = (hashlib.sha256(json.dumps(one).encode()).hexdigest() for one in sentences)
    return hashlib.sha256("".join(sorted(each)).encode()).hexdigest()


def seen(sentences: Iterable[Sequence[str] | str], digests: Mapping[str, str]) -> str:
    """What a model was trained on, by its digests, that these sentences are, in words; empty if they are neither."""
    own = digest(sentences)
    names = {"dev": "the dev file", BOTH: "the training file"}
    return next((names.get(name, name) for name, value in digests.items() if value == own), "")
