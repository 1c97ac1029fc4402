"""The events of a training run, as its listener receives them."""

from collections.abc import Callable
from dataclasses import dataclass

from seqtag.corpora.findings import Level
from seqtag.corpora.reading import Corpus
from seqtag.corpora.tags import Scheme
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.evaluation.measure import Measure
from seqtag.settings.config import Config


@dataclass(frozen=True)
class Prepared:
    """What was read, before training starts.

    Attributes:
        config: The settings, with those filled in that go by the corpus.
        measure: What models are compared by.
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
        parameters: Trainable numbers of the network.
        vocabulary: Distinct words of the training corpus.
        coverage: How many of these have a pretrained vector, by how it was found; empty without vectors.
        warnings: What was odd about the file of vectors.
        tokenizer: The tokenizer that is stored for raw text.
    """

    config: Config
    measure: Measure
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
    tokenizer: Tokenizer


@dataclass(frozen=True)
class Progress:
    """A step is done.

    Attributes:
        epoch: The epoch, from 1.
        tokens: Tokens of the epoch trained so far.
        of_tokens: All its tokens.
        loss: Mean loss of the epoch's steps so far.
    """

    epoch: int
    tokens: int
    of_tokens: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """An epoch is done.

    Attributes:
        number: The epoch, from 1.
        loss: Mean loss of its steps.
        dev_score: The score that counts, on dev, by the measure of the run.
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
    """A remark for the user.

    Attributes:
        text: One line.
        level: "note", or "warning" or "error" for what is wrong with a corpus.
    """

    text: str
    level: Level = "note"


Event = Prepared | Progress | Epoch | Note
Listener = Callable[[Event], None]
