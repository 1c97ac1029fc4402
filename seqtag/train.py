"""The training stage: corpus files and settings in, model folder out."""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import seqtag
from seqtag import folder, text
from seqtag.batches import training_order
from seqtag.config import Config
from seqtag.data import Corpus, check_tags, read_corpus
from seqtag.errors import UserError
from seqtag.model import runtime
from seqtag.scoring import Score, score
from seqtag.tagger import Tagger
from seqtag.tags import Scheme, allowed, convert, detect, parse_scheme, problems
from seqtag.vocab import Ids, Vocabulary, collate, fit_indexers, index, legal_sequences, pad, tag_inventory

PARITY = 1e-5  # how far Keras and the exported network may differ in a probability
PARITY_SENTENCES = 200


@dataclass(frozen=True)
class Prepared:
    """What was read, before training starts.

    Attributes:
        train: The training corpus, without what was held out.
        dev: The development corpus.
        held_out: Whether dev is a part of the training file.
        scheme: The corpus's tag scheme.
        train_scheme: The scheme of training.
        ill_formed: Places in the training corpus that break its scheme; they are read as conlleval reads
            them.
        windowed: Training sentences that are learnt in pieces.
        unseen_tags: Tags of dev that training does not have, with their counts.
        unknown_rate: Share of dev's tokens that are unknown words.
        parameters: Trainable numbers of the network.
        vocabulary: Words known.
        tokenizer: The tokenizer that is stored for raw text.
    """

    train: Corpus
    dev: Corpus
    held_out: bool
    scheme: Scheme
    train_scheme: Scheme
    ill_formed: int
    windowed: int
    unseen_tags: dict[str, int]
    unknown_rate: float
    parameters: int
    vocabulary: int
    tokenizer: text.Tokenizer


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
class Result:
    """What training came to."""

    path: Path
    prepared: Prepared
    history: list[Epoch]
    best_epoch: int
    stopped_early: bool
    dev: Score
    test: Score | None
    seconds: float


Listener = Callable[[Prepared | Progress | Epoch], None]


def train(
    config: Config,
    train_path: str,
    dev_path: str | None,
    test_path: str | None,
    output: Path,
    *,
    force: bool = False,
    debug: bool = False,
    listener: Listener = lambda event: None,
) -> Result:
    """Trains a tagger, keeps the epoch that scores best on dev and writes it as a model folder.

    Args:
        config: The settings.
        train_path: The training file.
        dev_path: The development file; a seeded part of the training file is held out if there is none.
        test_path: A file that is scored once, by the model that was kept.
        output: The model folder.
        force: Whether a model there may be replaced.
        debug: Whether TensorFlow may print.
        listener: Hears what was read, each step and each epoch.

    Raises:
        UserError: A file cannot be read right, the output cannot be written, or training ran into numbers
        that are
            not finite.
    """
    started = time.perf_counter()
    folder.check_target(output, force=force)
    corpora = _read(config, train_path, dev_path, test_path)
    runtime.start(config.training.seed, debug=debug)
    run = _Run(config, corpora)
    listener(run.prepared)
    history = run.fit(listener)
    network = run.best_network()
    tagger = Tagger(network, run.vocabulary)
    dev_score = score_corpus(tagger, corpora.dev, corpora.scheme)
    test_score = score_corpus(tagger, corpora.test, corpora.scheme) if corpora.test else None
    result = Result(
        path=output,
        prepared=run.prepared,
        history=history,
        best_epoch=run.best_epoch,
        stopped_early=len(history) < config.training.epochs,
        dev=dev_score,
        test=test_score,
        seconds=time.perf_counter() - started,
    )
    folder.write(output, run.files(network, _report(result, corpora)))
    return result


def score_corpus(tagger: Tagger, corpus: Corpus, scheme: Scheme) -> Score:
    """The tagger's score on a corpus that is in the given scheme."""
    predicted = [tagged.tags for tagged in tagger.tag(corpus.sentences)]
    gold = [sentence.tags or () for sentence in corpus.sentences]
    return score(gold, predicted, scheme, known_tags=tagger.tags)


