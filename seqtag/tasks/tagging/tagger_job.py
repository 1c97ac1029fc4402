"""A tagging job with one seed: corpora as numbers, the network that learns from them, and how it is scored and kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.reading import Corpus, Sentence
from seqtag.corpora.tags import Scheme, convert, problems, split
from seqtag.corpora.windows import windows
from seqtag.evaluation import metrics
from seqtag.evaluation.scoring import Score, score
from seqtag.features import word_lists
from seqtag.features.indexers.base import Resources, ValueTable, pad
from seqtag.features.indexers.vectors import coverage
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.features.word_classes import equal_mass
from seqtag.graph.build import head_name
from seqtag.inference.tagger import WINDOW, SentenceTagger
from seqtag.inference.temperature import Scores
from seqtag.model_folder import layout
from seqtag.model_folder.stored import plan_of
from seqtag.settings.config import Config
from seqtag.support.errors import Error, ModelError
from seqtag.support.interrupt import Stop
from seqtag.support.quoting import one_line, printable
from seqtag.tasks.tagging import agreement, outside_bias, prepare
from seqtag.tasks.tagging.base_model import BaseModel
from seqtag.tasks.tagging.carry import carry, grown_axes
from seqtag.tasks.tagging.continued import Continued, compare
from seqtag.tasks.tagging.examples import Example, make_examples, predicted_words
from seqtag.tasks.tagging.lists import ListFound, find, lists_report
from seqtag.tasks.tagging.prepared import Prepared
from seqtag.tasks.tagging.restore import Stored
from seqtag.tasks.tagging.splits import Corpora
from seqtag.training.batches import windowed_order
from seqtag.training.job import Batch, Fitted, Scored, SeedResult

CALIBRATING = 2000  # sentences of dev on which temperature and bias are fitted
NAMED_SENTENCES, NAMED_WORDS = 3, 6  # so much of a batch is shown when training fails on it


@dataclass(frozen=True)
class TaggingResult(SeedResult[Score]):
    """What training a tagger with one seed came to; the types are what a checkpoint is read by."""

    dev: Score
    test: Score | None


def score_corpus(
    tagger: SentenceTagger, corpus: Corpus, scheme: Scheme, stop: Stop | None = None, *, metric: str = "auto"
) -> Score:
    """The tagger's score on a corpus that is in the given scheme; `metric` is the setting of that name.

    Raises:
        Interrupted: `stop` has been asked to.
    """
    predicted = []
    for tagged in tagger.tag(corpus.sentences):
        predicted.append(tagged.tags)
        if stop is not None:
            stop.check()
    gold = [sentence.tags or () for sentence in corpus.sentences]
    return score(gold, predicted, scheme, known_tags=tagger.tags, metric=metric)


class TaggerJob:
    """What a run trains and scores.

    Args:
        config: The settings; its seed is this run's.
        corpora: What to train and to score on.
        vectors: Pretrained vectors, if the network reads some.

    Raises:
        Error: The network has no input, or words, tags or network are more than a model folder can hold.
    """

    def __init__(self, config: Config, corpora: Corpora, vectors: Vectors | None) -> None:
        from seqtag.network.build import Network

        self.config = config
        self.corpora = corpora
        self.vectors = vectors
        resources = Resources(vectors, corpora.states)
        self.vocabulary = self._fit(resources)
        if not self.vocabulary.sizes:
            raise Error("the network has no input: switch on one of the embeddings.")
        self._check_readable(replace(resources, lists=self.vocabulary.lists))
        words = predicted_words(config, corpora, self.vocabulary)
        self.examples, windowed = self._examples(words)
        self.plan = plan_of(config, self.vocabulary)
        all_tags = np.concatenate([example.tags for example in self.examples])
        frequencies = np.bincount(all_tags, minlength=self.plan.tags)
        self.network = Network(self.plan, frequencies, self._classes(words) if words else ())
        try:
            layout.check_size("weights.safetensors", self.network.size)
        except ValueError as problem:
            raise Error(f"the network is too large for a model folder: {one_line(problem)}.") from problem
        self.continued = self._continue(corpora.base) if corpora.base else None
        self.prepared = self._prepared(windowed)

    def _continue(self, base: BaseModel) -> Continued:
        """Puts the weights of a model into the network."""
        former, fresh = base.stored.weights.take_all(), self.network.named_weights()
        axes = grown_axes(base.vocabulary, self.vocabulary, former, fresh)
        weights, carried = carry(former, fresh, axes)
        self.network.assign_weights(weights)
        before = self._scored_before(base.stored)
        return Continued(
            str(base.path),
            base.digest,
            **compare(base.vocabulary, self.vocabulary),
            weights=carried,
            before=before.main,
            measure=before.measure,
        )

    def _scored_before(self, stored: Stored) -> Scored:
        """What the model from which training continues scores on dev."""
        weights = stored.weights.take_all()
        tagger = SentenceTagger.build(stored.config, stored.vocabulary, weights, tags_only=True)
        corpora = self.corpora
        return score_corpus(tagger, corpora.dev, corpora.scheme, metric=self.config.training.metric)

    def _classes(self, words: ValueTable) -> tuple[int, ...]:
        """How many words are in each class of those that a language model is to predict, about equally often each."""
        counts = np.bincount(
            np.concatenate([example.words for example in self.examples]), minlength=words.rows
        )
        counts[0] = len(self.examples)  # the end of a sentence
        # Rows are by falling frequency but for the first two, so that classes are ranges of rows.
        falling = np.maximum.accumulate(counts[::-1])[::-1]
        return equal_mass(falling, min(self.config.language_model.classes, words.rows)).sizes

    def _fit(self, resources: Resources) -> Vocabulary:
        """Everything that is learnt from the training corpus before the network is."""
        return prepare.fit_vocabulary(self.config, self.corpora, resources)

    def _check_readable(self, resources: Resources) -> None:
        """Refuses, before training, what could not be read back from a model folder."""
        prepare.check_readable(self.corpora, self.vocabulary, resources)

    def _examples(self, words: ValueTable | None) -> tuple[list[Example], int]:
        """The training sentences as numbers, and how many were cut into pieces."""
        return make_examples(self.config, self.corpora, self.vocabulary, words)

    def _prepared(self, windowed: int) -> Prepared:
        corpora, vocabulary = self.corpora, self.vocabulary
        words = set(prepare.tokens_of(corpora.train, vocabulary))
        dev_tags = [tag for sentence in corpora.dev.sentences for tag in sentence.tags or ()]
        known = {self._label(tag) for tag in vocabulary.tag_counts}
        unseen = sorted(tag for tag in set(dev_tags) if self._label(tag) not in known)
        return Prepared(
            config=self.config,
            measure=metrics.find(metrics.chosen(self.config.training.metric, corpora.scheme)).measure,
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
            head=head_name(self.config, self.plan.legal),
            parameters=self.network.parameters,
            vocabulary=len(words),
            coverage=coverage(self.vectors, words) if self.vectors else {},
            warnings=self.vectors.warnings if self.vectors else (),
            tokenizer=vocabulary.tokenizer,
            states=self._cost(),
            lists=self._lists(),
            base=self.continued,
            before=self.continued.before if self.continued else None,
        )

    def _lists(self) -> tuple[ListFound, ...]:
        """How often each word list is found."""
        corpora = self.corpora
        return find(corpora.lists, self.vocabulary, corpora.train.sentences, corpora.dev.sentences)

    def _cost(self) -> str:
        """What the language model is and what it takes, in words; empty without one."""
        states = self.corpora.states
        if states is None:
            return ""
        speed = f"; {states.tokens / states.seconds:,.0f} words/s" if states.seconds else ""
        return f"{states.description}, {states.parameters:,} fixed parameters{speed}"

    def _label(self, tag: str) -> str:
        """The type of a span's tag, as the network has every letter with each; a plain tag and O as they are."""
        scheme = self.vocabulary.scheme
        return tag if tag == "O" or not scheme.is_spans else f"-{split(tag, scheme)[1]}"

    @property
    def tokens(self) -> int:
        """How many tokens an epoch has."""
        return sum(len(example.tags) for example in self.examples)

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """An epoch's batches after the first `done`; what is random in them is a function of seed, epoch and step."""
        training = self.config.training
        lengths = [len(example.tags) for example in self.examples]
        numbers_of = [example.document for example in self.examples]
        sizes = windows(lengths, numbers_of, self.vocabulary.context)
        order = windowed_order(lengths, sizes, training.batch_size, training.seed, epoch)
        for step, (numbers, together) in enumerate(
            order[done:], start=done + 1
        ):  # step 0 would draw as the order did
            random = np.random.default_rng([training.seed, epoch, step])
            examples = [self.examples[number] for number in numbers]
            inputs = self.vocabulary.collate([example.rows for example in examples], random, together)
            time = int(inputs["lengths"].max())
            if self.network.language_model:
                inputs["predicted_words"] = pad([example.words for example in examples], time)
            yield Batch(numbers, inputs, pad([example.tags for example in examples], time))

    def describe(self, numbers: list[int]) -> str:
        """Where the examples of a batch stand in the training file, and how they begin, in words."""
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

    def score_dev(self, stop: Stop) -> float:
        """The score on dev that counts, of the network as it is now.

        Raises:
            Interrupted: `stop` has been asked to.
        """
        tagger, corpora = self.tagger(tags_only=True), self.corpora
        metric = self.config.training.metric
        return score_corpus(tagger, corpora.dev, corpora.scheme, stop, metric=metric).main

    def tagger(self, *, tags_only: bool = False) -> SentenceTagger:
        """The network as it is now, as those will use it who predict."""
        weights = self.network.named_weights()
        return SentenceTagger.build(self.config, self.vocabulary, weights, tags_only=tags_only)

    def best_tagger(self, weights: dict[str, NDArray[Any]]) -> SentenceTagger:
        """The tagger of these weights, which are the network's from now on, after a comparison with Keras.

        Raises:
            Diverged: The weights are not finite.
            Error: The two do not agree; this is an error in seqtag, and no model is written.
        """
        self.network.assign_weights(weights)
        tagger = self.tagger()
        agreement.check(self.network, tagger, self.corpora.dev.sentences)
        return tagger

    def calibrated(
        self, weights: dict[str, NDArray[Any]], fitted: Fitted | None = None
    ) -> tuple[dict[str, NDArray[Any]], Fitted]:
        """The weights with scores divided by temperatures (Guo et al. 2017; see `inference.temperature`), and what was
        fitted on dev: these, and the bias of O with which tags are chosen from now on (see `outside_bias`).
        """
        if fitted is None:
            self.network.assign_weights(weights)
            try:
                fitted = self._fitted()
            except ModelError:  # weights that are not finite, as `score` is going to say
                return weights, Fitted()
        if bias := fitted.outside_bias:
            self.config = replace(self.config, head=replace(self.config.head, outside_bias=bias))
            self.network.head.outside_bias = bias
        return self._scaled(weights, fitted.temperatures), fitted

    @property
    def _chooses_bias(self) -> bool:
        return self.network.has_outside_bias and self.config.head.outside_bias is None

    def _fitted(self) -> Fitted:
        """What is to be fitted on dev, for the network as it is now.

        Raises:
            ModelError: The weights are not finite.
        """
        calibrates = self.config.training.calibration != "none"
        scores = self._scores() if calibrates or self._chooses_bias else None
        temperatures = self._temperatures(scores) if calibrates else {}
        if scores is None or not self._chooses_bias:
            return Fitted(temperatures)
        return Fitted(temperatures, self._outside_bias(scores.divided(temperatures.get("tags", 1.0))))

    def _outside_bias(self, scores: Scores) -> float:
        """The bias of O that is worth most on dev by the metric of training."""
        scheme, metric = self.vocabulary.train_scheme, self.config.training.metric
        measure = metrics.find(metrics.chosen(metric, scheme)).measure

        def value(gold: outside_bias.Rows, predicted: outside_bias.Rows) -> float:
            return measure.gain(score(gold, predicted, scheme, metric=metric).main)

        return outside_bias.choose(scores, self.vocabulary.tags, value)

    def _scaled(
        self, weights: dict[str, NDArray[Any]], temperatures: Mapping[str, float]
    ) -> dict[str, NDArray[Any]]:
        """The weights with those of the heads divided by the temperatures of what they give."""
        potentials = self._potentials()
        divisors = {name: value for of, value in temperatures.items() for name in potentials[of]}
        return {
            name: array / np.float32(divisors[name]) if name in divisors else array
            for name, array in weights.items()
        }

    def _potentials(self) -> dict[str, Sequence[str]]:
        """The weights that are divided by a temperature, by what they give."""
        head = self.network.head
        return {"tags": head.potentials} if head and head.potentials else {}

    def _temperatures(self, scores: Scores | None) -> dict[str, float]:
        """The temperatures of what the network gives, fitted on dev, of whose tags these are the scores."""
        return {"tags": scores.temperature()} if scores else {}

    def _scores(self) -> Scores | None:
        """The scores of the tags of sentences of dev; None if the head has no such scores.

        Raises:
            ModelError: The weights are not finite.
        """
        if "tags" not in self._potentials():
            return None
        sentences = self._calibrating()
        scheme, learnt = self.corpora.scheme, self.vocabulary.train_scheme
        right = [convert(sentence.tags or (), scheme, learnt) for sentence in sentences]
        return self._exported().scores(sentences, right)

    def _calibrating(self) -> list[Sentence]:
        """Sentences of dev, from all over it, that are enough to fit a number."""
        sentences = [sentence for sentence in self.corpora.dev.sentences if len(sentence) <= WINDOW]
        return sentences[:: max(1, len(sentences) // CALIBRATING)]

    def _exported(self) -> SentenceTagger:
        """The network as it is now, with all its outputs."""
        return self.tagger()

    def score(self, weights: dict[str, NDArray[Any]]) -> tuple[Score, Score | None]:
        """What `best_tagger` scores on dev and, where there is one, on test; it raises the same."""
        tagger, corpora = self.best_tagger(weights), self.corpora
        scored = partial(score_corpus, tagger, scheme=corpora.scheme, metric=self.config.training.metric)
        return scored(corpora.dev), scored(corpora.test) if corpora.test else None

    def facts(self) -> dict[str, Any]:
        """What `report.json` says of the data and the network."""
        prepared = self.prepared
        return {
            "data": {
                name: {"sentences": len(corpus.sentences), "tokens": corpus.tokens}
                for name, corpus in self.corpora.by_role.items()
            },
            "held_out": prepared.held_out is not None,
            "held_out_seed": prepared.held_out,
            "ill_formed": prepared.ill_formed,
            "unknown_rate": prepared.unknown_rate,
            "parameters": prepared.parameters,
            "vocabulary": prepared.vocabulary,
            "coverage": prepared.coverage,
            **lists_report(prepared.lists),
            **({"from": self.continued.to_json()} if self.continued else {}),
        }

    def files(self, weights: dict[str, NDArray[Any]], report: dict[str, Any]) -> dict[str, bytes]:
        """The content of the model folder."""
        import safetensors.numpy

        files = {
            "config.json": layout.dump_json(self.config.portable()),
            "vocab.json": layout.dump_json(self.vocabulary.to_json()),
            "weights.safetensors": safetensors.numpy.save(weights),
            "known.json": layout.dump_json(prepare.known(self.corpora)),
            "report.json": layout.dump_json(report),
        }
        if self.corpora.states:
            files |= self.corpora.states.files(self.vectors)
        if self.vocabulary.lists:
            files[word_lists.ARRAYS] = word_lists.packed(self.vocabulary.lists)
        return files | ({"vectors.bin": self.vectors.packed()} if self.vectors else {})
