"""What an answer of a model depends on, as values, before anybody has drawn it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.findings import Report, ignore


@dataclass(frozen=True)
class ExplainOrder:
    """What is to be explained.

    Attributes:
        model: The model folder.
        path: The text; "-" is standard input.
        input_format: A format in `registry.FORMATS`, where "conll" stands for that of the training corpus; None to go
            by the name and the first lines of the text.
        limit: At most so many sentences; those without tokens do not count.
        debug: Whether TensorFlow may print.
        report: Receives what is odd about the text, while it is read.
    """

    model: str
    path: str
    input_format: str | None = None
    limit: int = 20
    debug: bool = False
    report: Report = ignore


@dataclass(frozen=True)
class Target:
    """A tag or an entity that is explained.

    Attributes:
        start: Its first token.
        end: The token after its last.
        label: The tag, or the entity's label.
        probability: The probability that the model gives it.
        saliency: How much each token of the sentence speaks for it (above 0) or against it, `(time,)`.
    """

    start: int
    end: int
    label: str
    probability: float
    saliency: NDArray[np.float32]


@dataclass(frozen=True)
class Explained:
    """A sentence.

    Attributes:
        tokens: Its tokens, the first `LONGEST` at most.
        cut: How many tokens more it has.
        tags: The tag of each token.
        targets: What is explained: the entities, or each token's tag where tags are plain.
        attention: The weights of each attention `(heads, time, time)` by where it is; row t is where token t looks.
        joined: The tokens that follow the one before without a space, by their number.
        written: Of a model that writes other symbols than it reads, these, with the end: the rows of its attention.
        answer: Of such a model what it reads, what it writes and how probable that is; None of any other.
        labels: What is explained of the sentence as a whole: its most probable labels.
        looks: How much each token counts for the labels, `(time,)`; None where that is not learnt.
    """

    tokens: tuple[str, ...]
    cut: int
    tags: list[str]
    targets: list[Target]
    attention: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    joined: frozenset[int] = frozenset()
    written: tuple[str, ...] = ()
    answer: tuple[str, str, float] | None = None
    labels: Sequence[Target] = ()
    looks: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Explanation:
    """What the page shows.

    Attributes:
        model: The model folder, as the user named it.
        source: Where the text is from.
        spans: Whether the tags are of spans.
        description: The network in a few words.
        sentences: The sentences.
        more: Whether the text holds more sentences than were asked for.
        types: The types of entities that the model knows, each of which has its colour; empty for plain tags.
    """

    model: str
    source: str
    spans: bool
    description: str
    sentences: list[Explained]
    more: bool
    types: Sequence[str] = ()
