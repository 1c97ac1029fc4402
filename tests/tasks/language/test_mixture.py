"""Mixtures of language models and their folders."""

import json
import random
import runpy
from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.tokenizers import Tokenizer
from seqtag.corpora.units import Units
from seqtag.corpora.views import View
from seqtag.model_folder import folder as folders
from seqtag.model_folder.layout import LANGUAGE_MODEL, MANIFEST, PARTS
from seqtag.ngrams.model import NgramModel
from seqtag.settings.plugins import Plugin
from seqtag.stages.mix_lm import mix
from seqtag.stages.train_lm import Ngrams, train
from seqtag.support.errors import Error, ModelError
from seqtag.tasks.language.base import load, measured
from seqtag.tasks.language.mixture import Mixture
from seqtag.tasks.language.sampling import Sampling, generate

MUTANTS = runpy.run_path(str(Path(__file__).parents[2] / "mutants.py"))
Files = dict[str, bytes]
put: Callable[[Path, Files], Path] = MUTANTS["put"]
TEXT = "Ana left Oslo .\nBo saw Lima .\nAna saw Oslo today .\nIda left .\n" * 3
# The same words; others are frequent, so that the vocabulary has another order.
OTHER = "today Ida left Lima .\nIda saw Bo today .\nAna Oslo\nIda Ida Lima Lima\n"
DEV = "Ana saw Lima .\nIda Ida left Rome\n"
CONTEXTS: list[list[str]] = [[], ["Ana"], ["Ida", "left"], ["Rome", "Lima"], ["today", "<s>", "."]]


def trained(folder: Path, name: str, text: str = TEXT, **settings: Any) -> str:
    (folder / f"{name}.txt").write_text(text, "utf-8")
    train(Ngrams(**settings), [str(folder / f"{name}.txt")], folder / name)
    return str(folder / name)


def mixed(folder: Path, *models: str, name: str = "mixture") -> Mixture:
    (folder / "dev.txt").write_text(DEV, "utf-8")
    mix(models, folder / name, dev=[str(folder / "dev.txt")])
    found = load(folder / name)
    assert isinstance(found, Mixture)
    return found


@pytest.fixture
def models(tmp_path: Path) -> tuple[str, str]:
    """Two models of one vocabulary in two orders."""
    return trained(tmp_path, "first", order=3), trained(tmp_path, "second", OTHER, order=2)


def test_probabilities_are_weighted_means(tmp_path: Path, models: tuple[str, str]) -> None:
    mixture = mixed(tmp_path, *models)
    first, second = map(load, models)
    assert first.words != second.words
    assert mixture.words == first.words
    assert 0.02 < mixture.weights[0] < 0.98
    sentences = [["Ana", "left", "Rome", "."], [], ["Lima"]]
    scores, unknown = mixture.score(sentences)
    bits = [model.score(sentences)[0] for model in (first, second)]
    means = sum(weight * 2**-one for weight, one in zip(mixture.weights, bits, strict=True))
    np.testing.assert_allclose(2**-scores, means, rtol=1e-12)
    assert unknown.tolist() == [False, False, True] + [False] * 5


@pytest.mark.parametrize("context", CONTEXTS, ids=str)
def test_a_continuation_is_what_the_score_says(
    tmp_path: Path, models: tuple[str, str], context: list[str]
) -> None:
    mixture = mixed(tmp_path, *models)
    probabilities = mixture.continuation(context)
    assert probabilities.sum() == pytest.approx(1)
    for word, probability in zip(mixture.words, probabilities, strict=True):
        if word not in ("<unk>", "<s>", "</s>"):
            bits, _ = mixture.score([[*context, word]])
            assert 2 ** -bits[len(context)] == pytest.approx(probability)
    bits, _ = mixture.score([context])
    assert 2 ** -bits[-1] == pytest.approx(probabilities[mixture.words.index("</s>")])


