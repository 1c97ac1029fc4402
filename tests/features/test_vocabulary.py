"""Words and tags as numbers: what is looked up, what is unknown, and nothing is lost through JSON."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.conventions import Conventions
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, allowed, parse_scheme, spans
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.features.indexers.base import PADDING, RESERVED, UNKNOWN, Resources, pad
from seqtag.features.tags import legal_sequences, tag_inventory
from seqtag.features.vectors import Vectors
from seqtag.features.vocabulary import Vocabulary, fit_indexers
from seqtag.features.word_lists import ListTable
from seqtag.inference.lattice import joins
from seqtag.settings import registry
from seqtag.settings.config import (
    BigramSettings,
    Config,
    DataSettings,
    EmbeddingSettings,
    ListSettings,
    WordSettings,
)

TOKENS = [
    ["the", "Rain", "in", "Spain", "fell", "in", "1999"],
    ["the", "rain", "of", "2001", "the", "7"],
    ["Bonn"],
]


def sentence(tokens: Sequence[str]) -> Sentence:
    """A sentence with two extra columns: the first letter of each token, and the last; and one of numbers."""
    columns = tuple(t[:1] for t in tokens), tuple(t[-1:] for t in tokens)
    return Sentence(tuple(tokens), columns=columns, numbers=(tuple(float(len(t)) for t in tokens),))


class Words:
    """A word indexer over plain lists of tokens."""

    def __init__(self, sentences: Sequence[Sequence[str]], **settings: Any) -> None:
        config = Config(embeddings=EmbeddingSettings(word=WordSettings(**settings)))
        kind = registry.load(registry.EMBEDDINGS, "word", "features")
        self.part = kind.fit([sentence(row) for row in sentences], config, Resources())
        self.words = self.part.table.values
        self.unknown = self.part.unknown

    def index(self, tokens: Sequence[str]) -> Any:
        return self.part.index(sentence(tokens))

    def show(self, *sentences: Sequence[str], seed: int | None = None) -> Any:
        """The words as the network sees them: in training if there is a seed."""
        rows = [self.index(tokens) for tokens in sentences]
        random = None if seed is None else np.random.default_rng(seed)
        return self.part.collate(rows, max(map(len, sentences)), random)["words"]


fit = Words


def words_of(indexer: Words, tokens: Sequence[str]) -> list[str]:
    names = ("<padding>", "<unknown>", *indexer.words)
    return [names[number] for number in indexer.index(tokens)]


def test_words_stand_by_falling_frequency_then_by_name() -> None:
    indexer = fit(TOKENS, normalize_digits=False)
    assert indexer.words == ("the", "in", "1999", "2001", "7", "Bonn", "Rain", "Spain", "fell", "of", "rain")
    assert indexer.part.sizes == {"rows": RESERVED + 11}
    assert indexer.index(["the", "in", "rain"]).tolist() == [2, 3, 12]


def test_the_order_of_the_sentences_changes_nothing() -> None:
    assert fit(TOKENS).part.to_json() == fit([row[::-1] for row in TOKENS[::-1]]).part.to_json()


def test_a_word_is_looked_up_as_it_is_then_in_lower_case() -> None:
    indexer = fit(TOKENS)
    found = words_of(indexer, ["Rain", "rain", "RAIN", "The", "THE", "SPAIN", "bonn", "snow"])
    assert found == ["Rain", "rain", "rain", "the", "the", "<unknown>", "<unknown>", "<unknown>"]


def test_digits_are_read_as_0() -> None:
    indexer = fit([["in", "1999", "2001", "B52", "7"]])
    assert words_of(indexer, ["1876", "b52", "B77", "9", "0000", "12"]) == [
        "0000", "<unknown>", "B00", "0", "0000", "<unknown>",
    ]  # fmt: skip
    assert words_of(fit([["b52"]]), ["B99", "b99"]) == ["b00", "b00"]
    assert indexer.words[0] == "0000"  # counted together: seen twice


def test_with_digits_as_0_a_word_is_still_looked_up_as_it_is_first() -> None:
    indexer = fit([["B52", "b52", "b52", "C3", "c4", "c4", "c4"]])
    assert words_of(indexer, ["B77", "b77", "C9", "c9"]) == ["B00", "b00", "C0", "c0"]


def test_digits_stay_if_so_wished() -> None:
    indexer = fit([["in", "1999", "7"]], normalize_digits=False)
    assert words_of(indexer, ["1999", "1998", "7", "8"]) == ["1999", "<unknown>", "7", "<unknown>"]


def test_only_ascii_digits_are_digits() -> None:
    assert fit([["٣", "x²"]]).words == ("x²", "٣")


def test_a_vector_of_its_own_only_from_min_count_on() -> None:
    sentences = [["a", "a", "a", "b", "b", "c"]]
    assert fit(sentences, min_count=1).words == ("a", "b", "c")
    assert fit(sentences, min_count=2).words == ("a", "b")
    assert fit(sentences, min_count=3).words == ("a",)
    assert words_of(fit(sentences, min_count=3), ["a", "b"]) == ["a", "<unknown>"]


def test_min_count_counts_words_with_their_digits_read_as_0() -> None:
    assert fit([["1999", "2001"]], min_count=2).words == ("0000",)


def test_an_index_is_never_padding() -> None:
    assert (fit(TOKENS).index(["the", "snow", "", "0", " "]) != PADDING).all()
    assert fit(TOKENS).index(["the"]).dtype == np.int32


@given(st.lists(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=8), min_size=1, max_size=8))
def test_every_word_of_the_training_file_is_known(sentences: list[list[str]]) -> None:
    indexer = fit(sentences)
    assert len(set(indexer.words)) == len(indexer.words)
    for tokens in sentences:
        numbers = indexer.index(tokens)
        assert ((numbers >= RESERVED) & (numbers < indexer.part.sizes["rows"])).all()
        assert indexer.unknown(tokens) == 0


def test_without_a_size_there_are_no_words() -> None:
    config = Config(embeddings=EmbeddingSettings(word=WordSettings(dim=0)))
    assert "word" not in fit_indexers([sentence(TOKENS[0])], config, Resources())


def test_unknown_words_are_counted() -> None:
    assert fit(TOKENS).unknown(["the", "snow", "THE", "1234", "12", "snow"]) == 3


def test_a_batch_is_padded_on_the_right() -> None:
    rows = [np.array([5], np.int32), np.array([6, 7, 8], np.int32)]
    assert pad(rows, 4).tolist() == [[5, 0, 0, 0], [6, 7, 8, 0]]
    assert pad(rows, 3).dtype == np.int32


# ------------------------------------------------------------------------------------------------------------
# Words seen once are shown as unknown in training


def test_singletons_are_hidden_only_in_training() -> None:
    indexer = fit([["twice", "twice", "once", "one"]], unknown_rate=1.0)
    twice, once, one = (indexer.index([word])[0] for word in ("twice", "once", "one"))
    assert indexer.show(["twice", "once", "twice"], ["one"]).tolist() == [[twice, once, twice], [one, 0, 0]]
    assert indexer.show(["twice", "once", "twice"], ["one"], seed=1).tolist() == [
        [twice, UNKNOWN, twice],
        [UNKNOWN, 0, 0],
    ]


def test_hiding_words_leaves_the_sentence_as_it_was() -> None:
    indexer = fit([["once"]], unknown_rate=1.0)
    rows = [indexer.index(["once", "once"])]
    indexer.part.collate(rows, 2, np.random.default_rng(1))
    assert (rows[0] == indexer.index(["once", "once"])).all()
    assert UNKNOWN not in rows[0]


def test_singletons_are_hidden_at_the_given_rate() -> None:
    indexer = fit([["twice", "twice", "once"]], unknown_rate=0.3)
    once, twice = indexer.index(["once", "twice"])
    shown = indexer.show(["once", "twice"] * 5000, seed=7)[0]
    assert (shown[1::2] == twice).all()
    assert abs((shown[::2] == UNKNOWN).mean() - 0.3) < 0.03
    assert set(shown[::2].tolist()) == {UNKNOWN, int(once)}


def test_at_rate_0_nothing_is_hidden() -> None:
    assert UNKNOWN not in fit([["once"]], unknown_rate=0.0).show(["once"] * 50, seed=1)


def test_numbers_alike_but_for_their_digits_are_no_singletons() -> None:
    indexer = fit([["1", "2", "once"]], unknown_rate=1.0)
    assert indexer.show(["3", "once"], seed=1).tolist() == [[indexer.index(["0"])[0], UNKNOWN]]


def test_with_min_count_no_word_is_a_singleton() -> None:
    assert UNKNOWN not in fit([["a", "a", "b"]], min_count=2, unknown_rate=1.0).show(["a", "a"], seed=1)


def test_what_is_hidden_is_a_function_of_the_generator() -> None:
    tokens = [chr(0x4E00 + number) for number in range(99)]
    indexer = fit([tokens])
    first, second, third = (indexer.show(tokens, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == second != third


# ------------------------------------------------------------------------------------------------------------
# The contract of every indexer

SENTENCES = [sentence(tokens) for tokens in TOKENS]
UNSEEN = [sentence(["Snow"]), sentence(["the", "RAIN", "1876", "naïve", "ﬁ", "🌧"])]


class Initials:
    """A language model of one layer, whose states are the number of the word's first letter and the word's place."""

    layers, width = 1, 2

    def read(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        return [
            np.array([[[ord(token[0]) / 2**16, at]] for at, token in enumerate(tokens)], np.float32)
            for tokens in sentences
        ]


RESOURCES = Resources(
    vectors=Vectors.from_words(["the", "rain", "naïve", "theRain"], np.eye(4, 3, dtype=np.float32)),
    states=Initials(),
    lists=(ListTable.of([["the", "rain"], ["rain"]]), ListTable.of([["spain"]])),
)
EVERYTHING = Config(
    data=DataSettings(feature_columns="2,3"),
    embeddings=EmbeddingSettings(
        bigrams=BigramSettings(enabled="yes"), lists=ListSettings(files=("weather.txt", "places.txt"))
    ),
)


@pytest.fixture(params=registry.EMBEDDINGS)
def indexer(request: pytest.FixtureRequest) -> Any:
    found = registry.load(registry.EMBEDDINGS, request.param, "features").fit(
        SENTENCES, EVERYTHING, RESOURCES
    )
    assert found is not None, "EVERYTHING leaves the part out: say there what brings it in"
    return found


def test_an_indexer_goes_through_json(indexer: Any) -> None:
    values = json.loads(json.dumps(indexer.to_json()))
    again = type(indexer).from_json(values, RESOURCES)
    assert again.to_json() == indexer.to_json()
    assert again.sizes == indexer.sizes
    for training in (False, True):
        one, other = (
            part.collate(
                [part.index(row) for row in SENTENCES + UNSEEN],
                7,
                np.random.default_rng(3) if training else None,
            )
            for part in (indexer, again)
        )
        assert one.keys() == other.keys()
        assert all((one[name] == other[name]).all() for name in one)


def test_an_indexer_keeps_one_entry_a_token(indexer: Any) -> None:
    """So that a sentence can be cut, once it is indexed."""
    for row in SENTENCES + UNSEEN:
        whole = indexer.index(row)
        assert len(whole) == len(row)
        assert len(whole[:1]) == 1


def test_what_is_kept_can_be_cut_and_batched(indexer: Any) -> None:
    rows = [indexer.index(row) for row in SENTENCES]
    kept = indexer.keep(rows)
    assert [len(row) for row in kept] == [len(row) for row in SENTENCES]
    assert [len(row[1:3]) for row in kept] == [len(row.tokens[1:3]) for row in SENTENCES]
    computed, again = (indexer.collate(some, 7, None) for some in (rows, kept))
    assert computed.keys() == again.keys()
    for name in computed:
        np.testing.assert_allclose(computed[name], again[name], rtol=1e-3)


def test_training_looks_at_chance_and_tagging_does_not(indexer: Any) -> None:
    rows = [indexer.index(row) for row in SENTENCES]
    first, second = indexer.collate(rows, 7, None), indexer.collate(rows, 7, None)
    assert all((first[name] == second[name]).all() for name in first)
    first, second = (indexer.collate(rows, 7, np.random.default_rng(3)) for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)


def test_all_indexers_together_give_a_batch() -> None:
    vocabulary = make_vocabulary()
    batch = vocabulary.collate([vocabulary.index(row) for row in SENTENCES])
    assert batch["lengths"].tolist() == [7, 6, 1]
    assert batch["lengths"].dtype == np.int32
    assert batch["words"].shape == (3, 7)
    assert batch["words"][0].tolist() == vocabulary.indexers["word"].index(SENTENCES[0]).tolist()


def test_no_two_indexers_give_an_array_of_the_same_name() -> None:
    indexers = fit_indexers(SENTENCES, EVERYTHING, RESOURCES)
    assert list(indexers) == list(registry.EMBEDDINGS)
    names = [
        name
        for indexer in indexers.values()
        for name in indexer.collate([indexer.index(SENTENCES[0])], 7, None)
    ]
    assert len(names) == len({*names, "lengths"}) - 1


def test_only_training_hides_words() -> None:
    vocabulary = make_vocabulary()
    rows = [vocabulary.index(row) for row in SENTENCES]
    assert not (vocabulary.collate(rows)["words"] == UNKNOWN).any()
    assert (vocabulary.collate(rows, np.random.default_rng(1))["words"] == UNKNOWN).any()


# ------------------------------------------------------------------------------------------------------------
# The vocabulary and its tags


def make_vocabulary(**changes: Any) -> Vocabulary:
    return Vocabulary(
        **{
            "indexers": fit_indexers(SENTENCES, EVERYTHING, RESOURCES),
            "scheme": parse_scheme("bmes"),
            "train_scheme": parse_scheme("bilou"),
            "tags": ("O", "B-x", "I-x", "L-x", "U-x"),
            "tag_counts": {"S-x": 3, "O": 12},
            "tokenizer": Tokenizer("word", hyphens=True),
        }
        | changes
    )


def test_the_vocabulary_goes_through_json() -> None:
    """Every field comes back, those that are added later as well."""
    vocabulary = make_vocabulary(
        drop_places=True,
        reading=ReadOptions("conll", 2, "upos", ("2", "3"), numeric_columns=("4",)),
        conventions=Conventions("NFD", True, {"(": "-lrb-", "\u201c": "``"}, {"&": "&amp;"}),
        cuts_raw_text=False,
    )
    again = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())), RESOURCES)
    assert again.to_json() == vocabulary.to_json()
    assert list(again.indexers) == list(vocabulary.indexers)
    for entry in dataclasses.fields(Vocabulary):
        if entry.name != "indexers":
            assert getattr(again, entry.name) == getattr(vocabulary, entry.name)
            assert entry.name == "reading" or entry.name in vocabulary.to_json()
    assert list(again.tag_counts) == ["S-x", "O"]  # in the order of the training file


def test_conventions_came_later_and_are_written_where_there_are_some() -> None:
    """A vocabulary of ASCII alone has the usual normal form without a word; one of other words has none."""
    reading = ReadOptions(feature_columns=("2", "3"), numeric_columns=("4",))
    plain = make_vocabulary(reading=reading)
    assert plain.to_json()["conventions"] == {}
    usual = make_vocabulary(reading=reading, conventions=Conventions("NFC"))
    assert "conventions" not in usual.to_json()
    for vocabulary in (plain, usual):
        again = Vocabulary.from_json(vocabulary.to_json(), RESOURCES)
        assert again.conventions == vocabulary.conventions
    values = usual.to_json()
    values["indexers"]["word"]["table"]["values"][0] = "\u00e9"
    assert Vocabulary.from_json(values, RESOURCES).conventions == Conventions()
    for wrong in ({"normal_form": "NFX"}, {"quotes": ["''"]}, {"signs": {"(": "x"}}, {"escapes": {"(": "x"}}):
        with pytest.raises(ValueError, match="that seqtag knows"):
            Vocabulary.from_json({**values, "conventions": wrong}, RESOURCES)
    with pytest.raises(AttributeError):
        Vocabulary.from_json({**values, "conventions": []}, RESOURCES)


def test_the_format_of_the_corpus_came_later() -> None:
    values = make_vocabulary(
        reading=ReadOptions(feature_columns=("2", "3"), numeric_columns=("4",))
    ).to_json()
    assert Vocabulary.from_json({**values, "format": "conllu"}, RESOURCES).reading.format == "conllu"
    del values["format"]
    assert Vocabulary.from_json(values, RESOURCES).reading.format == "auto"
    with pytest.raises(ValueError, match="the format of its corpus is unknown"):
        Vocabulary.from_json({**values, "format": "xml"}, RESOURCES)


def test_it_knows_as_many_columns_of_numbers_as_it_reads() -> None:
    values = make_vocabulary(reading=ReadOptions(feature_columns=("2", "3"))).to_json()
    assert "numeric_columns" not in values
    for wrong in ([], ["4", "5"]):
        with pytest.raises(ValueError, match="as many numeric columns as it reads"):
            Vocabulary.from_json({**values, "numeric_columns": wrong}, RESOURCES)


def test_skipped_rows_came_later() -> None:
    values = make_vocabulary(
        reading=ReadOptions(feature_columns=("2", "3"), numeric_columns=("4",), skip_rows=2)
    ).to_json()
    assert Vocabulary.from_json(values, RESOURCES).reading.skip_rows == 2
    for wrong in (-1, True, "1", 1.0):
        with pytest.raises(ValueError, match="the rows to skip are not a number of them"):
            Vocabulary.from_json({**values, "skip_rows": wrong}, RESOURCES)
    assert "skip_rows" not in make_vocabulary().to_json()


@pytest.mark.parametrize("name", ["tag_spelling", "outside_tag"])
@pytest.mark.parametrize("written", ["B\x1bTYPE", "B\x85TYPE", "B\ud800TYPE"])
def test_the_spelling_of_a_stranger_steers_no_terminal(name: str, written: str) -> None:
    values = make_vocabulary().to_json() | {name: written}
    with pytest.raises(ValueError, match=r"control character|surrogates|the tag spelling is"):
        Vocabulary.from_json(values, RESOURCES)


@pytest.mark.parametrize("gone", ["scheme", "tags", "indexers", "tokenizer"])
def test_a_vocabulary_with_something_missing_is_none(gone: str) -> None:
    values = make_vocabulary().to_json()
    del values[gone]
    with pytest.raises(KeyError):
        Vocabulary.from_json(values, RESOURCES)


def test_what_a_scheme_allows_as_arrays() -> None:
    scheme = parse_scheme("bioes")
    tags = tag_inventory(["S-x", "S-y"], scheme)
    start, transitions, end = legal_sequences(tags, scheme) or ()
    assert {tag for tag, legal in zip(tags, start, strict=True) if legal} == {"O", "B-x", "S-x", "B-y", "S-y"}
    assert {tag for tag, legal in zip(tags, end, strict=True) if legal} == {"O", "E-x", "S-x", "E-y", "S-y"}
    after = {tag for tag, legal in zip(tags, transitions[tags.index("B-x")], strict=True) if legal}
    assert after == {"I-x", "E-x"}
    assert transitions[tags.index("I-x"), tags.index("E-x")] == allowed("I-x", "E-x", scheme)
    assert legal_sequences(("B-x",), parse_scheme("plain")) is None


@pytest.mark.parametrize("name", ["iob1", "bio", "bioes", "bmes", "bilou"])
def test_all_pairs_of_tags(name: str) -> None:
    """What takes no call for each of them, of which a stranger's model can have hundreds of millions."""
    scheme = parse_scheme(name)
    tags = tag_inventory(["B-x", "B-y", "B-a-b", "B", "O"], scheme)
    _, transitions, _ = legal_sequences(tags, scheme) or ()
    assert transitions.tolist() == [[allowed(one, two, scheme) for two in tags] for one in tags]
    found = [[spans([one, two], scheme)[:1] == [(0, 2, one[2:])] for two in tags] for one in tags]
    assert joins(tags, scheme).tolist() == found


