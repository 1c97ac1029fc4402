"""The states of a recurrent language model at work on ONNX Runtime: sentences in, states out."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence, cut
from seqtag.graph import outputs
from seqtag.inference.batches import inference_order
from seqtag.inference.onnx_runtime import named, open_session, silent_run
from seqtag.support.cores import cores
from seqtag.support.errors import ModelError

TOKEN_BUDGET = 4096  # tokens of a batch, padding included
AHEAD = 8  # batches that are begun before one is waited for
WINDOW = 2048  # a longer sentence is read in pieces of so many tokens ...
CONTEXT = 256  # ... each of which begins so many earlier, or backward ends so many later

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Use = Callable[[Places, Floats], None]


class TokenTables(Protocol):
    """What turns tokens into the arrays that a network reads."""

    def index_seen(self, seen: Sequence[Sentence]) -> list[dict[str, Any]]:
        """Sentences or parts of them, borders included, each as its indexers keep it."""
        ...

    def collate(self, rows: Sequence[dict[str, Any]]) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch of them, with their `lengths` `(batch,)`."""
        ...


class Stretch(NamedTuple):
    """A stretch of a sentence that is read at once, and the part of it whose states are kept."""

    sentence: int
    start: int
    end: int
    keep_start: int
    keep_end: int


