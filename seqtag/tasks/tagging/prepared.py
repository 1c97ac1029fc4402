"""What a tagger is going to be trained on, as the listener of a run receives it."""

from dataclasses import dataclass

from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings.config import Config
from seqtag.tasks.tagging.continued import Continued
from seqtag.tasks.tagging.lists import ListFound
from seqtag.training.events import Start


@dataclass(frozen=True)
class Prepared(Start):
    """What was read, before training starts.

    Attributes:
        train: The training corpus, without what was held out.
        dev: The development corpus.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        scheme: The corpus's tag scheme.
        train_scheme: The scheme of training.
        ill_formed: Places in the training corpus that break its scheme; they are read as conlleval reads them.
        windowed: Training sentences that are learnt in pieces.
        unseen_tags: Tags of dev that the network cannot predict, with their counts: for spans those whose type training
            does not have.
        unknown_rate: Share of dev's tokens that are unknown words.
        inputs: The parts of the network's input, by name.
        head: The network's head, by name.
        vocabulary: Distinct words of the training corpus.
        coverage: How many of these have a pretrained vector, by how it was found; empty without vectors.
        warnings: What was odd about the file of vectors.
        tokenizer: The tokenizer that is stored for raw text.
        states: The language model whose states are read, its size and its speed, in words; empty without one.
        lists: The word lists that are read.
        base: What the network has of the model from which training continues; None without one.
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
    vocabulary: int
    coverage: dict[str, int]
    warnings: tuple[str, ...]
    tokenizer: Tokenizer
    states: str = ""
    lists: tuple[ListFound, ...] = ()
    base: Continued | None = None
