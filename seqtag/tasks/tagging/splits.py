"""The corpora of a run: training, development and test sentences, read and checked."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqtag.corpora import consistency
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus, Sentence, check_tags, read_corpus
from seqtag.corpora.tags import Scheme, detect, parse_scheme
from seqtag.evaluation.schemes import closest, tags_of
from seqtag.evaluation.trained_on import BOTH, digest
from seqtag.features import word_lists
from seqtag.features.word_lists import WordList
from seqtag.inference import language_states
from seqtag.inference.language_states import LanguageStates
from seqtag.settings.config import Config
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.base import FinalData
from seqtag.tasks.tagging.base_model import BaseModel
from seqtag.tasks.tagging.options import read_options


@dataclass(frozen=True)
class Corpora:
    """The corpora of a run, read and checked.

    Attributes:
        train: The training corpus, without what was held out.
        dev: The development corpus.
        test: The corpus that the finished model is scored on, if there is one.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        scheme: The corpus's tag scheme.
        findings: What is odd about the files.
        states: The language model whose states the network is going to read, if it does.
        lists: The word lists that it is going to read.
        base: The model from which training continues, in whose scheme the tags are then.
    """

    train: Corpus
    dev: Corpus
    test: Corpus | None
    held_out: int | None
    scheme: Scheme
    findings: tuple[Finding, ...] = ()
    states: LanguageStates | None = None
    lists: tuple[WordList, ...] = ()
    base: BaseModel | None = None

    @property
    def by_role(self) -> dict[str, Corpus]:
        """The corpora that there are: `train`, `dev` and, where there is one, `test`."""
        found = {"train": self.train, "dev": self.dev}
        return found if self.test is None else found | {"test": self.test}


def read_corpora(
    config: Config,
    train_path: str,
    dev_path: str | None,
    test_path: str | None,
    *,
    options: ReadOptions | None = None,
    base: BaseModel | None = None,
) -> Corpora:
    """Reads all files and checks every tag, so that nothing fails after training that could have failed
    before; `options` are those of the settings, unless others are given.

    The tags are in the scheme of the training file or, where training continues from a model, `base`, in that of the
    model.
    """
    data = config.data
    if config.encoder.context and dev_path is None:
        raise UsageError(
            f"encoder.context {config.encoder.context}: expected a --dev file, since sentences that are held out at "
            "random have no neighbours."
        )
    options = options or read_options(config)
    train = read_corpus(train_path, options)
    options = options.spelt(train.spelling)
    dev = read_corpus(dev_path, options) if dev_path else None
    test = read_corpus(test_path, options) if test_path else None
    scheme = _scheme(train, base) if data.scheme == "auto" else parse_scheme(data.scheme)
    for corpus in (train, dev, test):
        if corpus is not None:
            check_tags(corpus, scheme)
    for number, name in enumerate(options.feature_columns):
        if all(sentence.columns[number] == sentence.tags for sentence in train.sentences):
            raise UsageError(f"--feature-columns {name}: this column holds the tags themselves.")
    for number, name in enumerate(options.numeric_columns):
        if all(math.isnan(value) for sentence in train.sentences for value in sentence.numbers[number]):
            raise UsageError(f"--numeric-columns {name}: {train.path} has no number in this column.")
    read = [corpus for corpus in (train, dev, test) if corpus is not None]
    named = data.scheme != "auto"
    findings = tuple(_findings(read, scheme, named=named))
    if base is not None:
        train = base.in_scheme(train, scheme)
        dev, test = (corpus and base.in_scheme(corpus, scheme) for corpus in (dev, test))
        scheme = base.vocabulary.scheme
    if dev is not None:
        return Corpora(train, dev, test, None, scheme, findings, base=base)
    kept, held = hold_out(train, data.dev_fraction, config.training.seed)
    return Corpora(kept, held, test, config.training.seed, scheme, findings, base=base)


def _scheme(train: Corpus, base: BaseModel | None) -> Scheme:
    """The scheme of a training file that does not say which: that of the model to continue from if it fits as well."""
    tags = tags_of(train)
    found = detect(tags)
    if base is None or found.is_spans != base.vocabulary.scheme.is_spans:
        return found
    return closest(tags, base.vocabulary.scheme)


def with_inputs(corpora: Corpora, config: Config) -> Corpora:
    """The corpora with what else the settings name: a language model, word lists. A model from which training continues
    has its own.
    """
    if corpora.base is not None:
        return replace(corpora, states=corpora.base.states)
    folder, lists = config.embeddings.lm.file, config.embeddings.lists.files
    if folder:
        corpora = replace(corpora, states=language_states.of_model(Path(folder)))
    return replace(corpora, lists=word_lists.read_all(lists)) if lists else corpora


def _findings(read: Sequence[Corpus], scheme: Scheme, *, named: bool) -> Iterator[Finding]:
    """What is odd about corpora of which the first is that to train on."""
    places = consistency.first_places(read[0])
    for corpus in read:
        yield from doubts(corpus, scheme, named=named)
        yield from consistency.lengths(corpus)
        if corpus is not read[0]:
            yield from consistency.overlapping(read[0], places, corpus)


def final(corpora: Corpora) -> FinalData[Corpora]:
    """The corpora as a run uses them that ends with one on train and dev."""
    train, dev = corpora.train, corpora.dev
    path = train.path if corpora.held_out is not None else f"{train.path} and {dev.path}"
    both = replace(train, path=path, sentences=(*train.sentences, *dev.sentences), findings=())
    sentences = {
        name: digest(sentence.tokens for sentence in corpus.sentences)
        for name, corpus in (("dev", dev), (BOTH, both))
    }
    return FinalData(replace(corpora, test=None), replace(corpora, train=both), sentences)


def hold_out(corpus: Corpus, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
    """The corpus without a random part, and that part; both in the file's order."""
    count = len(corpus.sentences)
    if count < 2:
        raise Error(f"{corpus.path}: one sentence is too few to hold some out for dev; give a --dev file.")
    size = min(max(round(count * fraction), 1), count - 1)
    held = set(np.random.default_rng([seed, 0]).permutation(count)[:size].tolist())
    parts: tuple[list[Sentence], list[Sentence]] = ([], [])
    for number, sentence in enumerate(corpus.sentences):
        parts[number in held].append(sentence)
    kept, held_out = (replace(corpus, sentences=tuple(part), findings=()) for part in parts)
    return kept, held_out