def test_views_are_weighted_means(tmp_path: Path, models: tuple[str, str]) -> None:
    """Where nothing, a part or all of what stands before a token is visible."""
    mixture = mixed(tmp_path, *models)
    views = [View(tokens, start, "Lima") for tokens in CONTEXTS for start in (False, True)]
    parts = [2.0 ** -load(path).score_views(views) for path in models]
    wanted = mixture.weights[0] * parts[0] + mixture.weights[1] * parts[1]
    np.testing.assert_allclose(2.0 ** -mixture.score_views(views), wanted, rtol=1e-9)
    assert 0.1 < mixture.weights[0] < 0.9
    lima = mixture.words.index("Lima")
    for tokens, found in zip(CONTEXTS, mixture.score_views(views[1::2]), strict=True):
        assert 2.0**-found == pytest.approx(mixture.continuation(tokens)[lima], rel=1e-5)


def test_a_mixture_of_a_mixture_has_all_parts(tmp_path: Path, models: tuple[str, str]) -> None:
    inner = mixed(tmp_path, *models, name="inner")
    third = trained(tmp_path, "third", TEXT, order=1)
    (tmp_path / "dev.txt").write_text(TEXT + OTHER, "utf-8")
    result = mix([str(tmp_path / "inner"), third], tmp_path / "outer", dev=[str(tmp_path / "dev.txt")])
    outer = load(tmp_path / "outer")
    assert isinstance(outer, Mixture)
    own = [one.weight for one in result.models]
    assert result.model.words == outer.words
    assert result.model.weights == outer.weights
    assert [one.description for one in result.model.parts] == [one.description for one in outer.parts]
    assert outer.weights == pytest.approx([own[0] * one for one in inner.weights] + [own[1]])
    assert [part.description[:6] for part in outer.parts] == ["3-gram", "2-gram", "1-gram"]
    sentences = [line.split() for line in (TEXT + OTHER).splitlines()]
    assert sum(one.bits for one in measured(outer, sentences)) == pytest.approx(result.dev.bits)
    names = {path.name for path in (tmp_path / "outer").iterdir()}
    assert names == {MANIFEST, *LANGUAGE_MODEL.files} | {
        part + name for part in PARTS[:3] for name in (*LANGUAGE_MODEL.files, "ngrams.safetensors")
    }


def test_a_mixture_is_better_than_its_parts(tmp_path: Path, models: tuple[str, str]) -> None:
    (tmp_path / "dev.txt").write_text(DEV, "utf-8")
    result = mix(models, tmp_path / "mixture", dev=[str(tmp_path / "dev.txt")])
    assert result.dev.perplexity < min(one.dev.perplexity for one in result.models)
    report = json.loads((tmp_path / "mixture" / "report.json").read_text("utf-8"))
    assert report["dev"] == result.dev.to_json()
    assert [one["weight"] for one in report["models"]] == list(result.model.weights)
    for one, path in zip(report["models"], models, strict=True):
        model = load(path)
        found = reduce(add, measured(model, [line.split() for line in DEV.splitlines()]))
        assert one["model"] == model.description
        assert one["dev"] == pytest.approx(found.to_json())
    assert str(tmp_path) not in json.dumps(report)


