"""Calibrated weights: other probabilities, the same answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.inference.tagger import SentenceTagger
from seqtag.network import runtime
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob

SMALL = [
    "embeddings.word.dim=8", "encoder.units=6", "embeddings.characters.encoder=none", "embeddings.shape.dim=0",
    "encoder.cell=dense", "encoder.layers=1", "data.tokenizer=word", "language_model.weight=0",
]  # fmt: skip
TEXT = "Ana B-PER\nRuiz I-PER\nflew O\nto O\nOslo B-LOC\n\nOslo B-LOC\nis O\n\nLima B-ORG\nflew O\n\n"


def job(tmp_path: Path, *assignments: str) -> TaggerJob:
    config = merge(parse_assignments([*SMALL, *assignments]))
    path = tmp_path / "train.conll"
    path.write_text((TEXT * 4).replace(" ", "\t"))
    runtime.start(1)
    return TaggerJob(config, read_corpora(config, str(path), str(path), None), None)


def confident(made: TaggerJob) -> dict[str, Any]:
    """The weights of a network that says the opposite of what is right, and is sure of it."""
    return {name: 8 * array for name, array in made.network.named_weights().items()}


@pytest.mark.parametrize(
    "settings", [["head.name=crf"], ["head.name=softmax"], ["head.name=softmax", "data.scheme=plain"]]
)
def test_the_answers_stay_and_the_probabilities_change(tmp_path: Path, settings: list[str]) -> None:
    made = job(tmp_path, *settings)
    weights = confident(made)
    found, temperatures = made.calibrated(weights)
    assert temperatures["tags"] > 2
    sentences = made.corpora.dev.sentences[:3]
    before, after = (
        list(SentenceTagger.build(made.config, made.vocabulary, each).tag(sentences, nbest=5))
        for each in (weights, found)
    )
    for old, new in zip(before, after, strict=True):
        assert new.tags == old.tags
        assert [other.tags for other in new.alternatives] == [other.tags for other in old.alternatives]
        first, second = (np.log([other.probability for other in each.alternatives]) for each in (new, old))
        ratio = (first[0] - first[1:]) * temperatures["tags"]
        np.testing.assert_allclose(ratio, second[0] - second[1:], rtol=1e-3, atol=1e-4)
        assert new.probabilities != old.probabilities


def test_a_search_that_might_find_other_answers_stays_as_it_is(tmp_path: Path) -> None:
    made = job(tmp_path, "head.name=feedback", "head.units=4")
    weights = made.network.named_weights()
    assert made.calibrated(weights) == (weights, {})


def test_none_is_none(tmp_path: Path) -> None:
    made = job(tmp_path, "training.calibration=none")
    weights = made.network.named_weights()
    assert made.calibrated(weights) == (weights, {})


def test_weights_that_are_not_finite_are_left_to_the_comparison_with_the_export(tmp_path: Path) -> None:
    made = job(tmp_path)
    weights = {name: array * np.nan for name, array in made.network.named_weights().items()}
    assert made.calibrated(weights) == (weights, {})
