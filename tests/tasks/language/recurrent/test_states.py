"""The states of a language model for a tagger: those of the language model itself, however they are read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.sentence import Sentence
from seqtag.corpora.symbols import SYMBOLS
from seqtag.features.indexers.states import StateIndexer
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.inference import language_states
from seqtag.inference.language_model import StateReader
from seqtag.inference.language_states import LanguageStates, of_files, of_model
from seqtag.model_folder import replacing
from seqtag.model_folder.layout import LANGUAGE_MODEL, dump_json
from seqtag.support.errors import ModelError, UsageError
from seqtag.tasks.language.recurrent.stored import files

SENTENCES = [
    ["in", "June", "Oslo"], ["Mira"], ["Bad", "news", "in", "Ems", "in", "June", ",", "said", "Mira"], [*SYMBOLS, "it"],
]  # fmt: skip


def put(folder: Path, pair: Any, **changes: bytes) -> Path:
    """The folder of a language model."""
    vectors = pair.vocabulary.indexers["vectors"].vectors
    made = files(pair.config, pair.vocabulary, pair.weights, {"made": "by hand"}, vectors)
    replacing.write(
        folder, made | {name.replace("_", "."): value for name, value in changes.items()}, LANGUAGE_MODEL
    )
    return folder


@pytest.fixture(scope="module")
def states(pair: Any, tmp_path_factory: pytest.TempPathFactory) -> LanguageStates:
    return of_model(put(tmp_path_factory.mktemp("lm") / "lm", pair))


def test_they_are_those_of_the_language_model(pair: Any, states: LanguageStates) -> None:
    """The last layer is what the model predicts words from: the words' own states, without those of the borders."""
    model, units = pair.model(), pair.config.encoder.units
    assert (states.layers, states.width) == (2, 2 * units)
    found = states.read(SENTENCES)
    assert [array.shape for array in found] == [(len(tokens), 2, 2 * units) for tokens in SENTENCES]
    seen = [model.vocabulary.seen(tokens) for tokens in SENTENCES]
    inside = np.concatenate([[False, *[True] * len(tokens), False] for tokens in SENTENCES])
    for place, direction in enumerate(("forward", "backward")):
        wanted = np.zeros((len(inside), units), np.float32)

        def use(places: Any, some: Any, wanted: Any = wanted) -> None:
            wanted[places] = some

        StateReader(model.network(direction), model.vocabulary).read(seen, use)
        last = np.concatenate(found)[:, -1, place * units : (place + 1) * units]
        np.testing.assert_allclose(last, wanted[inside], atol=1e-6)


def test_a_word_changes_what_is_on_either_side_of_it(states: LanguageStates) -> None:
    units = states.width // 2
    one, other = states.read([["it", "rains", "in", "June"], ["it", "Bad", "in", "June"]])
    differs = np.abs(one - other).max(axis=1) > 1e-6
    assert differs[:, :units].any(axis=1).tolist() == [False, True, True, True]
    assert differs[:, units:].any(axis=1).tolist() == [True, True, False, False]


def test_neighbours_in_the_batch_make_no_difference(states: LanguageStates) -> None:
    for alone, together in zip(
        [states.read([tokens])[0] for tokens in SENTENCES], states.read(SENTENCES), strict=True
    ):
        np.testing.assert_allclose(alone, together, atol=1e-6)
    assert states.read([]) == []


def test_a_long_sentence_is_read_in_pieces(states: LanguageStates, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = states.read(SENTENCES)
    monkeypatch.setattr(language_states, "WINDOW", 3)
    monkeypatch.setattr(language_states, "OVERLAP", 9)  # all of the sentence: nothing is lost
    for whole, pieces in zip(wanted, states.read(SENTENCES), strict=True):
        np.testing.assert_allclose(whole, pieces, atol=1e-6)
    monkeypatch.setattr(language_states, "OVERLAP", 0)
    pieces = states.read([SENTENCES[2]])[0]
    apart = np.concatenate(states.read([SENTENCES[2][start : start + 3] for start in (0, 3, 6)]))
    np.testing.assert_allclose(pieces, apart, atol=1e-6)


def test_kept_states_are_those_that_are_computed_later(states: LanguageStates) -> None:
    indexer = StateIndexer(states)
    rows = [indexer.index(Sentence(tuple(tokens))) for tokens in SENTENCES]
    kept = indexer.keep(rows)
    assert {row.dtype for row in kept if isinstance(row, np.ndarray)} == {np.dtype(np.float16)}
    later, before = (indexer.collate(some, 10, None)["states"] for some in (rows, kept))
    assert later.shape == (4, 10, 2, states.width)
    assert not later[1, 1:].any()
    np.testing.assert_allclose(later, before, atol=1e-3)
    mixed = indexer.collate([rows[0], kept[1], rows[2], kept[3]], 10, None)["states"]
    np.testing.assert_allclose(mixed, later, atol=1e-3)


def test_its_files_are_read_again(states: LanguageStates) -> None:
    assert states.vectors is not None
    written = states.files(None)
    assert set(written) == {*language_states.STATES_FILES, language_states.VECTORS}
    assert states.files(Vectors.unpack(states.vectors.packed())).keys() == {*language_states.STATES_FILES}
    assert b"output/" not in written[language_states.WEIGHTS]
    wanted = states.read(SENTENCES)
    without = {name: written[name] for name in language_states.STATES_FILES}
    for again in (of_files(written, None), of_files(without, states.vectors)):
        assert again is not None
        assert again.digest() == states.digest()
        for one, other in zip(again.read(SENTENCES), wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    assert of_files({}, None) is None
    with pytest.raises(ValueError, match=r"lm\.\S+ is missing"):
        of_files({"lm.config.json": b"{}"}, None)
    with pytest.raises(ValueError, match="vectors are missing"):
        of_files(without, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text__unit": "character"}, "its tokens are characters; expected a model of words"),
        (
            {"reading__continuous": True, "reading__direction": "forward"},
            "expected a model that begins each line",
        ),
    ],
)
def test_models_whose_states_make_no_sense(settings: dict[str, Any], message: str, pair: Any) -> None:
    sections: dict[str, dict[str, Any]] = {}
    for path, value in settings.items():
        section, _, name = path.partition("__")
        sections.setdefault(section, {})[name] = value
    changed = {name: replace(getattr(pair.config, name), **values) for name, values in sections.items()}
    config = replace(pair.config, **changed)
    with pytest.raises(UsageError, match=message):
        LanguageStates(config, pair.vocabulary.indexers, Weights.of_arrays({}))


def test_other_kinds_are_refused_by_name(pair: Any, tmp_path: Path) -> None:
    ngrams = put(tmp_path / "ngrams", pair, config_json=dump_json({"kind": "ngram"}))
    with pytest.raises(UsageError, match="of the kind 'ngram'; expected rnn"):
        of_model(ngrams)
    with pytest.raises(ModelError, match="does not hold what a recurrent language model holds"):
        of_model(put(tmp_path / "no settings", pair, config_json=dump_json({"kind": "rnn", "settings": 3})))
    with pytest.raises(ModelError, match="no such folder; expected a language model folder"):
        of_model(tmp_path / "none")
