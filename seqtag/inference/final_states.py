"""The states in which a model's recurrent layers end. ONNX Runtime, no TensorFlow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Words
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph import outputs
from seqtag.inference import language_states
from seqtag.inference.labels import SCHEMAS, vocabulary_of
from seqtag.inference.onnx_runtime import named, open_session, silent_run
from seqtag.inference.tagger import TOKEN_BUDGET
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, MODEL, format_of
from seqtag.model_folder.members import refuse_merged
from seqtag.model_folder.stored import checked_network, read_config, read_vocabulary, read_weights
from seqtag.settings import registry
from seqtag.settings.config import EncoderSettings
from seqtag.support.errors import ModelError, UsageError


@dataclass(frozen=True)
class FinalStates:
    """The states of each recurrent layer and direction after a sentence.

    The forward direction (0) ends after the last token, the backward direction (1) after the first.

    Attributes:
        h: The outputs, `(layers, directions, units)` float32.
        c: The memory of an LSTM, likewise; None for other cells.
    """

    h: NDArray[np.float32]
    c: NDArray[np.float32] | None = None


class FinalStateReader:
    """Computes the final states of a model.

    Args:
        network: The serialised ONNX model with the one output `outputs.FINAL`.
        vocabulary: The tables that belong to it.
        settings: Its encoder's settings.
        name: The model folder, for messages.
    """

    def __init__(
        self, network: bytes, vocabulary: Vocabulary, settings: EncoderSettings, name: str = "the network"
    ) -> None:
        self._vocabulary = vocabulary
        self._sizes = settings.layers, 2 if settings.bidirectional else 1
        self._name = name
        self._session = open_session(network)
        self._run_options = silent_run()

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The reader of a model folder.

        Raises:
            ModelError: The folder is incomplete, damaged, too new or not one of ours.
            UsageError: The model has no recurrent layers, their cell has no state, or it is merged from several.
        """
        held = format_of(Path(path))
        kind = next((kind for kind in (CLASSIFICATION_MODEL, JOINT_MODEL) if kind.format == held), MODEL)
        return load_folder(Path(path), cls._of, kind)

    @classmethod
    def _of(cls, folder: Folder) -> Self:
        refuse_merged(folder, "final states are those of")
        schema = SCHEMAS.get(folder.kind.format)  # of models that label sentences
        config = read_config(folder, schema)
        settings = config.encoder
        if not settings.layers:
            raise UsageError(f"{folder.path}: has no recurrent layers (encoder.layers is 0).")
        if not registry.is_stateful(settings.cell):
            raise UsageError(f"{folder.path}: its cell, {settings.cell}, has no state.")
        vocabulary = vocabulary_of(folder) if schema else read_vocabulary(folder, language_states.of_folder)
        name = str(folder.path)
        weights = read_weights(folder)
        network = checked_network(config, vocabulary, weights, {outputs.FINAL.name}, name)
        return cls(network, vocabulary, settings, name)

    def read(self, sentences: Sequence[Words]) -> list[FinalStates]:
        """The final states of each sentence, all of which have tokens.

        Sentences of one length are read together, so that no padding is ever passed through; a sentence is read as a
        whole, however long it is.

        Raises:
            ModelError: The network fails, or a state is not finite.
            MemoryError: There is too little memory.
        """
        rows = self._vocabulary.index_all(sentences)
        found: dict[int, FinalStates] = {}
        for batch in _batches([len(sentence) for sentence in sentences]):
            states = self._run(self._vocabulary.collate([rows[number] for number in batch]))
            for place, number in enumerate(batch):
                found[number] = self._made(states[:, place])
        return [found[number] for number in range(len(sentences))]

    def _made(self, states: NDArray[np.float32]) -> FinalStates:
        """The states of a sentence, `(layers * directions * memories, units)`, by name."""
        every = states.reshape(*self._sizes, -1, states.shape[-1])  # (layers, directions, memories, units)
        return FinalStates(*(every[:, :, memory].copy() for memory in range(every.shape[2])))

    def _run(self, inputs: dict[str, Any]) -> NDArray[np.float32]:
        with named(f"{self._name}: the network", "run"):
            (states,) = self._session.run([outputs.FINAL.name], inputs, self._run_options)
        if not np.isfinite(states).all():
            raise ModelError(f"{self._name}: the network gave states that are not finite.")
        return np.asarray(states)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of sentences of one length, at most `TOKEN_BUDGET` tokens together."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[number]
        if batch and (lengths[batch[0]] != length or (len(batch) + 1) * length > TOKEN_BUDGET):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
