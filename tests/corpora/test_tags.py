"""Tag schemes: every scheme there and back, seqeval as oracle, tables for detection and problems."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtag.corpora.tags import (
    Scheme,
    Span,
    allowed,
    convert,
    detect,
    from_spans,
    parse_scheme,
    problems,
    spans,
    split,
    strict_spans,
)
from seqtag.support.errors import UsageError

SPAN_SCHEMES = ["iob1", "bio", "ioe1", "ioe2", "bioes", "bmes", "bmewo", "bilou"]
# No leading or trailing hyphen: seqeval's strict mode strips those from a label.
LABELS = ["PER", "LOC", "a-b", "GPE.NAM"]

modest = settings(max_examples=300, deadline=None)
any_span_scheme = st.sampled_from(SPAN_SCHEMES).map(parse_scheme)


@st.composite
def scheme_and_tags(draw: st.DrawFn) -> tuple[Scheme, list[str]]:
    """A scheme and any sequence of its tags, most of them ill-formed."""
    scheme = draw(any_span_scheme)
    tags = ["O", *(f"{letter}-{label}" for letter in scheme.letters[:-1] for label in LABELS[:2])]
    return scheme, draw(st.lists(st.sampled_from(tags), max_size=9))


@st.composite
def spans_and_length(
    draw: st.DrawFn, labels: Sequence[str] = (*LABELS, "", "-x", "-")
) -> tuple[list[Span], int]:
    """Spans that do not overlap, and the length of the sentence they stand in."""
    found = []
    end = 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(labels)), max_size=5)
    ):
        found.append(Span(end + gap, end + gap + length, label))
        end += gap + length
    return found, end + draw(st.integers(0, 2))


def canonical(tags: Sequence[str], scheme: Scheme) -> list[str]:
    pairs = (split(tag, scheme) for tag in tags)
    return [f"{letter}-{label}" if label else letter for letter, label in pairs]


def not_overlooked(found: list[Span], tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The spans of well-formed tags without those that seqeval's strict mode does not find, nor ours, which is held to
    it: in IOE1, it has an E begin a span only after another E.
    """
    if scheme.name != "ioe1":
        return found
    before = ["", *(tag[0] for tag in tags)]
    return [span for span in found if tags[span.start][0] != "E" or before[span.start] == "E"]


@modest
@given(spans_and_length(), any_span_scheme)
def test_spans_survive_every_scheme(case: tuple[list[Span], int], scheme: Scheme) -> None:
    expected, length = case
    tags = from_spans(expected, length, scheme)
    assert len(tags) == length
    assert spans(tags, scheme) == expected
    assert strict_spans(tags, scheme) == not_overlooked(expected, tags, scheme)
    assert problems(tags, scheme) == []


@modest
@given(spans_and_length(), any_span_scheme, any_span_scheme)
def test_well_formed_tags_survive_a_conversion_there_and_back(
    case: tuple[list[Span], int], first: Scheme, second: Scheme
) -> None:
    tags = from_spans(*case, first)
    there = convert(tags, first, second)
    assert spans(there, second) == case[0]
    assert convert(there, second, first) == tags


@modest
@given(scheme_and_tags(), any_span_scheme)
def test_a_conversion_keeps_the_lenient_spans_of_ill_formed_tags(
    case: tuple[Scheme, list[str]], target: Scheme
) -> None:
    scheme, tags = case
    converted = convert(tags, scheme, target)
    assert spans(converted, target) == spans(tags, scheme)
    assert problems(converted, target) == []


@modest
@given(scheme_and_tags())
def test_lenient_spans_are_those_of_seqeval(case: tuple[Scheme, list[str]]) -> None:
    from seqeval.metrics.sequence_labeling import get_entities

    scheme, tags = case
    expected = [Span(start, last + 1, label) for label, start, last in get_entities(canonical(tags, scheme))]
    assert spans(tags, scheme) == expected


