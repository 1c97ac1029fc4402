"""What a transducer is trained on: which pairs, in which symbols, and what the settings make of them."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.corpora.pairs import PairOptions, TextPair
from seqtag.evaluation.trained_on import BOTH, digest
from seqtag.features.indexers.base import UNKNOWN
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge_into
from seqtag.settings.transduction import TRANSDUCTION, TransductionConfig
from seqtag.support.errors import DataError, Error
from seqtag.tasks.transduction.alignment import _columns
from seqtag.tasks.transduction.model import Answer, TransducedText
from seqtag.tasks.transduction.read import REPEATS, PairCorpora, fill_in, final, read
from seqtag.tasks.transduction.score import score
from seqtag.tasks.transduction.use import PairEvaluation
from seqtag.tasks.transduction.vocabulary import LACKING, SymbolVocabulary, cut

PAIRS = [
    TextPair("lead", "lead", ("VERB",), 1),
    TextPair("led", "lead", ("VERB",), 2),
    TextPair("lead", "led", ("VERB",), 3),
    TextPair("led", "lead", ("VERB",), 4),
    TextPair("lead", "led", ("VERB",), 5),
    TextPair("lead", "lead", ("NOUN",), 6),
]


def config_of(*assignments: str) -> TransductionConfig:
    return merge_into(TRANSDUCTION, parse_assignments(assignments))


def vocabulary_of(*assignments: str, pairs: Any = PAIRS) -> SymbolVocabulary:
    config = fill_in(config_of(*assignments), corpora(pairs))
    return SymbolVocabulary.learnt(pairs, config, PairOptions("tsv", features=(3,)))


def corpora(pairs: Any) -> PairCorpora:
    return PairCorpora(pairs, pairs, (), PairOptions("tsv"), len(pairs), None, "p.tsv")


@pytest.mark.parametrize(
    ("repeats", "lines"),
    [
        ("all", [1, 2, 3, 4, 5, 6]),
        ("log", [1, 2, 2, 3, 3, 6]),
        ("once", [1, 2, 3, 6]),
        ("majority", [2, 3, 6]),
    ],
)
def test_pairs_that_repeat_others(repeats: str, lines: list[int]) -> None:
    assert [pair.line for pair in REPEATS[repeats](PAIRS)] == lines


def test_a_part_is_held_out_of_the_different_pairs(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("".join(f"a{number % 20}\tb\n" for number in range(60)))
    data = read(config_of("data.dev_fraction=0.2", "data.repeats=once"), {"train": [str(path)]})
    assert (data.rows, len(data.train), len(data.dev), data.held_out) == (60, 16, 4, 42)
    assert not {pair.source for pair in data.train} & {pair.source for pair in data.dev}
    other = read(
        config_of("data.dev_fraction=0.2", "data.repeats=once", "training.seed=1"), {"train": [str(path)]}
    )
    assert other.dev != data.dev
    assert other.digests()["train"] != data.digests()["train"]
    every = read(config_of("data.dev_fraction=0.2", "data.repeats=all"), {"train": [str(path)]})
    assert (len(every.train), every.dev) == (48, data.dev)
    path.write_text("a\tb\n" * 5)
    with pytest.raises(Error, match="one pair is too few to hold some out"):
        read(config_of(), {"train": [str(path)]})
    path.write_text("\n")
    with pytest.raises(DataError, match="holds no pairs"):
        read(config_of(), {"train": [str(path)]})


def test_a_run_on_train_and_dev_has_the_pairs_of_both(tmp_path: Path) -> None:
    parts = {"train": "lead\tlead\nled\tlead\n", "dev": "ran\trun\n", "test": "sat\tsit\n"}
    for name, text in parts.items():
        (tmp_path / f"{name}.tsv").write_text(text)
    found = final(read(config_of(), {name: [str(tmp_path / f"{name}.tsv")] for name in parts}))
    assert [pair.source for pair in found.both.train] == ["lead", "led", "ran"]
    assert (found.both.rows, len(found.both.test)) == (3, 1)
    assert (len(found.first.train), len(found.first.test)) == (2, 0)
    assert found.sentences == {"dev": digest(["ran"]), BOTH: digest(["ran", "led", "lead"])}


@pytest.mark.parametrize(("pairs", "cuts", "copy"), [
    ([("ad", "ɒ d"), ("abba", "ɒ bː ɒ"), ("a", "ɒ")], ("characters", "spaces"), "no"),
    ([("walks", "walk"), ("in spite", "in spite"), ("was", "be")], ("characters", "characters"), "yes"),
    ([("turn left", "l"), ("go back", "b")], ("spaces", "characters"), "no"),
    ([("abc", "abx"), ("abcd", "abcd")], ("characters", "characters"), "yes"),  # six of seven
    ([("abc", "abx"), ("abcd", "aby")], ("characters", "characters"), "no"),  # two thirds
])  # fmt: skip
def test_settings_that_go_by_the_pairs(
    pairs: list[tuple[str, str]], cuts: tuple[str, str], copy: str
) -> None:
    data = corpora([TextPair(*pair) for pair in pairs])
    found = fill_in(config_of(), data)
    assert (found.data.source_cut, found.data.target_cut, found.decoder.copy) == (*cuts, copy)
    assert fill_in(config_of("decoder.attention=none"), data).decoder.copy == "no"
    own = fill_in(config_of("data.source_cut=spaces", "decoder.copy=yes"), data)
    assert (own.data.source_cut, own.decoder.copy) == ("spaces", "yes")
    assert not found.automatic


def test_a_source_is_its_features_its_symbols_and_a_border() -> None:
    pair = TextPair("led", "lead", ("VERB",))
    names = ["\t0\tVERB", "l", "e", "d", ""]
    assert vocabulary_of().symbols(pair) == (names, [-1, 0, 1, 2, -1])
    reversed_names = ["\t0\tVERB", "d", "e", "l", ""]
    assert vocabulary_of("source.reversed=true").symbols(pair) == (reversed_names, [-1, 2, 1, 0, -1])
    doubled = [*names, "l", "e", "d", ""]
    assert vocabulary_of("source.doubled=true").symbols(pair) == (doubled, [-1, 0, 1, 2, -1, 0, 1, 2, -1])
    ids = vocabulary_of().source(TextPair("lid", "", ("ADJ",)))
    assert [number == UNKNOWN for number in ids] == [True, False, True, False, False]
    assert ids[-1] == 0


def test_targets_are_symbols_and_texts_again() -> None:
    vocabulary = vocabulary_of()
    assert vocabulary.text(vocabulary.target(PAIRS[0]).tolist()) == "lead"
    numbers = vocabulary.target(TextPair("", "lüd")).tolist()
    assert numbers[1] == UNKNOWN
    assert vocabulary.text(numbers) == f"l{LACKING}d"
    assert vocabulary.text(numbers, ["ü"]) == "lüd"
    spaced = vocabulary_of(pairs=[TextPair("ad", "ɒ d"), TextPair("abba", "ɒ bː ɒ")])
    assert spaced.text(spaced.target(TextPair("", "bː  ɒ")).tolist()) == "bː ɒ"


def test_a_symbol_is_copied_as_itself() -> None:
    vocabulary = vocabulary_of()
    sources, copied = vocabulary.sources, vocabulary.copied
    assert copied.shape == (sources.rows,)
    for value, row in sources.ids.items():
        assert copied[row] == vocabulary.targets.ids.get(value, UNKNOWN)
    assert copied[sources.ids["\t0\tVERB"]] == copied[0] == UNKNOWN


def test_what_is_kept_is_read_again() -> None:
    for settings in ((), ("source.reversed=true", "source.doubled=true")):
        vocabulary = vocabulary_of(*settings)
        again = SymbolVocabulary.from_json(vocabulary.to_json())
        assert again.to_json() == vocabulary.to_json()
        assert again.symbols(PAIRS[0]) == vocabulary.symbols(PAIRS[0])
    values = vocabulary.to_json()
    for change in (
        {"source_cut": "words"},
        {"doubled": 1},
        {"sources": {"values": [""], "first_singleton": 2}},
    ):
        with pytest.raises(ValueError, match=r"cuts texts|order of its sources|symbols is empty"):
            SymbolVocabulary.from_json(values | change)


def test_the_map_is_in_the_order_of_the_source() -> None:
    """Weights on both readings of a source that is read twice are added up."""
    vocabulary = vocabulary_of("source.doubled=true", "source.reversed=true")
    read_symbols, places = vocabulary.symbols(TextPair("led", "", ("VERB",)))
    looks = np.arange(9, dtype=np.float32)[None]
    names, weights = _columns(read_symbols, places, looks)
    assert names == ["VERB", "l", "e", "d", "end"]
    assert weights.tolist() == [[0, 3 + 7, 2 + 6, 1 + 5, 4 + 8]]


def test_symbols_are_cut_at_spaces_alone() -> None:
    """U+00A0 and U+3000 are data, as everywhere; a target of nothing else would have no symbols."""
    assert cut(" a\u00a0b  \u3000 ", "spaces") == ["a\u00a0b", "\u3000"]


def test_errors_are_the_answers_that_do_not_count_as_right() -> None:
    pair = TextPair("a", " x  y ", line=1)
    answers = [Answer(pair, (TransducedText(text, 0.5),)) for text in ("x y", "x z")]
    vocabulary = SymbolVocabulary.learnt(
        [pair] * 2, fill_in(config_of(), corpora([pair])), PairOptions("tsv")
    )
    found = score([pair] * 2, answers, vocabulary, "exact_match", "")
    written = io.StringIO()
    PairEvaluation(found, "m", "p", [pair] * 2, answers, 1.0, (), vocabulary.target_cut).write_errors(written)
    assert found.exact == 1
    assert [json.loads(row)["predicted"] for row in written.getvalue().splitlines()] == ["x z"]
