"""What is learnt from the training corpus before the network is: settings that go by it, and the vocabulary."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from seqtag.corpora import conventions, tokenizers
from seqtag.corpora.characters import have_places, single_characters, without_places
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus, Sentence
from seqtag.corpora.spacing import MISMATCH
from seqtag.corpora.tags import Scheme, convert, parse_scheme
from seqtag.evaluation.known import learn
from seqtag.features.indexers.base import Resources
from seqtag.features.tags import tag_inventory
from seqtag.features.vocabulary import Vocabulary, fit_indexers
from seqtag.model_folder import layout
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.settings.merging import for_corpus
from seqtag.support.errors import Error, UsageError
from seqtag.support.quoting import one_line
from seqtag.tasks.tagging import lists
from seqtag.tasks.tagging.options import read_options
from seqtag.tasks.tagging.splits import Corpora

MAX_TAGS = 2048  # of spans, whose legal pairs are listed, and of a CRF, which learns a score for each pair


def fill_in(config: Config, corpora: Corpora) -> Config:
    """The settings with all decided that go by the corpus, and no language model where the cell cannot have one and
    nobody asked for it.
    """
    sentences, _ = _looked_at(config, corpora)
    has_vectors = corpora.base.vectors if corpora.base else config.embeddings.vectors.file
    words = bool(has_vectors) and not single_characters(sentences)
    filled = for_corpus(config, spans=corpora.scheme.is_spans, word_vectors=words)
    if "language_model.weight" in config.automatic and not can_predict(filled):
        return replace(filled, language_model=replace(filled.language_model, weight=0.0))
    return filled


def can_predict(config: Config) -> bool:
    """Whether the encoder has states that could predict the next word."""
    return registry.is_stateful(config.encoder.cell) and config.encoder.layers > 0


def _looked_at(config: Config, corpora: Corpora) -> tuple[Sequence[Sentence], bool]:
    """The training sentences as the network sees them, and whether the places of characters were left out."""
    sentences = corpora.train.sentences
    places = config.data.character_places
    if places == "drop" or (places == "auto" and have_places(sentences)):
        return [without_places(sentence) for sentence in sentences], True
    return sentences, False


def fit_vocabulary(config: Config, corpora: Corpora, resources: Resources) -> Vocabulary:
    """Everything that is learnt from the training corpus before the network is; where training continues from a model,
    the vocabulary of the model is extended.
    """
    if corpora.base is not None:
        return _extended(corpora.base.vocabulary, config, corpora)
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
    _check_count(tags, train_scheme, config, corpora)
    own = conventions.find(Counter(token for sentence in sentences for token in sentence.tokens))
    named = config.data.tokenizer
    raw = (own.raw(sentence.tokens) for sentence in sentences)
    tokenizer = tokenizers.choose(raw) if named == "auto" else _named(named)
    case = config.embeddings.lists.case
    resources = replace(
        resources, lists=tuple(lists.table_of(one, tokenizer, own, case) for one in corpora.lists)
    )
    return Vocabulary(
        indexers=fit_indexers(sentences, config, resources),
        scheme=corpora.scheme,
        train_scheme=train_scheme,
        tags=tags,
        tag_counts=dict(sorted(counts.items())),
        tokenizer=tokenizer,
        drop_places=drop_places,
        reading=read_options(config).spelt(corpora.train.spelling),
        conventions=own,
        cuts_raw_text=raw_text_mismatch(config, corpora) is None,
    )


def _extended(former: Vocabulary, config: Config, corpora: Corpora) -> Vocabulary:
    """The vocabulary of a model with what the training corpus has that it lacks. Tokenizer, conventions and schemes are
    those of the model.
    """
    sentences = [former.seen(sentence) for sentence in corpora.train.sentences]
    rows = [sentence.tags or () for sentence in corpora.train.sentences]
    scheme = former.train_scheme
    new = {tag for tags in rows for tag in convert(tags, former.scheme, scheme)}
    tags = tag_inventory(new.union(former.tags), scheme)
    _check_count(tags, scheme, config, corpora)
    counts = Counter(former.tag_counts) + Counter(tag for tags in rows for tag in tags)
    return replace(
        former,
        indexers={name: one.extended(sentences, config) for name, one in former.indexers.items()},
        tags=tags,
        tag_counts=dict(sorted(counts.items())),
        reading=read_options(config).spelt(corpora.train.spelling),
    )


def _check_count(tags: Sequence[str], scheme: Scheme, config: Config, corpora: Corpora) -> None:
    """Refuses too many tags."""
    if len(tags) > MAX_TAGS and (scheme.is_spans or config.head.name == "crf"):
        what, instead = (
            ("its types of spans make", "--scheme plain") if scheme.is_spans else ("it has", "--head softmax")
        )
        raise Error(
            f"{corpora.train.path}: {what} {len(tags):,} tags, each pair of which would be a transition; expected "
            f"{MAX_TAGS:,} tags at most. With {instead} they are learnt without any."
        )


def _named(tokenizer: str) -> tokenizers.Tokenizer:
    """The tokenizer of this name, after a check that it can be used here."""
    named = tokenizers.Tokenizer(tokenizer)
    named.words("")
    return named


def raw_text_mismatch(config: Config, corpora: Corpora) -> Finding | None:
    """What keeps raw text from being cut as the training corpus is; None if there is nothing, or if the user has chosen
    the tokenizer.
    """
    if config.data.tokenizer != "auto":
        return None
    path = corpora.train.path
    return next((one for one in corpora.findings if one.code == MISMATCH and one.file == path), None)


def check_readable(corpora: Corpora, vocabulary: Vocabulary, resources: Resources) -> None:
    """Refuses, before training, words and tags that could not be read back from a model folder.

    Raises:
        Error: It is so.
    """
    try:
        read = {}
        for name, written in (("known.json", known(corpora)), ("vocab.json", vocabulary.to_json())):
            content = layout.dump_json(written)
            layout.check_size(name, len(content))
            read[name] = layout.parsed(content)
        type(vocabulary).from_json(read["vocab.json"], resources)
    except (KeyError, TypeError, ValueError) as problem:
        raise Error(
            f"{corpora.train.path}: no model folder can hold its words and tags: {one_line(problem)}."
        ) from problem


def training_scheme(scheme: Scheme) -> Scheme:
    """The scheme to train in: for spans one that marks where they end and which are single tokens (Ratinov and Roth
    2009, "Design Challenges and Misconceptions in Named Entity Recognition").
    """
    return parse_scheme("bioes") if scheme.name in ("iob1", "bio", "ioe1", "ioe2") else scheme


def tokens_of(corpus: Corpus, vocabulary: Vocabulary) -> Iterator[str]:
    """The corpus's tokens as the network's parts look at them."""
    for sentence in corpus.sentences:
        yield from vocabulary.seen(sentence).tokens


def unknown_rate(corpora: Corpora, vocabulary: Vocabulary) -> float:
    """The share of dev's tokens that the training corpus does not hold, neither as they are nor in lower case."""
    known = set(tokens_of(corpora.train, vocabulary))
    tokens = list(tokens_of(corpora.dev, vocabulary))
    return sum(token not in known and token.lower() not in known for token in tokens) / len(tokens)


def known(corpora: Corpora) -> dict[str, Any]:
    """What the training corpus holds, and that of a model from which training continues, so that an evaluation can tell
    the known from the unseen.

    Returns:
        `words`, sorted, and `entities`: each label's surface forms, tokens joined by spaces, sorted.
    """
    sentences = corpora.train.sentences
    found = learn([s.tokens for s in sentences], [s.tags or () for s in sentences], corpora.scheme)
    if corpora.base is not None and corpora.base.known is not None:
        found += corpora.base.known
    return found.to_json()
