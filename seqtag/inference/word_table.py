"""What the first layer of a network makes of each word by itself: computed once, and remembered from batch to batch."""

from collections.abc import Sequence
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph import outputs
from seqtag.graph.build import Halves
from seqtag.inference.onnx_runtime import named, open_session, silent_run

# Bytes of what is remembered; a batch of more words takes what it needs. Batches that wait hold the table that they
# were made with, so a smaller one, which is given up more often, takes more memory in the end.
MEMORY = 1 << 26
PADDING = 0  # the row of places without a word: its gates are zeros


class WordTable:
    """The gates of the words met so far. When there is no room for more, the half that was needed less is forgotten.

    Args:
        halves: The network.
        vocabulary: Its vocabulary.
        name: The model folder, for messages.
    """

    def __init__(self, halves: Halves, vocabulary: Vocabulary, name: str) -> None:
        self._vocabulary = vocabulary
        self._name = name
        self._directions = halves.directions
        with named(f"{name}: the network", "loaded"):
            self._session = open_session(halves.words)
        self._options = silent_run()
        self._width = int(self._session.get_outputs()[0].shape[-1])
        self._most = MEMORY // (4 * self._width)
        self._words: dict[str, int] = {}  # and their rows, which begin with 1
        self._make_room(self._most)
        self._lock = Lock()

    def collate(self, rows: Sequence[tuple[str, ...]]) -> dict[str, NDArray[Any]]:
        """The inputs of the half that reads sentences, for the tokens of each.

        Raises:
            ModelError: The network fails.
            MemoryError: There is too little memory for the batch.
        """
        with self._lock:
            lengths = np.fromiter(map(len, rows), np.int32, len(rows))
            numbers = self._numbers(list(chain.from_iterable(rows)))
            gates = self._gates  # never changed where a word is; a larger one takes its place
        time = int(lengths.max())
        places = np.full((len(rows), time), PADDING, np.int32)
        places[np.arange(time) < lengths[:, None]] = numbers
        return {
            "lengths": lengths,
            "gates": gates.reshape(len(gates) * self._directions, -1),
            "places": np.ascontiguousarray(places.T),
        }

    def _numbers(self, tokens: Sequence[str]) -> NDArray[np.int32]:
        """The row of each token, all of which have one afterwards."""
        known = self._words
        try:
            numbers = np.fromiter(map(known.__getitem__, tokens), np.int32, len(tokens))
        except KeyError:
            self._learn(list(dict.fromkeys(tokens)))
            numbers = np.fromiter(map(self._words.__getitem__, tokens), np.int32, len(tokens))
        self._needed += np.bincount(numbers, minlength=len(self._needed))
        return numbers

    def _learn(self, forms: Sequence[str]) -> None:
        """Sees to it that all of these words have a row."""
        new = [form for form in forms if form not in self._words]
        if 1 + len(self._words) + len(new) > len(self._gates):
            self._forget(len(forms))
            new = [form for form in forms if form not in self._words]
        first = 1 + len(self._words)
        inputs = self._vocabulary.collate(self._vocabulary.index_seen([Sentence(tuple(new))]))
        del inputs["lengths"]
        with named(f"{self._name}: the network", "run"):
            (found,) = self._session.run([outputs.GATES.name], inputs, self._options)
        self._gates[first : first + len(new)] = found[0]
        self._words.update(zip(new, range(first, first + len(new)), strict=True))

    def _forget(self, coming: int) -> None:
        """Drops all words but the half that was needed most, and makes room for so many more."""
        forms, gates, needed = list(self._words), self._gates, self._needed
        count = min(len(forms), self._most) // 2
        kept = 1 + np.sort(np.argsort(-needed[1 : len(forms) + 1], kind="stable")[:count])
        self._make_room(max(self._most, 1 + count + coming))
        self._words = {forms[row - 1]: place for place, row in enumerate(kept.tolist(), start=1)}
        # The mode means that the rows are not copied twice; all are there.
        np.take(gates, kept, axis=0, out=self._gates[1 : count + 1], mode="clip")
        self._needed[1 : count + 1] = needed[kept] // 2

    def _make_room(self, rows: int) -> None:
        """Begins an empty table. The system gives it memory when a row is written."""
        self._gates = np.zeros((rows, self._width), np.float32)
        self._needed = np.zeros(rows, np.int64)  # how often, lately
