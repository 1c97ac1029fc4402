"""What every kind of language model can do, and the model of a folder."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.symbols import START
from seqtag.corpora.units import Units
from seqtag.corpora.views import View
from seqtag.evaluation.perplexity import Perplexity
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, PARTS
from seqtag.settings import registry
from seqtag.support.errors import ModelError, UsageError, suggest
from seqtag.support.quoting import quoted

MIXTURE = "mixture"  # the kind of a model that holds others
BATCH = 1 << 16  # tokens that are scored together

Score = Callable[[Sequence[Sequence[str]]], tuple[NDArray[np.float64], NDArray[np.bool_]]]


class TextModel(Protocol):
    """A language model."""

    @property
    def units(self) -> Units:
        """What its tokens are."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """Its vocabulary; the places in it are those of `continuation`."""
        ...

    @property
    def closed(self) -> bool:
        """Whether only the most frequent words of the training text are in the vocabulary."""
        ...

    @property
    def not_probabilities(self) -> str:
        """Why its scores are not probabilities, so that there is no perplexity; empty if they are."""
        ...

    @property
    def description(self) -> str:
        """What it is, in one line."""
        ...

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """-log2 of the probability of each token, and whether it is unknown; the end of each sentence follows its
        tokens.
        """
        ...

    def continuation(self, tokens: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each word of the vocabulary after the start of a sentence and these tokens."""
        ...

    def score_views(self, views: Sequence[View]) -> NDArray[np.float64]:
        """-log2 of the probability of the token of each view after what is visible there."""
        ...


