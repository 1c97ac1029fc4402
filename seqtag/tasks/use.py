"""What a finished model is used for, whatever its task is: scoring a file and answering files. No TensorFlow.

A task whose models are used is a row of `registry.TASKS` with a half `use`, which names a `Use`.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from seqtag.corpora.base import AUTO, ReadOptions, Source, Writer
from seqtag.corpora.findings import Finding, Report, ignore
from seqtag.corpora.running_text import LINES, Splitting
from seqtag.settings import registry
from seqtag.support.errors import UsageError
from seqtag.tasks.folders import task_of

if TYPE_CHECKING:
    from seqtag.evaluation.analysis import Analysis
    from seqtag.evaluation.calibration import Calibration
    from seqtag.evaluation.mistakes import Mistake, WrongSentence
    from seqtag.evaluation.significance import PerSentence
    from seqtag.evaluation.thresholds import Thresholds


@dataclass(frozen=True)
class EvaluationOrder:
    """What is to be scored.

    Attributes:
        model: The model folder.
        gold: The gold file.
        scheme: Its tag scheme; "auto" or None for the model's, unless another fits the file better.
        options: How it is read, where it is not as the training corpus was.
        crosscheck: Whether to score again with another package.
        probabilities: Whether the errors are wanted with their probabilities, which takes time.
        threads: Batches that are answered side by side; 0 for as many as the process may use cores.
        calibration: Whether to say how far probabilities mean what they say, which takes time.
        precision: A name in `registry.PRECISIONS`.
        corpus: What the gold file holds, as the task reads it, if that was read before.
    """

    model: str
    gold: str
    scheme: str | None = "auto"
    options: ReadOptions = AUTO
    crosscheck: bool = False
    probabilities: bool = False
    threads: int = 0
    calibration: bool = False
    precision: str = registry.FLOAT32
    corpus: Any = None


class Evaluated(Protocol):
    """A score and what it was made from."""

    @property
    def score(self) -> Any:
        """The figures; of a tagger a `Score`, of any other model `Tabled`."""
        ...

    @property
    def name(self) -> str:
        """The model folder or the file of predictions, as the user named it."""
        ...

    @property
    def heading(self) -> str:
        """What was compared, in one line."""
        ...

    @property
    def calibrations(self) -> "Sequence[Calibration]":
        """How far its probabilities mean what they say; empty if that was not asked for."""
        ...

    @property
    def thresholds(self) -> "Sequence[Thresholds]":
        """Precision and recall by minimum probability; empty if probabilities were not asked for."""
        ...

    @property
    def analysis(self) -> "Analysis | None":
        """What kind of mistakes there are in its tags; None if it has none."""
        ...

    @property
    def mistakes(self) -> "Sequence[Mistake]":
        """All wrong answers."""
        ...

    def shown(self, number: int) -> "WrongSentence":
        """A sentence with what is right and what was predicted, by its number from 0."""
        ...

    @property
    def sentences(self) -> Iterator[Any]:
        """What was answered: the tokens of each sentence, or each source."""
        ...

    @property
    def per_sentence(self) -> "PerSentence":
        """What the score is calculated from, sentence by sentence."""
        ...

    @property
    def gold_file(self) -> str:
        """The gold file, as messages name it."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """What is odd about the files."""
        ...

    def to_json(self) -> dict[str, Any]:
        """All figures as plain values, rates as fractions, with `task` and `signature`."""
        ...

    def write_errors(self, stream: TextIO) -> None:
        """Writes a JSON object per line for each wrong answer."""
        ...

    def write_columns(self, stream: TextIO) -> None:
        """Writes the right and the given answers side by side, tab-separated."""
        ...


@dataclass(frozen=True)
class PredictionOrder:
    """How files are to be answered.

    Attributes:
        model: The model folder.
        output_format: A name in `Use.formats`; empty for the first.
        input_format: A format in `registry.FORMATS`, where "conll" stands for that of the training corpus; None to go
            by the name and the first lines of each file.
        tokenizer: A name in `registry.TOKENIZERS` to use in place of the model's own.
        splitting: What divides raw text into sentences; if it may be several to a text, there is no `nbest`.
        nbest: How many answers to give for each sentence.
        threads: Batches that are answered side by side; 0 for as many as the process may use cores.
        vectors: Whether the vectors of sentences are wanted.
        report: Receives what is odd about a file, while it is read.
        precision: A name in `registry.PRECISIONS`.
        min_probability: Entities below this probability are dropped.
    """

    model: str
    output_format: str = ""
    input_format: str | None = None
    tokenizer: str | None = None
    splitting: Splitting = LINES
    nbest: int = 0
    threads: int = 0
    vectors: bool = False
    report: Report = ignore
    precision: str = registry.FLOAT32
    min_probability: float = 0.0

    @property
    def needs_probabilities(self) -> bool:
        """Whether more than the tags is wanted of a sentence, for its answer or for what is left out of it."""
        written = registry.load(registry.FORMATS, self.output_format, "writer")
        return written.probabilities or self.nbest > 0 or self.min_probability > 0


@dataclass(frozen=True)
class Given:
    """A sentence to answer that comes from no file: a text or its tokens.

    Attributes:
        text: The text; None for tokens.
        tokens: The tokens, none of them empty.
        features: The values of source features, for a transducer that reads some.
        starts_document: Whether no other sentence of its document goes before it.
    """

    text: str | None = None
    tokens: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    starts_document: bool = True


@dataclass(frozen=True)
class Abilities:
    """What the answers of a model hold, and what it reads beside a text.

    Attributes:
        labels: The labels of its entities, or its tags, sorted.
        is_spans: Whether tags mark entities.
        sentence_labels: The labels of whole sentences.
        most: How many answers it can give for a sentence; inf for as many as one likes.
        features: The names of source features, each a value that is read with a text.
        aligned: Whether it can say where its attention was on a source.
        lacking: What it reads that neither a text nor tokens have; empty if they are enough.
        cuts_raw_text: Whether a text is cut into tokens like those that it was trained on.
    """

    labels: tuple[str, ...] = ()
    is_spans: bool = False
    sentence_labels: tuple[str, ...] = ()
    most: float = math.inf
    features: tuple[str, ...] = ()
    aligned: bool = False
    lacking: str = ""
    cuts_raw_text: bool = True


class Predictor(Protocol):
    """A model that is ready to answer files."""

    @property
    def abilities(self) -> Abilities:
        """What its answers hold."""
        ...

    def with_nbest(self, nbest: int) -> "Predictor":
        """The same model, ready to give so many answers for each sentence.

        Raises:
            UsageError: It cannot give so many.
        """
        ...

    def item(self, given: Given) -> Any:
        """What `read` would give of a file with this text or these tokens.

        Raises:
            UsageError: The model cannot read it.
        """
        ...

    @property
    def context(self) -> int:
        """Tokens of neighbouring sentences that are answered together; 0 where each is answered by itself."""
        ...

    def writer(self, stream: TextIO) -> Writer:
        """Writes its answers."""
        ...

    def read(self, path: str | Source, format: str | None = None) -> Iterator[Any]:
        """What there is to answer in a file, one at a time; each has a length in tokens.

        Args:
            path: The file, or a source, if the model reads sources.
            format: The format of this file; None for that of the order.

        Raises:
            DataError: The file cannot be read.
        """
        ...

    @property
    def reads_sources(self) -> bool:
        """Whether `read` takes sources, and not only the paths of files."""
        ...

    def format_of(self, source: Source) -> str:
        """The format in `registry.FORMATS` that a file is read as; empty for a model that reads no sources.

        Raises:
            DataError: The file cannot be read.
        """
        ...

    def align(self, answer: Any) -> dict[str, Any]:
        """Where the attention was on the source of an answer, as plain values.

        Raises:
            UsageError: The model has no such attention, or the source is too long.
        """
        ...

    def begin(self, chunk: Sequence[Any]) -> Iterator[Any]:
        """An answer for each, in order, which the writer takes and which has a length in tokens; the work begins before
        the first one is asked for.
        """
        ...


@dataclass(frozen=True)
class Use:
    """What a finished model of a task is used for.

    Attributes:
        evaluate: Scores a model on a gold file.
        predictor: Makes a model ready to answer files.
        formats: Gives the formats in which it writes answers; the first is usual.
        networks: The networks of a model folder by their names, with all their outputs, as serialised ONNX models; the
            name of an only one is "".
        scores_with: The options of `seqtag evaluate` that it makes use of, beside those of every task.
        predicts_with: The options of `seqtag predict` that it makes use of, likewise.
        tagger: Loads a model whose answers are documents, which `seqtag.load` makes a `Tagger`, of a folder and a
            number of threads.
        load: What `seqtag.load` gives, of the same; None for a `Tagger`.
    """

    evaluate: Callable[[EvaluationOrder], Evaluated]
    predictor: Callable[[PredictionOrder], Predictor]
    formats: Callable[[], Collection[str]]
    networks: Callable[[str], Mapping[str, bytes]]
    scores_with: frozenset[str] = frozenset()
    predicts_with: frozenset[str] = frozenset()
    tagger: Callable[[Any, int], Any] | None = None
    load: Callable[[str, int], Any] | None = None


def use_of(model: str) -> tuple[str, Use]:
    """The task of a model folder, and what such a model is used for. For a folder of a task without such a use, and for
    any other folder, those of the first task, which refuses to read it.
    """
    task = task_of(Path(model))
    if not registry.TASKS[task].use:
        task = next(iter(registry.TASKS))
    found: Use = registry.load(registry.TASKS, task, "use")
    return task, found


def check_options(command: str, task: str, given: dict[str, bool], known: frozenset[str]) -> None:
    """Refuses options that a task makes no use of.

    Args:
        command: The command, for messages.
        task: The task.
        given: Whether each option was given, by its name.
        known: Those that the task makes use of.

    Raises:
        UsageError: One of them was given that it does not.
    """
    for option, is_given in given.items():
        if is_given and option not in known:
            raise UsageError(f"{option}: seqtag {command} has no use for it with a model of task {task}.")