@modest
@given(scheme_and_tags())
def test_strict_spans_are_those_of_seqeval(case: tuple[Scheme, list[str]]) -> None:
    import seqeval.scheme

    scheme, tags = case
    oracle = {"bio": "IOB2", "bioes": "IOBES", "bilou": "IOBES"}.get(scheme.name, scheme.name.upper())
    (entities,) = seqeval.scheme.Entities([canonical(tags, scheme)], getattr(seqeval.scheme, oracle)).entities
    assert strict_spans(tags, scheme) == [Span(one.start, one.end, one.tag) for one in entities]


@pytest.mark.parametrize(
    ("name", "oracle", "length"),
    [
        ("iob1", "IOB1", 5),
        ("bio", "IOB2", 5),
        ("ioe1", "IOE1", 5),
        ("ioe2", "IOE2", 5),
        ("bioes", "IOBES", 4),
    ],
)
def test_every_short_sentence_has_the_spans_of_seqeval(name: str, oracle: str, length: int) -> None:
    import seqeval.scheme
    from seqeval.metrics.sequence_labeling import get_entities

    scheme = parse_scheme(name)
    letters = [f"{letter}-{label}" for letter in scheme.letters[:-1] for label in ("A", "B")]
    for tags in product(["O", *letters], repeat=length):
        (entities,) = seqeval.scheme.Entities([list(tags)], getattr(seqeval.scheme, oracle)).entities
        assert strict_spans(tags, scheme) == [Span(one.start, one.end, one.tag) for one in entities], tags
        lenient = [Span(start, last + 1, label) for label, start, last in get_entities(list(tags))]
        assert spans(tags, scheme) == lenient, tags


def test_bilou_letters_mean_what_seqeval_means_by_them() -> None:
    import seqeval.scheme

    tags = ["U-PER", "B-LOC", "I-LOC", "L-LOC", "B-PER", "O", "L-PER"]
    (entities,) = seqeval.scheme.Entities([tags], seqeval.scheme.BILOU).entities
    assert strict_spans(tags, parse_scheme("bilou")) == [
        Span(one.start, one.end, one.tag) for one in entities
    ]


@modest
@given(scheme_and_tags())
def test_tags_without_problems_are_read_alike_in_both_modes(case: tuple[Scheme, list[str]]) -> None:
    scheme, tags = case
    if not problems(tags, scheme):
        assert strict_spans(tags, scheme) == not_overlooked(spans(tags, scheme), tags, scheme)


def test_every_short_sentence_of_ioe1_without_problems_is_read_alike() -> None:
    """In both modes, but for the spans that seqeval's strict mode overlooks; those are well-formed."""
    scheme, overlooked = parse_scheme("ioe1"), 0
    assert problems(["E-A", "I-A"], scheme) == []
    assert spans(["E-A", "I-A"], scheme) == [Span(0, 1, "A"), Span(1, 2, "A")]
    assert strict_spans(["E-A", "I-A"], scheme) == [Span(1, 2, "A")]
    for tags in product(["O", "I-A", "E-A", "I-B", "E-B"], repeat=5):
        if not problems(tags, scheme):
            found = spans(tags, scheme)
            assert list(tags) == from_spans(found, 5, scheme), tags
            assert strict_spans(tags, scheme) == not_overlooked(found, tags, scheme), tags
            overlooked += len(found) - len(strict_spans(tags, scheme))
    assert overlooked > 0


