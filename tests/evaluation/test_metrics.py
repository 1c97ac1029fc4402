"""The figures by which models are compared."""

import pickle

import pytest

from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation import metrics
from seqtag.evaluation.scoring import Score, score
from seqtag.settings import registry
from seqtag.support.errors import UsageError

BIO = parse_scheme("bio")


def of(metric: str) -> Score:
    gold, predicted = [["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]
    return score(gold, predicted, BIO, metric=metric)


def test_each_metric_is_a_figure_of_the_score() -> None:
    assert (of("f1").main, of("accuracy").main) == (0.5, 0.75)
    assert of("f1").metric == of("auto").metric == "f1"
    for name in registry.METRICS:
        assert 0 <= of(name).main <= 1
        assert metrics.find(name).title


def test_the_metric_goes_by_the_scheme() -> None:
    assert metrics.chosen("auto", BIO) == "f1"
    assert metrics.chosen("auto", parse_scheme("plain")) == "accuracy"
    assert metrics.chosen("accuracy", BIO) == "accuracy"


def test_titles() -> None:
    assert metrics.titled("F1") is metrics.F1
    assert metrics.titled("accuracy") is metrics.ACCURACY
    assert metrics.titled("[bold]") is None


def test_the_measure_of_a_metric_can_be_pickled() -> None:
    errors = metrics.Metric("errors", lambda score: 1 - score.accuracy, lower_is_better=True, decimals=2)
    kept = pickle.loads(pickle.dumps(errors.measure))
    assert (kept.title, kept.gain(1.0), kept.text(0.5)) == ("errors", -1.0, "0.50")


def test_an_unknown_metric_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"unknown name 'f2'. Did you mean 'f1'"):
        metrics.find("f2")
