"""Raw text as the corpus would write it: for the network alone, so tokens and offsets stay those of the text."""

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seqtag.corpora.conventions import Conventions, find
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.features.indexers.base import Resources
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.tasks.tagging.prepare import fit_vocabulary
from seqtag.tasks.tagging.splits import read_corpora

PENN = "`` We sold it , '' he said -LRB- not her -RRB- ."
MOSES = "He &apos;s the &quot; R &amp; B &quot; man , &#91; 1 &#93; &lt; 3 &gt; , a &#124; b ."


def conventions(text: str) -> Conventions:
    return find(Counter(text.split()))


def seen(own: Conventions, text: str) -> list[str]:
    """What the network looks at for a raw text."""
    return [*own.seen(Sentence(tuple(Tokenizer().words(text)), text=text)).tokens]


def test_penn_quotes_and_brackets() -> None:
    own = conventions(PENN)
    assert seen(own, '"We sold it," he said (not her).') == PENN.split()
    assert seen(own, "\u201cWe sold it,\u201d he said (not her).") == PENN.split()


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ('"a" "b"', ["``", "''", "``", "''"]),
        ('("a") ["b"]', ["``", "''", "``", "''"]),
        ('a" b', ["''"]),
        ('a\u00a0"b"', ["``", "''"]),
        ('"', ["``"]),
    ],
)
def test_a_quote_opens_at_the_start_after_white_space_and_after_a_bracket(
    text: str, quotes: list[str]
) -> None:
    assert [token for token in seen(conventions(PENN), text) if token in ("``", "''")] == quotes


def test_escapes_of_moses_within_words_too() -> None:
    own = conventions(MOSES)
    expected = "He &apos;s the &quot; R&amp;B &quot; man , &#91; 1 &#93; &lt; 3 &gt; , a &#124; b"
    assert " ".join(seen(own, 'He\'s the "R&B" man, [1] <3>, a|b')) == expected


def test_text_that_is_tokenised_has_the_signs_of_the_corpus_already() -> None:
    for corpus in (PENN, MOSES):
        tokens = ('"', "(", "&", "``", "&amp;")
        assert conventions(corpus).seen(Sentence(tokens)).tokens == tokens


@pytest.mark.parametrize(
    "text",
    [
        '" said ( he ) & <', "a '' b", "-RRB " * 3, "``" + ' "' * 1, "-LRB- ( (", "&amp; &", "&quot; \"",
        "\u201c a \u201d ''",
    ],
)  # fmt: skip
def test_a_corpus_that_has_the_signs_themselves_keeps_them(text: str) -> None:
    own = conventions(text)
    assert own == Conventions("NFC"), own


def test_hardly_ever_is_not_enough() -> None:
    assert conventions("`` " * 11 + '"').quotes
    assert not conventions("`` " * 10 + '"').quotes
    assert conventions("-lrb- a -rrb-").signs == {"(": "-lrb-", ")": "-rrb-"}
    assert conventions("&amp; lt").escapes == {"&": "&amp;"}


@pytest.mark.parametrize(("text", "form"), [("cafe", "NFC"), ("caf\u00e9", "NFC"), ("cafe\u0301", "NFD")])
def test_the_normal_form_is_that_of_the_corpus(text: str, form: str) -> None:
    own = conventions(text)
    assert own.form == form
    for written in ("NFC", "NFD"):
        given = unicodedata.normalize(written, "Zo\u00e9 M\u00fcller")
        for sentence in (Sentence(tuple(given.split())), Sentence(tuple(given.split()), text=given)):
            assert " ".join(own.seen(sentence).tokens) == unicodedata.normalize(form, given)


def test_a_corpus_in_several_forms_has_none() -> None:
    own = conventions("caf\u00e9 cafe\u0301")
    assert own == Conventions()
    sentence = Sentence(("cafe\u0301",))
    assert own.seen(sentence) is sentence


def test_half_a_character_is_left_alone() -> None:
    assert conventions("caf\u00e9").seen(Sentence(("\ud800e\u0301",))).tokens == ("\ud800\u00e9",)


def test_extra_columns_stay() -> None:
    sentence = Sentence(("(",), columns=(("x",),), text="(")
    assert conventions(PENN).seen(sentence) == Sentence(("-LRB-",), columns=(("x",),))


def fitted(folder: Path, text: str) -> Vocabulary:
    """The vocabulary of a corpus with these tokens, after it has been through a model folder."""
    path = folder / "train.conll"
    path.write_text("".join(f"{token}\tX\n" for token in text.split()) + "\nand\tX\n", encoding="utf-8")
    config = merge(parse_assignments([]))
    vocabulary = fit_vocabulary(config, read_corpora(config, str(path), str(path), None), Resources())
    return Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())), Resources())


@pytest.mark.parametrize(
    ("corpus", "text"),
    [
        (PENN, '"We sold it," he said (not her).'),
        (MOSES.replace("R &amp; B", "R&amp;B"), 'He\'s the "R&B" man, [1] <3>, a|b.'),
        ("Zoe\u0301 left .", "Zo\u00e9 left."),
        ("Zoe left .", "Zoe left."),
    ],
)
def test_the_network_looks_at_raw_text_as_at_the_corpus(tmp_path: Path, corpus: str, text: str) -> None:
    vocabulary = fitted(tmp_path, corpus)
    raw = Sentence(tuple(vocabulary.tokenizer.words(text)), text=text)
    rows, own = vocabulary.index_all([raw, corpus.split()])
    assert rows.keys() == own.keys()
    assert all(list(rows[name]) == list(own[name]) for name in rows)
    assert min(rows["word"]) > 1  # no word is unknown


def test_words_that_end_in_escapes_do_not_choose_the_tokenizer(tmp_path: Path) -> None:
    assert fitted(tmp_path, "&quot; a &quot; and &amp; b &quot; .").tokenizer.name == "word"


def test_answers_are_in_the_signs_of_the_text(spans: Any) -> None:
    """Offsets and tokens, beyond one window as well."""
    tagger = SentenceTagger.load(spans.folder)
    own = Conventions("NFD", True, {"(": "Oslo"})
    object.__setattr__(tagger.vocabulary, "conventions", own)
    texts = ["Ana saw (.", "Ana saw " + "( today " * 5000 + "."]
    given = [Sentence(tuple(text.replace(".", " .").split()), text=text) for text in texts]
    for text, document in zip(texts, tagger.tag(given, entities=True), strict=True):
        assert document.text == text
        places = [entity for entity in document.entities if entity.label == "LOC"]
        assert {entity.text for entity in places} == {"("}
        assert len(places) == text.count("(")
        assert all(text[entity.start : entity.end] == "(" for entity in places)
