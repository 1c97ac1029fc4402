"""One training run with one seed: epochs, dev scores, the best weights; the model folder's content at the
end.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora import tokenizers
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme, problems, split
from seqtag.evaluation.scoring import Score, score
from seqtag.features.indexers.base import Ids, Resources, pad
from seqtag.features.indexers.vectors import coverage
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import legal_sequences
from seqtag.inference.tagger import Tagger
from seqtag.model_folder import folder
from seqtag.model_folder.stored import check_network
from seqtag.settings.config import Config
from seqtag.support.errors import Diverged, UserError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.support.json_decoder import decode
from seqtag.support.quoting import printable
from seqtag.training import agreement, prepare
from seqtag.training.batches import training_order
from seqtag.training.checkpoint import State
from seqtag.training.examples import make_examples, predicted_words
from seqtag.training.ledger import Ledger
from seqtag.training.schedules import learning_rate
from seqtag.training.splits import Corpora

NAMED_SENTENCES, NAMED_WORDS = 3, 6  # so much of a batch is shown when training fails on it


@dataclass(frozen=True)
class Prepared:
    """What was read, before training starts.

    Attributes:
        config: The settings, those that go by the corpus filled in.
        train: The training corpus, without what was held out.
        dev: The development corpus.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        scheme: The corpus's tag scheme.
        train_scheme: The scheme of training.
        ill_formed: Places in the training corpus that break its scheme; they are read as conlleval reads
            them.
        windowed: Training sentences that are learnt in pieces.
        unseen_tags: Tags of dev that the network cannot give, with their counts: for spans those whose type training
            does not have.
        unknown_rate: Share of dev's tokens that are unknown words.
        inputs: The parts of the network's input, by name.
        head: The network's head, by name.
        parameters: Trainable numbers of the network.
        vocabulary: Distinct words of the training corpus.
        coverage: How many of these have a pretrained vector, by how it was found; empty without vectors.
        warnings: What was odd about the file of vectors.
        tokenizer: The tokenizer that is stored for raw text.
    """

    config: Config
    train: Corpus
    dev: Corpus
    held_out: int | None
    scheme: Scheme
    train_scheme: Scheme
    ill_formed: int
    windowed: int
    unseen_tags: dict[str, int]
    unknown_rate: float
    inputs: tuple[str, ...]
    head: str
    parameters: int
    vocabulary: int
    coverage: dict[str, int]
    warnings: tuple[str, ...]
    tokenizer: tokenizers.Tokenizer


@dataclass(frozen=True)
class Progress:
    """Where an epoch stands after a step: tokens trained so far and in all, and the mean loss until now."""

    epoch: int
    tokens: int
    of_tokens: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """What an epoch brought.

    Attributes:
        number: The epoch, from 1.
        loss: Mean loss of its steps.
        dev_score: The score that counts, on dev.
        gradient_norm: Mean of the true global norm of the gradient, before clipping.
        clipped: Share of the steps in which clipping acted.
        tokens_per_second: Training tokens a second, dev scoring left out.
        seconds: The whole epoch.
        best: Whether its dev score is the best so far.
    """

    number: int
    loss: float
    dev_score: float
    gradient_norm: float
    clipped: float
    tokens_per_second: float
    seconds: float
    best: bool


@dataclass(frozen=True)
class Note:
    """Something that a user should know of.

    Attributes:
        text: One line.
    """

    text: str


@dataclass
class UnderWay:
    """An epoch that is being trained.

    Attributes:
        number: The epoch, from 1.
        losses: The loss of each step so far.
        norms: The true global norm of each step's gradient.
        clipped: Whether clipping acted in each step.
        tokens: Tokens trained so far.
        seconds: How long that took.
    """

    number: int
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    clipped: list[bool] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Values:
    """What a checkpoint holds of a run beside its arrays.

    Attributes:
        under_way: The epoch that is being trained.
        history: Those before it.
        best_epoch: The best of them; 0 if there is none.
        best_score: Its score on dev.
        ticks: Steps since all rows of all tables were up to date.
        recent: How many epochs' weights are kept to be averaged.
        seconds: How long all this took.
    """

    under_way: UnderWay
    history: list[Epoch]
    best_epoch: int
    best_score: float
    ticks: int
    recent: int
    seconds: float


Listener = Callable[[Prepared | Progress | Epoch | Note], None]


def score_corpus(tagger: Tagger, corpus: Corpus, scheme: Scheme, stop: Stop | None = None) -> Score:
    """The tagger's score on a corpus that is in the given scheme.

    Raises:
        Interrupted: `stop` has been asked to.
    """
    predicted = []
    for tagged in tagger.tag(corpus.sentences):
        predicted.append(tagged.tags)
        if stop is not None:
            stop.check()
    gold = [sentence.tags or () for sentence in corpus.sentences]
    return score(gold, predicted, scheme, known_tags=tagger.tags)


def spread(scores: list[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; the latter is 0 for one score."""
    return statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0