@pytest.mark.parametrize("column", [True, 0, 2.0, "z z", "0", "", "form\nform", "9" * 5000, 10**12, [1]])
def test_columns_that_no_reader_knows(column: Any) -> None:
    for name in ("token_column", "tag_column"):
        with pytest.raises(ValueError, match="its columns are neither numbers nor names"):
            Vocabulary.from_json(make_vocabulary().to_json() | {name: column}, RESOURCES)


@pytest.mark.parametrize("column", [None, 1, -1, 120, "7", "-2", "form", "UPOS", "misc:name", "PARSEME:MWE"])
def test_columns_that_some_reader_knows(column: Any) -> None:
    columns = {"tag_column": column, "feature_columns": ["2", "3"], "numeric_columns": ["4"]}
    values = make_vocabulary().to_json() | columns
    assert Vocabulary.from_json(values, RESOURCES).reading.tag_column == column


@pytest.mark.parametrize(
    ("name", "seen", "tags"),
    [
        ("iob1", ["O", "I-PER"], ["O", "B-PER", "I-PER"]),
        ("bio", ["O", "B-PER"], ["O", "B-PER", "I-PER"]),
        ("bio", ["I-LOC", "B-PER", "O"], ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]),
        ("bioes", ["S-x-y"], ["O", "B-x-y", "I-x-y", "E-x-y", "S-x-y"]),
        ("bmes", ["M-x", "O"], ["O", "B-x", "M-x", "E-x", "S-x"]),
        ("bmewo", ["W-x"], ["O", "B-x", "M-x", "E-x", "W-x"]),
        ("bilou", ["L-x"], ["O", "B-x", "I-x", "L-x", "U-x"]),
        ("bmes", ["B", "E", "S"], ["O", "B", "M", "E", "S"]),
        ("bio", ["B", "B-x"], ["O", "B", "I", "B-x", "I-x"]),
        ("bio", ["O"], ["O"]),
        ("plain", ["NOUN", "ADJ", "NOUN", "O"], ["ADJ", "NOUN", "O"]),
        ("plain", ["B-x"], ["B-x"]),
    ],
)
def test_the_networks_tags(name: str, seen: list[str], tags: list[str]) -> None:
    scheme: Scheme = parse_scheme(name)
    assert tag_inventory(seen, scheme) == tuple(tags)
    assert tag_inventory(reversed(seen * 2), scheme) == tuple(tags)
