from seqtag.settings.changes import Change, changes
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import for_corpus, merge
from seqtag.settings.schema import SETTINGS


def test_defaults_of_any_corpus_are_no_changes() -> None:
    for spans in (True, False):
        for vectors in (True, False):
            config: Config = for_corpus(merge(), spans=spans, word_vectors=vectors)
            assert changes(SETTINGS, config.to_json()) == {}


def test_what_was_set_is_a_change_with_its_default() -> None:
    config = for_corpus(
        merge(parse_assignments(["encoder.cell=gru", "training.epochs=3", "training.clipnorm=2"]))
    )
    assert changes(SETTINGS, config.to_json()) == {
        "encoder.cell": Change("gru", "lstm"),
        "training.epochs": Change(3, 50),
        "training.clipnorm": Change(2.0, None),
        "training.global_clipnorm": Change(None, 1.0),
    }


def test_settings_that_there_are_no_longer_are_left_out() -> None:
    assert changes(SETTINGS, {"former": {"setting": 1}}) == {}
