"""What every test stands on: --slow, Hypothesis without a stop-watch, and two small trained models."""

import gc
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

# A busy machine is no failure. In CI the examples are the same in each run: a red run can be run again.
settings.register_profile("seqtag", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("seqtag")

# A script that runs the tests in the background has them ignore Ctrl-C, which the processes they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What the tests import lives to the end. Keras collects garbage whenever a network is begun, and each time it
    would search TensorFlow's modules as well.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@dataclass(frozen=True)
class Tiny:
    """A model that learnt a small corpus by heart, and the files it was made from."""

    folder: Path
    train: Path
    dev: Path
    result: Any  # seqtag.stages.train.TrainingResult


TINY = [
    "data.tokenizer=word", "embeddings.word.dim=16", "embeddings.dropout=0.1", "encoder.units=12", "encoder.layers=1",
    "embeddings.characters.units=50", "language_model.weight=0",
    "encoder.dropout=0.1", "training.learning_rate=0.02", "training.batch_size=8", 
    "training.epochs=12", "training.patience=3",
]  # fmt: skip


NAMES = (("Ana", "Ruiz"), ("Marta", "Lindqvist"), ("Ana",), ("Bo",), ("Ida",))
PLACES = (("New", "York"), ("Oslo",), ("Lima",), ("Rio", "de", "Janeiro"))
SPEECH = {
    "saw": "VERB", "left": "VERB", "likes": "VERB", ".": "PUNCT", "today": "ADV", "with": "ADP", "3": "NUM",
    "friends": "NOUN",
}  # fmt: skip
Row = tuple[str, str, str]


def _mention(words: tuple[str, ...], label: str) -> list[Row]:
    return [(word, f"{'I' if at else 'B'}-{label}", "PROPN") for at, word in enumerate(words)]


def tiny_sentences() -> list[list[Row]]:
    """Sentences of (token, BIO tag, part of speech): every name with every verb and place, whole and in parts."""
    sentences = []
    for name, place, verb in product(NAMES, PLACES, ("saw", "left", "likes")):
        who, where, does = _mention(name, "PER"), _mention(place, "LOC"), [(verb, "O", SPEECH[verb])]
        end = ([], ["."], ["today", "."], ["with", "3", "friends", "."])[len(sentences) % 4]
        rest = [(word, "O", SPEECH[word]) for word in end]
        sentences += [who + does + where + rest, who + does + rest, who, where, where + rest]
    return sentences


def _tiny(folder: Path, column: int, *settings_given: str) -> Tiny:
    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.merging import merge
    from seqtag.stages.train import train

    paths = folder / "train.conll", folder / "dev.conll"
    sentences = Random(1).sample(tiny_sentences(), 150)
    for path, taken in zip(paths, (sentences[:120], sentences[90:]), strict=True):
        blocks = ("".join(f"{row[0]}\t{row[column]}\n" for row in rows) for rows in taken)
        path.write_text("\n".join(blocks), encoding="utf-8")
    config = merge(parse_assignments([*TINY, *settings_given]))
    result = train(config, str(paths[0]), str(paths[1]), None, folder / "model")
    return Tiny(folder / "model", *paths, result)


def _shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Tiny]) -> Tiny:
    """What is made in a folder of that name, once for all workers of pytest-xdist."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return make(factory.mktemp(name))
    folder = factory.getbasetemp().parent / name
    made = folder / "tiny.pickle"
    with FileLock(f"{folder}.lock"):
        if not made.exists():
            folder.mkdir()
            made.write_bytes(pickle.dumps(make(folder)))
    found: Tiny = pickle.loads(made.read_bytes())
    return found


@pytest.fixture(scope="session")
def spans(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Names and places in BIO, trained with a CRF in BIOES."""
    return _shared(tmp_path_factory, "spans", lambda folder: _tiny(folder, 1, "data.train_scheme=bioes"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Parts of speech."""
    return _shared(tmp_path_factory, "plain", lambda folder: _tiny(folder, 2))
