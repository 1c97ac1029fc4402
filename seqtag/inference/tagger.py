"""A trained model at work: sentences in, tags out. ONNX Runtime, no TensorFlow."""

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.document import Alternative, Document
from seqtag.corpora.sentence import Sentence, Words, as_sentence, cut
from seqtag.corpora.tags import Scheme, Span, convert, spans
from seqtag.corpora.windows import documents, whole
from seqtag.corpora.windows import windows as grouped
from seqtag.features.vocabulary import Vocabulary
from seqtag.graph import outputs
from seqtag.graph.build import Halves, check_int8
from seqtag.graph.weights import Floats, Weights
from seqtag.inference import language_states
from seqtag.inference.batches import inference_order
from seqtag.inference.lattice import Beam, Lattice, TagChain, joins, labels
from seqtag.inference.onnx_runtime import named, open_session, silent_run
from seqtag.inference.temperature import Scores
from seqtag.inference.word_table import WordTable
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.members import is_merged
from seqtag.model_folder.stored import (
    checked_parts,
    read_config,
    read_network,
    read_vocabulary,
    read_weights,
)
from seqtag.support.cores import cores
from seqtag.support.errors import ModelError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from seqtag.settings.config import Config

CHUNK = 2048  # sentences that are sorted by length together
TOKEN_BUDGET = 2048  # tokens of a batch, padding included
AHEAD = 32  # batches that are begun before their results are asked for
WINDOW = 8192  # a longer sentence is tagged in pieces of so many tokens ...
OVERLAP = 256  # ... each of which sees so many more on either side
LARGEST_SCORE = 80  # between tags: the network takes its exponential, which float32 must hold
OF_EACH_WORD = (outputs.TAGS.name, outputs.PROBABILITIES.name)
LATTICE = tuple(output.name for output in outputs.LATTICE)  # from which the probability of entities follows
BEAM = tuple(
    output.name for output in outputs.BEAM
)  # the n best sequences of a model that has no such scores
LOOKS = {outputs.ATTENTION.name, outputs.HEAD_ATTENTION.name, outputs.LABEL_ATTENTION.name}
LOOKS |= {output.name for output in outputs.OF_SENTENCES}
CHAIN = tuple(output.name for output in outputs.CHAIN)  # the scores between tags

Results = Callable[
    [], dict[str, NDArray[Any]]
]  # gives a batch's outputs by name, at once or when they are there