@runtime_checkable
class BatchModel(TextModel, Protocol):
    """A language model that continues several beginnings at once in less time than one after the other."""

    def continuations(self, beginnings: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """As `continuation`, for each beginning, `(beginnings, words)`."""
        ...


@runtime_checkable
class TwoWayModel(TextModel, Protocol):
    """A language model that can also read from the end to the beginning."""

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions that it has: "forward", "backward" or both, in this order."""
        ...

    def score_backward(
        self, sentences: Sequence[Sequence[str]]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """As `score`, but of each token given all after it; the beginning of each sentence follows its tokens."""
        ...

    def gap(self, left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each word of the vocabulary between these tokens, those before and those after it."""
        ...


def two_way(model: TextModel) -> TwoWayModel | None:
    """The model, if it has both directions."""
    return model if isinstance(model, TwoWayModel) and len(model.directions) == 2 else None


@runtime_checkable
class ContinuousModel(TextModel, Protocol):
    """A language model that may remember what came before a sentence."""

    def scorer(self) -> Score:
        """A function that does what `score` does for the parts of one text in order."""
        ...


@runtime_checkable
class LabelledModel(TextModel, Protocol):
    """A language model that may be conditioned on the label of each sentence."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels; empty for a model of text alone."""
        ...

    @property
    def label(self) -> str | None:
        """The label of sentences that come without one; None for none."""
        ...

    @property
    def label_key(self) -> str:
        """The key under which its corpus had the labels of sentences."""
        ...

    def given(self, label: str) -> TextModel:
        """The model for sentences of one of its labels, which need not say theirs."""
        ...


def labelled(model: TextModel) -> LabelledModel | None:
    """The model, if it is conditioned on labels."""
    return model if isinstance(model, LabelledModel) and model.labels else None


def given(model: TextModel, label: str | None, name: str | PathLike[str]) -> TextModel:
    """The model for a label; a model without labels as it is.

    Args:
        model: The model.
        label: The label; None for a model without labels.
        name: The model's folder, for messages.

    Raises:
        UsageError: The model has labels and there is none, or the reverse, or it has no such label.
    """
    of_labels = labelled(model)
    if of_labels is None:
        if label is not None:
            raise UsageError(
                f"{name}: was trained without labels; expected no label. Received: {quoted(label)}"
            )
        return model
    known = ", ".join(of_labels.labels)
    if label is None:
        raise UsageError(
            f"{name}: writes text for a label; expected one of {known} (--label). Received: none"
        )
    if label not in of_labels.labels:
        raise UsageError(f"{name}: there is no label {quoted(label)}.{suggest(label, of_labels.labels)}")
    return of_labels.given(label)


def scorer_of(model: TextModel) -> Score:
    """A function that scores the parts of one text in order; `TextModel.score` scores each sentence by itself."""
    return model.scorer() if isinstance(model, ContinuousModel) else model.score


def load(path: str | PathLike[str]) -> TextModel:
    """The language model of a folder, of whatever kind.

    Raises:
        ModelError: The folder cannot be read, or holds something else.
    """
    return load_folder(Path(path), read, LANGUAGE_MODEL)


def read(folder: Folder) -> TextModel:
    """The language model that an opened folder holds.

    Raises:
        ModelError: Its files are not what seqtag writes.
    """
    config = folder.read_json("config.json")
    kind = config.get("kind")
    if not isinstance(kind, str) or kind not in registry.LANGUAGE_MODELS:
        raise ModelError(
            f"{folder.path}: config.json: the kind is {quoted(kind)}; expected one of "
            f"{', '.join(registry.LANGUAGE_MODELS)}."
        )
    if kind != MIXTURE and (foreign := [name for name in folder.files if name.startswith(PARTS)]):
        raise ModelError(f"{folder.path}: holds {foreign[0]}, which is of a {MIXTURE}; its kind is {kind}.")
    model: TextModel = registry.load(registry.LANGUAGE_MODELS, kind)(folder, config)
    return model


def measured(
    model: TextModel, sentences: Iterable[Sequence[str]], *, backward: bool = False
) -> Iterator[Perplexity]:
    """How well a model predicts each sentence of a text, in order; they are scored in batches.

    Args:
        model: The model.
        sentences: The sentences as lists of tokens.
        backward: Whether a model of both directions is asked for the other one as well.
    """
    other = two_way(model) if backward else None
    score = scorer_of(model)
    for batch in batches(sentences):
        found = by_sentence(model.units, batch, *score(batch))
        if other is None:
            yield from found
            continue
        bits, _ = other.score_backward(batch)
        for one, own in zip(found, np.add.reduceat(bits, _starts(batch)).tolist(), strict=True):
            yield replace(one, backward_bits=own)


def batches(sentences: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Sentences in batches of about `BATCH` tokens."""
    batch: list[Sequence[str]] = []
    tokens = 0
    for sentence in sentences:
        batch.append(sentence)
        tokens += len(sentence) + 1
        if tokens >= BATCH:
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch


def by_sentence(
    units: Units, batch: Sequence[Sequence[str]], bits_of: NDArray[np.float64], unknown_of: NDArray[np.bool_]
) -> Iterator[Perplexity]:
    """How well each sentence of a batch is predicted, by what `TextModel.score` gives for it."""
    starts = _starts(batch)
    bits = np.add.reduceat(bits_of, starts).tolist()
    unknown = np.add.reduceat(unknown_of, starts, dtype=np.int64).tolist()
    known = np.add.reduceat(np.where(unknown_of, 0.0, bits_of), starts).tolist()
    impossible = np.add.reduceat(np.isinf(bits_of), starts, dtype=np.int64).tolist()
    for at, sentence in enumerate(batch):
        yield Perplexity(
            bits[at],
            len(sentence) + 1,
            1,
            units.words(sentence),
            units.characters(sentence),
            unknown[at],
            known[at],
            impossible[at],
        )


def _starts(batch: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Where each sentence begins among the tokens that are predicted."""
    return np.cumsum([0, *(len(sentence) + 1 for sentence in batch[:-1])])


def vocabulary_of(model: TextModel) -> dict[str, Any]:
    """What has to be the same where perplexities are compared: how many words, which, and whether there are others."""
    return vocabulary_facts(model.words, closed=model.closed)


def vocabulary_facts(words: Sequence[str], *, closed: bool) -> dict[str, Any]:
    """As `vocabulary_of`, for the words of a model."""
    import hashlib

    digest = hashlib.sha256("\n".join(sorted(words)).encode("utf-8", "surrogatepass")).hexdigest()
    return {"size": len(words), "closed": closed, "not_predicted": [START], "sha256": digest}
