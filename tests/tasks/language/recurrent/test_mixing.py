"""Recurrent models and n-grams in one mixture."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from seqtag.model_folder.layout import LANGUAGE_MODEL
from seqtag.model_folder.replacing import write
from seqtag.stages.mix_lm import mix
from seqtag.stages.train_lm import Ngrams, train
from seqtag.support.errors import Error
from seqtag.tasks.language.base import load
from seqtag.tasks.language.mixture import Mixture
from seqtag.tasks.language.recurrent.stored import files

MERGED = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["merged"]
TEXT = "in Ems Mira\nit Bad June\nrains of news\nin in Ems it it\n"  # the words of the recurrent models
DEV = "in Ems Rome\nBad news of June\n"


def stored(folder: Path, name: str, pair: Any, direction: str = "both") -> str:
    vectors = pair.vocabulary.indexers["vectors"].vectors
    config = MERGED(pair.config, {"reading.direction": direction})
    kept = {
        path: array
        for path, array in pair.weights.items()
        if path.partition("/")[0] not in {"forward", "backward"} - {*config.directions}
    }
    write(folder / name, files(config, pair.vocabulary, kept, {}, vectors), LANGUAGE_MODEL)
    return str(folder / name)


def ngrams(folder: Path, vocabulary: int | None = 9) -> str:
    (folder / "text.txt").write_text(TEXT, "utf-8")
    (folder / "dev.txt").write_text(DEV, "utf-8")
    train(Ngrams(order=2, vocabulary=vocabulary), [str(folder / "text.txt")], folder / "ngrams")
    return str(folder / "ngrams")


def test_every_part_says_what_it_said_alone(pair: Any, make: Any, tmp_path: Path) -> None:
    models = [stored(tmp_path, "first", pair), ngrams(tmp_path), stored(tmp_path, "tied", make("tied"))]
    mix(models, tmp_path / "mixture", dev=[str(tmp_path / "dev.txt")])
    mixture = load(tmp_path / "mixture")
    assert isinstance(mixture, Mixture)
    for part, path in zip(mixture.parts, models, strict=True):
        assert part.score([["in", "Oslo"]])[0].tolist() == load(path).score([["in", "Oslo"]])[0].tolist()
    probabilities = mixture.continuation(["in", "Oslo"])
    assert probabilities.sum() == pytest.approx(1)
    for word, probability in zip(mixture.words, probabilities, strict=True):
        if word not in ("<s>", "</s>", "<unk>"):
            bits, _ = mixture.score([["in", "Oslo", word]])
            assert 2 ** -bits[2] == pytest.approx(probability, rel=1e-4)


def test_one_that_reads_backward_only(pair: Any, tmp_path: Path) -> None:
    backward = stored(tmp_path, "backward", pair, "backward")
    with pytest.raises(Error, match="backward: the language model reads backward only"):
        mix([ngrams(tmp_path), backward], tmp_path / "mixture", dev=[str(tmp_path / "dev.txt")])


def test_an_open_vocabulary(pair: Any, tmp_path: Path) -> None:
    models = [stored(tmp_path, "first", pair), ngrams(tmp_path, None)]
    with pytest.raises(Error, match="ngrams: its vocabulary is open, that of the first model closed"):
        mix(models, tmp_path / "mixture", dev=[str(tmp_path / "dev.txt")])
