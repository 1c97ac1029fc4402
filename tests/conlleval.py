"""A second oracle: conlleval as the CoNLL-2000 shared task describes it, written for these tests alone.

It reads lines of white-space separated columns whose last two are the gold and the predicted tag; a blank
line ends a sentence. Both columns are walked at the same time. Between two neighbouring tags a chunk ends, a
chunk begins, both or neither. A predicted chunk is right if it begins where a gold chunk of its type begins
and ends where that one ends.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

OUTSIDE = ("O", "")


class Result(NamedTuple):
    tokens: int
    right_tokens: int
    gold: Counter[str]
    predicted: Counter[str]
    correct: Counter[str]


def ends(previous: tuple[str, str], current: tuple[str, str]) -> bool:
    """Whether the chunk that `previous` belongs to is over before `current`."""
    letter, label = previous
    if letter == "O":
        return False
    return letter in ("E", "S") or current[0] in ("O", "B", "S") or current[1] != label


def begins(previous: tuple[str, str], current: tuple[str, str]) -> bool:
    """Whether `current` is the first of a chunk."""
    letter, label = current
    if letter == "O":
        return False
    return letter in ("B", "S") or previous[0] in ("O", "E", "S") or previous[1] != label


def parts(tag: str) -> tuple[str, str]:
    letter, _, label = tag.partition("-")
    return letter, label


def conlleval(lines: Iterable[str]) -> Result:
    tokens = right_tokens = 0
    gold: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    correct: Counter[str] = Counter()
    previous_gold = previous_predicted = OUTSIDE
    together = False  # a gold and a predicted chunk of one type began at the same token, and neither is over

    for line in [*lines, ""]:
        columns = line.split()
        is_token = bool(columns)
        gold_tag = parts(columns[-2]) if is_token else OUTSIDE
        predicted_tag = parts(columns[-1]) if is_token else OUTSIDE

        if together:
            gold_ends = ends(previous_gold, gold_tag)
            predicted_ends = ends(previous_predicted, predicted_tag)
            if gold_ends and predicted_ends:
                correct[previous_gold[1]] += 1
            together = not gold_ends and not predicted_ends

        gold_begins = begins(previous_gold, gold_tag)
        predicted_begins = begins(previous_predicted, predicted_tag)
        gold[gold_tag[1]] += gold_begins
        predicted[predicted_tag[1]] += predicted_begins
        if gold_begins and predicted_begins and gold_tag[1] == predicted_tag[1]:
            together = True

        tokens += is_token
        right_tokens += is_token and columns[-2] == columns[-1]
        previous_gold, previous_predicted = gold_tag, predicted_tag
    return Result(tokens, right_tokens, +gold, +predicted, +correct)


def report(result: Result) -> str:
    """The figures in the words and the rounding of conlleval's own report."""
    found, right, there = result.predicted.total(), result.correct.total(), result.gold.total()
    accuracy = 100 * result.right_tokens / result.tokens
    lines = [
        f"processed {result.tokens} tokens with {there} phrases; found: {found} phrases; correct: {right}.",
        f"accuracy: {accuracy:6.2f}%; {_figures(right, found, there)}",
    ]
    for label in sorted(result.gold | result.predicted):
        figures = _figures(result.correct[label], result.predicted[label], result.gold[label])
        lines.append(f"{label:>17}: {figures}  {result.predicted[label]}")
    return "\n".join(lines) + "\n"


def _figures(correct: int, predicted: int, gold: int) -> str:
    precision = 100 * correct / predicted if predicted else 0.0
    recall = 100 * correct / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f"precision: {precision:6.2f}%; recall: {recall:6.2f}%; FB1: {f1:6.2f}"