@modest
@given(scheme_and_tags())
def test_problems_are_the_steps_that_are_not_allowed(case: tuple[Scheme, list[str]]) -> None:
    scheme, tags = case
    steps = list(zip([None, *tags], [*tags, None], strict=True))
    wrong = [
        min(index, len(tags) - 1) for index, step in enumerate(steps) if tags and not allowed(*step, scheme)
    ]
    assert [index for index, _ in problems(tags, scheme)] == wrong


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("iob1", ["I-A", "I-A", "B-A", "I-A", "I-B", "O", "I-A"]),
        ("bio", ["B-A", "I-A", "B-A", "I-A", "B-B", "O", "B-A"]),
        ("ioe1", ["I-A", "E-A", "I-A", "I-A", "I-B", "O", "I-A"]),
        ("ioe2", ["I-A", "E-A", "I-A", "E-A", "E-B", "O", "E-A"]),
        ("bioes", ["B-A", "E-A", "B-A", "E-A", "S-B", "O", "S-A"]),
        ("bmes", ["B-A", "E-A", "B-A", "E-A", "S-B", "O", "S-A"]),
        ("bmewo", ["B-A", "E-A", "B-A", "E-A", "W-B", "O", "W-A"]),
        ("bilou", ["B-A", "L-A", "B-A", "L-A", "U-B", "O", "U-A"]),
    ],
)
def test_one_sentence_in_every_scheme(name: str, tags: list[str]) -> None:
    sentence = [Span(0, 2, "A"), Span(2, 4, "A"), Span(4, 5, "B"), Span(6, 7, "A")]
    assert from_spans(sentence, 7, parse_scheme(name)) == tags


@pytest.mark.parametrize(
    ("name", "tags"), [("bmes", ["B", "M", "M", "E", "S"]), ("bilou", ["B", "I", "I", "L", "U"])]
)
def test_bare_letters_are_spans_without_a_label(name: str, tags: list[str]) -> None:
    scheme = parse_scheme(name)
    assert spans(tags, scheme) == [Span(0, 4, ""), Span(4, 5, "")]
    assert from_spans([Span(0, 4, ""), Span(4, 5, "")], 5, scheme) == tags


@pytest.mark.parametrize(
    ("name", "tags", "lenient", "strict", "wrong"),
    [
        ("bio", ["B-A", "S-A", "O"], [Span(0, 1, "A"), Span(1, 2, "A")], [Span(0, 1, "A")], [1]),
        ("bio", ["B-A", "L-A", "I-A"], [Span(0, 2, "A"), Span(2, 3, "A")], [Span(0, 1, "A")], [1]),
        ("bioes", ["U-A", "S-A", "M-A"], [Span(n, n + 1, "A") for n in range(3)], [Span(1, 2, "A")], [0, 2]),
        ("ioe2", ["B-A", "E-A"], [Span(0, 2, "A")], [Span(1, 2, "A")], [0]),
    ],
)  # fmt: skip
def test_letters_of_other_schemes_are_ill_formed(
    name: str, tags: list[str], lenient: list[Span], strict: list[Span], wrong: list[int]
) -> None:
    scheme = parse_scheme(name)
    assert (spans(tags, scheme), strict_spans(tags, scheme)) == (lenient, strict)
    assert [index for index, _ in problems(tags, scheme)] == wrong
    assert [index for index, tag in enumerate(tags) if not scheme.has(tag)] == wrong


@pytest.mark.parametrize(
    ("tags", "name", "odd"),
    [
        (["U", "O", "B-A", "I-A", "L-A"], "bilou", []),
        (["B-A", "I-A", "L-A", "U", "U-B"], "bilou", []),  # without any O
        (["S", "O", "B-A", "E-A"], "bioes", []),
        (["B", "O", "B-A", "I-A"], "bio", []),
        (["U", "O", *["B-A", "I-A", "O"] * 2], "bio", [0]),
        (["B-A", "I-A", "O", "S", "B-A", "I-A"], "bio", [3]),
    ],
)
def test_a_bare_letter_follows_the_scheme_of_its_corpus(tags: list[str], name: str, odd: list[int]) -> None:
    scheme = detect([tags])
    assert scheme == parse_scheme(name)
    assert [index for index, _ in problems(tags, scheme)] == odd
    assert sum(span.label == "" for span in spans(tags, scheme)) == sum(
        len(tag) == 1 for tag in tags if tag != "O"
    )


def test_a_label_may_hold_hyphens_and_dots() -> None:
    assert split("B-GPE-x.NAM", parse_scheme("bio")) == ("B", "GPE-x.NAM")


