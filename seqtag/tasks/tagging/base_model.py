"""The model from which the training of a tagger, or of a model that labels sentences, continues."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme, convert
from seqtag.evaluation.known import Known
from seqtag.features.indexers.states import StateIndexer
from seqtag.features.indexers.vectors import VectorIndexer
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.language_states import LanguageStates
from seqtag.model_folder import folder
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import Kind
from seqtag.model_folder.stored import checked_network, read_known
from seqtag.support.errors import DataError
from seqtag.tasks.tagging.restore import Stored

# The settings in which a run may differ from the model that it continues from, by what their paths begin with: how
# files are read, and how the network is trained. All others are those of the network and of its vocabulary.
CHANGEABLE = (
    "data.format",
    "data.token_column",
    "data.tag_column",
    "data.label_key",
    "data.skip_rows",
    "data.scheme",
    "data.tag_spelling",
    "data.outside_tag",
    "data.neighbours",
    "data.misaligned",
    "data.labels",
    "data.dev_fraction",
    "embeddings.word.min_count",
    "embeddings.word.unknown_rate",
    "embeddings.word.trainable",
    "embeddings.characters.dropout",
    "embeddings.lists.dropout",
    "embeddings.word_dropout",
    "embeddings.dropout",
    "encoder.dropout",
    "encoder.recurrent_dropout",
    "head.beam",
    "head.sampling_",
    "head.outside_bias",
    "label.dropout",
    "label.weight",
    "language_model.",
    "training.",
)


@dataclass(frozen=True)
class BaseModel:
    """What a model folder holds from which training continues.

    Attributes:
        stored: Settings, vocabulary and weights.
        known: The words and entities of its training corpus; None where the folder holds none.
        digest: The sha256 of its manifest, which has that of each file.
    """

    stored: Stored
    known: Known | None
    digest: str

    @property
    def path(self) -> Path:
        """The folder, for messages."""
        return self.stored.path

    @property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary."""
        return self.stored.vocabulary

    @property
    def vectors(self) -> Vectors | None:
        """The pretrained vectors that the network reads, if it reads some."""
        found = (one for one in self.vocabulary.indexers.values() if isinstance(one, VectorIndexer))
        return next((indexer.vectors for indexer in found), None)

    @property
    def states(self) -> LanguageStates | None:
        """The language model whose states the network reads, if it reads some."""
        indexer = self.vocabulary.indexers.get("lm")
        source = indexer.source if isinstance(indexer, StateIndexer) else None
        return source if isinstance(source, LanguageStates) else None

    def in_scheme(self, corpus: Corpus, scheme: Scheme) -> Corpus:
        """A corpus with its tags in the model's scheme.

        Args:
            corpus: The corpus.
            scheme: Its scheme.

        Raises:
            DataError: Its tags are spans and those of the model are not, or the reverse.
        """
        own = self.vocabulary.scheme
        if scheme.is_spans != own.is_spans:
            raise DataError(
                corpus.path,
                None,
                f"has {scheme.title} tags; expected {own.title} tags as in {self.path}, from which training continues",
            )
        if scheme == own:
            return corpus
        sentences = (
            replace(sentence, tags=tuple(convert(sentence.tags or (), scheme, own)))
            for sentence in corpus.sentences
        )
        return replace(corpus, sentences=tuple(sentences))


def read(path: str, kind: Kind, stored: Callable[[Folder], Stored]) -> BaseModel:
    """The model of a folder.

    Args:
        path: The folder.
        kind: What is expected there.
        stored: Reads what the folder holds of its network.

    Raises:
        ModelError: It is not what seqtag writes.
        UsageError: The model is merged from several.
    """
    return folder.load(Path(path), partial(_read, stored), kind)


def _read(stored: Callable[[Folder], Stored], opened: Folder) -> BaseModel:
    found = stored(opened)
    checked_network(found.config, found.vocabulary, found.weights, name=str(found.path))
    known = None
    if "known.json" in opened.files:
        known = read_known(opened, spans=found.vocabulary.scheme.is_spans)
    return BaseModel(found, known, opened.digest)
