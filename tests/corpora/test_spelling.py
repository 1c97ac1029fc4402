"""Spellings of span tags: undone and applied again, in every scheme; and tags that look like one."""

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.look_alikes import propose
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.spelling import Misspelt, Spelling
from seqtag.corpora.tags import Scheme, Span, detect, from_spans, parse_scheme, spans
from seqtag.support.errors import DataError, UsageError

SCHEMES = ["iob1", "bio", "ioe1", "ioe2", "bioes", "bmes", "bmewo", "bilou"]
SIGNS = ["-", "_", "/", ":", ".", "|", "__", "::"]
TEMPLATES = [f"{letter}{sign}TYPE" for letter, sign in product("Bb", SIGNS)]
TEMPLATES += [f"TYPE{sign}{letter}" for letter, sign in product("Bb", SIGNS)]
LABELS = ["PER", "loc", "GPE.NAM", "a-b_c", "B", "0"]

schemes = st.sampled_from(SCHEMES).map(parse_scheme)
spellings = st.builds(Spelling, st.sampled_from(TEMPLATES), st.sampled_from(["O", "0", "-", "_", "o", "OUT"]))


@st.composite
def scheme_and_tags(draw: st.DrawFn) -> tuple[Scheme, list[str]]:
    """A scheme and any sequence of its tags, well-formed or not, some of them without a type."""
    scheme = draw(schemes)
    letters = scheme.letters[:-1]
    tags = ["O", *letters, *(f"{letter}-{label}" for letter in letters for label in LABELS)]
    return scheme, draw(st.lists(st.sampled_from(tags), min_size=1, max_size=9))


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans that do not overlap, and the length of their sentence."""
    found: list[Span] = []
    end = 0
    pieces = st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(LABELS[:3]))
    for gap, length, label in draw(st.lists(pieces, max_size=5)):
        found.append(Span(end + gap, end + gap + length, label))
        end += gap + length
    return found, end + draw(st.integers(0, 2))


@given(spellings, scheme_and_tags())
def test_every_tag_comes_back(spelling: Spelling, case: tuple[Scheme, list[str]]) -> None:
    _, tags = case
    written = spelling.write(tags)
    assert list(spelling.read(written)) == tags
    assert written == [spelling.spell(tag) for tag in tags]
    assert spelling.settled(tags) == tags


@given(sentences(), st.sampled_from(["(TYPE*)", "(TYPE)"]), schemes)
def test_brackets_come_back(case: tuple[list[Span], int], template: str, scheme: Scheme) -> None:
    spelling = Spelling(template)
    bio = from_spans(*case, parse_scheme("bio"))
    assert list(spelling.read(spelling.write(bio))) == bio
    assert spans(spelling.read(spelling.write(from_spans(*case, scheme))), parse_scheme("bio")) == case[0]


@given(sentences(), schemes, st.sampled_from(["join", "split"]))
def test_what_tags_without_letters_hold_settles(
    case: tuple[list[Span], int], scheme: Scheme, neighbours: str
) -> None:
    spelling = Spelling("TYPE", "_", neighbours)
    tags = from_spans(*case, scheme)
    settled = spelling.settled(tags)
    assert spelling.write(settled) == spelling.write(tags)
    assert spelling.settled(settled) == settled
    assert [tag[2:] for tag in settled] == [tag[2:] for tag in tags]


@pytest.mark.parametrize(
    ("spelling", "tags", "expected"),
    [
        (Spelling("B_TYPE"), "B_PER I_a_b O B", "B-PER I-a_b O B"),
        (Spelling("b-TYPE", "o"), "b-per i-per o", "B-per I-per O"),
        (Spelling("TYPE-B", "-"), "x-y-B x-y-I -", "B-x-y I-x-y O"),
        (Spelling("TYPE/b"), "PER/b PER/l PER/u O", "B-PER L-PER U-PER O"),
        (Spelling(outside="0"), "B-PER I-PER 0", "B-PER I-PER O"),
        (Spelling("TYPE"), "PER PER O LOC", "I-PER I-PER O I-LOC"),
        (Spelling("TYPE", "0", "split"), "PER PER 0 O", "B-PER B-PER O B-O"),
        (Spelling("(TYPE*)"), "* (ORG* * *) (PER*) *", "O B-ORG I-ORG I-ORG B-PER O"),
        (Spelling("(TYPE)"), "* (ORG* * *) (PER) *", "O B-ORG I-ORG I-ORG B-PER O"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.template,
)
def test_spellings(spelling: Spelling, tags: str, expected: str) -> None:
    assert spelling.read(tags.split()) == tuple(expected.split())
    assert spelling.write(expected.split()) == tags.split()


@pytest.mark.parametrize(
    ("spelling", "tags", "index", "problem"),
    [
        (Spelling("B_TYPE"), "O B-PER", 1, "'B-PER' is not spelt like B_TYPE; expected O, B_label or I_label, or"),
        (Spelling("b-TYPE", "-"), "b-x B-x", 1, "expected -, b-label or i-label"),
        (Spelling("TYPE-B", "0"), "x-B O", 1, "'O' is not spelt like TYPE-B; expected 0, label-B or label-I"),
        (Spelling("B_TYPE"), "X_PER", 0, "'X_PER' is not spelt"),
        (Spelling("b-TYPE"), "ı-PER", 0, "is not spelt"),  # whose capital is I
        (Spelling("B_TYPE"), "_PER", 0, "is not spelt"),
        (Spelling("B_TYPE"), "B_", 0, "is not spelt"),
        (Spelling("(TYPE*)"), "(A* (B* *) *)", 1, r"(B* opens a bracket inside (A*; nested ones cannot be read; --tag"),
        (Spelling("(TYPE*)"), "* *)", 1, "*) closes a bracket that its sentence does not open"),
        (Spelling("(TYPE*)"), "(A* *", 1, "the sentence ends inside the bracket (A*; expected *)"),
        (Spelling("(TYPE*)"), "(A(B* *))", 0, "'(A(B*' is not a bracket; expected (TYPE*, *, *) or (TYPE*)"),
    ],
)  # fmt: skip
def test_what_is_not_spelt_so(spelling: Spelling, tags: str, index: int, problem: str) -> None:
    for _ in range(2):  # what was refused is not taken for known
        with pytest.raises(Misspelt) as caught:
            spelling.read(tags.split())
        assert caught.value.index == index
        assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("template", "outside", "neighbours", "problem"),
    [
        ("BTYPE", "O", "join", "the tag spelling is 'BTYPE'; expected B-TYPE, B_TYPE,"),
        ("X-TYPE", "O", "join", "the tag spelling is 'X-TYPE'"),
        ("B TYPE", "O", "join", "the tag spelling is 'B TYPE'"),
        ("B-TYPE", "B", "join", "'B' cannot be the outside tag: with B-TYPE it is a span"),
        ("b_TYPE", "i_x", "join", "'i_x' cannot be the outside tag"),
        ("(TYPE*)", "-", "join", "the tag spelling (TYPE*) has no outside tag but *"),
        ("B_TYPE", " ", "join", "the outside tag is ' '"),
        ("TYPE", "O", "merge", "neighbours is 'merge'; expected join or split"),
    ],
)
def test_spellings_that_make_no_sense(template: str, outside: str, neighbours: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        Spelling(template, outside, neighbours)


def _corpus(folder: Path, rows: Sequence[Sequence[str]], name: str = "corpus.conll") -> Path:
    path = folder / name
    text = "\n".join("".join(f"w{at}\t{tag}\n" for at, tag in enumerate(tags)) for tags in rows)
    path.write_text(text, encoding="utf-8")
    return path


BIO = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-PER", "B-PER"], ["O"]]
SPELLINGS = [
    Spelling("B_TYPE"), Spelling("b-TYPE", "o"), Spelling("TYPE/B", "-"), Spelling(outside="0"),
    Spelling("(TYPE*)"), Spelling("(TYPE)"),
]  # fmt: skip


class TestCorpora:
    """Files that are spelt in another way."""

    @pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.options)
    def test_the_same_sentences(self, tmp_path: Path, spelling: Spelling) -> None:
        usual = read_corpus(_corpus(tmp_path, BIO, "usual"))
        options = AUTO.spelt(spelling)
        other = read_corpus(_corpus(tmp_path, [spelling.write(tags) for tags in BIO]), options)
        assert other.sentences == usual.sentences
        assert (other.spelling, usual.spelling) == (spelling, Spelling())
        assert ReadOptions.from_json(options.to_json()).spelling == spelling

    @pytest.mark.parametrize("spelling", SPELLINGS[-2:], ids=lambda spelling: spelling.template)
    def test_brackets_are_read_without_asking(self, tmp_path: Path, spelling: Spelling) -> None:
        corpus = read_corpus(_corpus(tmp_path, [spelling.write(tags) for tags in BIO]))
        assert [sentence.tags for sentence in corpus.sentences] == list(map(tuple, BIO))
        assert corpus.spelling == spelling
        assert doubts(corpus, detect(sentence.tags or () for sentence in corpus.sentences)) == []

    def test_unless_another_spelling_is_named(self, tmp_path: Path) -> None:
        corpus = read_corpus(_corpus(tmp_path, [["(A*", "*)", "*"]]), ReadOptions(tag_spelling="B-TYPE"))
        assert corpus.sentences[0].tags == ("(A*", "*)", "*")
        assert corpus.spelling == Spelling()

    @pytest.mark.parametrize("tags", [["*", "*"], ["(", ")", "*"], ["(A*", "*)", "O"], ["*)", "*"]])
    def test_what_is_no_column_of_brackets(self, tmp_path: Path, tags: list[str]) -> None:
        assert read_corpus(_corpus(tmp_path, [tags])).sentences[0].tags == tuple(tags)

    def test_a_bracket_that_is_not_closed(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="ends inside the bracket") as caught:
            read_corpus(_corpus(tmp_path, [["*"], ["(A*", "*"]]))
        assert (caught.value.line, caught.value.code) == (4, "span-spelling")

    def test_a_tag_that_is_spelt_in_another_way(self, tmp_path: Path) -> None:
        path = _corpus(tmp_path, [["B_PER", "O"], ["O", "I-PER"]])
        with pytest.raises(DataError, match="the tag 'I-PER' is not spelt like B_TYPE") as caught:
            read_corpus(path, ReadOptions(tag_spelling="B_TYPE"))
        assert (caught.value.line, caught.value.code) == (5, "span-spelling")

    def test_a_spelling_that_makes_no_sense(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="the tag spelling is 'B'; expected B-TYPE"):
            read_corpus(_corpus(tmp_path, BIO), ReadOptions(tag_spelling="B"))

    def test_ill_formed_tags_are_named_as_the_file_has_them(self, tmp_path: Path) -> None:
        options = ReadOptions(tag_spelling="TYPE/b", outside_tag="0")
        rows = [["PER/b", "PER/i", "0"], ["0", "PER/i"], ["PER/b", "PER/e"]]
        corpus = read_corpus(_corpus(tmp_path, rows), options)
        assert [finding.message for finding in doubts(corpus, parse_scheme("bio"))] == [
            "PER/i follows 0; BIO expects PER/b",
            "'PER/e' is not a BIO tag; expected 0, label/b or label/i",
        ]

    def test_neighbours_of_one_type(self, tmp_path: Path) -> None:
        path = _corpus(tmp_path, [["PER", "PER", "O", "LOC", "PER"]])
        for neighbours, name, count in (("join", "iob1", 3), ("split", "bio", 4)):
            corpus = read_corpus(path, ReadOptions(tag_spelling="TYPE", neighbours=neighbours))
            tags = corpus.sentences[0].tags or ()
            assert detect([tags]).name == name
            assert len(spans(tags, parse_scheme(name))) == count


class TestOptions:
    """What a model keeps."""

    def test_the_usual_spelling_leaves_nothing(self) -> None:
        assert AUTO.spelt(Spelling()) == AUTO
        assert AUTO.to_json().keys() == {"format", "token_column", "tag_column", "feature_columns"}

    def test_what_was_named_stays(self) -> None:
        named = ReadOptions(tag_spelling="B-TYPE")
        assert named.spelt(Spelling()) == named

    def test_a_file_of_the_usual_spelling(self) -> None:
        model = ReadOptions(tag_spelling="B_TYPE", outside_tag="0")
        given = ReadOptions(tag_spelling="B-TYPE", outside_tag="O")
        assert model.override(given).spelling == Spelling()
        assert model.override(AUTO).spelling == Spelling("B_TYPE", "0")

    @pytest.mark.parametrize(
        "values", [{"tag_spelling": 3}, {"tag_spelling": "B"}, {"outside_tag": [1]}, {"neighbours": "merge"}]
    )
    def test_what_no_model_keeps(self, values: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"spelling|neighbours"):
            ReadOptions.from_json(AUTO.to_json() | values)


class TestLookAlikes:
    """Tags that look like those of spans, and tags that do not."""

    @pytest.mark.parametrize(
        ("tags", "options"),
        [
            ("B-PER I-PER 0 0", "--outside-tag 0"),
            ("B-PER - -", "--outside-tag -"),
            ("b-per i-per O", "--tag-spelling b-TYPE"),
            ("b-per i-per o", "--tag-spelling b-TYPE --outside-tag o"),
            ("B-PER I-PER o", "--outside-tag o"),
            ("B_PER I_PER _", "--tag-spelling B_TYPE --outside-tag _"),
            ("B/PER L/PER U/LOC O", "--tag-spelling B/TYPE"),
            ("B:PER O", "--tag-spelling B:TYPE"),
            ("B.PER.x I.PER.x O", "--tag-spelling B.TYPE"),
            ("PER-B PER-I O", "--tag-spelling TYPE-B"),
            ("PER_b PER_i O", "--tag-spelling TYPE_b"),
            ("B_NP I_NP B_VP", "--tag-spelling B_TYPE"),
            ("B_PER B_LOC O X_PER " + "O B_PER I_PER " * 20, "--tag-spelling B_TYPE"),
            ("B I 0", "--outside-tag 0"),
            ("b i o o", "--tag-spelling b-TYPE --outside-tag o"),
            ("B_PER I_PER U O", "--tag-spelling B_TYPE"),
            ("PER PER O LOC O", "--tag-spelling TYPE"),
            ("person person 0 0 0", "--tag-spelling TYPE --outside-tag 0"),
        ],
    )
    def test_spans(self, tmp_path: Path, tags: str, options: str) -> None:
        spelling = propose([tags.split()])
        assert spelling is not None
        assert spelling.options == options
        corpus = read_corpus(_corpus(tmp_path, [tags.split()]))
        (finding,) = doubts(corpus, detect([tags.split()]))
        assert (finding.level, finding.code, finding.line) == ("warning", "span-spelling", 1)
        assert finding.option == options

    @pytest.mark.parametrize(
        "tags",
        [
            "NOUN VERB NOUN NOUN DET",
            "N V O ^ N N , O O O L U M S E",  # of tweets: O is a pronoun
            "NN DT O O O O O NN",
            "O COMMA O O PERIOD O O COMMA",  # no two of them touch
            "0 1 1 0",
            "_ Case=Nom _ Case=Acc|Number=Sing",
            "S-x NOUN DET O",
            "M.sg F.sg F.pl M.pl",
            "- go - run",
            "n v a r s",
            "B_PER B_LOC NOUN VERB",
            "O",
        ],
    )
    def test_plain_tags(self, tags: str) -> None:
        assert propose([tags.split()]) is None

    def test_trees(self, tmp_path: Path) -> None:
        corpus = read_corpus(_corpus(tmp_path, [["(TOP(S(NP*", "*)", "(VP*", "*)))"]]))
        (finding,) = doubts(corpus, detect(sentence.tags or () for sentence in corpus.sentences))
        assert (finding.level, finding.code) == ("note", "span-spelling")
        assert "nested brackets" in finding.message

    def test_a_corpus_of_spans_is_not_respelt_for_a_few(self, tmp_path: Path) -> None:
        corpus = read_corpus(_corpus(tmp_path, [*BIO, ["B_PER", "0"]]))
        codes = {finding.code for finding in doubts(corpus, detect(s.tags or () for s in corpus.sentences))}
        assert codes == {"odd-scheme-tags"}
