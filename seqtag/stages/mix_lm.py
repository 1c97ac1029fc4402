"""The mixing stage of language models: folders of models in, the folder of their mixture out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from os.path import exists, samefile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import seqtag
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.units import sentences_of
from seqtag.evaluation.perplexity import Perplexity
from seqtag.model_folder import replacing
from seqtag.model_folder.claims import claimed
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import LANGUAGE_MODEL, MOST_PARTS
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.language import mixture
from seqtag.tasks.language.base import TextModel, batches, by_sentence, scorer_of, vocabulary_of
from seqtag.tasks.language.interpolation import Doubles, fit, interpolated
from seqtag.tasks.language.mixture import Ingredient, Mixture, StoredPart


@dataclass(frozen=True)
class MixedModel:
    """A model that was mixed with others.

    Attributes:
        name: Its folder.
        description: What it is, in one line.
        weight: Its weight.
        dev: How well it predicts the dev text.
    """

    name: str
    description: str
    weight: float
    dev: Perplexity


@dataclass(frozen=True)
class MixedLanguageModel:
    """What mixing came to.

    Attributes:
        path: The folder.
        model: The mixture.
        models: What was mixed.
        rounds: After how many rounds the weights were found.
        dev: How well the mixture predicts the dev text.
    """

    path: Path
    model: Mixture
    models: tuple[MixedModel, ...]
    rounds: int
    dev: Perplexity


def mix(
    models: Sequence[str],
    output: Path,
    *,
    dev: Sequence[str],
    force: bool = False,
    input_format: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    report: Report = ignore,
) -> MixedLanguageModel:
    """Mixes language models with the weights that make a dev text most probable, and writes the mixture's folder.

    Args:
        models: The folders of two or more models with the same units and vocabulary. Of a mixture, the parts are taken,
            with their weights in it.
        output: The folder for the mixture.
        dev: Files to fit the weights on; "-" is standard input.
        force: Whether a language model that is there may be replaced.
        input_format: A format in `registry.FORMATS`; None to go by the name and the first lines of each file.
        say: Receives what is being done.
        report: Receives what is odd about a file.

    Raises:
        Error: The models cannot be mixed, a file cannot be read or has no words, or the folder cannot be written.
    """
    if len(models) < 2:
        raise UsageError(f"expected at least two language models to mix. Received: {len(models)}")
    if any(exists(output) and exists(model) and samefile(output, model) for model in models):
        raise UsageError(f"{output}: is also an input; choose another -o.")
    with claimed(output):
        replacing.check_target(output, force=force, kind=LANGUAGE_MODEL)
        ingredients = _ingredients(models, say)
        loaded = [one.model for one in ingredients]
        units = loaded[0].units
        bits, unknown, text = _scored(loaded, list(sentences_of(dev, units, input_format, report)), say)
        say("fitting the weights")
        found = fit(bits)
        stored = [
            StoredPart(weight * part.weight, part.files)
            for weight, one in zip(found.weights, ingredients, strict=True)
            for part in one.parts
        ]
        result = MixedLanguageModel(
            output,
            _mixture(loaded, stored),
            tuple(
                MixedModel(name, model.description, weight, _of(text, own, unknown))
                for name, model, weight, own in zip(models, loaded, found.weights, bits, strict=True)
            ),
            found.rounds,
            _of(text, interpolated(bits, found.weights), unknown),
        )
        say("writing the model")
        files = mixture.files(units, result.model.words, stored, _report(result))
        plugins = dict.fromkeys(plugin for one in ingredients for plugin in one.plugins)
        replacing.write(output, files, LANGUAGE_MODEL, [*plugins])
    return result


def _ingredients(paths: Sequence[str], say: Callable[[str], None]) -> list[Ingredient]:
    """The models, which can be mixed."""
    found: list[Ingredient] = []
    for path in paths:
        say(f"reading {path}")
        one = load_folder(Path(path), Ingredient.of, LANGUAGE_MODEL)
        mixture.check(one.model, path)
        if found and (problem := mixture.mismatch(one.model, found[0].model)):
            same = one.model.units == found[0].model.units  # then it is the vocabulary
            hint = (
                " `seqtag lm train --vocabulary N` on the same text gives it to both kinds." if same else ""
            )
            raise Error(
                f"{path}: {problem}; expected models of the same units, tokenizer and vocabulary.{hint}"
            )
        found.append(one)
    if (count := sum(len(one.parts) for one in found)) > MOST_PARTS:
        raise UsageError(
            f"expected at most {MOST_PARTS} models to mix, where each part of a mixture counts. Received: {count}"
        )
    return found


def _scored(
    models: Sequence[TextModel], sentences: Sequence[list[str]], say: Callable[[str], None]
) -> tuple[Doubles, NDArray[np.bool_], Perplexity]:
    """-log2 of the probability of each token under each model, which tokens are unknown, and the size of the text."""
    pieces, unknown_of, text = [], [], Perplexity()
    scorers = [scorer_of(model) for model in models]
    for batch in batches(sentences):
        say(f"scored {text.tokens:,} tokens")
        scores = [score(batch) for score in scorers]
        pieces.append(np.array([bits for bits, _ in scores]))
        unknown_of.append(scores[0][1])
        text = reduce(add, by_sentence(models[0].units, batch, *scores[0]), text)
    return np.concatenate(pieces, axis=1), np.concatenate(unknown_of), text


def _of(text: Perplexity, bits: Doubles, unknown: NDArray[np.bool_]) -> Perplexity:
    """How well a text is predicted, from the bits of its tokens."""
    return replace(
        text,
        bits=float(bits.sum()),
        known_bits=float(bits[~unknown].sum()),
        impossible=int(np.isinf(bits).sum()),
    )


def _mixture(models: Sequence[TextModel], stored: Sequence[StoredPart]) -> Mixture:
    """The mixture of models, in which mixtures are replaced by their parts."""
    parts = [part for model in models for part in (model.parts if isinstance(model, Mixture) else (model,))]
    return Mixture(tuple(parts), tuple(part.weight for part in stored), models[0].words)


def _report(result: MixedLanguageModel) -> dict[str, Any]:
    """How the mixture was made; without paths and times, so that equal input gives equal bytes."""
    return {
        "seqtag": seqtag.__version__,
        "models": [
            {"model": one.description, "weight": one.weight, "dev": one.dev.to_json()}
            for one in result.models
        ],
        "rounds": result.rounds,
        "vocabulary": vocabulary_of(result.model),
        "dev": result.dev.to_json(),
    }
