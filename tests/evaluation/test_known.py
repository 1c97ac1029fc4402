"""What training held: learnt from a corpus here, and read as a model folder keeps it."""

import json

import pytest

from seqtag.corpora import tags
from seqtag.corpora.reading import Corpus, Sentence
from seqtag.corpora.tags import Span
from seqtag.evaluation.known import Known, learn, surface
from seqtag.tasks.tagging import prepare
from seqtag.tasks.tagging.splits import Corpora

BIOES = tags.parse_scheme("bioes")
SENTENCES = [("Ana", "Ruiz", "flew"), ("Ana", "Oslo", "Ana"), ("home",)]
TAGS = [("B-PER", "E-PER", "O"), ("S-PER", "S-LOC", "S-PER"), ("O",)]
LEARNT = Known(
    frozenset({"Ana", "Ruiz", "flew", "Oslo", "home"}),
    {"PER": frozenset({"Ana", "Ana Ruiz"}), "LOC": frozenset({"Oslo"})},
    {"Ana": 3, "Ruiz": 1, "flew": 1, "Oslo": 1, "home": 1},
    {"PER": {"Ana": 2, "Ana Ruiz": 1}, "LOC": {"Oslo": 1}},
)


def test_words_and_entities_of_a_corpus() -> None:
    assert learn(SENTENCES, TAGS, BIOES) == LEARNT
    assert learn([], [], BIOES) == Known(frozenset(), {}, {}, {})


def test_a_model_folder_says_the_same() -> None:
    sentences = tuple(map(Sentence, SENTENCES, TAGS))
    corpus = Corpus("train", sentences)
    written = prepare.known(Corpora(corpus, corpus, None, False, BIOES))
    assert Known.from_json(json.loads(json.dumps(written))) == LEARNT


def test_one_corpus_after_another() -> None:
    later = learn([("Ana", "Oslo", "went")], [("S-LOC", "S-LOC", "O")], BIOES)
    found = LEARNT + later
    assert found.words == LEARNT.words | {"went"}
    assert found.entities == {"PER": {"Ana", "Ana Ruiz"}, "LOC": {"Oslo", "Ana"}}
    assert found.word_counts == {"Ana": 4, "Ruiz": 1, "flew": 1, "Oslo": 2, "home": 1, "went": 1}
    assert found.entity_counts == {"PER": {"Ana": 2, "Ana Ruiz": 1}, "LOC": {"Oslo": 2, "Ana": 1}}
    assert Known.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert (LEARNT + Known(later.words, later.entities)).entity_counts is None
    assert (LEARNT + LEARNT).word_counts == {"Ana": 6, "Ruiz": 2, "flew": 2, "Oslo": 2, "home": 2}


def test_plain_tags_say_nothing_of_entities() -> None:
    assert learn([("a", "b")], [("B-X", "O")], tags.parse_scheme("plain")) == Known(
        frozenset({"a", "b"}), None, {"a": 1, "b": 1}
    )
    assert Known.from_json({"words": ["a"], "entities": {}}, spans=False) == Known(frozenset("a"), None)


@pytest.mark.parametrize(
    "value",
    [None, [], {"words": ["a"]}, {"entities": {}}, {"words": "a", "entities": {}},
     {"words": [["a"]], "entities": {}}, {"words": [], "entities": {"A": {"b": "c"}}},
     {"words": [], "entities": {"A": [1]}}],
)  # fmt: skip
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected lists of words"):
        Known.from_json(value)


@pytest.mark.parametrize(
    "counts",
    [{"word_counts": [1]}, {"word_counts": [1, 0]}, {"word_counts": [1, True]}, {"word_counts": {"a": 1}},
     {"entity_counts": {"B": [1]}}, {"entity_counts": [1]}, {"entity_counts": {"A": [1, 1]}}],
)  # fmt: skip
def test_counts_that_are_not_those_of_the_words_are_refused(counts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"expected (a count|counts)"):
        Known.from_json({"words": ["a", "b"], "entities": {"A": ["a"]}} | counts)


def test_counts_of_two_corpora_are_not_known_unless_they_are_the_same() -> None:
    assert LEARNT | LEARNT == LEARNT
    both = LEARNT | learn(SENTENCES[:1], TAGS[:1], BIOES)
    assert (both.words, both.word_counts, both.entity_counts) == (LEARNT.words, None, None)


def test_surface() -> None:
    assert surface(["a", "b", "c", "d"], Span(1, 3, "X")) == "b c"