@dataclass(frozen=True)
class _Corpora:
    train: Corpus
    dev: Corpus
    test: Corpus | None
    held_out: bool
    scheme: Scheme


def _read(config: Config, train_path: str, dev_path: str | None, test_path: str | None) -> _Corpora:
    """Reads all files and checks every tag, so that nothing fails after training that could have failed
    before.
    """
    data = config.data

    def read(path: str) -> Corpus:
        return read_corpus(
            path, format=data.format, token_column=data.token_column, tag_column=data.tag_column
        )

    train = read(train_path)
    dev = read(dev_path) if dev_path else None
    test = read(test_path) if test_path else None
    tags = (sentence.tags or () for sentence in train.sentences)
    scheme = detect(tags) if data.scheme == "auto" else parse_scheme(data.scheme)
    for corpus in (train, dev, test):
        if corpus is not None:
            check_tags(corpus, scheme)
    if dev is not None:
        return _Corpora(train, dev, test, False, scheme)
    kept, held = _hold_out(train, data.dev_fraction, config.training.seed)
    return _Corpora(kept, held, test, True, scheme)


def _hold_out(corpus: Corpus, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
    """The corpus without a random part, and that part; both in the file's order."""
    count = len(corpus.sentences)
    if count < 2:
        raise UserError(
            f"{corpus.path}: one sentence is too few to hold some out for dev; give a --dev file."
        )
    size = min(max(round(count * fraction), 1), count - 1)
    held = set(np.random.default_rng([seed, 0]).permutation(count)[:size].tolist())
    parts = ([], [])  # type: tuple[list[Any], list[Any]]
    for number, sentence in enumerate(corpus.sentences):
        parts[number in held].append(sentence)
    return Corpus(corpus.path, tuple(parts[0])), Corpus(corpus.path, tuple(parts[1]))


@dataclass(frozen=True)
class _Example:
    """A training sentence, or a piece of one, as numbers."""

    rows: dict[str, Ids]
    tags: Ids


class _Run:
    """The state of a training run."""

    def __init__(self, config: Config, corpora: _Corpora) -> None:
        from seqtag.model.build import Network
        from seqtag.model.fit import Trainer
        from seqtag.model.heads.chain import Legal

        self.config = config
        self.corpora = corpora
        self.vocabulary = _fit_vocabulary(config, corpora)
        sizes = {name: indexer.sizes for name, indexer in self.vocabulary.indexers.items()}
        legal = legal_sequences(self.vocabulary.tags, self.vocabulary.train_scheme)
        self.network = Network(config, sizes, len(self.vocabulary.tags), Legal(*legal) if legal else None)
        self.trainer = Trainer(self.network, config.training)
        self.examples, windowed = _examples(config, corpora, self.vocabulary)
        self.prepared = self._prepared(windowed)
        self.best_epoch = 0
        self.best_score = -1.0
        self.best_weights: dict[str, NDArray[Any]] = {}

    def _prepared(self, windowed: int) -> Prepared:
        corpora, vocabulary = self.corpora, self.vocabulary
        words: Any = vocabulary.indexers["word"]
        dev_tags = [tag for sentence in corpora.dev.sentences for tag in sentence.tags or ()]
        unseen = sorted(set(dev_tags) - set(vocabulary.tag_counts))
        return Prepared(
            train=corpora.train,
            dev=corpora.dev,
            held_out=corpora.held_out,
            scheme=corpora.scheme,
            train_scheme=vocabulary.train_scheme,
            ill_formed=sum(len(problems(s.tags or (), corpora.scheme)) for s in corpora.train.sentences),
            windowed=windowed,
            unseen_tags={tag: dev_tags.count(tag) for tag in unseen},
            unknown_rate=sum(words.unknown(s.tokens) for s in corpora.dev.sentences) / corpora.dev.tokens,
            parameters=sum(int(np.prod(weight.shape)) for weight in self.network.trainable_variables),
            vocabulary=len(words.words),
            tokenizer=vocabulary.tokenizer,
        )

    def fit(self, listener: Listener) -> list[Epoch]:
        """Trains until the epochs or the patience are used up."""
        history: list[Epoch] = []
        patience = self.config.training.patience
        for number in range(1, self.config.training.epochs + 1):
            epoch = self._epoch(number, listener)
            history.append(epoch)
            listener(epoch)
            # A score of 0 is no start: many a tagger finds its first entity only after some epochs.
            if patience and self.best_score > 0 and number - self.best_epoch >= patience:
                break
        return history

    def _epoch(self, number: int, listener: Listener) -> Epoch:
        started = time.perf_counter()
        of_tokens = sum(len(example.tags) for example in self.examples)
        losses: list[float] = []
        norms: list[float] = []
        clipped: list[bool] = []
        tokens = 0
        for inputs, tags in self._batches(number):
            step = self.trainer.step(inputs, tags)
            if not (np.isfinite(step.loss) and np.isfinite(step.gradient_norm)):
                raise UserError(
                    f"training stopped in epoch {number}, step {len(losses) + 1}: loss {step.loss}, gradient norm "
                    f"{step.gradient_norm}. Lower the learning rate or set a smaller clipping norm."
                )
            losses.append(step.loss)
            norms.append(step.gradient_norm)
            clipped.append(step.clipped)
            tokens += int(inputs["lengths"].sum())
            listener(Progress(number, tokens, of_tokens, float(np.mean(losses))))
        trained = time.perf_counter() - started
        dev_score = score_corpus(self.tagger(), self.corpora.dev, self.corpora.scheme).main
        best = dev_score > self.best_score
        if best:
            self.best_epoch, self.best_score = number, dev_score
            self.best_weights = self.network.named_weights()
        return Epoch(
            number=number,
            loss=float(np.mean(losses)),
            dev_score=dev_score,
            gradient_norm=float(np.mean(norms)),
            clipped=float(np.mean(clipped)),
            tokens_per_second=tokens / trained,
            seconds=time.perf_counter() - started,
            best=best,
        )

    def _batches(self, epoch: int) -> Iterator[tuple[dict[str, Ids], Ids]]:
        """An epoch's batches; what is random in them is a function of seed, epoch and step."""
        training = self.config.training
        lengths = [len(example.tags) for example in self.examples]
        order = training_order(lengths, training.batch_size, training.seed, epoch)
        for step, numbers in enumerate(order):
            random = np.random.default_rng([training.seed, epoch, step])
            examples = [self.examples[number] for number in numbers]
            inputs = collate(self.vocabulary.indexers, [example.rows for example in examples], random)
            yield inputs, pad([example.tags for example in examples], int(inputs["lengths"].max()))

    def tagger(self) -> Tagger:
        """The network as it is now, as those will use it who predict."""
        return Tagger(self.network.export(), self.vocabulary)

    def best_network(self) -> bytes:
        """The exported network of the best epoch, after a comparison with Keras.

        Raises:
            UserError: The two do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(self.best_weights)
        network = self.network.export()
        rows = [index(self.vocabulary.indexers, s) for s in self.corpora.dev.sentences[:PARITY_SENTENCES]]
        session = Tagger(network, self.vocabulary)
        for start in range(0, len(rows), 32):
            inputs = collate(self.vocabulary.indexers, rows[start : start + 32])
            _compare(self.network.decode(inputs), session.run(inputs), inputs["lengths"])
        return network

    def files(self, network: bytes, report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        import safetensors.numpy

        return {
            "config.json": folder.dump_json(self.config.to_json()),
            "vocab.json": folder.dump_json(self.vocabulary.to_json()),
            "model.onnx": network,
            "weights.safetensors": safetensors.numpy.save(self.best_weights),
            "report.json": folder.dump_json(report),
        }


def _fit_vocabulary(config: Config, corpora: _Corpora) -> Vocabulary:
    """Everything that is learnt from the training corpus before the network is."""
    sentences = [sentence.tokens for sentence in corpora.train.sentences]
    counts: dict[str, int] = {}
    for sentence in corpora.train.sentences:
        for tag in sentence.tags or ():
            counts[tag] = counts.get(tag, 0) + 1
    wanted = config.data.train_scheme
    train_scheme = corpora.scheme if wanted == "auto" else parse_scheme(wanted)
    if train_scheme.is_spans != corpora.scheme.is_spans:
        raise UserError(
            f"--train-scheme {wanted}: the corpus has {corpora.scheme.title} tags, which cannot be written so."
        )
    seen = {
        tag
        for sentence in corpora.train.sentences
        for tag in convert(sentence.tags or (), corpora.scheme, train_scheme)
    }
    return Vocabulary(
        indexers=fit_indexers(corpora.train.sentences, config),
        scheme=corpora.scheme,
        train_scheme=train_scheme,
        tags=tag_inventory(seen, train_scheme),
        tag_counts=dict(sorted(counts.items())),
        tokenizer=text.choose(sentences)
        if config.data.tokenizer == "auto"
        else text.Tokenizer(config.data.tokenizer),
    )


def _examples(config: Config, corpora: _Corpora, vocabulary: Vocabulary) -> tuple[list[_Example], int]:
    """The training sentences as numbers, the longest ones in pieces, and how many were cut so."""
    numbers = {tag: number for number, tag in enumerate(vocabulary.tags)}
    examples, windowed = [], 0
    for sentence in corpora.train.sentences:
        tags = convert(sentence.tags or (), corpora.scheme, vocabulary.train_scheme)
        rows = index(vocabulary.indexers, sentence)
        ids = np.array([numbers[tag] for tag in tags], np.int32)
        ends = _cuts(tags, vocabulary.train_scheme, config.training.max_sentence_length)
        windowed += len(ends) > 1
        for start, end in zip([0, *ends], ends, strict=False):
            examples.append(_Example({name: row[start:end] for name, row in rows.items()}, ids[start:end]))
    return examples, windowed


def _cuts(tags: Sequence[str], scheme: Scheme, longest: int) -> list[int]:
    """Where the pieces of a sentence end: between spans wherever a piece holds such a place."""
    ends = []
    start = 0
    while len(tags) - start > longest:
        end = start + longest
        while end > start + 1 and not (
            allowed(tags[end - 1], None, scheme) and allowed(None, tags[end], scheme)
        ):
            end -= 1
        start = end if end > start + 1 else start + longest
        ends.append(start)
    return [*ends, len(tags)]


def _compare(keras: tuple[Any, Any], exported: dict[str, NDArray[Any]], lengths: Ids) -> None:
    """Raises UserError where two decodings differ by more than rounding."""
    tags, probabilities = (np.asarray(array) for array in keras)
    other_tags, other_probabilities = exported["tags"], exported["probabilities"]
    words = np.arange(tags.shape[1]) < lengths[:, None]
    gap = np.abs(probabilities - other_probabilities)[words].max()
    # Two tags may be so close that rounding decides; then their probabilities are equal as well.
    wrong = (tags != other_tags) & words & (probabilities > 0.5 + PARITY)
    if gap > PARITY or wrong.any():
        raise UserError(
            f"the exported network differs from the trained one (by {gap:.1e} in a probability, in {wrong.sum()} tags); "
            "no model was written. Please report this."
        )


def _report(result: Result, corpora: _Corpora) -> dict[str, Any]:
    """What `report.json` holds."""
    import keras
    import onnxruntime
    import tensorflow as tf

    prepared = result.prepared
    files = {"train": corpora.train, "dev": corpora.dev, "test": corpora.test}
    return {
        "data": {
            name: {"sentences": len(corpus.sentences), "tokens": corpus.tokens}
            for name, corpus in files.items()
            if corpus is not None
        },
        "held_out": prepared.held_out,
        "ill_formed": prepared.ill_formed,
        "unknown_rate": prepared.unknown_rate,
        "parameters": prepared.parameters,
        "vocabulary": prepared.vocabulary,
        "history": [_reproducible(epoch) for epoch in result.history],
        "best_epoch": result.best_epoch,
        "dev": result.dev.to_json(),
        "test": result.test.to_json() if result.test else None,
        "versions": {
            "seqtag": seqtag.__version__,
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
    }


def _reproducible(epoch: Epoch) -> dict[str, Any]:
    """The epoch without what a clock measured, so that equal runs leave equal bytes."""
    return {
        name: value for name, value in asdict(epoch).items() if name not in ("seconds", "tokens_per_second")
    }