class SentenceTagger:
    """A network and its vocabulary.

    Args:
        network: The serialised ONNX model, built by seqtag, or both of its halves.
        vocabulary: The tables that belong to it.
        threads: Batches that are tagged side by side; 0 for as many as the process may use cores.
        name: The model folder, for messages.
    """

    def __init__(
        self,
        network: bytes | Halves,
        vocabulary: Vocabulary,
        threads: int = 0,
        *,
        name: str = "the network",
    ) -> None:
        self.vocabulary = vocabulary
        self._name = name
        self._threads = threads or cores()
        self._table = WordTable(network, vocabulary, name) if isinstance(network, Halves) else None
        self._session = open_session(network.sentences if isinstance(network, Halves) else network)
        self._outputs = {output.name: output.shape for output in self._session.get_outputs()}
        self._run_options = silent_run()
        self._tags = np.array(vocabulary.tags, dtype=object)
        self.spelling = vocabulary.reading.spelling

    @classmethod
    def load(
        cls, path: str | PathLike[str], threads: int = 0, *, tags_only: bool = False, int8: bool = False
    ) -> Self:
        """The tagger of a model folder.

        Args:
            path: The folder.
            threads: As for the class.
            tags_only: Whether nobody will ask for probabilities, entities or the best sequences; this is quicker.
            int8: Whether the products of the encoder's LSTMs are rounded to 8 bits; this is quicker.

        Raises:
            ModelError: The folder is incomplete, damaged, too new or not one of ours.
            UsageError: The encoder has no LSTM.
        """
        return load_folder(Path(path), lambda folder: cls.of(folder, threads, tags_only=tags_only, int8=int8))

    @classmethod
    def of(cls, folder: Folder, threads: int = 0, *, tags_only: bool = False, int8: bool = False) -> Self:
        """The tagger of a model folder that is open; see `load`."""
        vocabulary = read_vocabulary(folder, language_states.of_folder)
        wanted, name = cls.outputs_of_tags(tags_only=tags_only), str(folder.path)
        network: bytes | Halves
        if is_merged(folder):
            network = read_network(folder, vocabulary, wanted, int8=int8)
        else:
            network = network_of(
                read_config(folder), vocabulary, read_weights(folder), wanted, name, int8=int8
            )
        with named(f"{folder.path}: the network", "loaded"):
            return cls(network, vocabulary, threads, name=str(folder.path))

    @classmethod
    def build(
        cls,
        config: "Config",
        vocabulary: Vocabulary,
        weights: Mapping[str, Floats],
        *,
        tags_only: bool = False,
    ) -> Self:
        """The tagger of a model in memory, its weights by their paths; see `load`."""
        wanted = cls.outputs_of_tags(tags_only=tags_only)
        network = network_of(config, vocabulary, Weights.of_arrays(weights), wanted, "the network")
        return cls(network, vocabulary)

    @staticmethod
    def outputs_of_tags(*, tags_only: bool) -> set[str]:
        """The outputs that a network is built for. The weights of attentions, which are large, are not among them."""
        return {outputs.TAGS.name} if tags_only else outputs.OUTPUTS.keys() - LOOKS

    @property
    def scheme(self) -> Scheme:
        """The scheme of the tags that `tag` gives."""
        return self.vocabulary.scheme

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that the training file held, in its own scheme."""
        return tuple(self.vocabulary.tag_counts)

    def tag(
        self, sentences: Iterable[Words], *, entities: bool = False, nbest: int = 0
    ) -> Iterator[Document]:
        """An answer for each sentence, in order; reads ahead by no more than `CHUNK` sentences.

        Args:
            sentences: The sentences, as tokens or as `Sentence`s; the latter where the model reads extra
                columns.
            entities: Whether entities with their probability are wanted.
            nbest: How many sequences of tags are wanted for each sentence.

        Raises:
            UsageError: The model cannot give so many sequences.
        """
        remaining = iter(sentences)
        chunks = iter(lambda: list(islice(remaining, CHUNK)), [])
        for chunk in whole(chunks, self.vocabulary.context):
            yield from self.begin(chunk, entities=entities, nbest=nbest)

    def begin(
        self, sentences: Sequence[Words], *, entities: bool = False, nbest: int = 0
    ) -> Iterator[Document]:
        """As `tag`, for sentences that are there already; the work begins before the first answer is asked for."""
        self._check_asked(entities=entities, nbest=nbest)
        self.check_nbest(nbest)
        pieces = [piece for number, tokens in enumerate(sentences) for piece in windows(number, len(tokens))]
        seen = [self.vocabulary.seen(words) for words in sentences]
        rows = self._indexed([cut(seen[p.sentence], p.start, p.end) for p in pieces])
        names = self._names(entities=entities, nbest=nbest)
        batches = list(self._batches(sentences, pieces))
        results = (
            (
                batch,
                self._submit(self._collated([rows[i] for i in batch], together), names, len(batches) == 1),
            )
            for batch, together in batches
        )
        begun = deque(islice(results, AHEAD))
        return self._answers(sentences, pieces, begun, results, entities=entities, nbest=nbest)

    def _batches(
        self, sentences: Sequence[Words], pieces: Sequence["Piece"]
    ) -> Iterator[tuple[list[int], list[int]]]:
        """The numbers of the pieces in each batch, and how many each of its windows holds."""
        lengths = [piece.end - piece.start for piece in pieces]
        numbers = documents(sentences)
        # A sentence in pieces is a window by itself, as `whole` sees it: all its pieces count as long as it is.
        uncut = [len(sentences[piece.sentence]) for piece in pieces]
        sizes = grouped(uncut, [numbers[piece.sentence] for piece in pieces], self.vocabulary.context)
        starts = [end - size for end, size in zip(accumulate(sizes), sizes, strict=True)]
        # A window's cost is that of its sentences, each padded to the longest of them.
        costs = [max(lengths[start : start + size]) * size for start, size in zip(starts, sizes, strict=True)]
        for batch in inference_order(costs, TOKEN_BUDGET):
            members = [piece for one in batch for piece in range(starts[one], starts[one] + sizes[one])]
            yield members, [sizes[one] for one in batch]

    def _indexed(self, seen: Sequence[Sentence]) -> Sequence[Any]:
        """Sentences, as the network's parts look at them, to be collated."""
        if self._table is not None:
            return [sentence.tokens for sentence in seen]
        return self.vocabulary.index_seen(seen)

    def _collated(
        self, rows: Sequence[Any], together: Sequence[int] | None = None
    ) -> dict[str, NDArray[Any]]:
        """The network's inputs for a batch of what `_indexed` gives, `together` as for `Vocabulary.collate`."""
        if self._table is not None:
            return self._table.collate(rows)
        return self.vocabulary.collate(rows, windows=together)

    def decode(
        self, sentences: Sequence[Words], names: Sequence[str] = OF_EACH_WORD
    ) -> dict[str, NDArray[Any]]:
        """The outputs by name, each `(batch, time, ...)`, for one batch of sentences, none of them empty; see `run`. To
        a network that reads documents they are one.
        """
        rows = self._indexed([self.vocabulary.seen(one) for one in sentences])
        return self.run(self._collated(rows, [len(rows)] if self.vocabulary.context else None), names)

    def _check_asked(self, *, entities: bool, nbest: int) -> None:
        """Refuses with a ValueError to give what the network was not built for."""
        if (entities or nbest) and outputs.PROBABILITIES.name not in self._outputs:
            raise ValueError("expected a tagger that gives probabilities. Received: one that gives tags only")

    def _names(self, *, entities: bool, nbest: int) -> list[str]:
        """The outputs that answers need."""
        names = [*OF_EACH_WORD]
        if entities or nbest:
            names += LATTICE + BEAM * (nbest > 0)
        return [name for name in names if name in self._outputs]

    @cached_property
    def most(self) -> float:
        """How many sequences the model can give for a sentence."""
        if "scores" in self._outputs:
            return math.inf
        return int(self._outputs[BEAM[0]][-1]) if BEAM[0] in self._outputs else 1

    def check_nbest(self, nbest: int) -> None:
        """Raises UsageError if the model cannot give so many sequences."""
        if nbest > self.most:
            raise UsageError(
                f"{nbest} best sequences: this model gives at most {self.most}, its head.beam in training."
            )

    def _submit(self, inputs: dict[str, Any], names: Sequence[str], alone: bool) -> Results:
        """Has a batch tagged by one of the threads, or when the results are asked for; returns what gives them."""
        if alone or self._threads == 1:
            return partial(self.run, inputs, names)
        return self._pool.submit(self.run, inputs, names).result

    @cached_property
    def _pool(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor  # which a single batch does without

        return ThreadPoolExecutor(self._threads)

    def _answers(
        self,
        sentences: Sequence[Words],
        pieces: Sequence["Piece"],
        begun: deque[tuple[list[int], Results]],
        more: Iterator[tuple[list[int], Results]],
        *,
        entities: bool,
        nbest: int,
    ) -> Iterator[Document]:
        found = [{} for _ in sentences]  # type: list[dict[str, NDArray[Any]]]
        while begun:
            batch, results = begun.popleft()
            arrays = results()
            begun.extend(islice(more, 1))
            for row, number in enumerate(batch):
                self._keep(
                    found, sentences, pieces[number], {name: array[row] for name, array in arrays.items()}
                )
        for words, answer in zip(sentences, found, strict=True):
            sentence = as_sentence(words)
            if len(sentence):
                yield self._tagged(sentence, answer, entities, nbest)
            else:
                yield self._empty(sentence)

    def _empty(self, sentence: Sentence) -> Document:
        """The answer for a sentence without tokens."""
        return Document.of(sentence, (), self.scheme)

    def _keep(
        self,
        found: list[dict[str, NDArray[Any]]],
        sentences: Sequence[Words],
        piece: "Piece",
        arrays: dict[str, NDArray[Any]],
    ) -> None:
        """Puts a piece's results where they belong in their sentence."""
        length = len(sentences[piece.sentence])
        kept = slice(piece.keep_start - piece.start, piece.keep_end - piece.start)
        for name, array in arrays.items():
            if piece.keep_end - piece.keep_start == length:
                found[piece.sentence][name] = array[kept]
                continue
            if name in BEAM:
                # The k-th best of every piece make no k-th best of the sentence; the best of each make its tags.
                array = array[:, :1]
            whole = found[piece.sentence].setdefault(name, np.empty((length, *array.shape[1:]), array.dtype))
            whole[piece.keep_start : piece.keep_end] = array[kept]

    def run(self, inputs: dict[str, Any], names: Sequence[str] = OF_EACH_WORD) -> dict[str, NDArray[Any]]:
        """The outputs by name, each `(batch, time, ...)`, for the arrays of a batch.

        Raises:
            ModelError: The network fails, or its weights are so large that a result is not finite.
            MemoryError: There is too little memory for the batch.
        """
        with named(f"{self._name}: the network", "run"):
            arrays = self._session.run(list(names), inputs, self._run_options)
        found = dict(zip(names, arrays, strict=True))
        words = np.arange(int(inputs["lengths"].max())) < inputs["lengths"][:, None]  # (batch, time)
        for name, array in found.items():
            # What depends on no input is not of words, and the attention is only looked at.
            of_words = outputs.OUTPUTS[name].shape[:2] == outputs.TAGS.shape
            if of_words and not np.isfinite(array[words]).all():
                raise ModelError(f"{self._name}: the network gave {name} that are not finite.")
        return found

    def _tagged(
        self, sentence: Sentence, arrays: dict[str, NDArray[Any]], entities: bool, nbest: int
    ) -> Document:
        numbers = arrays["tags"]
        tags = self._written(self._tags[numbers].tolist())
        given = arrays.get("probabilities")
        probabilities = [] if given is None else given.astype(np.float64).clip(0, 1).tolist()
        found: list[Span] = []
        span_probabilities = []
        alternatives = []
        if entities or nbest:
            known = self._known(arrays)
            if entities:
                found = spans(tags, self.scheme)
                span_probabilities = [float(known.span_probability(span)) for span in found]
            for sequence in known.best(nbest) if nbest else ():
                written = self._written([self.vocabulary.tags[number] for number in sequence.tags])
                alternatives.append(Alternative(written, sequence.probability))
        return Document.of(
            sentence,
            tags,
            self.scheme,
            probabilities=probabilities,
            spans=found,
            span_probabilities=span_probabilities,
            alternatives=alternatives,
        )

    def _known(self, arrays: dict[str, NDArray[Any]]) -> Lattice | Beam:
        """What the model says of the sentence, by the outputs that it has."""
        if "scores" not in arrays:
            best = (arrays["tags"][:, None], arrays["probabilities"][:, None])
            return Beam(*(arrays.get(name, array) for name, array in zip(BEAM, best, strict=True)))
        scores = arrays["scores"]
        # Without a chain each token stands alone: every way to arrive and to go on sums to 1, whose
        # logarithm is 0.
        forward, backward = (
            arrays[name] if name in arrays else np.zeros_like(scores) for name in ("forward", "backward")
        )
        return Lattice(self._chain, scores, forward, backward)

    @cached_property
    def _chain(self) -> TagChain:
        """The scores between tags, which the network gives as outputs that depend on no input."""
        count = len(self.vocabulary.tags)
        tags, scheme = self.vocabulary.tags, self.vocabulary.train_scheme
        of_spans = joins(tags, scheme), labels(tags, scheme)
        if "transitions" not in self._outputs:
            return TagChain(
                np.zeros(count), np.zeros((count, count)), np.zeros(count), *of_spans, np.zeros(count)
            )
        # ONNX Runtime wants inputs that are legal, though nothing here depends on them.
        reading = self.vocabulary.reading
        anything = Sentence(
            (".",),
            columns=tuple(("_",) for _ in reading.feature_columns),
            numbers=tuple((0.0,) for _ in reading.numeric_columns),
            heads=(0,),
        )
        bias = outputs.BIAS.name
        arrays = self.decode([anything], [*CHAIN, *([bias] if bias in self._outputs else [])])
        for array in arrays.values():
            if not np.isfinite(array).all() or array.max() >= LARGEST_SCORE:
                raise ModelError(f"{self._name}: the scores between its tags are not finite, or too large.")
        start, transitions, end = (arrays[name].astype(np.float64) for name in CHAIN)
        added = arrays.get(bias, np.zeros(count)).astype(np.float64)
        return TagChain(start, transitions, end, *of_spans, added)

    def scores(self, sentences: Sequence[Sentence], right: Sequence[Sequence[str]]) -> Scores | None:
        """The scores of the tags of sentences beside the right ones; None if the head has no such scores.

        Args:
            sentences: The sentences, none longer than `WINDOW`.
            right: The right tags of each, in the scheme of training; a sentence with one that the model does not have
                is left out.
        """
        if "scores" not in self._outputs:
            return None
        numbers = {tag: number for number, tag in enumerate(self.vocabulary.tags)}
        pairs = [pair for pair in zip(sentences, right, strict=True) if numbers.keys() >= {*pair[1]}]
        wanted = [sentence for sentence, _ in pairs]
        rows = self._indexed([self.vocabulary.seen(sentence) for sentence in wanted])
        pieces = [piece for number, tokens in enumerate(wanted) for piece in windows(number, len(tokens))]
        found: dict[int, NDArray[np.float32]] = {}
        for batch, together in self._batches(wanted, pieces):
            arrays = self.run(self._collated([rows[place] for place in batch], together), ["scores"])
            found |= {
                place: row[: len(pairs[place][1])] for place, row in zip(batch, arrays["scores"], strict=True)
            }
        chain = self._chain
        return Scores(
            chain.start,
            chain.transitions,
            chain.end,
            [
                (found[place], np.array([numbers[tag] for tag in tags], np.int32))
                for place, (_, tags) in enumerate(pairs)
            ],
        )

    def _written(self, tags: list[str]) -> list[str]:
        """The network's tags in the corpus's scheme, as far as its spelling can tell them apart."""
        return self.spelling.settled(convert(tags, self.vocabulary.train_scheme, self.scheme))


def network_of(
    config: "Config",
    vocabulary: Vocabulary,
    weights: Weights,
    wanted: Collection[str],
    name: str,
    *,
    int8: bool = False,
) -> bytes | Halves:
    """The network of these settings and weights, in halves where it can be divided.

    Args:
        config: The settings.
        vocabulary: The vocabulary.
        weights: The weights.
        wanted: The names of the outputs to compute.
        name: The model, for messages.
        int8: Whether the recurrent products of LSTMs are rounded to 8 bits.

    Raises:
        ModelError: Settings, vocabulary and weights do not fit each other, or a weight is not finite.
        UsageError: `int8` of an encoder without an LSTM.
    """
    if int8:
        check_int8(config.encoder)
    return checked_parts(config, vocabulary, weights, wanted, name, int8=int8)


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence that is tagged at once, and the part of it whose tags are kept."""

    sentence: int
    start: int
    end: int
    keep_start: int
    keep_end: int


def windows(sentence: int, length: int) -> Iterator[Piece]:
    """The pieces of a sentence: one, unless it is longer than `WINDOW`; none if it is empty."""
    if 0 < length <= WINDOW:
        yield Piece(sentence, 0, length, 0, length)
        return
    for start in range(0, length, WINDOW):
        end = min(start + WINDOW, length)
        yield Piece(sentence, max(start - OVERLAP, 0), min(end + OVERLAP, length), start, end)
