"""Every example in docs/python.md and in the docstrings of the Python API runs and gives what it says."""

import doctest
import importlib
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import seqtag
from seqtag.stages.train_lm import Ngrams, train

PAGE = Path(__file__).parent.parent / "docs" / "python.md"
GOLDEN = Path(__file__).parent / "golden" / "models"
MODULES = ["seqtag", "seqtag.api.language", "seqtag.api.tagging", "seqtag.api.training", "seqtag.api.scoring"]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def folder(spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the examples speak of."""
    shutil.copytree(spans.folder, tmp_path / "model")
    for name in ("train", "dev", "test"):
        shutil.copy(spans.train if name == "train" else spans.dev, tmp_path / f"{name}.conll")
    monkeypatch.chdir(tmp_path)
    language_model(spans, tmp_path / "lm")
    shutil.copytree(GOLDEN / "recurrent_language_model_1", tmp_path / "recurrent-lm")
    return tmp_path


def language_model(spans: Any, output: Path) -> None:
    """A language model of the sentences of the training corpus."""
    blocks = spans.train.read_text(encoding="utf-8").strip().split("\n\n")
    sentences = [" ".join(row.split("\t")[0] for row in block.splitlines()) for block in blocks]
    text = output.with_suffix(".txt")
    text.write_text("\n".join(sentences) + "\n", encoding="utf-8")
    train(Ngrams(order=3), [str(text)], output)


def run(test: doctest.DocTest) -> None:
    told: list[str] = []
    found = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.append, clear_globs=False)
    assert found.attempted
    assert not found.failed, "".join(told)


def blocks() -> list[tuple[str, str]]:
    """Each code block of the page with the title of its section."""
    sections = re.split(r"^## (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    titled = zip(sections[::2], sections[1::2], strict=True)
    return [
        (title, "\n".join(re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)))
        for title, text in titled
        if "```pycon" in text
    ]


@pytest.mark.parametrize(("title", "code"), blocks(), ids=[title for title, _ in blocks()])
def test_page(folder: Path, title: str, code: str) -> None:
    if title == "spaCy":
        pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[dev]'")
    names: dict[str, Any] = {"seqtag": seqtag}
    if title != "Tag text":
        names["tagger"] = seqtag.load("model")
    run(doctest.DocTestParser().get_doctest(code, names, title, str(PAGE), 0))


def test_every_public_name_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in seqtag.__all__ if name[0] != "_" and f"seqtag.{name}" not in text]
    assert not missing


def docstrings() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name), name)]
    return [test for test in found if test.examples]


def trained(config: Any, train: str, dev: str, test: None, output: Path, **options: Any) -> SimpleNamespace:
    """What a training comes to, as far as the example looks."""
    return SimpleNamespace(path=output, history=[None] * config.training.epochs)


@pytest.mark.parametrize("name", [test.name for test in docstrings()])
def test_docstring(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (test,) = [one for one in docstrings() if one.name == name]
    if name == "seqtag.api.training.train":  # the page trains with the same settings
        monkeypatch.setattr("seqtag.stages.train.train", trained)
    test.globs["seqtag"] = seqtag
    run(test)


def test_each_public_function_has_an_example() -> None:
    named = {test.name.removeprefix("seqtag.api.").partition(".")[2] for test in docstrings()}
    assert {"load", "train", "evaluate", "score", "Tagger.__call__", "Tagger.pipe", "Tagger.tag"} <= named
    assert {"load_lm", "LanguageModel.logprob", "LanguageModel.perplexity", "LanguageModel.generate"} <= named
