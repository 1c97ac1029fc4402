"""Calibrated weights: other probabilities, the same answers."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.inference.tagger import SentenceTagger
from seqtag.inference.temperature import Scores
from seqtag.network import runtime
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.tasks.tagging import outside_bias
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob
from seqtag.training.job import Fitted

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
    found, fitted = made.calibrated(weights)
    temperatures = fitted.temperatures
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
    assert made.calibrated(weights) == (weights, Fitted())


def test_none_is_none(tmp_path: Path) -> None:
    made = job(tmp_path, "training.calibration=none")
    weights = made.network.named_weights()
    assert made.calibrated(weights) == (weights, Fitted())


def test_weights_that_are_not_finite_are_left_to_the_comparison_with_the_export(tmp_path: Path) -> None:
    made = job(tmp_path)
    weights = {name: array * np.nan for name, array in made.network.named_weights().items()}
    assert made.calibrated(weights) == (weights, Fitted())


def test_a_bias_that_is_chosen_is_a_setting_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Scores] = []

    def choose(scores: Scores, tags: Sequence[str], value: Callable[..., float]) -> float:
        assert value([["O", "S-LOC"]], [["O", "S-LOC"]]) == 1.0 > value([["O", "S-LOC"]], [["O", "O"]])
        seen.append(scores)
        return 4.0

    monkeypatch.setattr(outside_bias, "choose", choose)
    made = job(tmp_path, "head.outside_bias=null")
    weights = confident(made)
    sentences = made.corpora.dev.sentences[:3]
    before = [one.tags for one in SentenceTagger.build(made.config, made.vocabulary, weights).tag(sentences)]
    found, fitted = made.calibrated(weights)
    assert fitted.outside_bias == made.config.head.outside_bias == made.network.head.outside_bias == 4.0
    temperature = fitted.temperatures["tags"]
    assert seen[0].temperature() < temperature  # its scores are divided already
    made.best_tagger(found)  # network and export agree
    written = json.loads(made.files(found, {})["config.json"])
    assert written["head"]["outside_bias"] == 4.0

    again = job(tmp_path, "head.outside_bias=null")
    same, taken = again.calibrated(weights, fitted)
    assert taken == fitted
    assert again.config.head.outside_bias == 4.0
    assert len(seen) == 1
    np.testing.assert_array_equal(same["transitions"], found["transitions"])
    np.testing.assert_allclose(found["end"] * temperature, weights["end"], rtol=1e-5)

    after = list(made.tagger().tag(sentences, nbest=3))
    assert [one.tags for one in after] != before
    assert [one.alternatives[0].tags for one in after] == [one.tags for one in after]


def test_a_bias_that_the_user_gave_stays(tmp_path: Path) -> None:
    made = job(tmp_path, "head.outside_bias=-0.5")
    _, fitted = made.calibrated(confident(made))
    assert fitted.outside_bias == 0.0
    assert made.config.head.outside_bias == made.network.head.outside_bias == -0.5
