"""What a model was trained on, as its scores say it."""

from seqtag.corpora.tags import parse_scheme
from seqtag.evaluation.labels import score_joint, score_labels
from seqtag.evaluation.scoring import score
from seqtag.evaluation.trained_on import BOTH, digest, marked, seen


def test_a_digest_is_of_the_sentences_in_any_order() -> None:
    assert digest([("a", "b"), ("c",)]) == digest([["c"], ["a", "b"]])
    assert digest([("a", "b"), ("c",)]) != digest([("a",), ("b", "c")])
    assert digest([("c",), ("c",)]) != digest([("c",)])
    assert digest(["ab"]) != digest([("a", "b")])


def test_what_was_seen_is_named() -> None:
    digests = {"dev": digest(["a"]), BOTH: digest(["a", "b"])}
    assert seen(["a"], digests) == "the dev file"
    assert seen(["b", "a"], digests) == "the training file"
    assert seen(["b"], digests) == ""


def test_the_signature_of_any_score_says_it() -> None:
    tags = score([("B-X", "O")], [("B-X", "O")], parse_scheme("bio"))
    labels = score_labels([("a",)], [("a",)], ("a", "b"))
    joint = score_joint(labels, tags, [((), "a")], [((), "a")])
    for one in (tags, labels, joint):
        found = marked(one, BOTH)
        assert found.signature == f"{one.signature}|trained-on:train+dev"
        assert found.to_json()["signature"] == found.signature
        assert found.main == one.main
