"""The training of a transducer with one seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.pairs import TextPair
from seqtag.features.indexers.base import UNKNOWN, Ids, pad
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.model_folder import layout
from seqtag.settings import registry
from seqtag.settings.transduction import TransductionConfig
from seqtag.support.errors import Diverged, Error
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import counted, one_line, printable
from seqtag.tasks.transduction import stored
from seqtag.tasks.transduction.model import TransducerModel, plan_of
from seqtag.tasks.transduction.read import PairCorpora
from seqtag.tasks.transduction.score import MEASURES, TransductionScore, score
from seqtag.tasks.transduction.vocabulary import BORDER, SymbolVocabulary
from seqtag.training.batches import training_order
from seqtag.training.events import Start
from seqtag.training.job import Batch, Fitted

SHOWN = 3  # pairs of a batch that are named when training fails on it
TOGETHER = 512  # pairs that are answered between two looks at whether to stop
COMPARED, LONGEST = 100, 100  # pairs on which the export is compared, and the symbols of each at most
CLOSE = 2e-3  # in the mean logarithm of a probability
HIDDEN = (
    0.1  # share of the examples in which a symbol that could be copied is unknown, so that copying is learnt
)


@dataclass(frozen=True)
class TransductionStart(Start):
    """What was read, before training starts.

    Attributes:
        rows: Rows of the training file.
        pairs: Pairs that are learnt.
        dev_pairs: Pairs of dev.
        test_pairs: Pairs of test.
        held_out: The seed by which dev was drawn from the training file, None if it is a file.
        source_symbols: How many different symbols sources have.
        target_symbols: Likewise of targets.
        unknown: The share of the symbols of dev's sources that training has not seen.
        dev: The pairs of dev.
    """

    config: TransductionConfig
    rows: int
    pairs: int
    dev_pairs: int
    test_pairs: int
    held_out: int | None
    source_symbols: int
    target_symbols: int
    unknown: float
    dev: Sequence[TextPair] = field(default=(), repr=False)


@dataclass(frozen=True)
class PairExample:
    """A training pair as numbers: what the encoder reads and what the decoder writes, its end included, `(time,)`."""

    source: Ids
    target: Ids


class TransductionJob:
    """What a run trains and scores.

    Args:
        config: The settings, all decided; its seed is this run's.
        data: What to train and to score on.
        vectors: None; a transducer reads no pretrained vectors.

    Raises:
        Error: The network is more than a model folder can hold.
        UsageError: The settings contradict each other.
    """

    def __init__(self, config: TransductionConfig, data: PairCorpora, vectors: Vectors | None = None) -> None:
        from seqtag.network.transducer import TransducerNetwork

        self.config = config
        self.data = data
        self.vocabulary = SymbolVocabulary.learnt(data.train, config, data.options)
        self.network: Any = TransducerNetwork(plan_of(config, self.vocabulary))
        try:
            layout.check_size(stored.WEIGHTS, self.network.size)
        except ValueError as problem:
            raise Error(f"the network is too large for a model folder: {one_line(problem)}.") from problem
        self.examples = [self._example(pair) for pair in data.train]
        self.copied = self.vocabulary.copied
        self.prepared = self._prepared()

    def _example(self, pair: TextPair) -> PairExample:
        target = np.append(self.vocabulary.target(pair), np.int32(BORDER)).astype(np.int32)
        return PairExample(self.vocabulary.source(pair), target)

    def _prepared(self) -> TransductionStart:
        data, vocabulary = self.data, self.vocabulary
        seen = np.concatenate([vocabulary.source(pair) for pair in data.dev])
        return TransductionStart(
            config=self.config,
            measure=MEASURES[self.config.decoding.metric],
            parameters=self.network.parameters,
            rows=data.rows,
            pairs=len(data.train),
            dev_pairs=len(data.dev),
            test_pairs=len(data.test),
            held_out=data.held_out,
            source_symbols=len(vocabulary.sources.values),
            target_symbols=len(vocabulary.targets.values),
            unknown=float((seen == UNKNOWN).mean()),
            dev=data.dev,
        )

    @property
    def tokens(self) -> int:
        """How many symbols the encoder reads in an epoch."""
        return sum(len(example.source) for example in self.examples)

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; what is random in them is a function of seed, epoch and step."""
        training = self.config.training
        lengths = [len(example.source) for example in self.examples]
        order = training_order(lengths, training.batch_size, training.seed, epoch)
        for step, numbers in enumerate(order[done:], start=done + 1):  # step 0 would draw as the order did
            random = np.random.default_rng([training.seed, epoch, step])
            chosen = [self._hidden(self.examples[number], random) for number in numbers]
            sources, targets = [one.source for one in chosen], [one.target for one in chosen]
            sizes = np.array([len(source) for source in sources], np.int32)
            inputs = {"symbols": pad(sources, int(sizes.max())), "lengths": sizes}
            yield Batch(numbers, inputs, pad(targets, max(map(len, targets))))

    def _hidden(self, example: PairExample, random: np.random.Generator) -> PairExample:
        """The example with some symbols unknown by chance: of the source those that were seen once, so that the vector
        of the unknown one is learnt; of a decoder that copies now and then one of both sides.
        """
        rate, table = self.config.embeddings.word.unknown_rate, self.vocabulary.sources
        source, target = example.source, example.target
        if rate:
            source = table.hide_singletons(source.copy(), rate, random)
        if self.config.decoder.copy == "yes" and random.random() < HIDDEN:
            common = np.intersect1d(self.copied[source], target)
            common = common[common > UNKNOWN]
            if len(common):
                symbol = random.choice(common)
                source = np.where(self.copied[source] == symbol, np.int32(UNKNOWN), source)
                target = np.where(target == symbol, np.int32(UNKNOWN), target)
        return PairExample(source, target)

    def describe(self, numbers: list[int]) -> str:
        """Where the pairs of a batch stand in the training file, in words."""
        pairs = [self.data.train[number] for number in numbers[:SHOWN]]
        shown = ", ".join(f'"{printable(pair.source[:40])}" (line {pair.line:,})' for pair in pairs)
        more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
        return f"The pairs of the step: {shown}{more}."

    def score_dev(self, stop: Stop) -> float:
        """The score on dev that counts, of the network as it is now.

        Raises:
            Diverged: The weights are not finite.
            Interrupted: `stop` has been asked to.
        """
        return score_pairs(self.model(), self.data.dev, stop).main

    def model(self) -> TransducerModel:
        """The network as it is now, as those will use it who answer.

        Raises:
            Diverged: Its weights are not finite.
        """
        weights = self.network.named_weights()
        if not all(np.isfinite(array).all() for array in weights.values()):
            raise Diverged(
                "training ended with weights that are not finite; no model was written. Lower the learning rate."
            )
        return TransducerModel(self.config, self.vocabulary, Weights.of_arrays(weights), name="the network")

    def calibrated(
        self, weights: dict[str, Any], fitted: Fitted | None = None
    ) -> tuple[dict[str, Any], Fitted]:
        """The same weights: a beam search over scores that are divided may find other targets."""
        return weights, Fitted()

    def score(self, weights: dict[str, NDArray[Any]]) -> tuple[TransductionScore, TransductionScore | None]:
        """What these weights, which are the network's from now on, score on dev and, where there is one, on test.

        Raises:
            Diverged: The weights are not finite.
            Error: Export and network do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(weights)
        model = self.model()
        self._check_export(model)
        test = score_pairs(model, self.data.test) if self.data.test else None
        return score_pairs(model, self.data.dev), test

    def _check_export(self, model: TransducerModel) -> None:
        """Compares what the network and its export make of some pairs of dev."""
        pairs = [pair for pair in self.data.dev if len(pair) <= LONGEST and len(pair.target) <= LONGEST]
        pairs = pairs[:COMPARED]
        if not pairs:
            return
        found = model.log_probabilities(pairs)
        examples = [self._example(pair) for pair in pairs]
        sizes = np.array([len(example.source) for example in examples], np.int32)
        inputs = {"symbols": pad([one.source for one in examples], int(sizes.max())), "lengths": sizes}
        targets = pad([one.target for one in examples], max(len(one.target) for one in examples))
        logs, _ = self.network.log_probabilities(inputs, targets)
        gap = float(np.abs(np.asarray(logs) - found).sum() / sum(len(one.target) for one in examples))
        if not gap <= CLOSE:
            raise Error(
                f"the exported network differs from the trained one (by {gap:.1e} in the mean logarithm of a "
                "probability); no model was written. Please report this."
            )

    def facts(self) -> dict[str, Any]:
        """What `report.json` says of the data and the network."""
        start = self.prepared
        return {
            "data": {
                "train": {"rows": start.rows, "pairs": start.pairs},
                "dev": {"pairs": start.dev_pairs},
                **({"test": {"pairs": start.test_pairs}} if start.test_pairs else {}),
            },
            "held_out": start.held_out is not None,
            "held_out_seed": start.held_out,
            "unknown": start.unknown,
            "parameters": start.parameters,
            "vocabulary": {"source_symbols": start.source_symbols, "target_symbols": start.target_symbols},
        }

    def files(self, weights: dict[str, NDArray[Any]], report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        return stored.files(self.config, self.vocabulary, weights, report)


def score_pairs(
    model: TransducerModel, pairs: Sequence[TextPair], stop: Stop | None = None
) -> TransductionScore:
    """What a model scores on pairs.

    Raises:
        Interrupted: `stop` has been asked to.
    """
    answers = []
    for start in range(0, len(pairs), TOGETHER):
        answers += model.answers(pairs[start : start + TOGETHER])
        if stop is not None:
            stop.check()
    return score(pairs, answers, model.vocabulary, model.config.decoding.metric, model.how)


def introduction(prepared: TransductionStart) -> list[str]:
    """What is said of a run before its first epoch."""
    config = prepared.config
    encoder, decoder = config.encoder, config.decoder
    direction = "bidirectional " if encoder.bidirectional and registry.is_stateful(encoder.cell) else ""
    attention = "no attention" if decoder.attention == "none" else f"{decoder.attention} attention"
    copies = ", copies" if decoder.copy == "yes" else ""
    dev = f"{counted(prepared.dev_pairs, 'pair')}" + " (held out)" * (prepared.held_out is not None)
    return [
        f"train  {counted(prepared.pairs, 'pair')} of {counted(prepared.rows, 'row')}; {prepared.source_symbols:,} "
        f"source symbols ({config.data.source_cut}), {prepared.target_symbols:,} target symbols "
        f"({config.data.target_cut})",
        f"dev    {dev}; {prepared.unknown:.1%} of the source symbols unknown",
        f"model  {direction}{encoder.described} -> {decoder.cell} {decoder.layers} x {decoder.units} ({attention}"
        f"{copies}); {prepared.parameters:,} parameters",
    ]
