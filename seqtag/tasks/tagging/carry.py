"""The weights of a model put into a network that knows more words, tags or labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqtag.features.indexers.base import Ids
from seqtag.features.labels import LabelVocabulary
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph.weights import Floats
from seqtag.support.errors import Error, UsageError

KERNEL = "scores/kernel"  # of a head without states, (features, tags)


@dataclass(frozen=True)
class Axis:
    """An axis of a weight that has grown.

    Attributes:
        places: The place of each former entry.
        size: How many entries there are now.
    """

    places: NDArray[np.int64]
    size: int


@dataclass(frozen=True)
class Carried:
    """What a network has of the weights of a model.

    Attributes:
        kept: How many of its weights are those of the model.
        grown: How many of these have new rows or columns besides.
        new: How many weights the model does not have.
    """

    kept: int
    grown: int
    new: int


def carry(
    former: Mapping[str, Floats], fresh: Mapping[str, Floats], axes: Mapping[str, Sequence[Axis]]
) -> tuple[dict[str, Floats], Carried]:
    """The weights of a network, those of a model where the model has them.

    Args:
        former: The weights of the model, by path.
        fresh: Those of the new network, as they were initialised.
        axes: The axes that may have grown, by what the paths of their weights begin with; "" for all other paths.

    Raises:
        Error: The networks differ in something else; this is an error in seqtag.
    """
    found, kept, grown = dict(fresh), 0, 0
    for path, array in fresh.items():
        own = axes[max((begin for begin in axes if path.startswith(begin)), key=len)]
        if path not in former:
            if not any(len(axis.places) == 0 for axis in own):
                raise _different(path, None, array.shape)
            continue
        before = former[path]
        kept += 1
        if before.shape == array.shape:
            found[path] = before
            continue
        if before.ndim != array.ndim:
            raise _different(path, before.shape, array.shape)
        grown += 1
        places = [_places(own, was, now, path) for was, now in zip(before.shape, array.shape, strict=True)]
        found[path] = array.copy()
        found[path][np.ix_(*places)] = before
    if missing := former.keys() - fresh.keys():
        raise _different(min(missing), former[min(missing)].shape, None)
    return found, Carried(kept, grown, len(fresh) - kept)


def _places(axes: Sequence[Axis], was: int, now: int, path: str) -> NDArray[np.int64]:
    """The place of each former entry of an axis."""
    if was == now:
        return np.arange(was)
    for axis in axes:
        if (len(axis.places), axis.size) == (was, now):
            return axis.places
    raise _different(path, (was,), (now,))


def _different(path: str, was: tuple[int, ...] | None, now: tuple[int, ...] | None) -> Error:
    return Error(
        f"the weight {path} of the model to continue from has the shape {was}; expected {now}. Please report this."
    )


def grown_axes(
    former: Vocabulary, now: Vocabulary, old: Mapping[str, Floats], fresh: Mapping[str, Floats]
) -> dict[str, list[Axis]]:
    """The axes that have grown with a vocabulary, by what the paths of their weights begin with; those of the head of
    tags, whose paths have no beginning in common, by "".

    Args:
        former: The vocabulary of the model.
        now: The vocabulary that extends it.
        old: The weights of the model.
        fresh: Those of the new network.

    Raises:
        UsageError: A head of tags reads the labels in a way that cannot be extended.
    """
    found = {f"{name}/": list(_rows(former, now, name)) for name in now.indexers}
    tags = _numbers(former.tags, now.tags)
    start = np.append(tags, len(now.tags))  # a decoder that reads tags has one more, the start
    found[""] = [Axis(tags, len(now.tags)), Axis(start, len(now.tags) + 1)]
    if isinstance(former, LabelVocabulary) and isinstance(now, LabelVocabulary):
        labels = _numbers(former.labels, now.labels)
        found["label/"] = [Axis(labels, len(now.labels))]
        if KERNEL in fresh and fresh[KERNEL].shape[0] != old[KERNEL].shape[0]:
            # The probabilities of labels stand behind the features.
            features = old[KERNEL].shape[0] - len(former.labels)
            places = np.concatenate([np.arange(features), features + labels])
            found[""].append(Axis(places, fresh[KERNEL].shape[0]))
    return found


def check_labels(labels: Sequence[str], former: Sequence[str], feeds_tags: str, head: str) -> None:
    """Refuses new labels where a decoder reads their probabilities, in more places than one.

    Raises:
        UsageError: There are some.
    """
    new = sorted({*labels} - {*former})
    if new and feeds_tags == "probabilities" and head not in ("auto", "softmax", "crf"):
        raise UsageError(
            f"the label {new[0]!r} is new, and the head {head} reads the probabilities of the labels "
            "(label.feeds_tags), which cannot be extended; expected the labels of the model alone."
        )


def _rows(former: Vocabulary, now: Vocabulary, name: str) -> Iterator[Axis]:
    """The rows of the tables of an embedding."""
    indexer, before = now.indexers[name], former.indexers[name]
    moved: Ids | None = indexer.moved(before)
    for key, size in indexer.sizes.items():
        if key.startswith("rows"):
            places = np.arange(before.sizes[key]) if moved is None else moved.astype(np.int64)
            yield Axis(places, size)


def _numbers(former: Sequence[str], now: Sequence[str]) -> NDArray[np.int64]:
    """The number of each former name."""
    numbers = {name: number for number, name in enumerate(now)}
    return np.array([numbers[name] for name in former], np.int64)