@pytest.mark.parametrize("tag", ["", "X", "X-PER", "B_PER", "BPER", "B-", "O-PER", "b-PER", "-", "o"])
def test_an_illegal_tag_is_refused(tag: str) -> None:
    scheme = parse_scheme("bio")
    message = f"{tag!r} is not a BIO tag; expected O, B-label or I-label"
    for use in (
        lambda: split(tag, scheme),
        lambda: spans(["O", tag], scheme),
        lambda: strict_spans([tag], scheme),
        lambda: allowed(None, tag, scheme),
        lambda: allowed(tag, None, scheme),
    ):
        with pytest.raises(ValueError, match="is not") as caught:
            use()
        assert str(caught.value) == message


ILLEGAL = "'?' is not a BIOES tag; expected O, B-label, I-label, E-label or S-label"


@pytest.mark.parametrize(
    ("name", "tags", "expected"),
    [
        ("bio", ["O", "I-PER"], [(1, "I-PER follows O; BIO expects B-PER")]),
        ("bio", ["I-PER", "I-PER"], [(0, "I-PER starts the sentence; BIO expects B-PER")]),
        ("bio", ["B-PER", "I-LOC"], [(1, "I-LOC follows B-PER; BIO expects B-LOC")]),
        ("iob1", ["O", "B-PER"], [(1, "B-PER follows O; IOB1 expects I-PER")]),
        ("iob1", ["I-LOC", "B-PER"], [(1, "B-PER follows I-LOC; IOB1 expects I-PER")]),
        ("bioes", ["B-PER", "O"], [(1, "O follows B-PER; BIOES expects I-PER or E-PER")]),
        ("bioes", ["O", "E-PER"], [(1, "E-PER follows O; BIOES expects S-PER")]),
        ("bioes", ["S-PER", "I-PER", "E-PER"], [(1, "I-PER follows S-PER; BIOES expects B-PER")]),
        ("bmes", ["M-PER", "E-PER"], [(0, "M-PER starts the sentence; BMES expects B-PER")]),
        ("bmewo", ["O", "B-PER"], [(1, "B-PER ends the sentence; BMEWO expects W-PER")]),
        ("bilou", ["B-PER", "I-PER"], [(1, "I-PER ends the sentence; BILOU expects L-PER")]),
        ("bilou", ["B", "O"], [(1, "O follows B; BILOU expects I or L")]),
        ("bio", ["O", "X-PER", "I-PER"], [(1, "'X-PER' is not a BIO tag; expected O, B-label or I-label")]),
        (
            "bilou",
            ["S-A"],
            [(0, "'S-A' is not a BILOU tag; expected O, B-label, I-label, L-label or U-label")],
        ),
        (
            "bioes",
            ["B-A", "?"],
            [(1, ILLEGAL)],
        ),
        ("bioes", ["?", "O", "E-A"], [(0, ILLEGAL), (2, "E-A follows O; BIOES expects S-A")]),
        ("bio", [], []),
        ("plain", ["NN", "B-X"], []),
    ],
)
def test_problems_say_what_is_wrong_and_what_is_right(
    name: str, tags: list[str], expected: list[tuple[int, str]]
) -> None:
    assert problems(tags, parse_scheme(name)) == expected


@pytest.mark.parametrize(
    ("name", "scheme", "title"),
    [
        ("iob", Scheme("iob1", "BIO"), "IOB1"),
        ("IOB1", Scheme("iob1", "BIO"), "IOB1"),
        ("Bio", Scheme("bio", "BIO"), "BIO"),
        ("iob2", Scheme("bio", "BIO"), "BIO"),
        ("bioes", Scheme("bioes", "BIESO"), "BIOES"),
        ("IOBES", Scheme("bioes", "BIESO"), "BIOES"),
        ("bmes", Scheme("bioes", "BMESO"), "BMES"),
        ("bmewo", Scheme("bioes", "BMEWO"), "BMEWO"),
        (" bilou ", Scheme("bilou", "BILUO"), "BILOU"),
        ("biluo", Scheme("bilou", "BILUO"), "BILOU"),
        ("plain", Scheme("plain", ""), "plain"),
        ("none", Scheme("plain", ""), "plain"),
    ],
)
def test_the_names_a_user_may_write(name: str, scheme: Scheme, title: str) -> None:
    assert parse_scheme(name) == scheme
    assert parse_scheme(name).title == title
    assert hash(parse_scheme(name)) == hash(scheme)


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        parse_scheme("BIOS")
    assert str(caught.value) == (
        "Unknown tag scheme 'BIOS'. Did you mean 'bioes'? "
        "Known: auto, iob1, iob, bio, iob2, ioe1, ioe2, bioes, iobes, bmes, bmewo, bilou, biluo, plain, none."
    )


