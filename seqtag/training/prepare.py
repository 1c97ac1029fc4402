"""What is done to a corpus before training: reading, holding out, learning tables, turning sentences into numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqtag.corpora import tokenizers
from seqtag.corpora.reading import Corpus, Sentence, check_tags, read_corpus
from seqtag.corpora.tags import Scheme, allowed, convert, detect, parse_scheme
from seqtag.evaluation.known import learn
from seqtag.features.indexers.base import DIGITS, Ids, Resources, Table, single_characters
from seqtag.features.vocabulary import Vocabulary, fit_indexers, have_places, tag_inventory, without_places
from seqtag.model_folder import folder
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.support.errors import UsageError, UserError

MAX_TAGS = 2048  # of spans, whose legal pairs are listed, and of a CRF, which learns a score for each pair


@dataclass(frozen=True)
class Corpora:
    """The corpora of a run, read and checked.

    Attributes:
        train: The training corpus, without what was held out.
        dev: The development corpus.
        test: The corpus that the finished model is scored on, if there is one.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        scheme: The corpus's tag scheme.
    """

    train: Corpus
    dev: Corpus
    test: Corpus | None
    held_out: int | None
    scheme: Scheme


def read_corpora(config: Config, train_path: str, dev_path: str | None, test_path: str | None) -> Corpora:
    """Reads all files and checks every tag, so that nothing fails after training that could have failed
    before.
    """
    data = config.data
    columns = feature_columns(config)

    def read(path: str) -> Corpus:
        return read_corpus(
            path,
            format=data.format,
            token_column=data.token_column,
            tag_column=data.tag_column,
            feature_columns=columns,
        )

    train = read(train_path)
    dev = read(dev_path) if dev_path else None
    test = read(test_path) if test_path else None
    tags = (sentence.tags or () for sentence in train.sentences)
    scheme = detect(tags) if data.scheme == "auto" else parse_scheme(data.scheme)
    for corpus in (train, dev, test):
        if corpus is not None:
            check_tags(corpus, scheme)
    for number, name in enumerate(columns):
        if all(sentence.columns[number] == sentence.tags for sentence in train.sentences):
            raise UsageError(f"--feature-columns {name}: this column holds the tags themselves.")
    if dev is not None:
        return Corpora(train, dev, test, None, scheme)
    kept, held = _hold_out(train, data.dev_fraction, config.training.seed)
    return Corpora(kept, held, test, config.training.seed, scheme)


def feature_columns(config: Config) -> tuple[str, ...]:
    """The extra columns that the settings name."""
    named = config.data.feature_columns
    return () if named is None else tuple(column.strip() for column in str(named).split(","))


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
class Example:
    """A training sentence, or a piece of one, as numbers: what each indexer keeps of it, its tags `(time,)`, and its
    words `(time,)` as a language model predicts them.
    """

    rows: dict[str, Any]
    tags: Ids
    words: Ids


def fill_in(config: Config, corpora: Corpora) -> Config:
    """The settings with the defaults that go by the corpus."""
    sentences, _ = _looked_at(config, corpora)
    words = bool(config.embeddings.vectors.file) and not single_characters(sentences)
    return config.for_corpus(spans=corpora.scheme.is_spans, word_vectors=words)


def _looked_at(config: Config, corpora: Corpora) -> tuple[Sequence[Sentence], bool]:
    """The training sentences as the network sees them, and whether the places of characters were left out."""
    sentences = corpora.train.sentences
    places = config.data.character_places
    if places == "drop" or (places == "auto" and have_places(sentences)):
        return [without_places(sentence) for sentence in sentences], True
    return sentences, False


def fit_vocabulary(config: Config, corpora: Corpora, resources: Resources) -> Vocabulary:
    """Everything that is learnt from the training corpus before the network is."""
    sentences, drop_places = _looked_at(config, corpora)
    wanted = config.data.train_scheme
    train_scheme = training_scheme(corpora.scheme) if wanted == "auto" else parse_scheme(wanted)
    if train_scheme.is_spans != corpora.scheme.is_spans:
        title = corpora.scheme.title
        raise UsageError(f"--train-scheme {wanted}: the corpus has {title} tags, which cannot be written so.")
    counts = Counter(tag for sentence in sentences for tag in sentence.tags or ())
    seen = {
        tag for sentence in sentences for tag in convert(sentence.tags or (), corpora.scheme, train_scheme)
    }
    tags = tag_inventory(seen, train_scheme)
    if len(tags) > MAX_TAGS and (train_scheme.is_spans or config.head.name == "crf"):
        what, instead = (
            ("its types of spans make", "--scheme plain")
            if train_scheme.is_spans
            else ("it has", "--head softmax")
        )
        raise UserError(
            f"{corpora.train.path}: {what} {len(tags):,} tags, each pair of which would be a transition; expected "
            f"{MAX_TAGS:,} tags at the most. With {instead} they are learnt without any."
        )
    tokenizer = config.data.tokenizer
    return Vocabulary(
        indexers=fit_indexers(sentences, config, resources),
        scheme=corpora.scheme,
        train_scheme=train_scheme,
        tags=tags,
        tag_counts=dict(sorted(counts.items())),
        tokenizer=tokenizers.choose([s.tokens for s in sentences])
        if tokenizer == "auto"
        else tokenizers.Tokenizer(tokenizer),
        drop_places=drop_places,
        format=config.data.format,
        token_column=config.data.token_column,
        tag_column=config.data.tag_column,
        feature_columns=feature_columns(config),
    )


def check_readable(corpora: Corpora, vocabulary: Vocabulary, resources: Resources) -> None:
    """Refuses, before training, words and tags that could not be read back from a model folder.

    Raises:
        UserError: It is so.
    """
    try:
        read = {}
        for name, written in (("known.json", known(corpora)), ("vocab.json", vocabulary.to_json())):
            content = folder.dump_json(written)
            folder.check_size(name, len(content))
            read[name] = folder.parsed(content)
        Vocabulary.from_json(read["vocab.json"], resources)
    except (KeyError, TypeError, ValueError) as problem:
        raise UserError(
            f"{corpora.train.path}: no model folder can hold its words and tags: {problem}."
        ) from problem


def training_scheme(scheme: Scheme) -> Scheme:
    """The scheme to train in: for spans one that marks where they end and which are single tokens (Ratinov and Roth
    2009, "Design Challenges and Misconceptions in Named Entity Recognition").
    """
    return parse_scheme("bioes") if scheme.name in ("iob1", "bio") else scheme


def predicted_words(config: Config, corpora: Corpora, vocabulary: Vocabulary) -> Table | None:
    """The words that a language model beside the tags predicts: the most frequent ones of the training file, in lower
    case and with digits as 0; None without such a model.

    Raises:
        UsageError: The encoder has no state that could predict a word.
    """
    settings = config.language_model
    chosen = "language_model.weight" in config.given
    stateless = config.encoder.cell in registry.LOCAL_CELLS
    if not settings.weight or (stateless and not chosen):
        return None
    if stateless:
        raise UsageError(
            f"language_model.weight {settings.weight} takes a recurrent cell. Received: encoder.cell "
            f"{config.encoder.cell}"
        )
    counts = Counter(map(_predicted, tokens_of(corpora.train, vocabulary)))
    return Table(Table.fit(counts).values[: settings.words], 0)


def _predicted(token: str) -> str:
    return token.lower().translate(DIGITS)


def make_examples(
    config: Config, corpora: Corpora, vocabulary: Vocabulary, words: Table | None = None
) -> tuple[list[Example], int]:
    """The training sentences as numbers, the longest ones in pieces, and how many were cut so.

    `words` is the table of words to predict, if there is one.
    """
    numbers = {tag: number for number, tag in enumerate(vocabulary.tags)}
    examples, windowed = [], 0
    for sentence in corpora.train.sentences:
        tags = convert(sentence.tags or (), corpora.scheme, vocabulary.train_scheme)
        rows = vocabulary.index(sentence)
        seen = without_places(sentence) if vocabulary.drop_places else sentence
        targets = words.index(map(_predicted, seen.tokens)) if words else np.zeros(len(sentence), np.int32)
        ends = _cuts(tags, vocabulary.train_scheme, config.training.max_sentence_length)
        windowed += len(ends) > 1
        for start, end in zip([0, *ends], ends, strict=False):
            # A span longer than a piece is cut: its second part must begin as a span does.
            piece = convert(tags[start:end], vocabulary.train_scheme, vocabulary.train_scheme)
            ids = np.array([numbers[tag] for tag in piece], np.int32)
            pieces = {name: row[start:end] for name, row in rows.items()}
            examples.append(Example(pieces, ids, targets[start:end]))
    return examples, windowed


def _cuts(tags: Sequence[str], scheme: Scheme, longest: int) -> list[int]:
    """Where the pieces of a sentence end: between spans wherever a piece holds such a place."""
    ends = []
    start = 0
    while len(tags) - start > longest:
        end = start + longest
        while end > start and not (allowed(tags[end - 1], None, scheme) and allowed(None, tags[end], scheme)):
            end -= 1
        start = end if end > start else start + longest
        ends.append(start)
    return [*ends, len(tags)]


def tokens_of(corpus: Corpus, vocabulary: Vocabulary) -> Iterator[str]:
    """The corpus's tokens as the network's parts look at them."""
    for sentence in corpus.sentences:
        yield from (without_places(sentence) if vocabulary.drop_places else sentence).tokens


def unknown_rate(corpora: Corpora, vocabulary: Vocabulary) -> float:
    """The share of dev's tokens that the training corpus does not hold, neither as they are nor in lower case."""
    known = set(tokens_of(corpora.train, vocabulary))
    tokens = list(tokens_of(corpora.dev, vocabulary))
    return sum(token not in known and token.lower() not in known for token in tokens) / len(tokens)


def known(corpora: Corpora) -> dict[str, Any]:
    """What the training corpus holds, so that an evaluation can tell the known from the unseen.

    Returns:
        `words`, sorted, and `entities`: each label's surface forms, tokens joined by spaces, sorted.
    """
    sentences = corpora.train.sentences
    return learn([s.tokens for s in sentences], [s.tags or () for s in sentences], corpora.scheme).to_json()
