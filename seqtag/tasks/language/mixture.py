"""Mixtures: language models whose probabilities are interpolated linearly, and their folders."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.units import Units
from seqtag.corpora.views import View
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, PARTS, dump_json
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import counted, quoted, reason
from seqtag.tasks.language import base
from seqtag.tasks.language.base import MIXTURE, Score, TextModel, scorer_of, vocabulary_of
from seqtag.tasks.language.interpolation import Doubles, interpolated

SYMBOLS = 3  # words of a vocabulary that stand for something else: <unk>, <s>, </s>
NEAR = 1e-9  # how far from 1 the sum of the weights may be


@dataclass(frozen=True)
class Mixture:
    """Language models, each with a weight: the probability of a word is the weighted mean of theirs.

    Attributes:
        parts: The models; they have the same units and the same words, maybe in another order.
        weights: The weight of each; they sum to 1.
        words: The vocabulary.
    """

    parts: tuple[TextModel, ...]
    weights: tuple[float, ...]
    words: tuple[str, ...]

    @property
    def units(self) -> Units:
        """What its tokens are."""
        return self.parts[0].units

    @property
    def closed(self) -> bool:
        """Whether only the most frequent words of the training text are in the vocabulary."""
        return self.parts[0].closed

    @property
    def not_probabilities(self) -> str:
        """Empty: its parts give probabilities."""
        return ""

    @property
    def description(self) -> str:
        """What it is, in one line."""
        weights = ", ".join(f"{weight:.3f}" for weight in self.weights)
        words = counted(len(self.words) - SYMBOLS, "word" if self.units.are_words else "character")
        return (
            f"mixture of {len(self.parts)} models of {self.units.unit}s, weights {weights}, "
            f"{'closed' if self.closed else 'open'} vocabulary of {words}"
        )

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[Doubles, NDArray[np.bool_]]:
        """-log2 of the probability of each token, and whether it is unknown; the end of each sentence follows its
        tokens.
        """
        return self._score([part.score for part in self.parts], sentences)

    def scorer(self) -> Score:
        """A function that does what `score` does for the parts of one text in order."""
        return partial(self._score, [scorer_of(part) for part in self.parts])

    def _score(
        self, scorers: Sequence[Score], sentences: Sequence[Sequence[str]]
    ) -> tuple[Doubles, NDArray[np.bool_]]:
        scores = [score(sentences) for score in scorers]
        return interpolated(np.array([bits for bits, _ in scores]), self.weights), scores[0][1]

    def continuation(self, tokens: Sequence[str]) -> Doubles:
        """The probability of each word after the start of a sentence and these tokens."""
        probabilities = np.zeros(len(self.words))
        for weight, part, places in zip(self.weights, self.parts, self._places, strict=True):
            probabilities += weight * part.continuation(tokens)[places]
        return probabilities

    def score_views(self, views: Sequence[View]) -> Doubles:
        """-log2 of the probability of the token of each view after what is visible there."""
        return interpolated(np.array([part.score_views(views) for part in self.parts]), self.weights)

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], ...]:
        """For each part, the place in its vocabulary of each word."""
        found = []
        for part in self.parts:
            places = {word: place for place, word in enumerate(part.words)}
            found.append(np.array([places[word] for word in self.words], np.int64))
        return tuple(found)


def mismatch(model: TextModel, first: TextModel) -> str:
    """Why a model cannot be mixed with another; empty if it can."""
    if model.units.unit != first.units.unit:
        return f"its tokens are {model.units.unit}s, those of the first model {first.units.unit}s"
    mine, its = model.units.tokenizer, first.units.tokenizer
    if mine != its:
        how = "has other settings than" if mine.name == its.name else f"is {mine.name}, not {its.name} as"
        return f"its tokenizer {how} that of the first model"
    own, other = vocabulary_of(model), vocabulary_of(first)
    if own == other:
        return ""
    return f"{_unlike(model, first)} ({own['size']:,} and {other['size']:,} words, with <unk>, <s> and </s>)"


def check(model: TextModel, name: str) -> None:
    """Refuses a model that is not of the probability of each word after those before it.

    Args:
        model: The model.
        name: What it is called, for messages.

    Raises:
        Error: Its scores are not probabilities, it predicts words from those after them alone, or it is conditioned on
            labels.
    """
    if base.labelled(model) is not None:
        raise Error(
            f"{name}: is conditioned on labels; expected a model to mix that was trained without them."
        )
    if model.not_probabilities:
        raise Error(f"{name}: {model.not_probabilities}; expected a model to mix that gives probabilities.")
    model.continuation([])  # one that reads backward has none, and its scores are of another product


def _unlike(model: TextModel, first: TextModel) -> str:
    """How the vocabularies of two models differ."""
    own, other = {*model.words}, {*first.words}
    for word in first.words:
        if word not in own:
            return f"its vocabulary is not that of the first model, which also has {quoted(word)}"
    for word in model.words:
        if word not in other:
            return f"its vocabulary is not that of the first model, which lacks {quoted(word)}"
    kinds = ("open", "closed")
    return f"its vocabulary is {kinds[model.closed]}, that of the first model {kinds[first.closed]}"


@dataclass(frozen=True)
class StoredPart:
    """A part of a mixture as it is stored.

    Attributes:
        weight: Its weight.
        files: Its files by name.
    """

    weight: float
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Ingredient:
    """A language model that is to be mixed.

    Attributes:
        model: The model.
        parts: What is stored of it: the model itself or, of a mixture, its parts.
        plugins: The parts of other packages that it needs.
    """

    model: TextModel
    parts: tuple[StoredPart, ...]
    plugins: tuple[Plugin, ...]

    @classmethod
    def of(cls, folder: Folder) -> "Ingredient":
        """The language model of a folder.

        Raises:
            ModelError: The files are not what seqtag writes.
        """
        model = base.read(folder)
        views = [folder]
        weights: tuple[float, ...] = (1.0,)
        if isinstance(model, Mixture):
            views, weights = [folder.view(part) for part in PARTS[: len(model.parts)]], model.weights
        parts = [
            StoredPart(weight, {name: view.read(name) for name in view.files})
            for view, weight in zip(views, weights, strict=True)
        ]
        return cls(model, tuple(parts), folder.plugins)


def files(
    units: Units, words: Sequence[str], parts: Sequence[StoredPart], report: Mapping[str, Any]
) -> dict[str, bytes]:
    """The files of a mixture's folder.

    Args:
        units: What its tokens are.
        words: Its vocabulary.
        parts: Its parts, at most `layout.MOST_PARTS`.
        report: How it was made.
    """
    config = {"kind": MIXTURE, **units.to_json(), "weights": [part.weight for part in parts]}
    found = {
        "config.json": dump_json(config),
        "vocab.json": dump_json({"words": list(words)}),
        "report.json": dump_json(report),
    }
    for prefix, part in zip(PARTS, parts, strict=False):
        found |= {prefix + name: content for name, content in part.files.items()}
    return found


def read(folder: Folder, config: Mapping[str, Any]) -> Mixture:
    """The mixture of a folder.

    Args:
        folder: The folder.
        config: Its `config.json`.

    Raises:
        ModelError: The files are not what seqtag writes.
    """
    try:
        units, weights = _settings(config)
        views = _views(folder, len(weights))
        words = _words(folder.read_json("vocab.json"))
        parts = tuple(_part(view, name) for name, view in views.items())
        for name, part in zip(views, parts, strict=True):
            if part.units != units:
                raise ValueError(f"the units of {name} are not those of config.json")
            if len(part.words) != len(words) or {*part.words} != {*words}:
                raise ValueError(f"the words of {name} are not those of vocab.json")
            if problem := mismatch(part, parts[0]):
                raise ValueError(f"{name}: {problem}")
    except (TypeError, ValueError) as problem:
        raise ModelError(
            f"{folder.path}: does not hold what a mixture of language models holds ({reason(problem)})."
        ) from problem
    return Mixture(parts, weights, words)


def _settings(config: Mapping[str, Any]) -> tuple[Units, tuple[float, ...]]:
    match config:
        case {"weights": [_, _, *_] as weights, **rest} if {*rest} == {"kind", "unit", "tokenizer"}:
            units = Units.from_json(rest)
        case _:
            raise ValueError("config.json has other keys, or fewer than two weights")
    if len(weights) > len(PARTS):
        raise ValueError(f"config.json has {len(weights)} weights; expected {len(PARTS)} at most")
    if not all(isinstance(weight, float) and 0 <= weight <= 1 for weight in weights):
        raise ValueError("a weight is not a number from 0.0 to 1.0")
    if abs(math.fsum(weights) - 1) > NEAR:
        raise ValueError(f"the weights sum to {math.fsum(weights):g}; expected 1")
    return units, tuple(weights)


def _views(folder: Folder, count: int) -> dict[str, Folder]:
    """The files of each part, by its name for messages; ValueError if there are too few or others."""
    views = {f"part {number}": folder.view(part) for number, part in enumerate(PARTS[:count], 1)}
    for name, view in views.items():
        if missing := [file for file in LANGUAGE_MODEL.files if file not in view.files]:
            raise ValueError(f"{missing[0]} of {name} is missing")
    own = [file for file in folder.files if not file.startswith(PARTS[:count])]
    if foreign := sorted({*own} - {*LANGUAGE_MODEL.files}):
        raise ValueError(f"{foreign[0]} is of none of the {count} parts")
    return views


def _words(vocabulary: Mapping[str, Any]) -> tuple[str, ...]:
    words = vocabulary.get("words")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("vocab.json has no list of words")
    return tuple(words)


def _part(view: Folder, name: str) -> TextModel:
    """A part, which gives probabilities and is no mixture itself."""
    if view.read_json("config.json").get("kind") == MIXTURE:
        raise ValueError(f"{name} is a mixture itself")
    try:
        part = base.read(view)
        check(part, str(view.path))
    except Error as problem:
        why = reason(problem).removeprefix(f"{view.path}: ")
        raise ValueError(f"{name}: {why}") from problem
    return part