@pytest.mark.parametrize(
    ("expected", "sequences"),
    [
        ("bio", []),
        ("bio", [["O", "O"]]),
        ("bio", [["B-PER", "I-PER", "O"], ["B-LOC"]]),
        ("bio", [["B-PER", "I-PER", "B-PER"]]),
        ("bio", [["B-PER", "O", "B-PER", "O", "I-PER"]]),  # one slip does not make it IOB1
        ("bio", [["B-PER", "O", "I-PER"]]),  # a tie
        ("bio", [["B-PER", "I-LOC", "O", "B-LOC"]]),
        ("iob1", [["I-PER", "I-PER", "O"], ["I-LOC"]]),
        ("iob1", [["I-PER", "B-PER", "O", "I-LOC"]]),
        ("iob1", [["I-PER", "I-LOC", "O", "B-LOC"]]),  # a start after another label counts
        ("bio", [["B-PER", "X-PER", "O"]]),  # one tag that does not parse, and O
        ("bio", [["B", "I", "O", "B"]]),
        ("iob1", [["I", "I", "O", "I", "B"]]),
        ("bioes", [["B-PER", "E-PER", "O", "S-PER"]]),
        ("bio", [["B-PER", "I-PER", "O", "B-LOC"]] * 9 + [["S-LOC", "O"]]),  # one stray letter
        ("bioes", [["B-PER", "E-PER", "O", "S-LOC"]] * 9 + [["U-LOC", "O", "L-PER"]]),
        ("ioe2", [["I-PER", "E-PER", "O", "E-LOC"]]),
        ("ioe1", [["I-PER", "I-PER", "O", "E-LOC", "I-LOC"]]),
        ("iob1", [["I-PER", "I-PER", "O", "I-LOC"]]),  # as good as IOE1, and more usual
        ("bilou", [["B", "L", "O", "U"], ["O", "B-PER", "L-PER"]]),
        ("bmes", [["B-PER", "M-PER", "E-PER", "O", "S-PER"]]),
        ("bmes", [["B", "E", "S", "B", "M", "E"]]),
        ("bioes", [["B", "E", "S"]]),
        ("bmewo", [["B-PER", "M-PER", "E-PER", "O", "W-PER"]]),
        ("bilou", [["B-PER", "I-PER", "L-PER", "O", "U-PER"]]),
        ("bilou", [["U", "O"], ["B", "L"]]),
        ("bio", [["B-NP", "I-NP", "B-VP"]]),  # every token is in a chunk
        ("plain", [["DT", "NN", "VB"]]),
        ("plain", [["B-NP", "NN"]]),  # something else and no O
        ("plain", [["N", "V", "S"]]),
        ("plain", [["E", "E"]]),
        ("plain", [["b-per", "o"]]),
        ("plain", [["O", "NN"]]),
    ],
)
def test_detection(expected: str, sequences: list[list[str]]) -> None:
    assert detect(iter(sequences)) == parse_scheme(expected)


@modest
@given(st.lists(spans_and_length(labels=["PER", "LOC"]), min_size=1, max_size=3), any_span_scheme)
def test_what_was_written_in_a_scheme_is_detected_as_it(
    cases: list[tuple[list[Span], int]], scheme: Scheme
) -> None:
    sequences = [from_spans(*case, scheme) for case in cases]
    # One span of every length and two that touch show all the letters.
    shown = [Span(0, 1, "PER"), Span(2, 3, "PER"), Span(4, 7, "LOC"), Span(7, 8, "LOC")]
    sequences.append(from_spans(shown, 9, scheme))
    assert detect(sequences) == scheme