class Run:
    """The state of a training run.

    Args:
        config: The settings; its seed is this run's.
        corpora: What to train and to score on.
        vectors: Pretrained vectors, if the network reads some.
    """

    def __init__(self, config: Config, corpora: Corpora, vectors: Vectors | None) -> None:
        from seqtag.network.build import Network
        from seqtag.network.fit import Trainer
        from seqtag.network.heads.chain import Legal

        self._started = time.perf_counter()
        self.config = config
        self.corpora = corpora
        self.vectors = vectors
        resources = Resources(vectors)
        self.vocabulary = prepare.fit_vocabulary(config, corpora, resources)
        if not self.vocabulary.indexers:
            raise UserError("the network has no input: switch on one of the embeddings.")
        prepare.check_readable(corpora, self.vocabulary, resources)
        words = predicted_words(config, corpora, self.vocabulary)
        self.examples, windowed = make_examples(config, corpora, self.vocabulary, words)
        sizes = {name: indexer.sizes for name, indexer in self.vocabulary.indexers.items()}
        legal = legal_sequences(self.vocabulary.tags, self.vocabulary.train_scheme)
        tags = len(self.vocabulary.tags)
        frequencies = np.bincount(np.concatenate([example.tags for example in self.examples]), minlength=tags)
        self.legal = Legal(*legal) if legal else None
        self.network = Network(config, sizes, tags, self.legal, frequencies, words.rows if words else 0)
        try:
            folder.check_size("model.onnx", self.network.size)
        except ValueError as problem:
            raise UserError(f"the network is too large for a model folder: {problem}.") from problem
        self.trainer = Trainer(self.network, config.training)
        self.ledger = Ledger(self.trainer.names)
        self.stopped = ""
        self.prepared = self._prepared(windowed)
        self.history: list[Epoch] = []
        self.under_way = UnderWay(1)
        self.recent: deque[dict[str, NDArray[Any]]] = deque(maxlen=config.training.averaging_epochs)
        self.best_epoch = 0
        self.best_score = -1.0
        self.best_weights: dict[str, NDArray[Any]] = {}

    def _label(self, tag: str) -> str:
        """The type of a span's tag, as the network has every letter with each; a plain tag and O as they are."""
        scheme = self.vocabulary.scheme
        return tag if tag == "O" or not scheme.is_spans else f"-{split(tag, scheme)[1]}"

    def _prepared(self, windowed: int) -> Prepared:
        from seqtag.network.build import head_name

        corpora, vocabulary = self.corpora, self.vocabulary
        words = set(prepare.tokens_of(corpora.train, vocabulary))
        dev_tags = [tag for sentence in corpora.dev.sentences for tag in sentence.tags or ()]
        known = {self._label(tag) for tag in vocabulary.tag_counts}
        unseen = sorted(tag for tag in set(dev_tags) if self._label(tag) not in known)
        return Prepared(
            config=self.config,
            train=corpora.train,
            dev=corpora.dev,
            held_out=corpora.held_out,
            scheme=corpora.scheme,
            train_scheme=vocabulary.train_scheme,
            ill_formed=sum(len(problems(s.tags or (), corpora.scheme)) for s in corpora.train.sentences),
            windowed=windowed,
            unseen_tags={tag: dev_tags.count(tag) for tag in unseen},
            unknown_rate=prepare.unknown_rate(corpora, vocabulary),
            inputs=tuple(vocabulary.indexers),
            head=head_name(self.config, self.legal),
            parameters=self.network.parameters,
            vocabulary=len(words),
            coverage=coverage(self.vectors, words) if self.vectors else {},
            warnings=self.vectors.warnings if self.vectors else (),
            tokenizer=vocabulary.tokenizer,
        )

    def fit(
        self,
        listener: Listener,
        stop: Stop | None = None,
        keep: Callable[[State], None] = lambda state: None,
        every: int = 0,
    ) -> list[Epoch]:
        """Trains until the epochs or the patience are used up, or until a loss or a gradient is not finite: then
        `stopped` says what happened.

        Args:
            listener: Hears of each step and each epoch.
            stop: Asked after each step, and while dev is scored, whether to end here.
            keep: Takes the state after each epoch, and where the run is stopped.
            every: Takes it after so many steps of an epoch as well; 0 for none.

        Raises:
            Diverged: This happened in the first epoch, so that there is nothing to keep.
            Interrupted: `stop` was asked to; `keep` has the state.
        """
        stop = stop or Stop()

        def stepped(steps: int) -> None:
            if every and steps % every == 0:
                keep(self.state())
            stop.check()

        self.trainer.trace()  # nothing is lost so far, so a signal need not wait for it
        with stop.held():
            while not self._finished:
                try:
                    epoch = self._epoch(listener, stepped, stop)
                except Diverged as problem:
                    if not self.history:
                        raise
                    self.stopped = str(problem)
                    break
                except Interrupted:
                    keep(self.state())
                    raise
                self.history.append(epoch)
                self.under_way = UnderWay(epoch.number + 1)
                keep(self.state())  # whoever listens may fail
                listener(epoch)
        return self.history

    @property
    def seconds(self) -> float:
        """How long the run has taken so far, without the time before it was resumed."""
        return time.perf_counter() - self._started

    @property
    def _finished(self) -> bool:
        """Whether the epochs or the patience are used up."""
        training, done = self.config.training, len(self.history)
        # A score of 0 is no start: many a tagger finds its first entity only after some epochs.
        waited = done - self.best_epoch if training.patience and self.best_score > 0 else -1
        return done >= training.epochs or waited >= training.patience

    def state(self) -> State:
        """Everything that the rest of the run depends on and that settings and corpora do not give."""
        arrays = {f"variable/{name}": variable.numpy() for name, variable in self.trainer.variables.items()}
        arrays |= {f"ledger/{name}": array for name, array in self.ledger.arrays().items()}
        for place, weights in enumerate([self.best_weights, *self.recent]):
            arrays |= {f"weights/{place}/{name}": array for name, array in weights.items()}
        values = Values(
            self.under_way,
            self.history,
            self.best_epoch,
            self.best_score,
            self.trainer.ticks,
            len(self.recent),
            self.seconds,
        )
        return State(asdict(values), arrays)

    def restore(self, state: State) -> None:
        """Goes on from a state that a run of the same settings and corpora gave.

        Raises:
            ValueError: The state is of another network; like a KeyError or a TypeError, which come of a state that is
                none, it leaves the run unfit for use.
        """
        values, arrays = decode(Values, state.values), state.arrays
        parts: dict[str, dict[str, NDArray[Any]]] = {"variable": {}, "ledger": {}, "weights": {}}
        for path, array in arrays.items():
            part, _, name = path.partition("/")
            parts[part][name] = array
        variables = self.trainer.variables
        kinds = [
            {name: (one.dtype, one.shape) for name, one in table.items()}
            for table in ({name: one.numpy() for name, one in variables.items()}, parts["variable"])
        ]
        if kinds[0] != kinds[1]:
            raise ValueError("the state is that of another network")
        if not 0 <= values.recent <= self.config.training.averaging_epochs:
            raise ValueError(f"averaging needs no weights of {values.recent} epochs")
        if not 0 <= values.ticks <= len(values.under_way.losses):
            raise ValueError(f"no table waits for {values.ticks} steps")
        done, now = len(values.history), values.under_way
        if not min(done, 1) <= values.best_epoch <= done == now.number - 1:
            raise ValueError("its epochs are not one after the other")
        if not len(now.losses) == len(now.norms) == len(now.clipped):
            raise ValueError("its steps are not whole")
        for name, variable in variables.items():
            variable.assign(parts["variable"][name])
        self.trainer.ticks = values.ticks
        self.ledger.take(parts["ledger"])
        kept = [
            {
                name.partition("/")[2]: array
                for name, array in parts["weights"].items()
                if name.startswith(f"{place}/")
            }
            for place in range(1 + values.recent)
        ]
        weights = {name: (one.dtype, one.shape) for name, one in self.network.named_weights().items()}
        for place, one in enumerate(kept):  # before the first epoch's end there is no best one
            wanted = weights if place or done else {}
            if {name: (array.dtype, array.shape) for name, array in one.items()} != wanted:
                raise ValueError("the weights that it keeps are those of another network")
        self.best_weights = kept[0]
        self.recent.extend(kept[1:])
        self.best_epoch, self.best_score = values.best_epoch, values.best_score
        self.history, self.under_way = values.history, values.under_way
        self._started = time.perf_counter() - values.seconds

    def _epoch(self, listener: Listener, stepped: Callable[[int], None], stop: Stop) -> Epoch:
        """Trains the epoch that is under way to its end; `stepped` hears the number of each step."""
        now = self.under_way
        started = time.perf_counter() - now.seconds
        self._train(started, listener, stepped)
        self.trainer.settle()
        trained = now.seconds = time.perf_counter() - started
        weights = self.network.named_weights()
        dev_score, candidate = self._score_dev(weights, stop)
        # Of epochs that all found nothing the last one has learnt the most.
        best = dev_score > self.best_score or dev_score == self.best_score == 0
        if best:
            self.best_epoch, self.best_score, self.best_weights = now.number, dev_score, candidate
        return Epoch(
            number=now.number,
            loss=float(np.mean(now.losses)),
            dev_score=dev_score,
            gradient_norm=float(np.mean(now.norms)),
            clipped=float(np.mean(now.clipped)),
            tokens_per_second=now.tokens / trained,
            seconds=time.perf_counter() - started,
            best=best,
        )

    def _train(self, started: float, listener: Listener, stepped: Callable[[int], None]) -> None:
        """The steps that the epoch under way, begun at `started`, still lacks."""
        now = self.under_way
        of_tokens = sum(len(example.tags) for example in self.examples)
        scores = [epoch.dev_score for epoch in self.history]
        total = sum(now.losses)
        for numbers, inputs, tags in self.batches(now.number, len(now.losses)):
            progress = now.number - 1 + now.tokens / of_tokens
            rate = learning_rate(self.config.training, progress, scores)
            self.network.head.progress(progress)
            step = self.trainer.step(inputs, tags, rate)
            if not (np.isfinite(step.loss) and np.isfinite(step.gradient_norm)):
                raise Diverged(
                    f"training stopped in epoch {now.number}, step {len(now.losses) + 1}: loss {step.loss}, gradient "
                    f"norm {step.gradient_norm}. {self.ledger.culprit(step.norms)} {self._named(numbers)} "
                    "Lower the learning rate or set a smaller clipping norm."
                )
            self.ledger.add(step.gradient_norm, step.clipped, step.norms, step.clipped_norms)
            now.losses.append(step.loss)
            now.norms.append(step.gradient_norm)
            now.clipped.append(step.clipped)
            now.tokens += int(inputs["lengths"].sum())
            now.seconds = time.perf_counter() - started
            total += step.loss
            listener(Progress(now.number, now.tokens, of_tokens, total / len(now.losses)))
            stepped(len(now.losses))

    def _score_dev(
        self, weights: dict[str, NDArray[Any]], stop: Stop
    ) -> tuple[float, dict[str, NDArray[Any]]]:
        """The dev score, and the weights that have it: the network's own, or an average as the settings say.

        Raises:
            Interrupted: `stop` was asked to; all is as it was before.
        """
        candidate, recent = weights, self.recent.copy()
        if self.config.training.averaging == "ema":
            candidate = self.trainer.averaged()
        elif self.config.training.averaging == "swa":
            recent.append(weights)
            candidate = {name: np.mean([past[name] for past in recent], axis=0) for name in weights}
        self.network.assign_weights(candidate)
        try:
            tagger = self.tagger(tags_only=True)
            score = score_corpus(tagger, self.corpora.dev, self.corpora.scheme, stop).main
        finally:
            self.network.assign_weights(weights)
        self.recent = recent
        return score, candidate

    def _named(self, numbers: list[int]) -> str:
        """The sentences of a batch in words: where they stand in the training file, and how they begin."""
        corpus = self.corpora.train
        origins = [at for at, sentence in enumerate(corpus.sentences) for _ in range(len(sentence))]
        starts = np.cumsum([0, *(len(example.tags) for example in self.examples)])  # in tokens of the corpus
        found = sorted({origins[starts[number]] for number in numbers})
        shown = []
        for at in found[:NAMED_SENTENCES]:
            sentence = corpus.sentences[at]
            words = " ".join(sentence.tokens[:NAMED_WORDS]) + " ..." * (len(sentence) > NAMED_WORDS)
            shown.append(f'line {sentence.lines[0]} "{printable(words)}"')
        more = f" and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
        return f"The sentences of the step, in {corpus.path}: {', '.join(shown)}{more}."

    def batches(self, epoch: int, done: int = 0) -> Iterator[tuple[list[int], dict[str, Ids], Ids]]:
        """An epoch's batches after those that are done, and the numbers of their examples; what is random in them is a
        function of seed, epoch and step.
        """
        training = self.config.training
        lengths = [len(example.tags) for example in self.examples]
        order = training_order(lengths, training.batch_size, training.seed, epoch)
        for step, numbers in enumerate(
            order[done:], start=done + 1
        ):  # 0 would draw what the order was drawn from
            random = np.random.default_rng([training.seed, epoch, step])
            examples = [self.examples[number] for number in numbers]
            inputs = self.vocabulary.collate([example.rows for example in examples], random)
            time = int(inputs["lengths"].max())
            if self.network.language_model:
                inputs["predicted_words"] = pad([example.words for example in examples], time)
            yield numbers, inputs, pad([example.tags for example in examples], time)

    def tagger(self, *, tags_only: bool = False) -> Tagger:
        """The network as it is now, as those will use it who predict."""
        return Tagger(self.network.export(), self.vocabulary, tags_only=tags_only)

    def best_network(self) -> bytes:
        """The exported network of the best epoch, after a comparison with Keras.

        Raises:
            Diverged: The weights of that epoch are not finite.
            UserError: The two do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(self.best_weights)
        network = self.network.export()
        check_network(network, self.vocabulary)  # what is written must be what is read
        agreement.check(self.network, Tagger(network, self.vocabulary), self.corpora.dev.sentences)
        return network

    def files(self, network: bytes, report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        import safetensors.numpy

        files = {
            "config.json": folder.dump_json(self.config.portable()),
            "vocab.json": folder.dump_json(self.vocabulary.to_json()),
            "model.onnx": network,
            "weights.safetensors": safetensors.numpy.save(self.best_weights),
            "known.json": folder.dump_json(prepare.known(self.corpora)),
            "report.json": folder.dump_json(report),
        }
        return files | ({"vectors.bin": self.vectors.packed()} if self.vectors else {})
