"""What a transducer scores on pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqtag.corpora.pairs import TextPair
from seqtag.evaluation.edit_distance import edit_distance
from seqtag.evaluation.figures import Figures
from seqtag.evaluation.measure import Measure
from seqtag.evaluation.overlap import Overlap, overlap
from seqtag.evaluation.per_sentence import share
from seqtag.evaluation.significance import PerSentence
from seqtag.evaluation.trained_on import mark
from seqtag.support.errors import MissingPackage
from seqtag.support.quoting import one_line
from seqtag.tasks.transduction.model import Answer
from seqtag.tasks.transduction.vocabulary import SymbolVocabulary, cut
from seqtag.training.job import SeedResult

EXACT = Measure("exact match")
SYMBOLS = Measure("symbol error rate", lower_is_better=True)
MEASURES = {"exact_match": EXACT, "symbol_error_rate": SYMBOLS}


@dataclass(frozen=True)
class TransductionScore:
    """How many targets are right, and how far the others are from the right ones.

    Attributes:
        pairs: How many pairs there are.
        exact: How many answers are exactly right.
        edits: The edit distances of all answers from their targets, in symbols.
        symbols: The symbols of the targets.
        cut: How many answers were cut at the length limit.
        metric: The figure that counts, one of `MEASURES`.
        how: How targets are cut into symbols and searched for.
        overlap: BLEU and chrF, where they were asked for.
        remark: Why they are not there though they were.
        trained_on: See `evaluation.trained_on.marked`.
    """

    pairs: int
    exact: int
    edits: int
    symbols: int
    cut: int
    metric: str
    how: str
    overlap: Overlap | None = None
    remark: str = ""
    trained_on: str = ""

    @property
    def exact_match(self) -> float:
        """The share of answers that are exactly right."""
        return self.exact / self.pairs

    @property
    def word_error_rate(self) -> float:
        """The share of answers that are not: what shared tasks on pronunciations call the word error rate."""
        return 1 - self.exact_match

    @property
    def symbol_error_rate(self) -> float:
        """Edits for each symbol of the targets."""
        return self.edits / self.symbols

    @property
    def main(self) -> float:
        """The figure that counts."""
        return self.exact_match if self.metric == "exact_match" else self.symbol_error_rate

    @property
    def measure(self) -> Measure:
        """What this figure is."""
        return MEASURES[self.metric]

    @property
    def signature(self) -> str:
        """How the score was made."""
        also = f"|{self.overlap.signature}" if self.overlap else ""
        return f"{self.how}|pairs:{self.pairs}|symbols:{self.symbols}|words:whole targets{also}{mark(self.trained_on)}"

    def figures(self) -> Sequence[Figures]:
        """Its table."""
        rows = [
            ("exact match", f"{self.exact_match:.4f}"),
            ("word error rate", f"{self.word_error_rate:.4f}"),
            ("symbol error rate", f"{self.symbol_error_rate:.4f}"),
        ]
        if self.overlap is not None:
            rows += [("BLEU", f"{self.overlap.bleu:.4f}"), ("chrF", f"{self.overlap.chrf:.4f}")]
        remarks = [self.remark] if self.remark else []
        if self.cut:
            remarks.append(f"{self.cut:,} of {self.pairs:,} answers were cut at the length limit.")
        return [Figures(("pairs", f"{self.pairs:,}"), rows, remarks=remarks)]

    def to_json(self) -> dict[str, Any]:
        """Plain values, rates as fractions."""
        return {
            "exact_match": self.exact_match,
            "word_error_rate": self.word_error_rate,
            "symbol_error_rate": self.symbol_error_rate,
            "pairs": self.pairs,
            "exact": self.exact,
            "edits": self.edits,
            "symbols": self.symbols,
            "cut": self.cut,
            "metric": self.metric,
            **({"bleu": self.overlap.bleu, "chrf": self.overlap.chrf} if self.overlap else {}),
            "signature": self.signature,
        }


@dataclass(frozen=True)
class TransductionResult(SeedResult[TransductionScore]):
    """What training a transducer with one seed came to; the types are what a checkpoint is read by."""

    dev: TransductionScore
    test: TransductionScore | None


def score(
    pairs: Sequence[TextPair], answers: Sequence[Answer], vocabulary: SymbolVocabulary, metric: str, how: str
) -> TransductionScore:
    """The score of the best answer to each pair's source, of which there is at least one.

    Args:
        pairs: The pairs.
        answers: The answers, in the same order.
        vocabulary: What cuts targets into symbols.
        metric: The figure that counts.
        how: How the answers were searched for.
    """
    exact = edits = symbols = 0
    for pair, answer in zip(pairs, answers, strict=True):
        gold = cut(pair.target, vocabulary.target_cut)
        found = cut(answer.best.text, vocabulary.target_cut)
        symbols += len(gold)
        exact += gold == found
        edits += edit_distance(gold, found) if gold != found else 0
    shortened = sum(not answer.best.complete for answer in answers)
    how = f"cut:{vocabulary.target_cut}|{how}"
    return TransductionScore(len(pairs), exact, edits, symbols, shortened, metric, how)


def per_pair(
    pairs: Sequence[TextPair], answers: Sequence[Answer], target_cut: str, metric: str
) -> PerSentence:
    """What the figure that counts is calculated from, pair by pair.

    Args:
        pairs: The pairs.
        answers: The answers, in the same order.
        target_cut: What the symbols of a target are.
        metric: The figure that counts, one of `MEASURES`.
    """
    rows = []
    for pair, answer in zip(pairs, answers, strict=True):
        gold, found = cut(pair.target, target_cut), cut(answer.best.text, target_cut)
        exact = metric == "exact_match"
        rows.append((gold == found, 1) if exact else (edit_distance(gold, found), len(gold)))
    return PerSentence(MEASURES[metric], np.array(rows, np.float64), share)


def with_overlap(
    found: TransductionScore,
    pairs: Sequence[TextPair],
    answers: Sequence[Answer],
    vocabulary: SymbolVocabulary,
) -> TransductionScore:
    """The score with BLEU and chrF or, where sacrebleu is not installed, with the line that installs it."""
    right, written = [pair.target for pair in pairs], [answer.best.text for answer in answers]
    try:
        spaced = vocabulary.target_cut == "spaces"
        return replace(found, overlap=overlap(right, written, spaced=spaced))
    except MissingPackage as problem:
        return replace(found, remark=f"{one_line(problem)}.")
