"""A transducer at work on ONNX Runtime: numbered source symbols in, numbered target symbols out."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.features.indexers.base import pad
from seqtag.graph import outputs
from seqtag.inference.batches import inference_order
from seqtag.inference.onnx_runtime import named, open_session, silent_run
from seqtag.support.cores import cores
from seqtag.support.errors import ModelError

TOKEN_BUDGET = 4096  # source symbols of a batch, padding included
END = 0  # ends a target, and stands before its first symbol

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Hypothesis:
    """A target that a search has found.

    Attributes:
        symbols: Its symbols, without the end.
        log_probability: The logarithm of its probability, the end included.
        score: What the search compares: the same, divided by the length penalty.
        complete: Whether it came to its end before the length limit did.
    """

    symbols: tuple[int, ...]
    log_probability: float
    score: float
    complete: bool


@dataclass(frozen=True)
class Search:
    """How the best targets are searched for.

    Attributes:
        beam: How many beginnings of a target are kept; 1: greedy.
        penalty: The exponent of the length penalty ((5 + length) / 6) ^ penalty of Wu et al. (2016, "Google's Neural
            Machine Translation System"); the length counts the end.
        factor: A target has at most `factor` times the symbols of its source, and `more` more.
        more: See there.
    """

    beam: int = 5
    penalty: float = 0.6
    factor: float = 3.0
    more: int = 10

    def divisor(self, length: int) -> float:
        """What the log-probability of a target of this length is divided by."""
        return float(((5 + length) / 6) ** self.penalty)

    def is_best(self, found: Hypothesis, limit: int) -> bool:
        """Whether no other target of at most `limit` symbols can have a better score than this one, since all others
        together have the rest of the probability.
        """
        rest = -np.expm1(found.log_probability)
        return found.complete and (rest <= 0 or bool(found.score > np.log(rest) / self.divisor(limit)))

    def limits(self, lengths: NDArray[Any]) -> NDArray[np.int64]:
        """How long the targets of sources of these lengths may be."""
        return np.ceil(self.factor * lengths).astype(np.int64) + self.more


class TransducerSession:
    """The two networks of a transducer.

    Args:
        reader: The serialised ONNX model that reads sources.
        step: The graph of one decoder step; see `seqtag.graph.transducer`.
        threads: Batches that are searched side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.

    Raises:
        ModelError: ONNX Runtime refuses a network.
        MemoryError: There is too little memory for it.
    """

    def __init__(self, reader: bytes, step: bytes, *, threads: int = 0, name: str = "the model") -> None:
        self._name = name
        self._threads = threads or cores()
        self._run_options = silent_run()
        with named(f"{self._name}: the network", "loaded"):
            self._reader, self._stepper = open_session(reader), open_session(step)
        self._read = [entry.name for entry in self._reader.get_outputs()]
        self._known = {entry.name for entry in self._stepper.get_inputs()}
        self.attends = outputs.LOOKS.name in {entry.name for entry in self._stepper.get_outputs()}

    def search(self, sources: Sequence[Ids], search: Search, wanted: int = 1) -> list[list[Hypothesis]]:
        """The best targets of each source, best first, at most `wanted` and at most as many as the beam is wide.

        Where one is wanted, a beam of one goes first: what it finds is the answer wherever it is so probable that no
        other target can have a better score, as for most words. The others are searched for with the whole beam.

        Raises:
            ModelError: A network fails, or a probability is not finite.
            MemoryError: There is too little memory for a batch.
        """
        if wanted > 1 or search.beam == 1:
            return self._in_batches(sources, search, wanted)
        found = self._in_batches(sources, replace(search, beam=1), 1)
        limits = search.limits(np.array([len(source) for source in sources]))
        open_ones = [
            number for number, (one,) in enumerate(found) if not search.is_best(one, int(limits[number]))
        ]
        again = self._in_batches([sources[number] for number in open_ones], search, 1)
        for number, answers in zip(open_ones, again, strict=True):
            found[number] = answers
        return found

    def _in_batches(self, sources: Sequence[Ids], search: Search, wanted: int) -> list[list[Hypothesis]]:
        """What `_search` finds, in batches of about equal length."""
        batches = list(inference_order([len(source) for source in sources], TOKEN_BUDGET))

        def work(batch: Sequence[int]) -> list[list[Hypothesis]]:
            return self._search([sources[number] for number in batch], search, wanted)

        if self._threads == 1 or len(batches) <= 1:
            done = list(map(work, batches))
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                done = list(pool.map(work, batches))
        found: list[list[Hypothesis]] = [[] for _ in sources]
        for batch, results in zip(batches, done, strict=True):
            for number, result in zip(batch, results, strict=True):
                found[number] = result
        return found

    def follow(self, sources: Sequence[Ids], targets: Sequence[Ids]) -> tuple[Floats, Floats | None]:
        """The log-probability of each symbol of known targets after those before it, `(batch, time)`, the end included
        and zero after it; and where the attention was, `(batch, time, source time)`, None without one.

        Args:
            sources: The source symbols of each.
            targets: The target symbols of each, without the end.
        """
        inputs, state = self._memory(sources)
        time = 1 + max(map(len, targets))
        padded = pad([np.append(target, END).astype(np.int64) for target in targets], time)
        state, previous = state[:, None], np.full((len(targets), 1), END, np.int64)
        logs, looks = [], []
        for now in padded.T:
            found = self._step(inputs, previous, state)
            state, previous = found[outputs.NEXT.name], now[:, None]
            logs.append(found[outputs.LOGS.name][np.arange(len(now)), 0, now])
            if self.attends:
                looks.append(found[outputs.LOOKS.name][:, 0])
        mask = np.arange(time) <= np.array([len(target) for target in targets])[:, None]
        return np.stack(logs, 1) * mask, np.stack(looks, 1) if looks else None

    def _search(self, sources: Sequence[Ids], search: Search, wanted: int) -> list[list[Hypothesis]]:
        inputs, first = self._memory(sources)
        beams = Beams(search, search.limits(inputs["lengths"]), min(wanted, search.beam))
        state = first[:, None]  # (batch, 1, states)
        while len(beams.rows):
            found = self._step(inputs, beams.previous, state)
            kept, parents = beams.advance(found[outputs.LOGS.name])
            state = np.take_along_axis(found[outputs.NEXT.name], parents[..., None], axis=1)
            if len(kept) < len(state):
                state = state[kept]
                inputs = {name: array[kept] for name, array in inputs.items()}
        return beams.results()

    def _memory(self, sources: Sequence[Ids]) -> tuple[dict[str, NDArray[Any]], Floats]:
        """What each step needs to know of sources, and the first states `(batch, states)`."""
        lengths = np.array([len(source) for source in sources], np.int32)
        inputs: dict[str, NDArray[Any]] = {
            "symbols": pad([np.asarray(source, np.int32) for source in sources], int(lengths.max())),
            "lengths": lengths,
        }
        with named(f"{self._name}: the network", "run"):
            arrays = self._reader.run(self._read, inputs, self._run_options)
        found = dict(zip(self._read, arrays, strict=True))
        first = found.pop(outputs.FIRST.name)
        return inputs | found, first

    def _step(
        self, inputs: dict[str, NDArray[Any]], previous: NDArray[np.int64], state: Floats
    ) -> dict[str, Floats]:
        given = {name: array for name, array in inputs.items() if name in self._known}
        names = [entry.name for entry in self._stepper.get_outputs()]
        with named(f"{self._name}: the network", "run"):
            arrays = self._stepper.run(
                names, given | {"previous": previous, "states": state}, self._run_options
            )
        found = dict(zip(names, arrays, strict=True))
        if not np.isfinite(found[outputs.LOGS.name]).all():
            raise ModelError(f"{self._name}: the network gave probabilities that are not finite.")
        return found


class Beams:
    """The beginnings of targets that a search keeps.

    A beginning that ends leaves the beam, which is narrower from then on (Sutskever et al. 2014). A source is done when
    no beginning is left, or when as many targets as are wanted have ended that score better than every beginning does.

    Args:
        search: The settings.
        limits: How long the target of each source may be, `(sources,)`.
        wanted: How many targets of each source are wanted.

    Attributes:
        rows: The sources that are not done.
        previous: The last symbol of each beginning, `(rows, beam)`.
    """

    def __init__(self, search: Search, limits: NDArray[np.int64], wanted: int) -> None:
        count = len(limits)
        self.search, self.limits, self.wanted = search, limits, wanted
        self.rows = np.arange(count)
        self.previous = np.full((count, 1), END, np.int64)
        self._totals = np.zeros((count, 1))
        self._length = 0
        self._symbols: list[NDArray[np.int64]] = []  # of each step, (sources, beam)
        self._parents: list[NDArray[np.int64]] = []
        # Of each source: score, log-probability, the slot before the end and how many symbols stand there.
        self._ended: list[list[tuple[float, float, int, int, bool]]] = [[] for _ in range(count)]

    def advance(self, logs: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Goes on by a step.

        Args:
            logs: The log-probability of each next symbol, `(rows, beam, symbols)`.

        Returns:
            Which of the rows are left, `(left,)`, and which beginning each new one of all rows goes on from,
            `(rows, beam)`.
        """
        count, _, symbols = logs.shape
        scores = (self._totals[:, :, None] + logs).reshape(count, -1)
        width = min(self.search.beam, scores.shape[1])
        best = (
            np.argpartition(-scores, width - 1, axis=1)[:, :width]
            if width < scores.shape[1]
            else (np.tile(np.arange(width), (count, 1)))
        )
        totals = np.take_along_axis(scores, best, axis=1)
        order = np.argsort(-totals, axis=1, kind="stable")
        best, totals = np.take_along_axis(best, order, axis=1), np.take_along_axis(totals, order, axis=1)
        parents, chosen = np.divmod(best, symbols)
        self._length += 1
        divisor = self.search.divisor(self._length)
        ends = (chosen == END) & np.isfinite(totals)
        for row, slot in np.argwhere(ends).tolist():
            total = float(totals[row, slot])
            self._ended[self.rows[row]].append(
                (total / divisor, total, int(parents[row, slot]), self._length - 1, True)
            )
        totals = np.where(ends, -np.inf, totals)
        self._keep(parents, chosen)
        cut = self._length >= self.limits[self.rows]
        for row, slot in np.argwhere(cut[:, None] & np.isfinite(totals)).tolist():
            total = float(totals[row, slot])
            self._ended[self.rows[row]].append((total / divisor, total, slot, self._length, False))
        left = np.flatnonzero(~cut & self._open(totals))
        self.rows, self.previous, self._totals = self.rows[left], chosen[left], totals[left]
        return left, parents

    def _keep(self, parents: NDArray[np.int64], chosen: NDArray[np.int64]) -> None:
        shape = (len(self.limits), chosen.shape[1])
        for store, new in ((self._symbols, chosen), (self._parents, parents)):
            whole = np.zeros(shape, np.int64)
            whole[self.rows] = new
            store.append(whole)

    def _open(self, totals: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows go on, `(rows,)`."""
        hopes = totals.max(axis=1) / self.search.divisor(self._length + 1)
        going: NDArray[np.bool_] = np.isfinite(hopes)
        for row in np.flatnonzero(going).tolist():
            ended = self._ended[self.rows[row]]
            if len(ended) >= self.wanted:
                worst = sorted((one[0] for one in ended), reverse=True)[self.wanted - 1]
                going[row] = hopes[row] > worst
        return going

    def results(self) -> list[list[Hypothesis]]:
        """The targets of each source, best first."""
        found = []
        for source, ended in enumerate(self._ended):
            # What was cut at the limit counts for less than what ended.
            ranked = sorted(ended, key=lambda one: (not one[4], -one[0]))[: self.wanted]
            found.append(
                [
                    Hypothesis(self._traced(source, slot, length), total, score, complete)
                    for score, total, slot, length, complete in ranked
                ]
            )
        return found

    def _traced(self, source: int, slot: int, length: int) -> tuple[int, ...]:
        symbols = []
        for step in range(length - 1, -1, -1):
            symbols.append(int(self._symbols[step][source, slot]))
            slot = int(self._parents[step][source, slot])
        return tuple(reversed(symbols))
