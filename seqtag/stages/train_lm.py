"""The training stage of language models of n-grams: text in, model folder out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import seqtag
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.units import WORDS, Units, sentences_of
from seqtag.evaluation.perplexity import Perplexity
from seqtag.model_folder import replacing
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.ngrams import held_out, stored
from seqtag.ngrams.counts import count
from seqtag.ngrams.model import MOST_ORDERS, NgramModel
from seqtag.ngrams.smoothing import METHODS, Estimate, Smoothing, estimate
from seqtag.ngrams.text import LIMIT, SYMBOLS_ALONE, Text, read
from seqtag.support.errors import UsageError, suggest
from seqtag.tasks.language.base import measured, vocabulary_of
from seqtag.training.checkpoint import Checkpoint

OFTEN = 1 << 14  # sentences after which it is said how many were read


@dataclass(frozen=True)
class Ngrams:
    """What model is trained.

    Attributes:
        order: The length of the longest n-grams.
        smoothing: A name in `registry.SMOOTHINGS`.
        k: What `add_k` adds to each count.
        prune: For each order, the count up to which its n-grams are dropped; the last holds for all further orders.
        vocabulary: How many words a closed vocabulary has; None for an open one.
        units: What the tokens are.
        limit: How many tokens and n-grams are sorted in memory at once; further ones lie in temporary files.
    """

    order: int = 5
    smoothing: str = "modified_kneser_ney"
    k: float = 0.1
    prune: tuple[int, ...] = (0,)
    vocabulary: int | None = None
    units: Units = WORDS
    limit: int = LIMIT

    def __post_init__(self) -> None:
        if self.smoothing not in METHODS:
            raise UsageError(f"--smoothing {self.smoothing}:{suggest(self.smoothing, METHODS)}")
        if not 1 <= self.order <= MOST_ORDERS:
            raise UsageError(f"--order: expected 1 to {MOST_ORDERS}. Received: {self.order}")
        if not 0 < self.k < float("inf"):
            raise UsageError(f"--add-k: expected a number above 0. Received: {self.k}")
        if self.vocabulary is not None and self.vocabulary < 1:
            raise UsageError(f"--vocabulary: expected at least 1 word. Received: {self.vocabulary}")
        if not self.prune or self.prune[0] or list(self.prune) != sorted(self.prune):
            raise UsageError(
                "--prune: expected counts for the orders 1, 2, ..., of which none is smaller than the one before; the "
                "first is 0, since words are not pruned (--vocabulary closes the vocabulary)."
            )


@dataclass(frozen=True)
class TrainedLanguageModel:
    """What a training came to.

    Attributes:
        path: The folder.
        model: The model.
        text: What it was trained on.
        estimate: Its discounts.
        dev: How well it predicts the dev text, if there is one and the model has a perplexity.
        left: What became of the checkpoint of another run; empty if there was none.
    """

    path: Path
    model: NgramModel
    text: Text
    estimate: Estimate
    dev: Perplexity | None
    left: str = ""

    @property
    def warnings(self) -> list[str]:
        """What is odd about the training text or the place, one line each."""
        found = [self.left] * bool(self.left)
        if not self.text.kinds:
            found.append(SYMBOLS_ALONE)
        return found + [
            f"order {order}: the counts of counts give no discounts, as in small or artificial text; used instead: "
            + ", ".join(f"{one:g}" for one in self.estimate.discounts[order - 1])
            for order in self.estimate.fallbacks
        ]


def train(
    settings: Ngrams,
    paths: Sequence[str],
    output: Path,
    *,
    dev: Sequence[str] = (),
    force: bool = False,
    input_format: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    report: Report = ignore,
) -> TrainedLanguageModel:
    """Trains a model on texts, a sentence a line, or on the tokens of corpora, and writes its folder.

    Args:
        settings: What model.
        paths: The training files; "-" is standard input.
        output: The folder for the model.
        dev: Files to fit the weights of `jelinek_mercer` on, and to score.
        force: Whether a language model that is there may be replaced.
        input_format: A format in `registry.FORMATS`; None to go by the name and the first lines of each file.
        say: Receives what is being done.
        report: Receives what is odd about a file.

    Raises:
        Error: A file cannot be read or has no words, or the folder cannot be written.
    """
    if settings.smoothing == "jelinek_mercer" and not dev:
        raise UsageError("--smoothing jelinek_mercer fits its weights on held-out text; give it with --dev.")
    with claimed(output):
        replacing.check_target(output, force=force, kind=LANGUAGE_MODEL)
        checkpoint = Checkpoint(output, LANGUAGE_MODEL)
        left = checkpoint.check_free(force=force, resuming="--kind rnn --resume")
        told = _told(sentences_of(paths, settings.units, input_format, report), say)
        text = read(told, settings.vocabulary, settings.limit)
        held = list(sentences_of(dev, settings.units, input_format, report))
        model, estimated = _model(settings, text, held, say)
        scored = None
        if held and not model.not_probabilities:
            scored = reduce(add, measured(model, held))
        say("writing the model")
        result = TrainedLanguageModel(output, model, text, estimated, scored, left)
        files = stored.files(model, _report(settings, result))
        replacing.write(output, files, LANGUAGE_MODEL)
        if problem := checkpoint.remove():
            result = replace(result, left=f"the model is written, but {problem}")
    return result


def _told(found: Iterable[list[str]], say: Callable[[str], None]) -> Iterator[list[str]]:
    """The sentences; now and then it is said how many there were."""
    for number, sentence in enumerate(found):
        if number % OFTEN == 0:
            say(f"reading: {number:,} sentences")
        yield sentence


def _model(
    settings: Ngrams, text: Text, held: Sequence[list[str]], say: Callable[[str], None]
) -> tuple[NgramModel, Estimate]:
    grams = count(text.blocks, text.size, settings.order, settings.limit, say)
    smoothing = Smoothing(settings.smoothing, settings.k, settings.prune)
    closed = settings.vocabulary is not None
    if settings.smoothing == "jelinek_mercer":
        empty = NgramModel(settings.units, text.words, (), settings.smoothing, closed)
        weights = held_out.fit(grams, [empty.encode(held)])
        smoothing = Smoothing(settings.smoothing, settings.k, settings.prune, weights)
    say("smoothing")
    found = estimate(grams, smoothing)
    return NgramModel(settings.units, text.words, tuple(found.tables), settings.smoothing, closed), found


def _report(settings: Ngrams, result: TrainedLanguageModel) -> dict[str, Any]:
    """How the model was made; without times, so that equal input gives equal bytes."""
    text = result.text
    return {
        "seqtag": seqtag.__version__,
        "train": {
            "sentences": text.sentences,
            "tokens": text.tokens,
            "kinds": text.kinds,
            "unknown": text.unknown,
        },
        "settings": {
            "order": settings.order,
            "smoothing": settings.smoothing,
            "prune": list(settings.prune),
            "vocabulary": settings.vocabulary,
            **({"k": settings.k} if settings.smoothing == "add_k" else {}),
        },
        "vocabulary": vocabulary_of(result.model),
        "ngrams": [len(table.keys) for table in result.model.tables],
        "discounts": [list(one) for one in result.estimate.discounts],
        "fallback_discounts": result.estimate.fallbacks,
        "dev": None if result.dev is None else result.dev.to_json(),
    }
