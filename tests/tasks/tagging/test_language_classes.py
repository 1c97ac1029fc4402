"""The words that a language model beside the tags predicts, in classes."""

from pathlib import Path

import pytest

from seqtag.network import runtime
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.tasks.tagging.tagger_job import TaggerJob

SMALL = [
    "embeddings.word.dim=8", "encoder.units=6", "embeddings.characters.encoder=none", "embeddings.shape.dim=0",
    "data.tokenizer=word", "language_model.weight=0.1", "training.epochs=1",
]  # fmt: skip
TEXT = "Ana\tB-PER\nRuiz\tI-PER\nflew\tO\nto\tO\nOslo\tB-LOC\n\nOslo\tB-LOC\nis\tO\n\n"


@pytest.mark.parametrize(
    ("classes", "sizes"),
    [(1, (8,)), (3, (2, 3, 3)), (50, (1,) * 8)],  # of the end, the unknown word, Oslo, and five words
)
def test_each_class_is_about_as_frequent(tmp_path: Path, classes: int, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "train.conll"
    path.write_text(TEXT * 4)
    config = merge(parse_assignments([*SMALL, f"language_model.classes={classes}"]))
    runtime.start(1)
    made = TaggerJob(config, read_corpora(config, str(path), str(path), None), None)
    output = made.network.language_model.predicted[0]
    assert (output.sizes if classes > 1 else (output.units,)) == sizes
    trained = train(config, str(path), str(path), None, tmp_path / "model")
    assert trained.history[0].loss > 0
