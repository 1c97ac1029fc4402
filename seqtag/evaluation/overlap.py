"""BLEU and chrF, as the package sacrebleu computes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqtag.support.extras import missing


@dataclass(frozen=True)
class Overlap:
    """How much of the right texts stands in those that were found.

    Attributes:
        bleu: BLEU (Papineni et al. 2002), from 0 to 1.
        chrf: chrF2 (Popovic 2015), from 0 to 1.
        signature: How sacrebleu computed them, in one line.
    """

    bleu: float
    chrf: float
    signature: str


def overlap(right: Sequence[str], found: Sequence[str], *, spaced: bool) -> Overlap:
    """BLEU and chrF of texts, one at least.

    Args:
        right: The right text of each.
        found: The text that was found for each.
        spaced: Whether the words of a text are what spaces part; if not, each character is one for BLEU.

    Raises:
        MissingPackage: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as problem:
        raise missing(problem, "a score with BLEU and chrF") or problem from problem
    bleu, chrf = BLEU(tokenize="none" if spaced else "char"), CHRF()
    of_bleu, of_chrf = (metric.corpus_score(list(found), [list(right)]) for metric in (bleu, chrf))
    signature = f"BLEU {bleu.get_signature()}; chrF {chrf.get_signature()}"
    return Overlap(of_bleu.score / 100, of_chrf.score / 100, signature)
