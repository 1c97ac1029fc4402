"""The tables of mistakes: hand-made corpora, and sums that have to be the score's."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora import tags
from seqtag.corpora.tags import Span
from seqtag.evaluation.analysis import Analysis, Classes, Wrong, analyse
from seqtag.evaluation.counts import Counts
from seqtag.evaluation.familiarity import Familiarity, Hits, Words
from seqtag.evaluation.known import Known
from seqtag.evaluation.lengths import Bucket
from seqtag.evaluation.matching import Match
from seqtag.evaluation.scoring import Score, score

BIO = tags.parse_scheme("bio")
PLAIN = tags.parse_scheme("plain")
SCHEMES = {
    "iob1": ["O", "I-A", "B-A", "I-B", "B-B"],
    "bio": ["O", "I-A", "B-A", "I-B", "B-B", "I", "B"],
    "bioes": ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "E-B", "S-_", "B"],
    "plain": ["DET", "NOUN", "O"],
}
Rows = list[list[str]]


def rows(*text: str) -> Rows:
    return [sentence.split() for sentence in text]


def of(gold: Rows, predicted: Rows, sentences: Rows | None = None, **options: Any) -> Analysis:
    tokens = sentences or [[f"t{place}" for place in range(len(row))] for row in gold]
    return analyse(gold, predicted, tokens, BIO, **options)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Rows, Rows, Rows]:
    """A scheme, gold and predicted tags, often ill-formed, and tokens."""
    scheme = draw(st.sampled_from(sorted(SCHEMES)))
    pair = st.tuples(*[st.sampled_from(SCHEMES[scheme])] * 2, st.sampled_from("abcd"))
    # Twice as many tokens as a list of that many entries, so that long sentences are met as well.
    drawn = draw(st.lists(st.lists(pair, max_size=12).map(lambda row: row * draw(st.sampled_from([1, 8])))))
    columns = [[[entry[column] for entry in row] for row in drawn] for column in range(3)]
    return (scheme, *columns)


class TestClasses:
    GOLD = rows("B-P I-P O B-P I-P", "B-L B-L", "B-L I-L O O", "B-L I-L O B-P")
    PREDICTED = rows("B-P I-P O B-P O", "B-P B-L", "O B-P B-P O", "O O B-L O")
    # correct P, boundary P; type L->P, correct L; both L->P (and no spurious P: the two touch, I-L with B-P
    # only), spurious P; missed L, spurious L, missed P.

    def test_each_class(self) -> None:
        found = of(self.GOLD, self.PREDICTED)
        assert found.spans
        assert found.classes == Classes(2, 1, 1, 1, 2, 2)
        assert found.gold_types == {
            "L": Classes(correct=1, type=1, boundary_and_type=1, missed=1),
            "P": Classes(correct=1, boundary=1, missed=1),
        }
        assert found.predicted_types == {
            "L": Classes(correct=1, spurious=1),
            "P": Classes(correct=1, boundary=1, type=1, boundary_and_type=1, spurious=1),
        }

    def test_confusion_of_types_and_of_no_span(self) -> None:
        found = of(self.GOLD, self.PREDICTED)
        assert found.confusion == {
            ("P", "P"): 2, ("L", "P"): 2, ("L", "L"): 1, ("L", None): 1, ("P", None): 1,
            (None, "L"): 1, (None, "P"): 1,
        }  # fmt: skip
        assert found.confusions == [
            ("L", "P", 2), (None, "L", 1), (None, "P", 1), ("L", None, 1), ("P", None, 1),
        ]  # fmt: skip

    def test_the_mistakes_in_the_order_of_the_text(self) -> None:
        assert of(self.GOLD, self.PREDICTED).wrong == (
            Wrong(0, Match(Span(3, 5, "P"), Span(3, 4, "P"))),
            Wrong(1, Match(Span(0, 1, "L"), Span(0, 1, "P"))),
            Wrong(2, Match(Span(0, 2, "L"), Span(1, 2, "P"))),
            Wrong(2, Match(None, Span(2, 3, "P"))),
            Wrong(3, Match(Span(0, 2, "L"), None)),
            Wrong(3, Match(None, Span(2, 3, "L"))),
            Wrong(3, Match(Span(3, 4, "P"), None)),
        )

    def test_leftovers_beside_an_answered_span_are_counted(self) -> None:
        found = of(rows("B-A B-A", "B-A I-A", "B-A"), rows("B-A I-A", "B-A B-A", "O"))
        assert found.classes == Classes(
            boundary=2, missed=2, spurious=1, missed_overlapped=1, spurious_overlapped=1
        )

    def test_sums(self) -> None:
        classes = Classes(1, 2, 4, 8, 16, 32)
        assert (classes.matched, classes.gold, classes.predicted, classes.wrong) == (15, 31, 47, 62)

    def test_a_type_without_a_name_is_as_in_the_score(self) -> None:
        found = of(rows("B I O"), rows("B O B"))
        assert list(found.gold_types) == list(found.predicted_types) == [""]
        assert found.wrong[0].match == Match(Span(0, 2, ""), Span(0, 1, ""))
        mixed = of(rows("B I O B-_"), rows("O O O B-_"))
        assert list(mixed.gold_types) == list(score(rows("B I O B-_"), rows("O O O B-_"), BIO).types)


class TestLengths:
    def test_entities_by_their_own_length(self) -> None:
        gold = rows("B-A", "B-A I-A", "B-A I-A I-A I-A I-A I-A", "B-A " + "I-A " * 8)
        predicted = rows("B-A", "B-A O", "B-A I-A I-A I-A I-A I-A", "B-A " + "I-A " * 7 + "O")
        assert of(gold, predicted).entity_lengths == {
            "1": Counts(1, 2, 1),
            "2": Counts(0, 0, 1),
            "6-8": Counts(1, 2, 1),
            "9+": Counts(0, 0, 1),
        }

    def test_every_bucket_of_entities(self) -> None:
        gold = [["B-A"] + ["I-A"] * (length - 1) for length in range(1, 12)]
        found = of(gold, gold).entity_lengths
        assert {name: counts.gold for name, counts in found.items()} == {
            "1": 1, "2": 1, "3": 1, "4-5": 2, "6-8": 3, "9+": 3,
        }  # fmt: skip

    def test_every_bucket_of_sentences(self) -> None:
        gold = [["B-A"] * length for length in range(1, 84)]
        found = of(gold, gold).sentence_lengths
        assert {name: bucket.sentences for name, bucket in found.items()} == {
            "1-10": 10, "11-20": 10, "21-40": 20, "41-80": 40, "81+": 3,
        }  # fmt: skip
        assert found["1-10"].counts == Counts(55, 55, 55)

    def test_sentences(self) -> None:
        gold = rows("B-A O", "O " * 10 + "B-A", "O " * 11)
        predicted = rows("B-A B-A", "O " * 11, "O " * 11)
        assert of(gold, predicted).sentence_lengths == {
            "1-10": Bucket(1, Counts(1, 2, 1)),
            "11-20": Bucket(2, Counts(0, 0, 1)),
        }


class TestKnown:
    KNOWN = Known(
        frozenset({"New", "York", "Times", "Ana"}),
        {"LOC": frozenset({"New York"}), "PER": frozenset({"Ana"}), "": frozenset({"it"})},
    )

    def test_entities(self) -> None:
        sentences = rows("New York , York Times , Ana , Ana Wu , Li Wu")
        gold = rows("B-LOC I-LOC O B-ORG I-ORG O B-PER O B-PER I-PER O B-PER I-PER")
        predicted = rows("B-LOC I-LOC O O O O O O B-PER I-PER O B-PER I-PER")
        found = of(gold, predicted, sentences, known=self.KNOWN)
        assert found.entities == Familiarity(
            known=Hits(1, 2),
            unseen=Hits(2, 3),
            all_words=Hits(0, 1),
            some_words=Hits(1, 1),
            no_words=Hits(1, 1),
        )
        assert found.words is None

    def test_known_with_another_label_is_unseen(self) -> None:
        found = of(rows("B-ORG I-ORG"), rows("B-ORG I-ORG"), rows("New York"), known=self.KNOWN)
        assert found.entities is not None
        assert (found.entities.known, found.entities.unseen) == (Hits(0, 0), Hits(1, 1))
        assert found.entities.all_words == Hits(1, 1)

    def test_only_the_right_span_is_found(self) -> None:
        for predicted in ("B-LOC O", "B-ORG I-ORG"):
            found = of(rows("B-LOC I-LOC"), rows(predicted), rows("New York"), known=self.KNOWN)
            assert found.entities is not None
            assert found.entities.known == Hits(0, 1)

    def test_a_label_without_a_name(self) -> None:
        found = of(rows("B O"), rows("B O"), rows("it is"), known=self.KNOWN)
        assert found.entities is not None
        assert found.entities.known == Hits(1, 1)

    def test_words_of_plain_tags(self) -> None:
        found = analyse(rows("D N N"), rows("D D N"), rows("New york Ana"), PLAIN, known=self.KNOWN)
        assert found.words == Words(known=Hits(2, 2), unseen=Hits(0, 1))
        assert found.entities is None

    def test_nothing_known_is_no_table(self) -> None:
        assert of(rows("B-A"), rows("B-A")).entities is None
        assert of(rows("B-A"), rows("B-A"), known=Known(frozenset("a"), None)).entities is None
        assert analyse(rows("D"), rows("D"), rows("a"), PLAIN).words is None

    def test_share(self) -> None:
        assert Hits(1, 4).share == 0.25
        assert Hits(0, 0).share == 0.0


class TestPlainTags:
    GOLD = rows("D N V D N", "N " * 11)
    PREDICTED = rows("D V V D V", "N " * 10 + "D")

    def test_confusion(self) -> None:
        found = analyse(self.GOLD, self.PREDICTED, self.GOLD, PLAIN)
        assert not found.spans
        assert found.confusion == {
            ("D", "D"): 2, ("N", "V"): 2, ("V", "V"): 1, ("N", "N"): 10, ("N", "D"): 1,
        }  # fmt: skip
        assert found.confusions == [("N", "V", 2), ("N", "D", 1)]

    def test_a_wrong_tag_is_a_mistake_of_one_token(self) -> None:
        found = analyse(self.GOLD, self.PREDICTED, self.GOLD, PLAIN)
        assert found.wrong == (
            Wrong(0, Match(Span(1, 2, "N"), Span(1, 2, "V"))),
            Wrong(0, Match(Span(4, 5, "N"), Span(4, 5, "V"))),
            Wrong(1, Match(Span(10, 11, "N"), Span(10, 11, "D"))),
        )
        assert (found.classes, found.gold_types, found.entity_lengths) == (None, {}, {})

    def test_sentences(self) -> None:
        found = analyse(self.GOLD, self.PREDICTED, self.GOLD, PLAIN)
        assert found.sentence_lengths == {
            "1-10": Bucket(1, Counts(3, 5, 5)),
            "11-20": Bucket(1, Counts(10, 11, 11)),
        }


class TestInvariants:
    @given(cases(), st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from(["a", "b", "a b", "c d"])))
    def test_hold(self, case: tuple[str, Rows, Rows, Rows], words: set[str], forms: set[str]) -> None:
        """Each case is put to all of them, as most of the time is its making."""
        self.sums_are_the_scores(case)
        self.swapping_gold_and_predicted(case)
        self.known_and_unseen_are_all(case, words, forms)
        self.json_holds_all(case)

    def sums_are_the_scores(self, case: tuple[str, Rows, Rows, Rows]) -> None:
        name, gold, predicted, tokens = case
        scheme = tags.parse_scheme(name)
        found, scored = analyse(gold, predicted, tokens, scheme), score(gold, predicted, scheme)
        for buckets in (
            [bucket.counts for bucket in found.sentence_lengths.values()],
            *([list(found.entity_lengths.values())] if scheme.is_spans else []),
        ):
            for field in ("correct", "predicted", "gold"):
                assert sum(getattr(counts, field) for counts in buckets) == getattr(scored.counts, field)
        assert sum(bucket.sentences for bucket in found.sentence_lengths.values()) == scored.sentences
        assert sum(count for *_, count in found.confusions) <= len(found.wrong)
        if found.classes is None:
            assert sum(found.confusion.values()) == scored.tokens
            assert len(found.wrong) == scored.tokens - scored.counts.correct
            assert sum(count for *_, count in found.confusions) == len(found.wrong)
        else:
            self._classes(found, found.classes, scored)

    def _classes(self, found: Analysis, total: Classes, scored: Score) -> None:
        assert Counts(total.correct, total.predicted, total.gold) == scored.counts
        assert len(found.wrong) == total.wrong
        assert sum(found.confusion.values()) == total.matched + total.missed + total.spurious
        both = found.gold_types.keys() | found.predicted_types.keys()
        assert both == scored.types.keys()
        for name in both:
            ours = found.gold_types.get(name, Classes())
            theirs = found.predicted_types.get(name, Classes())
            assert (ours.spurious, theirs.missed) == (0, 0)
            assert ours.correct == theirs.correct
            assert ours.boundary == theirs.boundary
            assert Counts(ours.correct, theirs.predicted, ours.gold) == scored.types[name]
            assert sum(n for (gold, _), n in found.confusion.items() if gold == name) == ours.gold
            assert sum(n for (_, guess), n in found.confusion.items() if guess == name) == theirs.predicted

    def swapping_gold_and_predicted(self, case: tuple[str, Rows, Rows, Rows]) -> None:
        name, gold, predicted, tokens = case
        scheme = tags.parse_scheme(name)
        one, other = analyse(gold, predicted, tokens, scheme), analyse(predicted, gold, tokens, scheme)
        assert other.confusion == {(theirs, ours): n for (ours, theirs), n in one.confusion.items()}
        if one.classes is None or other.classes is None:
            assert one.classes is other.classes
            return
        assert other.classes == swapped(one.classes)
        assert other.gold_types == {name: swapped(found) for name, found in one.predicted_types.items()}

    def known_and_unseen_are_all(
        self, case: tuple[str, Rows, Rows, Rows], words: set[str], forms: set[str]
    ) -> None:
        name, gold, predicted, tokens = case
        scheme = tags.parse_scheme(name)
        known = Known(frozenset(words), {"A": frozenset(forms)})
        found = analyse(gold, predicted, tokens, scheme, known=known)
        scored = score(gold, predicted, scheme).counts
        if found.words is not None:
            assert found.words.known.total + found.words.unseen.total == scored.gold
            assert found.words.known.correct + found.words.unseen.correct == scored.correct
            seen = Counter(token in words for row in tokens for token in row)
            assert found.words.known.total == seen[True]
        else:
            groups = found.entities
            assert groups is not None
            for field, total in (("total", scored.gold), ("correct", scored.correct)):
                assert getattr(groups.known, field) + getattr(groups.unseen, field) == total
                parts = (groups.all_words, groups.some_words, groups.no_words)
                assert sum(getattr(part, field) for part in parts) == getattr(groups.unseen, field)

    def json_holds_all(self, case: tuple[str, Rows, Rows, Rows]) -> None:
        name, gold, predicted, tokens = case
        known = Known(frozenset("ab"), {"A": frozenset("a")})
        found = analyse(gold, predicted, tokens, tags.parse_scheme(name), known=known)
        written = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert sum(cell["count"] for cell in written["confusion"]) == sum(found.confusion.values())
        wrong = [cell for cell in written["confusion"] if cell["gold"] != cell["predicted"]]
        assert written["confusion"][: len(wrong)] == wrong
        assert [cell["count"] for cell in wrong] == sorted((cell["count"] for cell in wrong), reverse=True)


def swapped(classes: Classes) -> Classes:
    return Classes(
        classes.correct,
        classes.boundary,
        classes.type,
        classes.boundary_and_type,
        classes.spurious,
        classes.missed,
        classes.spurious_overlapped,
        classes.missed_overlapped,
    )


def test_json_of_spans() -> None:
    known = Known(frozenset({"Ana"}), {"P": frozenset({"Ana"})})
    found = of(rows("B-P O O B-P"), rows("B-P B-L O O"), rows("Ana is not Li"), known=known)
    kinds = {"correct": 0, "boundary": 0, "type": 0, "boundary_and_type": 0}
    nobody = {**kinds, "missed": 0, "missed_overlapped": 0}
    assert found.to_json() == {
        "classes": {
            **kinds, "correct": 1, "missed": 1, "spurious": 1, "missed_overlapped": 0, "spurious_overlapped": 0,
        },
        "types": {
            "L": {"gold": nobody, "predicted": {**kinds, "spurious": 1, "spurious_overlapped": 0}},
            "P": {
                "gold": {**nobody, "correct": 1, "missed": 1},
                "predicted": {**kinds, "correct": 1, "spurious": 0, "spurious_overlapped": 0},
            },
        },
        "confusion": [
            {"gold": None, "predicted": "L", "count": 1},
            {"gold": "P", "predicted": None, "count": 1},
            {"gold": "P", "predicted": "P", "count": 1},
        ],
        "known_entities": {
            "known": {"correct": 1, "total": 1, "recall": 1.0},
            "unseen": {"correct": 0, "total": 1, "recall": 0.0},
            "all_words": {"correct": 0, "total": 0, "recall": 0.0},
            "some_words": {"correct": 0, "total": 0, "recall": 0.0},
            "no_words": {"correct": 0, "total": 1, "recall": 0.0},
        },
        "known_words": None,
        "frequency": None,
        "entity_lengths": {
            "1": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "correct": 1, "predicted": 2, "gold": 2},
        },
        "sentence_lengths": {
            "1-10": {
                "sentences": 1, "precision": 0.5, "recall": 0.5, "f1": 0.5, "correct": 1, "predicted": 2, "gold": 2,
            },
        },
    }  # fmt: skip


def test_frequency_of_entities_goes_by_form_and_type() -> None:
    known = Known(frozenset("ab"), {"A": frozenset("ab")}, {"a": 9, "b": 9}, {"A": {"a": 4, "b": 60}})
    gold, predicted = rows("B-A B-A B-B", "B-A"), rows("B-A O B-A", "B-A")
    found = of(gold, predicted, rows("a b a", "a"), known=known)
    assert found.frequency is not None
    shares = {name: (hits.correct, hits.total) for name, hits in found.frequency.items()}
    assert shares == {"0": (0, 1), "2-4": (2, 2), "50+": (0, 1)}  # a is known as A, not as B
    assert found.to_json()["frequency"]["2-4"] == {"correct": 2, "total": 2, "recall": 1.0}


def test_frequency_of_words_for_plain_tags() -> None:
    known = Known(frozenset("ab"), None, {"a": 5, "b": 1})
    found = analyse(rows("D N D"), rows("D D D"), rows("a b c"), PLAIN, known=known)
    assert found.to_json()["frequency"] == {
        "0": {"correct": 1, "total": 1, "accuracy": 1.0},
        "1": {"correct": 0, "total": 1, "accuracy": 0.0},
        "5-9": {"correct": 1, "total": 1, "accuracy": 1.0},
    }


def test_json_of_plain_tags() -> None:
    found = analyse(rows("D N"), rows("D D"), rows("a b"), PLAIN, known=Known(frozenset("a"), None)).to_json()
    assert (found["classes"], found["types"], found["known_entities"], found["entity_lengths"]) == (
        None, {}, None, {},
    )  # fmt: skip
    assert found["known_words"] == {
        "known": {"correct": 1, "total": 1, "accuracy": 1.0},
        "unseen": {"correct": 0, "total": 1, "accuracy": 0.0},
    }


def test_nothing_at_all() -> None:
    for scheme in (BIO, PLAIN):
        found = analyse([], [], [], scheme)
        assert (found.wrong, found.confusion, found.sentence_lengths) == ((), {}, {})


@pytest.mark.parametrize("scheme", [BIO, PLAIN])
def test_columns_of_different_shape_are_no_analysis(scheme: tags.Scheme) -> None:
    for columns in (
        (rows("O O"), rows("O"), rows("a b")),
        (rows("O O"), rows("O O"), rows("a")),
        (rows("O O"), rows("O O"), rows("a b", "c")),
    ):
        with pytest.raises(ValueError, match="differ in the number of sentences or tokens"):
            analyse(*columns, scheme)


def test_importing_is_cheap() -> None:
    slow = {"numpy", "seqeval", "sklearn", "onnxruntime", "tensorflow", "rich"}
    code = f"import sys, seqtag.evaluation.analysis, seqtag.evaluation.known; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
