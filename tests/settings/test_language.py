"""The settings of recurrent language models."""

from pathlib import Path

import pytest

from seqtag.model_folder.stored import config_into
from seqtag.settings.config_files import read
from seqtag.settings.language import LANGUAGE, LanguageConfig
from seqtag.settings.merging import for_corpus, merge_into
from seqtag.settings.reference import commented
from seqtag.settings.schema import SETTINGS
from seqtag.support.errors import ModelError, UsageError


def test_defaults_of_its_own_hold_and_shared_ones_do() -> None:
    config = merge_into(LANGUAGE)
    assert (config.encoder.units, config.training.schedule) == (256, "cosine")
    assert config.embeddings.shape.dim == SETTINGS["embeddings.shape.dim"].default
    assert (config.encoder.bidirectional, config.encoder.attention) == (False, "none")


def test_words_are_learnt_unless_there_are_vectors() -> None:
    assert for_corpus(merge_into(LANGUAGE)).embeddings.word.dim == 200
    assert for_corpus(merge_into(LANGUAGE), word_vectors=True).embeddings.word.dim == 0


def test_what_shows_the_next_word_is_no_setting() -> None:
    with pytest.raises(UsageError, match=r"no setting 'encoder\.bidirectional'"):
        merge_into(LANGUAGE, {"encoder.bidirectional": (True, "--set")})


@pytest.mark.parametrize(("given", "kept"), [("20", 20), (1, 1), ("sqrt", "sqrt"), (None, None)])
def test_classes_are_a_number_or_the_square_root(given: object, kept: object) -> None:
    assert merge_into(LANGUAGE, {"output.classes": (given, "--set")}).output.classes == kept


@pytest.mark.parametrize("given", ["square", 0, -3, 2.5])
def test_other_classes_are_refused(given: object) -> None:
    with pytest.raises(UsageError, match=r"output\.classes is"):
        merge_into(LANGUAGE, {"output.classes": (given, "--set")})


def test_a_folder_keeps_all_but_paths() -> None:
    layer = {"output.class_file": ("classes.tsv", "x"), "encoder.units": (3, "x")}
    config = for_corpus(merge_into(LANGUAGE, layer))
    again = config_into(LANGUAGE, config.portable(), "config.json")
    assert isinstance(again, LanguageConfig)
    assert (again.output.class_file, again.encoder.units) == (None, 3)
    with pytest.raises(ModelError, match=r"no setting 'head\.name'"):
        config_into(LANGUAGE, config.portable() | {"head": {"name": "crf"}}, "config.json")


def test_the_commented_file_is_the_defaults(tmp_path: Path) -> None:
    text = commented(LANGUAGE)
    (tmp_path / "lm.yaml").write_text(text, encoding="utf-8")
    layer = read(str(tmp_path / "lm.yaml"))
    assert list(layer) == list(LANGUAGE)
    assert merge_into(LANGUAGE, layer) == merge_into(LANGUAGE)
    assert "bigrams" not in text
