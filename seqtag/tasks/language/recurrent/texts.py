"""The texts that a recurrent language model is trained and scored on."""

import hashlib
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.findings import Finding, Report
from seqtag.corpora.labelled import ANOTHER_KEY, LabelledTokens, labelled_sentences
from seqtag.corpora.units import sentences
from seqtag.graph.language_model import check_carried
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.ngrams.text import Text
from seqtag.ngrams.text import read as read_text
from seqtag.settings.generation import GenerationConfig
from seqtag.settings.language import LanguageConfig
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import shown
from seqtag.support.quoting import counted
from seqtag.tasks.base import BASE
from seqtag.tasks.language.recurrent.stored import StoredLanguage
from seqtag.tasks.language.recurrent.vocabulary import units_of

EVERY, MOST = 20, 2000  # without dev, every 20th sentence is held out until there are so many
MOST_FINDINGS = 1000
STDIN = "-"


@dataclass(frozen=True)
class LanguageTexts:
    """What was read.

    Attributes:
        train: The training text as numbers of words, in files where it is long.
        counts: How often each word of `train.words` occurs, `(words,)`; symbols have their counts too.
        dev: Sentences to choose the best epoch on.
        test: Sentences to score in the end; empty if there is no test file.
        held_out: Whether dev is a part of the training files.
        findings: What is odd about them.
        base: The model that is trained on, if there is one.
        labels: The labels of the training text; empty where sentences have none.
        label_of: The place of each training sentence's label among them, `(sentences,)`.
    """

    train: Text
    counts: NDArray[np.int64]
    dev: list[list[str]]
    test: list[list[str]]
    held_out: bool
    findings: Sequence[Finding]
    base: StoredLanguage | None = None
    labels: tuple[str, ...] = ()
    label_of: NDArray[np.int32] | None = None

    @property
    def label_counts(self) -> dict[str, int]:
        """How many training sentences have each label."""
        if self.label_of is None:
            return {}
        counts = np.bincount(self.label_of, minlength=len(self.labels))
        return dict(zip(self.labels, counts.tolist(), strict=True))

    @property
    def unseen(self) -> dict[str, int]:
        """Labels of dev that training never saw, each with the number of its sentences."""
        counts = Counter(line.label for line in self.dev if isinstance(line, LabelledTokens))
        return {label: counts[label] for label in sorted({*counts} - {*self.labels})}

    def digests(self) -> dict[str, str]:
        """The sha256 of each text by its role."""
        found = {role: _digest(lines) for role, lines in (("dev", self.dev), ("test", self.test)) if lines}
        whole = hashlib.sha256("\n".join(self.train.words).encode("utf-8", "surrogatepass"))
        for block in self.train.blocks:
            whole.update(np.ascontiguousarray(block).data)
        if self.label_of is not None:
            whole.update("\n".join(self.labels).encode("utf-8", "surrogatepass"))
            whole.update(np.ascontiguousarray(self.label_of).data)
        if self.base is not None:
            found[BASE] = self.base.digest
        return {"train": whole.hexdigest()} | found


def read(config: LanguageConfig, paths: Mapping[str, Sequence[str]]) -> LanguageTexts:
    """The texts of files by role: `train` and, where there are any, `dev` and `test`.

    Raises:
        UsageError: The classes of words would come from standard input.
        DataError: A file cannot be read, or has no words; or the training files are too short to hold a part out.
    """
    if config.output.class_file == STDIN:
        raise UsageError("output.class_file cannot be standard input: each seed reads it; expected a file.")
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        if len(findings) < MOST_FINDINGS:
            findings.append(finding)

    def lines(role: str) -> Iterator[list[str]]:
        format = None if config.text.format == "auto" else config.text.format
        for path in paths.get(role, ()):
            found = (tokens for _, tokens in numbered(path, config, format, report))
            first = next(found, None)
            if first is None:
                raise DataError(shown(path), None, "holds no words; expected text, a sentence a line")
            yield from chain([first], found)

    if config.reading.continuous:
        check_carried(config, config.directions)
    base = None
    if BASE in paths:
        base = StoredLanguage.of(Folder(Path(paths[BASE][0]), LANGUAGE_MODEL))
    dev = list(lines("dev"))
    held_out = "dev" not in paths
    kept = _begun if config.reading.continuous else _kept
    labels = _Labels()
    train = read_text(labels.noted(kept(lines("train"), dev) if held_out else lines("train")))
    if not dev:
        raise DataError(
            shown(paths["train"][0]),
            None,
            f"has {counted(train.sentences, 'sentence')}; expected at least {EVERY} to hold one out for dev, or --dev",
        )
    size = len(train.words)
    counts = sum((np.bincount(block, minlength=size) for block in train.blocks), np.zeros(size, np.int64))
    return LanguageTexts(
        train,
        counts,
        dev,
        list(lines("test")),
        held_out,
        findings,
        base,
        tuple(labels.numbers),
        labels.found(),
    )


def numbered(
    path: str, config: LanguageConfig, format: str | None, report: Report, remedy: str = ANOTHER_KEY
) -> Iterator[tuple[int, list[str]]]:
    """The sentences of a file as these settings have them read, with their labels where they are conditioned on them,
    each with the number of its first line.

    Raises:
        DataError: The file cannot be read.
    """
    units = units_of(config)
    if isinstance(config, GenerationConfig):
        return labelled_sentences(path, units, config.text.label_key, format, report, remedy)
    return sentences(path, units, format, report)


class _Labels:
    """Notes the labels of sentences while they are read.

    Attributes:
        numbers: The number of each label.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._of_sentences = array("i")

    def noted(self, lines: Iterable[list[str]]) -> Iterator[list[str]]:
        """The sentences as they are."""
        for line in lines:
            if isinstance(line, LabelledTokens):
                self._of_sentences.append(self.numbers.setdefault(line.label, len(self.numbers)))
            yield line

    def found(self) -> NDArray[np.int32] | None:
        """The number of each sentence's label; None where they have none."""
        return np.array(self._of_sentences, np.int32) if self.numbers else None


def _kept(lines: Iterable[list[str]], dev: list[list[str]]) -> Iterator[list[str]]:
    """The sentences that are trained on; the others become dev."""
    for number, line in enumerate(lines, start=1):
        if number % EVERY == 0 and len(dev) < MOST:
            dev.append(line)
        else:
            yield line


def _begun(lines: Iterable[list[str]], dev: list[list[str]]) -> Iterator[list[str]]:
    """As `_kept`, but what becomes dev is the end of the text, so that both are texts of their own."""
    last: deque[list[str]] = deque()
    count = 0
    for line in lines:
        count += 1
        last.append(line)
        if len(last) > MOST:
            yield last.popleft()
    while len(last) > min(count // EVERY, MOST):
        yield last.popleft()
    dev.extend(last)


def _digest(lines: Iterable[Sequence[str]]) -> str:
    found = hashlib.sha256()
    for line in lines:
        label = f"{line.label}\n" if isinstance(line, LabelledTokens) else ""
        found.update((label + "\t".join(line)).encode("utf-8", "surrogatepass") + b"\n")
    return found.hexdigest()
