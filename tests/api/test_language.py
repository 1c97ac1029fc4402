"""`seqtag.load_lm` and what it gives."""

import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.stages.train_lm import Ngrams, train

RECURRENT = Path(__file__).parents[1] / "golden" / "models" / "recurrent_language_model_1"
TEXT = "Ana left Oslo .\nBo saw Lima .\nAna saw Oslo today .\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path)


def made(tmp_path: Path, **settings: Any) -> Path:
    (tmp_path / "text.txt").write_text(TEXT, "utf-8")
    train(Ngrams(**settings), [str(tmp_path / "text.txt")], tmp_path / "lm", force=True)
    return tmp_path / "lm"


def test_log_probabilities_and_perplexity_agree(folder: Path) -> None:
    lm = seqtag.load_lm(folder)
    sentences = ["Ana saw Lima .", ["Bo", "left", "Rome"], ""]
    bits = -sum(map(lm.logprob, sentences))
    assert lm.perplexity(sentences) == pytest.approx(2 ** (bits / (4 + 3 + 0 + 3)))
    assert lm.perplexity(one for one in sentences) == lm.perplexity(sentences)


def test_the_ends_of_sentences_are_predicted(tmp_path: Path) -> None:
    """The probabilities of all sentences sum to 1: of one word that may be repeated, those of 0, 1, 2, ... words."""
    lm = seqtag.load_lm(made(tmp_path, order=2, smoothing="laplace", vocabulary=1))
    words = [word for word in lm.words if word not in ("<s>", "</s>")]
    total = sum(2 ** lm.logprob([first]) for first in words) + 2 ** lm.logprob([])
    total += sum(2 ** lm.logprob([first, second]) for first in words for second in words)
    assert 0.2 < total < 1


def test_impossible_sentences(tmp_path: Path) -> None:
    lm = seqtag.load_lm(made(tmp_path, smoothing="none"))
    assert lm.logprob("Lima left .") == -math.inf
    assert lm.perplexity(["Lima left ."]) == math.inf


def test_scores_that_are_no_probabilities(tmp_path: Path) -> None:
    lm = seqtag.load_lm(made(tmp_path, smoothing="stupid_backoff"))
    assert lm.logprob("Ana left Oslo .") < 0
    with pytest.raises(seqtag.Error, match="stupid_backoff"):
        lm.perplexity(["Ana left Oslo ."])


def test_a_copy_loads_the_folder(folder: Path) -> None:
    lm = seqtag.load_lm(folder)
    copy = pickle.loads(pickle.dumps(lm))
    assert (
        repr(copy)
        == repr(lm)
        == f"<seqtag.LanguageModel {str(folder)!r}, "
        + ("5-gram of words, modified_kneser_ney, open vocabulary of 8 words>")
    )
    assert copy.generate(number=3) == lm.generate(number=3)


def test_recurrent_models() -> None:
    """They fill gaps, and do all that other models do."""
    lm = seqtag.load_lm(RECURRENT)
    assert lm.perplexity(["Ana left Oslo ."]) == pytest.approx(2 ** (-lm.logprob("Ana left Oslo .") / 5))
    assert len(lm.generate(number=3, longest=9)) == 3
    first, second = lm.fill("Ana ___ Oslo ___", number=4)
    assert len(first) == len(second) == 4
    assert first == sorted(first, key=lambda pair: -pair[1])
    assert {word for word, _ in lm.fill("___", number=100)[0]} == {*lm.words} - {"<s>", "</s>", "<unk>"}
    assert lm.fill("___", number=0) == [[]]


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda lm: lm.logprob(3), "sentence: expected a list of str. Received: int 3"),
        (lambda lm: lm.logprob([""]), "sentence[0]: expected a str, not empty"),
        (
            lambda lm: lm.perplexity("Ana left ."),
            "sentences: expected an iterable of sentences. Received: str",
        ),
        (lambda lm: lm.perplexity([]), "sentences: expected at least one sentence"),
        (lambda lm: lm.perplexity([3]), "sentences[0]: expected a list of str"),
        (lambda lm: lm.generate(temperature=-1), "temperature: expected a number of at least 0"),
        (lambda lm: lm.generate(top_p=0), "top_p: expected a number above 0"),
        (lambda lm: lm.generate(number=-1), "number: expected a whole number"),
        (lambda lm: lm.fill("Ana ___ ."), "this is: 5-gram of words"),
        (lambda lm: lm.fill(3), "text: expected a str"),
        (lambda lm: seqtag.load_lm(RECURRENT).fill("Ana left ."), "the text has no gap; expected ___ in it"),
        (lambda lm: lm.generate(temperature="1"), "temperature: expected a number"),
        (lambda lm: seqtag.load_lm(lm._path + "x"), "no such folder; expected a language model folder"),
    ],
)
def test_wrong_arguments(folder: Path, call: Any, problem: str) -> None:
    with pytest.raises(seqtag.Error) as raised:
        call(seqtag.load_lm(folder))
    assert problem in str(raised.value)
