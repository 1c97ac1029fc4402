"""A trained model that labels whole sentences, at work: alone or beside their tags."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.document import Document
from seqtag.corpora.sentence import Sentence
from seqtag.features.labels import LabelVocabulary
from seqtag.graph import outputs
from seqtag.graph.weights import Floats, Weights
from seqtag.inference import language_states
from seqtag.inference.onnx_runtime import named
from seqtag.inference.tagger import Piece, SentenceTagger, network_of
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, Kind
from seqtag.model_folder.stored import (
    read_config,
    read_vocabulary,
    read_weights,
)
from seqtag.settings.labelled import CLASSIFICATION, JOINT
from seqtag.settings.schema import Schema
from seqtag.support.errors import ModelError, UsageError

if TYPE_CHECKING:
    from seqtag.settings.labelled import JointConfig

SCHEMAS: dict[str, Schema[Any]] = {CLASSIFICATION_MODEL.format: CLASSIFICATION, JOINT_MODEL.format: JOINT}
GIVEN = 0.5  # the probability from which on one of several labels is given
LABELS, VECTOR = outputs.LABELS.name, outputs.VECTOR.name


class LabelTagger(SentenceTagger):
    """A network that labels sentences, and its vocabulary; see `SentenceTagger`.

    The labels of a sentence in several pieces are those of the mean of their probabilities, weighted by their lengths.
    """

    vocabulary: LabelVocabulary

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        threads: int = 0,
        *,
        tags_only: bool = False,
        kind: Kind = CLASSIFICATION_MODEL,
        vectors: bool = False,
        int8: bool = False,
    ) -> Self:
        """The model of a folder of this kind; `vectors` says whether those of sentences are wanted.

        Raises:
            ModelError: The folder is incomplete, damaged, too new or not one of ours.
        """
        return load_folder(
            Path(path),
            lambda folder: cls.of(folder, threads, tags_only=tags_only, vectors=vectors, int8=int8),
            kind,
        )

    @classmethod
    def of(
        cls,
        folder: Folder,
        threads: int = 0,
        *,
        tags_only: bool = False,
        vectors: bool = False,
        int8: bool = False,
    ) -> Self:
        """The model of a folder that is open; see `load`."""
        vocabulary = vocabulary_of(folder)
        config = read_config(folder, SCHEMAS[folder.kind.format])
        name = str(folder.path)
        wanted = _outputs(vocabulary, tags_only=tags_only, vectors=vectors)
        network = network_of(config, vocabulary, read_weights(folder), wanted, name, int8=int8)
        with named(f"{name}: the network", "loaded"):
            return cls(network, vocabulary, threads, name=name)

    @classmethod
    def in_memory(
        cls,
        config: "JointConfig",
        vocabulary: LabelVocabulary,
        weights: Mapping[str, Floats],
        *,
        tags_only: bool = False,
    ) -> Self:
        """The model of weights by their paths."""
        wanted = _outputs(vocabulary, tags_only=tags_only, vectors=False)
        network = network_of(config, vocabulary, Weights.of_arrays(weights), wanted, "the network")
        return cls(network, vocabulary)

    @property
    def has_tags(self) -> bool:
        """Whether it tags tokens, too."""
        return bool(self.vocabulary.tags)

    def check_nbest(self, nbest: int) -> None:
        if nbest and not self.has_tags:
            raise UsageError("a classification model has no sequences of tags, and so no best ones.")
        super().check_nbest(nbest)

    def _check_asked(self, *, entities: bool, nbest: int) -> None:
        if self.has_tags:
            super()._check_asked(entities=entities, nbest=nbest)

    def _names(self, *, entities: bool, nbest: int) -> list[str]:
        names = super()._names(entities=entities, nbest=nbest)
        return names + [name for name in (LABELS, VECTOR) if name in self._outputs]

    def _keep(
        self,
        found: list[dict[str, NDArray[Any]]],
        sentences: Any,
        piece: Piece,
        arrays: dict[str, NDArray[Any]],
    ) -> None:
        own = {name: arrays.pop(name) for name in (LABELS, VECTOR) if name in arrays}
        super()._keep(found, sentences, piece, arrays)
        share = (piece.keep_end - piece.keep_start) / len(sentences[piece.sentence])
        there = found[piece.sentence]
        for name, array in own.items():
            if not np.isfinite(array).all():
                raise ModelError(f"{self._name}: the network gave {name} that are not finite.")
            there[name] = array if share == 1 else there.get(name, 0) + share * array.astype(np.float64)

    def _empty(self, sentence: Sentence) -> Document:
        key = self.vocabulary.reading.label_key or "label"
        return replace(super()._empty(sentence), label_key=key, tagged=self.has_tags)

    def _tagged(
        self, sentence: Sentence, arrays: dict[str, NDArray[Any]], entities: bool, nbest: int
    ) -> Document:
        document = self._empty(sentence)
        if self.has_tags:
            document = super()._tagged(sentence, arrays, entities, nbest)
        given = arrays[LABELS].astype(np.float64).clip(0, 1)
        order = np.argsort(-given, kind="stable").tolist()
        names = self.vocabulary.labels
        count = max(1, int((given >= GIVEN).sum())) if self.vocabulary.multiple else 1
        return replace(
            document,
            labels=tuple(names[number] for number in order[:count]),
            label_probabilities={names[number]: float(given[number]) for number in order},
            label_key=self.vocabulary.reading.label_key or "label",
            vector=arrays.get(VECTOR),
        )


def vocabulary_of(folder: Folder) -> LabelVocabulary:
    """The vocabulary of a folder of such a model.

    Raises:
        ModelError: It is not what seqtag writes.
    """
    found = read_vocabulary(folder, language_states.of_folder, LabelVocabulary)
    if bool(found.tags) != (folder.kind.format == JOINT_MODEL.format):
        what = "has no tags" if not found.tags else "has tags"
        raise ModelError(f"{folder.path}: its vocabulary {what}, which a {folder.kind.title} cannot be.")
    return found


def _outputs(vocabulary: LabelVocabulary, *, tags_only: bool, vectors: bool) -> set[str]:
    """The outputs that a network is built for."""
    wanted = {LABELS} | ({VECTOR} if vectors else set())
    if not vocabulary.tags:
        return wanted
    return wanted | SentenceTagger.outputs_of_tags(tags_only=tags_only)
