"""What models are compared by."""

from seqtag.evaluation.measure import Measure

F1 = Measure("F1")
PERPLEXITY = Measure("perplexity", lower_is_better=True, decimals=1)


def test_a_larger_gain_is_better() -> None:
    assert F1.gain(0.7) > F1.gain(0.6) > F1.gain(0.0) == F1.nothing
    assert PERPLEXITY.gain(90) > PERPLEXITY.gain(100) > PERPLEXITY.gain(1e300) > PERPLEXITY.nothing


def test_values_have_their_decimals() -> None:
    assert F1.text(2 / 3) == "0.6667"
    assert PERPLEXITY.text(93.648) == "93.6"
