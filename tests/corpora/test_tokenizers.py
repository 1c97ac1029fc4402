"""Tokenizers: nothing is lost, places hold for any Unicode, time is linear; the choice for a corpus."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqtag
from seqtag.corpora.characters import single_characters
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tokenizers import CLITICS, Tokenizer, choose
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.characters import CharacterIndexer
from seqtag.settings.config import Config

TOKENIZERS = [
    Tokenizer("word"),
    Tokenizer("word", contractions=()),
    Tokenizer("word", hyphens=True),
    Tokenizer("word", marks=True, hyphens=True),
    Tokenizer("whitespace"),
    Tokenizer("char"),
    Tokenizer("icu"),
]

ODD = ["\u0301", "\u200d", "\u200b", "\ufe0f", "\U0001f468", "\U0001f3fd", "\U0001f1e9", "\u2019s", "-", "'"]
SPACES = [" ", "\n", "\x85", "\u3000", "\x1c"]
WORDS = ["don't", "U.S.", "3.5", "http://a.b/c", "a@b.de", "@me", "#tag", "...", "हि"]
pieces = st.sampled_from([*ODD, *SPACES, *WORDS])
any_text = st.text(max_size=30) | st.lists(pieces | st.characters(), max_size=12).map("".join)


@settings(max_examples=400, deadline=None)
@given(any_text, st.sampled_from(TOKENIZERS))
def test_nothing_is_lost_and_places_hold(text: str, tokenizer: Tokenizer) -> None:
    end = 0
    for word in tokenizer.words(text):
        start = text.index(word, end)
        assert word
        assert not text[end:start].strip()
        assert not re.search(r"\s", word)
        end = start + len(word)
    assert not text[end:].strip()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([word for word in WORDS if word.isascii()]) | st.text(st.characters(max_codepoint=127)))
    .map("".join)
)  # fmt: skip
def test_ascii_is_cut_as_it_is_beside_other_letters(text: str) -> None:
    for tokenizer in TOKENIZERS:
        for chunk in text.split():
            assert (
                tokenizer.words(f"\u201c{chunk}")[1:] == tokenizer.words(chunk)
                or tokenizer.name == "whitespace"
            )


def test_ascii_does_not_wait_for_the_marks_of_all_scripts() -> None:
    """To find them takes longer than to tag a sentence."""
    code = """
import unicodedata
from seqtag.corpora.tokenizers import Tokenizer
unicodedata.category = lambda character: 1 / 0
print(Tokenizer("word").words("It's 3.5 km."))
try:
    Tokenizer("word").words("cafe\u0301")
except ZeroDivisionError:
    print("looked for marks")