class StateReader:
    """The states of one direction of a language model.

    Args:
        network: The serialised ONNX model, built by seqtag, whose only output is the direction's; beside `after`, where
            the state is carried on.
        tables: What turns tokens into its inputs.
        threads: Batches that are read side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.

    Raises:
        ModelError: ONNX Runtime refuses the network.
        MemoryError: There is too little memory for it.
    """

    def __init__(
        self, network: bytes, tables: TokenTables, threads: int = 0, *, name: str = "the model"
    ) -> None:
        self._tables = tables
        self._threads = threads or cores()
        self._name = name
        self._run_options = silent_run()
        with named(f"{name}: the network", "loaded"):
            self._session = open_session(network)
        (self._output,) = (
            entry.name for entry in self._session.get_outputs() if entry.name != outputs.AFTER.name
        )
        self._backwards = self._output == "backward"
        # Where the state is carried on: its sizes, (states, batch, units).
        self._carried = {entry.name: entry.shape for entry in self._session.get_inputs()}.get(outputs.BEFORE)

    def read(self, sentences: Sequence[Sentence], use: Use) -> None:
        """Hands on the states of all tokens, some thousands at a time, in any order and from several threads.

        Args:
            sentences: The sentences, with their borders.
            use: Receives the places of tokens, counted through all sentences, `(n,)`, and their states
                `(n, units)`.

        Raises:
            ModelError: The network fails, or a state is not finite.
            MemoryError: There is too little memory for a batch.
        """
        first = np.cumsum([0, *map(len, sentences)])
        parts = [part for number, one in enumerate(sentences) for part in self._stretches(number, len(one))]
        rows = self._tables.index_seen(
            [cut(sentences[part.sentence], part.start, part.end) for part in parts]
        )
        batches = list(inference_order([part.end - part.start for part in parts], TOKEN_BUDGET))

        def work(inputs: dict[str, Any], batch: Sequence[int]) -> None:
            use(*self._kept(self._run(inputs), [parts[number] for number in batch], first))

        begun: deque[Future[None]] = deque()
        try:
            for batch in batches:
                inputs = self._tables.collate([rows[number] for number in batch])
                if len(batches) == 1 or self._threads == 1:
                    work(inputs, batch)
                    continue
                begun.append(self._pool.submit(work, inputs, batch))
                if len(begun) >= AHEAD:
                    begun.popleft().result()
            while begun:
                begun.popleft().result()
        finally:
            for rest in begun:
                rest.cancel()

    def one(self, sentences: Sequence[Sentence], places: Sequence[int]) -> Floats:
        """The state of one token of each sentence, `(sentences, units)`, from at most `WINDOW` tokens.

        Args:
            sentences: The sentences, with their borders.
            places: The place of the token in each.

        Raises:
            ModelError: The network fails, or a state is not finite.
            MemoryError: There is too little memory for a batch.
        """
        # What is on the other side does not count, so it is not read.
        if self._backwards:
            parts = [
                cut(one, at, min(at + WINDOW, len(one))) for one, at in zip(sentences, places, strict=True)
            ]
        else:
            parts = [
                cut(one, max(at + 1 - WINDOW, 0), at + 1) for one, at in zip(sentences, places, strict=True)
            ]
        ends = np.cumsum([len(part) for part in parts])
        wanted = ends - [len(part) for part in parts] if self._backwards else ends - 1
        found: dict[int, Floats] = {}

        def use(seen: Places, states: Floats) -> None:
            kept = np.isin(seen, wanted)
            found.update(zip(seen[kept].tolist(), states[kept], strict=True))

        self.read(parts, use)
        return np.stack([found[place] for place in wanted.tolist()])

    def follow(self, text: Sentence, before: Floats | None, use: Use) -> Floats:
        """Hands on the states of all tokens of a text in order, as one sentence, some thousands at a time.

        Args:
            text: The text, or a part of one.
            before: The states before its first token, as this method has returned them for the part before; None at the
                beginning.
            use: As for `read`.

        Returns:
            The states after its last token, `(states, 1, units)`.

        Raises:
            ModelError: The network fails, or a state is not finite.
            MemoryError: There is too little memory.
        """
        state = self._zeros(1) if before is None else before
        for start in range(0, len(text), WINDOW):
            part = cut(text, start, min(start + WINDOW, len(text)))
            inputs = self._tables.collate(self._tables.index_seen([part]))
            with named(f"{self._name}: the network", "run"):
                states, state = self._session.run(
                    [self._output, outputs.AFTER.name], inputs | {outputs.BEFORE: state}, self._run_options
                )
            use(start + np.arange(len(part)), self._finite(states[0]))
        return self._finite(state)

    def _zeros(self, batch: int) -> Floats:
        """The states before the first token of each sentence."""
        if self._carried is None:
            raise ValueError("expected a network whose state is carried on")
        count, _, units = self._carried
        return np.zeros((count, batch, units), np.float32)

    def _finite(self, states: Floats) -> Floats:
        if not np.isfinite(states).all():
            raise ModelError(f"{self._name}: the network gave states that are not finite.")
        return states

    def _stretches(self, sentence: int, length: int) -> Iterator[Stretch]:
        """What is read at once: the whole sentence, unless it is longer than `WINDOW`."""
        if length <= WINDOW:
            yield Stretch(sentence, 0, length, 0, length)
            return
        for start in range(0, length, WINDOW):
            end = min(start + WINDOW, length)
            if self._backwards:
                yield Stretch(sentence, start, min(end + CONTEXT, length), start, end)
            else:
                yield Stretch(sentence, max(start - CONTEXT, 0), end, start, end)

    def _kept(self, states: Floats, parts: Sequence[Stretch], first: Places) -> tuple[Places, Floats]:
        """Places and states of the tokens that are kept of a batch; `first` is each sentence's first place."""
        begins, ends = (np.array([(p.keep_start - p.start, p.keep_end - p.start) for p in parts])).T[
            ..., None
        ]
        steps = np.arange(states.shape[1])
        kept = (steps >= begins) & (steps < ends)  # (batch, time)
        offsets = np.array([first[part.sentence] + part.start for part in parts])[:, None]
        return (offsets + steps)[kept], self._finite(states[kept])

    def _run(self, inputs: dict[str, Any]) -> Floats:
        if self._carried is not None:
            inputs = inputs | {outputs.BEFORE: self._zeros(len(inputs["lengths"]))}
        with named(f"{self._name}: the network", "run"):
            (states,) = self._session.run([self._output], inputs, self._run_options)
        return states  # type: ignore[no-any-return]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads)