@pytest.mark.parametrize("name", [*SPAN_SCHEMES, "plain"])
def test_a_scheme_goes_through_json(name: str) -> None:
    scheme = parse_scheme(name)
    assert Scheme.from_json(scheme.to_json()) == scheme


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "bioo", "letters": "BIO"}, "unknown tag scheme 'bioo'"),
        ({"name": "bio", "letters": "BIESO"}, "do not spell"),
        ({"name": "bio", "letters": "BBO"}, "do not spell"),
        ({"name": "bio", "letters": "BIX"}, "do not spell"),
        ({"name": "bio", "letters": "B-O"}, "do not spell"),
        ({"name": "bio", "letters": 3}, "expected a tag scheme"),
        ({"name": "bio", "letters": "BIO", "extra": 1}, "expected a tag scheme"),
        (["bio"], "expected a tag scheme"),
    ],
)
def test_a_damaged_scheme_is_refused(data: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scheme.from_json(data)


@pytest.mark.parametrize(
    "wrong", [[Span(0, 0, "A")], [Span(-1, 1, "A")], [Span(2, 4, "A")], [Span(0, 2, "A"), Span(1, 3, "B")]]
)
def test_impossible_spans_are_refused(wrong: list[Span]) -> None:
    with pytest.raises(
        ValueError, match="is empty, overlaps another span or leaves the sentence of 3 tokens"
    ):
        from_spans(wrong, 3, parse_scheme("bio"))


def test_plain_tags_have_no_spans() -> None:
    plain, bio = parse_scheme("plain"), parse_scheme("bio")
    assert not plain.is_spans
    assert bio.is_spans
    assert spans(["B-PER"], plain) == strict_spans(["B-PER"], plain) == []
    assert convert(["NN", "VB"], plain, plain) == ["NN", "VB"]
    assert convert(["B-PER", "O"], bio, plain) == ["B-PER", "O"]
    assert allowed("NN", None, plain)
    with pytest.raises(UsageError, match="Plain tags hold no spans and cannot be written as BIO"):
        convert(["NN"], plain, bio)
    with pytest.raises(ValueError, match="plain tags cannot hold spans"):
        from_spans([], 1, plain)


@pytest.mark.parametrize(
    ("name", "free", "same"),
    [
        ("iob1", {"^I", "^O", "OI", "OO", "O$", "BI", "BO", "B$", "II", "IO", "I$"}, {"BB", "IB"}),
        ("bio", {"^B", "^O", "OB", "OO", "O$", "BB", "BO", "B$", "IB", "IO", "I$"}, {"BI", "II"}),
        ("ioe1", {"^I", "^E", "^O", "OI", "OE", "OO", "O$", "II", "IE", "IO", "I$"}, {"EI", "EE"}),
        ("ioe2", {"^I", "^E", "^O", "OI", "OE", "OO", "O$", "EI", "EE", "EO", "E$"}, {"II", "IE"}),
        (
            "bioes",
            {first + second for first in "^OES" for second in "BSO$"} - {"^$"},
            {"BI", "BE", "II", "IE"},
        ),
    ],
)
def test_which_tag_may_follow_which(name: str, free: set[str], same: set[str]) -> None:
    scheme = parse_scheme(name)

    def tag(letter: str, label: str) -> str | None:
        return None if letter in "^$" else "O" if letter == "O" else f"{letter}-{label}"

    for first in "^" + scheme.letters:
        for second in scheme.letters + "$":
            if first + second == "^$":
                continue
            equal = allowed(tag(first, "A"), tag(second, "A"), scheme)
            different = allowed(tag(first, "A"), tag(second, "B"), scheme)
            assert different == (first + second in free), (first, second)
            assert equal == (first + second in free | same), (first, second)


def test_seqeval_is_not_imported_by_the_module() -> None:
    import subprocess
    import sys

    program = "import sys, seqtag.corpora.tags; print([m for m in ('seqeval', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
