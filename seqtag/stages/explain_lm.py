"""The explaining stage of language models: a model and a text in; how far back it looks, and how it predicts some
sentences, out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import seqtag
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.labelled import LabelledTokens
from seqtag.support.errors import DataError, Error
from seqtag.support.lines import shown
from seqtag.tasks.language.base import given, labelled, load
from seqtag.tasks.language.memory import Glimpse, PlaceSample, memory
from seqtag.tasks.language.predictions import PredictedToken, predictions
from seqtag.tasks.language.reading import read

LONGEST = 128  # tokens of a sentence that are shown
OFTEN = 1 << 12  # sentences after which it is said how far it is


@dataclass(frozen=True)
class PredictedSentence:
    """A sentence as a model predicts it.

    Attributes:
        tokens: Its first `LONGEST` tokens and, if there are no others, its end.
        cut: How many tokens more it has.
    """

    tokens: list[PredictedToken]
    cut: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"tokens": [token.to_json() for token in self.tokens], "cut": self.cut}


@dataclass(frozen=True)
class LanguageExplanation:
    """What a language model makes of a text.

    Attributes:
        model: The model folder, as the user named it.
        file: The text.
        description: What the model is, in one line.
        tokens: How many tokens the text has, with the ends of its sentences.
        memory: The perplexity of some of them for each number of visible words.
        sentences: The first sentences.
    """

    model: str
    file: str
    description: str
    tokens: int
    memory: list[Glimpse]
    sentences: list[PredictedSentence]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "seqtag": seqtag.__version__,
            "model": self.model,
            "file": self.file,
            "description": self.description,
            "tokens": self.tokens,
            "sampled": self.memory[0].tokens,
            "memory": [one.to_json() for one in self.memory],
            "sentences": [one.to_json() for one in self.sentences],
        }


def explain_lm(
    path: str,
    text: str,
    *,
    input_format: str | None = None,
    label: str | None = None,
    limit: int = 1,
    sample: int = 2000,
    seed: int = 1,
    report: Report = ignore,
    say: Callable[[str], None] = lambda message: None,
) -> LanguageExplanation:
    """Measures how far back a language model looks, and shows how it predicts the first sentences of a text.

    Args:
        path: The folder of the model.
        text: A text, a sentence a line, or a corpus, of which only the tokens are taken; "-" is standard input.
        input_format: A format in `registry.FORMATS`; None to go by the name and the first lines of the text.
        label: The label of all sentences, for a model that is conditioned on labels; None where the text says them.
        limit: At most so many sentences are shown.
        sample: The memory is measured on at most so many tokens, drawn from all.
        seed: Of the draw.
        report: Receives what is odd about the text, while it is read.
        say: Receives how far it is.

    Raises:
        ModelError: The model cannot be read.
        DataError: The text cannot be read, or has no words.
        UsageError: The model has no such label.
        Error: The model gives no probabilities, or reads backward only.
    """
    model = load(path)
    if model.not_probabilities:
        raise Error(f"{path}: {model.not_probabilities}.")
    of_labels = labelled(model)
    if label is not None:
        model = given(model, label, path)
    start = LabelledTokens([], of_labels.labels[0]) if of_labels else []
    model.continuation(start)  # refuses a model that reads backward only
    drawn = PlaceSample(sample, seed)
    passed = drawn.through(tokens for _, tokens in read(model, text, input_format, report))
    first = list(islice(passed, limit))
    for number, _ in enumerate(passed, start=1):
        if number % OFTEN == 0:
            say(f"read {drawn.tokens:,} tokens")
    if not drawn.tokens:
        raise DataError(shown(text), None, "holds no words; expected text, a sentence a line")
    say(f"predicting {len(drawn):,} tokens")
    remembered = memory(model, drawn.places)
    explained = []
    for tokens in first:
        own = of_labels.given(tokens.label) if of_labels and isinstance(tokens, LabelledTokens) else model
        found = predictions(own, tokens[:LONGEST])
        cut = max(len(tokens) - LONGEST, 0)
        explained.append(PredictedSentence(found[:-1] if cut else found, cut))
    name = "standard input" if text == "-" else text
    return LanguageExplanation(path, name, model.description, drawn.tokens, remembered, explained)