"""
    assert in_a_new_process(code) == "['It', \"'s\", '3.5', 'km', '.']\nlooked for marks\n"


def in_a_new_process(code: str) -> str:
    """What the code prints where no tokenizer has been used yet."""
    top = Path(seqtag.__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", code], cwd=top, capture_output=True, check=True, encoding="utf-8"
    ).stdout


def words(text: str, **settings: Any) -> str:
    return " ".join(Tokenizer("word", **settings).words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The dog barks.", "The dog barks ."),
        ('He said: "No, (never)!"', 'He said : " No , ( never ) ! "'),
        ("don't can't Hale's I'd've we'll", "do n't ca n't Hale 's I 'd 've we 'll"),
        ("don\u2019t Hale\u2019s DON'T", "do n\u2019t Hale \u2019s DO N'T"),
        ("'s n't boys' o'clock", "'s n't boys ' o'clock"),
        ("in the U.S. at 5 p.m., e.g. here", "in the U.S. at 5 p.m. , e.g. here"),
        ("Mr. Smith met Dr. Who. Inc.", "Mr. Smith met Dr. Who . Inc."),
        ("3.5 1,000 10:30 9/11 1/2, 3. 50%", "3.5 1,000 10:30 9/11 1/2 , 3 . 50 %"),
        ("$5 10km 3rd", "$ 5 10km 3rd"),
        ("mail a.b-c@d-e.co.uk.", "mail a.b-c@d-e.co.uk ."),
        ("see http://a.b/c?d=e(f), www.x.org.", "see http://a.b/c?d=e(f ) , www.x.org ."),
        ("@user: #tag, a#b", "@user : #tag , a #b"),
        ("well-known AT&T google.com end.Next", "well-known AT&T google.com end . Next"),
        ("wait... -- what?! no!!! ==", "wait ... -- what ?! no !!! =="),
        ("nice :) :-( x:y", "nice :) :-( x : y"),
        ("हिन्दी में cafe\u0301 \u0646\u200c\u0645", "हिन्दी में cafe\u0301 \u0646\u200c\u0645"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f44d\U0001f3fd\U0001f1ff\U0001f1e6\u2764\ufe0f", 
         "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1ff\U0001f1e6 \u2764\ufe0f"),
    ],
)  # fmt: skip
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected


def test_settings_of_the_word_tokenizer() -> None:
    assert words("don't Hale's", contractions=()) == "don't Hale's"
    assert words("don't Hale's", contractions=("'s",)) == "don't Hale 's"
    assert words("well-known 555-1234 a@b-c.de", hyphens=True) == "well - known 555-1234 a@b-c.de"
    assert words("0.5 mg/kg Hale's x-y", marks=True) == "0 . 5 mg / kg Hale ' s x - y"


def test_characters_and_white_space() -> None:
    assert Tokenizer("char").words("科 😀a") == ["科", "😀", "a"]
    assert Tokenizer("whitespace").words("The dog.\u3000(No)\n") == [
        "The",
        "dog.",
        "(No)",
    ]


PLAIN = "The dog , a big one , barks at 3.5 dogs ."
ALL_BUT_NOT = tuple(clitic for clitic in CLITICS if clitic != "n't")


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([], Tokenizer("word")),
        ([PLAIN], Tokenizer("word")),
        ([PLAIN, "I do n't know Hale 's dog ."], Tokenizer("word", CLITICS)),
        ([PLAIN, "I don't know Hale's dog ."], Tokenizer("word", ())),
        ([PLAIN, "I don't know Hale 's dog 's name ."], Tokenizer("word", ALL_BUT_NOT)),
        ([PLAIN, "I do n\u2019t know"], Tokenizer("word")),
        ([PLAIN, *["a well - known dog"] * 3], Tokenizer("word", hyphens=True)),
        ([PLAIN, *["a well-known dog - and others"] * 3], Tokenizer("word")),
        # More than four lone hyphens for each inner one.
        (["a well-known dog", *["one - two"] * 4], Tokenizer("word")),
        (["a well-known dog", *["one - two"] * 5], Tokenizer("word", hyphens=True)),
        (["it takes 3 . 5 mg / kg ."] * 3, Tokenizer("word", hyphens=True, marks=True)),
        ([PLAIN, *["in 2010 . 5 dogs"] * 2], Tokenizer("word")),
        (["The dog, a big one, barks at dogs."], Tokenizer("whitespace")),
        (["今 天 天 气 很 好 \uff0c 1 2 3 。"], Tokenizer("char")),
        (["M K V L A A"], Tokenizer("whitespace")),
    ],
)
def test_the_tokenizer_that_fits_a_corpus(sentences: list[str], expected: Tokenizer) -> None:
    assert choose(sentence.split(" ") for sentence in sentences) == expected


@pytest.mark.parametrize(
    ("single", "expected"),
    [(940, False), (950, False), (951, True), (970, True), (995, True), (1000, True)],
)
def test_characters_are_the_same_for_tokenizer_and_network(single: int, expected: bool) -> None:
    """At a share of tokens, in thousandths, a corpus is made of characters for all that ask."""
    tokens = ["天"] * single + ["天气"] * (1000 - single)
    assert (choose([tokens]).name == "char") == expected
    assert single_characters([Sentence(tuple(tokens))]) == expected
    assert (CharacterIndexer.fit([Sentence(tuple(tokens))], Config(), Resources()) is None) == expected


@pytest.mark.parametrize(
    ("tokens", "expected", "tokenizer"),
    [
        (["M"] * 51 + ["。"] * 49, False, "whitespace"),
        (["M"] * 50 + ["。"] * 50, True, "char"),
        (["7"] * 51 + ["天"] * 49, False, "whitespace"),
        (["я"], True, "char"),
        ([], False, "word"),
    ],
)
def test_codes_in_latin_letters_are_no_characters(tokens: list[str], expected: bool, tokenizer: str) -> None:
    assert single_characters([Sentence(tuple(tokens))]) == expected
    assert choose([tokens]).name == tokenizer


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_a_tokenizer_goes_through_json(tokenizer: Tokenizer) -> None:
    assert Tokenizer.from_json(tokenizer.to_json()) == tokenizer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "words"}, "expected one of the tokenizers word, whitespace, char, icu. Received: 'words'"),
        ({"contractions": ["'x"]}, "expected clitics from n't, "),
        ({"contractions": [1]}, "expected a tokenizer with name, contractions, hyphens, marks. Received: "),
        ({"contractions": "n't"}, "expected a tokenizer"),
        ({"hyphens": 1}, "expected a tokenizer"),
        ({"extra": 1}, "expected a tokenizer"),
    ],
)
def test_a_damaged_tokenizer_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Tokenizer.from_json(Tokenizer().to_json() | change)


def test_no_group_repeats_possessively() -> None:
    """Python 3.11.2 loses its place at the end of such a repetition, and cuts words within."""
    code = """
import re
compiled, compile = [], re.compile
re.compile = lambda pattern, flags=0: compiled.append(pattern) or compile(pattern, flags)
from seqtag.corpora.tokenizers import Tokenizer
for marks in (False, True):
    Tokenizer("word", marks=marks).words("a b\u00e9")
print(ascii(compiled))
"""
    patterns = in_a_new_process(code)
    assert "(?P<word>" in patterns
    assert not re.search(r"\) ?[*+?]\+", patterns)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("犬が水を飲む。", "犬 が 水 を 飲む 。"),
        ("我爱北京天安门", "我 爱 北京 天安门"),
        ("ผมรักประเทศไทยมาก", "ผม รัก ประเทศไทย มาก"),
        ("Don't go to 3.5 km, now!", "Don't go to 3.5 km , now !"),
        ("a\ud800\u3000b", "a\ud800 b"),
    ],
)
def test_icu_finds_words_of_scripts_without_spaces(text: str, words: str) -> None:
    found = Tokenizer("icu").words(text)
    assert "".join(found) == "".join(text.split())
    assert found == words.split() or text.startswith("a")


def test_icu_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "icu4py", None)
    monkeypatch.delitem(sys.modules, "icu4py.breakers", raising=False)
    with pytest.raises(seqtag.Error, match=r"the tokenizer icu needs the package icu4py.*'\.\[icu\]'"):
        Tokenizer("icu").words("a")
