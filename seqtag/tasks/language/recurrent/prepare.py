"""What a recurrent language model learns from its text before the network is: words, classes, embeddings."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import BOS, END, SYMBOLS, UNK, UNKNOWN
from seqtag.features import word_classes
from seqtag.features.indexers.base import Indexer, Resources
from seqtag.features.indexers.word import WordIndexer
from seqtag.features.vectors import Vectors
from seqtag.features.word_classes import WordClasses
from seqtag.settings import registry
from seqtag.settings.language import LanguageConfig
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.language.recurrent.texts import LanguageTexts
from seqtag.tasks.language.recurrent.vocabulary import LABEL, WordVocabulary

FULL = 2000  # so many words are predicted by a full softmax, where nobody says how many classes there are
CLASSES = 100  # of more words
EMBEDDINGS = ("word", "vectors", "characters", "shape")  # the others would see the next word, or need columns


def learn(config: LanguageConfig, texts: LanguageTexts, vectors: Vectors | None) -> WordVocabulary:
    """The words to predict, in classes, and what each embedding knows of words.

    Raises:
        Error: The network has no input.
        UsageError: The words cannot be divided into such classes.
        DataError: The file of classes is not one of these words.
    """
    words, counts = _frequent(texts, config.text.vocabulary)
    classes = _classes(config, words, counts)
    indexers = _indexers(config, words, counts, Resources(vectors))
    if indexers and texts.labels:
        indexers[LABEL] = _labels(config, texts)
    if not indexers:
        raise Error("the network has no input: switch on one of the embeddings.")
    if config.output.tied and "word" not in indexers:
        raise UsageError("output.tied needs learnt word vectors: embeddings.word.dim is 0.")
    order = classes.order
    return WordVocabulary(
        tuple(words[at] for at in order), classes.sizes, indexers, tuple(counts[list(order)].tolist())
    )


def _frequent(texts: LanguageTexts, most: int) -> tuple[list[str], NDArray[np.int64]]:
    """The border, the unknown word and the most frequent words, with their counts."""
    kept = texts.train.words[len(SYMBOLS) :][:most]
    own = texts.counts[len(SYMBOLS) :]
    unknown = int(texts.counts[UNK] + own[len(kept) :].sum())
    return [END, UNKNOWN, *kept], np.array([texts.counts[BOS], unknown, *own[: len(kept)]], np.int64)


def _classes(config: LanguageConfig, words: Sequence[str], counts: NDArray[np.int64]) -> WordClasses:
    settings = config.output
    if settings.class_file is not None:
        if settings.classes is not None:
            raise UsageError(
                f"output.class_file says which classes there are; expected no output.classes beside it. Received: "
                f"{settings.classes}"
            )
        return word_classes.read(settings.class_file, words)
    wanted = settings.classes
    if wanted is None:
        wanted = 1 if len(words) <= FULL else CLASSES
    elif isinstance(wanted, str):
        wanted = word_classes.square_root(len(words))
    divide = word_classes.equal_mass if settings.class_kind == "mass" else word_classes.equal_size
    return divide(counts, wanted)


def _indexers(
    config: LanguageConfig, words: Sequence[str], counts: NDArray[np.int64], resources: Resources
) -> dict[str, Indexer]:
    """An indexer for each embedding, learnt from the words to predict; only the learnt vectors go by their counts."""
    once = [Sentence(tuple(words))]
    found: dict[str, Indexer | None] = {
        name: registry.load(registry.EMBEDDINGS, name, "features").fit(once, config, resources)
        for name in EMBEDDINGS
    }
    if found["word"] is not None:
        known = Counter(dict(zip(words, counts.tolist(), strict=True)))
        del known[UNKNOWN]
        found["word"] = WordIndexer.of_counts(known, config.embeddings.word)
    return {name: indexer for name, indexer in found.items() if indexer is not None}


def _labels(config: LanguageConfig, texts: LanguageTexts) -> Indexer:
    """The indexer of the labels, learnt from those of the training sentences."""
    every = tuple(label for label, count in texts.label_counts.items() for _ in range(count))
    found: Indexer = registry.load(registry.EMBEDDINGS, LABEL, "features").fit(
        [Sentence(every, columns=(every,))], config, Resources()
    )
    return found