def test_equal_models_give_equal_bytes(tmp_path: Path, models: tuple[str, str]) -> None:
    mixed(tmp_path, *models, name="one")
    mixed(tmp_path, *models, name="two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        (TEXT + "Rome", {}, "its vocabulary is not that of the first model, which lacks 'Rome' (13 and 12 words"),
        ("Ana left .\n", {}, "its vocabulary is not that of the first model, which also has 'Oslo' (6 and 12 words"),
        (TEXT, {"vocabulary": 99}, "its vocabulary is closed, that of the first model open (12 and 12 words"),
        (TEXT, {"units": Units("character")}, "its tokens are characters, those of the first model words"),
        (TEXT, {"units": Units(tokenizer=Tokenizer())}, "its tokenizer is word, not whitespace as that of the first"),
        (TEXT, {"smoothing": "stupid_backoff"}, "stupid_backoff gives scores that are not probabilities"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_mixed(
    tmp_path: Path, models: tuple[str, str], text: str, settings: dict[str, Any], problem: str
) -> None:
    other = trained(tmp_path, "other", text, **settings)
    with pytest.raises(Error) as raised:
        mixed(tmp_path, *models, other)
    assert str(raised.value).startswith(f"{other}: {problem}")
    assert not (tmp_path / "mixture").exists()


def test_a_model_that_reads_backward(
    tmp_path: Path, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scores are of another product of probabilities; it has no continuation."""
    mixed(tmp_path, *models)
    forward = NgramModel.continuation

    def continuation(self: NgramModel, tokens: list[str]) -> Any:
        if self.order == 2:
            raise Error(f"{models[1]}: the language model reads backward only.")
        return forward(self, tokens)

    monkeypatch.setattr(NgramModel, "continuation", continuation)
    with pytest.raises(Error, match="second: the language model reads backward only"):
        mixed(tmp_path, *models, name="other")
    with pytest.raises(ModelError, match=r"part 2: .*second: the language model reads backward only"):
        load(tmp_path / "mixture")


def test_tokenizers_of_one_name(tmp_path: Path) -> None:
    first = trained(tmp_path, "first", units=Units(tokenizer=Tokenizer()))
    second = trained(tmp_path, "second", units=Units(tokenizer=Tokenizer(hyphens=True)))
    with pytest.raises(Error, match="second: its tokenizer has other settings than that of the first model"):
        mixed(tmp_path, first, second)


def test_how_many_models(tmp_path: Path, models: tuple[str, str]) -> None:
    with pytest.raises(Error, match=r"at least two language models to mix. Received: 1"):
        mixed(tmp_path, models[0])
    assert len(mixed(tmp_path, *models, *models, *models, *models).parts) == 8
    mixture = str(tmp_path / "mixture")
    assert len(mixed(tmp_path, mixture, mixture, name="most").parts) == 16
    with pytest.raises(
        Error, match=r"at most 16 models to mix, where each part of a mixture counts. Received: 17"
    ):
        mixed(tmp_path, mixture, mixture, models[0], name="more")


def test_a_model_that_is_mixed_is_not_replaced(tmp_path: Path, models: tuple[str, str]) -> None:
    (tmp_path / "dev.txt").write_text(DEV, "utf-8")
    with pytest.raises(Error, match="is also an input"):
        mix(models, Path(models[1]), dev=[str(tmp_path / "dev.txt")], force=True)


def test_plugins_of_the_parts_are_recorded(
    tmp_path: Path, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = [Plugin("seqtag.cells", name, "cells", "1") for name in ("plain", "fancy")]
    monkeypatch.setattr(folders, "find_plugin", lambda group, name: plugins[0])
    for path, own in zip(models, (plugins, plugins[:1]), strict=True):
        place = Path(path) / MANIFEST
        manifest = json.loads(place.read_text("utf-8")) | {"plugins": [vars(one) for one in own]}
        place.write_text(json.dumps(manifest), "utf-8")
    mixed(tmp_path, *models)
    manifest = json.loads((tmp_path / "mixture" / MANIFEST).read_text("utf-8"))
    assert manifest["plugins"] == [vars(one) for one in plugins]


# ------------------------------------------------------------------------------------------------------------
# Folders that are spoilt


def files_of(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def changed(files: Files, name: str, change: Callable[[dict[str, Any]], Any]) -> Files:
    """The files, with the JSON of one of them changed."""
    values = json.loads(files[name])
    change(values)
    return files | {name: json.dumps(values).encode()}


def without(files: Files, *prefixes: str) -> Files:
    return {name: content for name, content in files.items() if not name.startswith(prefixes)}


def setting(name: str, key: str, value: Any) -> Callable[[Files], Files]:
    return lambda files: changed(files, name, lambda values: values.update({key: value}))


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (setting("config.json", "weights", [0.5, 0.4]), "the weights sum to 0.9; expected 1"),
        (setting("config.json", "weights", [1.5, -0.5]), "a weight is not a number from 0.0 to 1.0"),
        (setting("config.json", "weights", [True, 0.0]), "a weight is not a number from 0.0 to 1.0"),
        (setting("config.json", "weights", [1.0]), "fewer than two weights"),
        (setting("config.json", "weights", [0.0625] * 16 + [0.0]), "17 weights; expected 16 at most"),
        (setting("config.json", "weights", {"a": 1}), "fewer than two weights"),
        (setting("config.json", "weights", [0.25] * 4), "config.json of part 3 is missing"),
        (setting("config.json", "order", 3), "config.json has other keys"),
        (setting("config.json", "unit", "character"), "the units of part 1 are not those of config.json"),
        (setting("config.json", "unit", "syllable"), "expected one of the units"),
        (setting("config.json", "kind", "ngram"), "holds part1-config.json, which is of a mixture"),
        (setting("vocab.json", "words", ["<unk>", "<s>", "</s>"]), "the words of part 1 are not those"),
        (setting("vocab.json", "words", 3), "vocab.json has no list of words"),
        (setting("vocab.json", "words", [[]]), "vocab.json has no list of words"),
        (setting("part2-config.json", "kind", "mixture"), "part 2 is a mixture itself"),
        (setting("part2-config.json", "kind", "x"), "part 2: config.json: the kind is 'x'"),
        (setting("part2-config.json", "order", 3), "part 2: does not hold what a language model of n-grams"),
        (setting("part2-config.json", "closed", True), "part 2: its vocabulary is closed"),
        (lambda files: without(files, "part2-"), "config.json of part 2 is missing"),
        (lambda files: without(files, "part2-vocab"), "vocab.json of part 2 is missing"),
        (lambda files: without(files, "part2-ngrams"), "part 2: ngrams.safetensors is missing"),
        (lambda files: files | {"part3-vocab.json": b"{}"}, "part3-vocab.json is of none of the 2 parts"),
        (lambda files: files | {"ngrams.safetensors": b""}, "ngrams.safetensors is of none of the 2 parts"),
        (
            lambda files: changed(files, "part2-vocab.json", lambda one: one["words"].reverse()),
            "part 2: does not hold what a language model of n-grams holds",
        ),
    ],
)  # fmt: skip
def test_folders_that_hold_no_mixture(
    tmp_path: Path, models: tuple[str, str], spoil: Callable[[Files], Files], problem: str
) -> None:
    mixed(tmp_path, *models)
    folder = put(tmp_path / "spoilt", spoil(files_of(tmp_path / "mixture")))
    with pytest.raises(ModelError) as raised:
        load(folder)
    assert problem in str(raised.value)
    assert str(raised.value).count(str(folder)) == 1


def test_a_part_of_other_words_or_without_probabilities(tmp_path: Path, models: tuple[str, str]) -> None:
    mixed(tmp_path, *models)
    files = files_of(tmp_path / "mixture")
    for name, text, settings, problem in (
        ("other", TEXT + "Rome", {}, "the words of part 2 are not those of vocab.json"),
        ("scores", TEXT, {"smoothing": "stupid_backoff"}, "part 2: stupid_backoff gives scores"),
    ):
        part = files_of(Path(trained(tmp_path, name, text, **settings)))  # type: ignore[arg-type]
        spoilt = files | {f"part2-{own}": content for own, content in part.items()}
        with pytest.raises(ModelError, match=problem):
            load(put(tmp_path / f"spoilt-{name}", spoilt))


def use(folder: Path) -> str:
    """What becomes of a folder."""
    try:
        model = load(folder)
        bits, _ = model.score([["Ana", "left", "Rome", "."], []])
        assert not np.isnan(bits).any()
        assert not np.isnan(model.continuation(["Ana"])).any()
        list(generate(model, 2, Sampling(longest=20), ["Bo"]))
        model.description.encode()
    except Error as problem:
        return "refused" if str(problem).isprintable() and len(str(problem)) < 2000 else "an unfit message"
    return "a model"


def test_spoilt_folders(tmp_path: Path, models: tuple[str, str], pytestconfig: pytest.Config) -> None:
    mixed(tmp_path, *models)
    base = files_of(tmp_path / "mixture")
    results: Counter[str] = Counter()
    count = 500 if pytestconfig.getoption("--slow") else 120
    for number in range(count):
        draw = random.Random(number)
        change = draw.choice(("flip", "cut", "shuffle", "json_value", "json_text", "weights", "numbers"))
        fits = {"weights": ".safetensors", "numbers": ".safetensors"}.get(change, ".json")
        name = draw.choice(
            sorted(one for one in base if change in ("flip", "cut", "shuffle") or one.endswith(fits))
        )
        results[use(put(tmp_path / "spoilt", base | {name: MUTANTS[change](base[name], draw)}))] += 1
    assert {*results} == {"refused", "a model"}
    assert results["refused"] > 0.3 * count
    assert results["a model"] > 0.05 * count
