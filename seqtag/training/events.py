"""The events of a training run, as its listener receives them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seqtag.corpora.findings import Level
from seqtag.evaluation.measure import Measure
from seqtag.settings.config import RunSettings


@dataclass(frozen=True)
class Start:
    """All is read, and training with one seed starts; a task's own event says more.

    Attributes:
        config: The settings, with those filled in that go by the corpus.
        measure: What models are compared by.
        parameters: Trainable numbers of the network.
        before: What the model scores on dev from which training continues; None without one.
    """

    config: RunSettings
    measure: Measure
    parameters: int
    before: float | None = field(default=None, kw_only=True)


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
        dev_score: The score that counts, on dev, by the measure of the run; None in the run on train and dev, whose
            weights have seen dev.
        gradient_norm: Mean of the true global norm of the gradient, before clipping.
        clipped: Share of the steps in which clipping acted.
        tokens_per_second: Training tokens a second, dev scoring left out.
        seconds: The whole epoch.
        best: Whether its dev score is the best so far.
        learning_rate: The learning rate of its first step; None in runs of earlier versions.
    """

    number: int
    loss: float
    dev_score: float | None
    gradient_norm: float
    clipped: float
    tokens_per_second: float
    seconds: float
    best: bool
    learning_rate: float | None = None


@dataclass(frozen=True)
class Resumed:
    """The run goes on from a checkpoint.

    Attributes:
        history: The epochs that are done.
    """

    history: Sequence[Epoch]


@dataclass(frozen=True)
class Note:
    """A remark for the user.

    Attributes:
        text: One line.
        level: "note", or "warning" or "error" for what is wrong with a corpus.
    """

    text: str
    level: Level = "note"


Event = Start | Resumed | Progress | Epoch | Note
Listener = Callable[[Event], None]
