"""Language models from Python."""

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from os import PathLike
from os.path import abspath
from typing import Any

from seqtag.api.arguments import checked, sentence_of
from seqtag.evaluation.perplexity import Perplexity
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.language import base, filling, sampling


@checked
def load_lm(model: str | PathLike[str]) -> "LanguageModel":
    """Loads the folder of a language model.

    Args:
        model: The folder that `seqtag lm train`, `seqtag lm mix` or `seqtag lm import` wrote.

    Raises:
        Error: The folder is missing, incomplete, damaged or holds something else.

    Example:
        >>> lm = seqtag.load_lm("lm")
        >>> lm.logprob("Ana left Oslo .") > lm.logprob("Oslo Ana . left")
        True
    """
    return LanguageModel(model)


class LanguageModel:
    """A trained language model; `seqtag.load_lm` makes one.

    It may be used by several threads at once, and pickled: a copy loads the folder anew.

    Args:
        model: The folder.

    Example:
        >>> seqtag.load_lm("lm").words[:3]
        ('<unk>', '<s>', '</s>')
    """

    @checked
    def __init__(self, model: str | PathLike[str]) -> None:
        self._path = abspath(model)
        self._model = base.load(model)

    def __reduce__(self) -> tuple[Any, ...]:
        return LanguageModel, (self._path,)

    def __repr__(self) -> str:
        return f"<seqtag.LanguageModel {self._path!r}, {self._model.description}>"

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary, with the word for all others and both ends of sentences; in models of n-grams, the most
        frequent words come first.

        Example:
            >>> "Oslo" in seqtag.load_lm("lm").words
            True
        """
        return self._model.words

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels on which the model is conditioned; empty for a model of text alone.

        Example:
            >>> seqtag.load_lm("lm").labels
            ()
        """
        model = base.labelled(self._model)
        return () if model is None else model.labels

    def logprob(self, sentence: str | Sequence[str], *, label: str | None = None) -> float:
        """log2 of the probability of a sentence, its end included. Of a model of `stupid_backoff`, log2 of its score.

        Args:
            sentence: A text, cut into tokens as the training text was, or a list of tokens.
            label: The label of the sentence, which a model that is conditioned on labels needs.

        Raises:
            Error: `sentence` is neither, or the model has no such label.

        Example:
            >>> lm = seqtag.load_lm("lm")
            >>> lm.logprob("Ana left Oslo .") == lm.logprob(["Ana", "left", "Oslo", "."])
            True
        """
        bits, _ = self._given(label).score([self._tokens(sentence, "sentence")])
        return -float(bits.sum())

    def perplexity(self, sentences: Iterable[str | Sequence[str]], *, label: str | None = None) -> float:
        """The perplexity of sentences together, their ends included: 2 to the power of the mean of -log2 of the
        probabilities; `math.inf` if one is 0.

        Args:
            sentences: Texts or lists of tokens, as for `logprob`; one without tokens counts, too.
            label: The label of all of them, as for `logprob`.

        Raises:
            Error: `sentences` is a single text or empty, or the model gives scores that are not probabilities.

        Example:
            >>> seqtag.load_lm("lm").perplexity(["Ana left Oslo .", "Bo saw Lima ."]) < 20
            True
        """
        if isinstance(sentences, str | bytes) or not isinstance(sentences, Iterable):
            raise UsageError(
                f"sentences: expected an iterable of sentences. Received: {type(sentences).__name__}"
            )
        if self._model.not_probabilities:
            raise Error(f"{self._path}: {self._model.not_probabilities}.")
        model = self._given(label)
        tokens = (self._tokens(one, f"sentences[{at}]") for at, one in enumerate(sentences))
        found = reduce(add, base.measured(model, tokens), Perplexity()).perplexity
        if math.isnan(found):
            raise UsageError("sentences: expected at least one sentence. Received: none")
        return found

    @checked
    def generate(
        self,
        *,
        prompt: str = "",
        number: int = 1,
        temperature: int | float = 1.0,
        top_k: int = 0,
        top_p: int | float = 1.0,
        seed: int = 42,
        longest: int = sampling.LONGEST,
        label: str | None = None,
    ) -> list[str]:
        """Draws sentences; the unknown word is never drawn.

        Args:
            prompt: What each of them begins with.
            number: How many.
            temperature: Below 1, more of the probable words are drawn; 0 takes the most probable one.
            top_k: Draw from so many of the most probable words; 0 for all.
            top_p: Draw from the most probable words that together have this probability.
            seed: The seed of the random numbers; equal seeds give equal sentences.
            longest: How many tokens a sentence has at most.
            label: The label of the sentences, as for `logprob`.

        Raises:
            Error: An argument is out of bounds, the model has no such label, or after some words every word has the
                probability 0.

        Example:
            >>> seqtag.load_lm("lm").generate(prompt="Ana left New", temperature=0)
            ['Ana left New York']
        """
        settings = sampling.Sampling(temperature, top_k, top_p, seed, longest)
        drawn = sampling.generate(self._given(label), number, settings, self._model.units.tokens(prompt))
        return [self._model.units.text(tokens) for tokens in drawn]

    @checked
    def fill(self, text: str, *, number: int = 10, label: str | None = None) -> list[list[tuple[str, float]]]:
        """The most probable words for each gap of a text, by the words on both sides, each with its probability; the
        unknown word is never one of them. Each gap is filled by itself: for it, the others are unknown words.

        Args:
            text: A sentence in which each gap is written as three underscores or more.
            number: How many words for each gap.
            label: The label of the text, as for `logprob`.

        Raises:
            Error: The model does not read in both directions, or the text has no gap.

        Example:
            >>> lm = seqtag.load_lm("recurrent-lm")
            >>> (words,) = lm.fill("Ana ___ Oslo .", number=3)
            >>> len(words)
            3
        """
        model = base.two_way(self._given(label))
        if model is None:
            raise Error(f"{self._path}: {filling.one_direction(self._model)}.")
        return [
            list(zip(found.words, found.probabilities, strict=True))
            for found in filling.fill(model, text, number)
        ]

    def _given(self, label: str | None) -> base.TextModel:
        return base.given(self._model, label, self._path)

    def _tokens(self, sentence: Any, name: str) -> Sequence[str]:
        if isinstance(sentence, str):
            return self._model.units.tokens(sentence)
        return sentence_of(sentence, name)
