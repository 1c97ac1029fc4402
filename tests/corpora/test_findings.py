"""Findings: how they are told, and the doubts about a whole corpus."""

import json
from pathlib import Path

import pytest

from seqtag.cli import run
from seqtag.corpora.base import AUTO
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Finding, gravest, groups
from seqtag.corpora.reading import ReadOptions, read_corpus, sentences
from seqtag.corpora.tags import detect, parse_scheme
from seqtag.tasks.tagging.check import check


def found(tmp_path: Path, text: str, options: ReadOptions = AUTO) -> list[Finding]:
    """The doubts about a file that holds a text."""
    path = tmp_path / "corpus.conll"
    path.write_text(text, encoding="utf-8")
    corpus = read_corpus(path, options)
    return doubts(corpus, detect(sentence.tags or () for sentence in corpus.sentences))


def codes(findings: list[Finding]) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in findings]


GOOD = "Ole\tB-PER\nlief\tO\n\nEva\tB-PER\nlas\tO\n"
SWAPPED = "".join(f"{tag}\tword{number}{tag.lower()}\n" for tag in ("NN", "V", ".") for number in range(5))
INDEXED = "1\tOle\tB-PER\n2\tlief\tO\n\n1\tEva\tB-PER\n2\tlas\tO\n"


def test_a_good_corpus(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (INDEXED, [("index-column", 1)]),
        (INDEXED.replace("1\t", "0\t").replace("2\t", "1\t"), [("index-column", 1)]),
        ("1\tA\n2\tB\n3\tA\n\n7\tA\n8\tB\n", []),
        ("0\tOle\tB-PER\n4\tlas\tO\n", [("index-column", 1)]),  # where they begin
        ("1\tA\n\n1\tB\n", []),  # one number a sentence may be its word
        ("Ole\tx\nlief\tx\n", [("constant-tags", 1)]),
        ("\n_\tB-PER\n_\tO\n", [("withheld-words", 2)]),
        ("#\tx\n" * 10, [("constant-tokens", 1), ("constant-tags", 1)]),
        ("a\tB-PER\n" * 9 + "a\tO\n", [("constant-tokens", 1)]),
        ("a\tB-PER\n" + "a\tO\n" * 8, []),
        ("a\tname=O\nb\tname=B-X|y=z\nc\t_\n", [("attribute-tags", 1)]),
        ("a\tname=O\nb\tO\n", []),
        (SWAPPED, [("swapped-columns", 1)]),
        ("O\tMarta\nB-PER\tOle\n", [("swapped-columns", 1)]),
        ("".join(f"{letter}\t{letter.lower()}{number}\n" for letter in "ABC" for number in range(3)), []),
        ("".join(f"{letter}\tB-{number}\n" for letter in "ACGT" for number in range(9)), []),
        ("B-52\tNOUN\nO\tINTJ\n", []),
        ("a_b\tB-PER\n_\tO\n", []),
        ("".join(f"word{n} of{n}\n" for n in range(8)), [("running-text", 1)]),
        ("".join(f"word{n} of{n}\n" for n in range(7)), []),
        ("".join(f"word{n} T{n}\n" for n in range(8)), []),
        ("".join(f"word{n // 2} of{n}\n" for n in range(8)), []),
        ("".join(f"word{n} of{n // 2}\n" for n in range(8)), []),
        ("".join(f"word{n} of{n}\n" for n in range(8)) + "\nword of1\n", []),
        ("Eva came home.\nOle left (early).\n", [("running-text", 1)]),
        ("Eva came home.\nOle left N\n", []),
        (GOOD + "\nRome\tS-LOC\nlies\tO\nthere\tI-LOC\n", [("odd-scheme-tags", 7), ("odd-scheme-tags", 9)]),
    ],
)
def test_doubts(tmp_path: Path, text: str, expected: list[tuple[str, int | None]]) -> None:
    assert codes(found(tmp_path, text)) == expected


def test_each_line_with_a_mark_is_told(tmp_path: Path) -> None:
    text = GOOD.replace("Eva", "\ufeffEva") + "\n\ufeff-DOCSTART-\tO\n\n\ufeffEva\tB-PER\nlas\tO\n"
    findings = found(tmp_path, text)
    assert codes(findings) == [("bom-inside", 4), ("bom-inside", 7), ("bom-inside", 9)]
    assert {(one.level, one.option) for one in findings} == {("warning", "seqtag check --fix OUT")}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.conll", "a\tO\n\n\ufeffb\tO\n"),
        ("a.conllu", "\n\ufeff".join(["1\ta\t_\tX" + 6 * "\t_" + "\n"] * 2)),
        ("a.csv", "sentence,token,tag\n1,a,O\n\ufeff2,b,O\n"),
        ("a.jsonl", '{"text": "a", "label": []}\n\ufeff{"text": "b", "label": []}\n'),
        ("a.txt", "a|O\n\ufeffb|O\n"),
    ],
)
def test_what_mends_a_mark(name: str, text: str, tmp_path: Path) -> None:
    path, copy = tmp_path / name, tmp_path / f"fixed.{name}"
    path.write_text(text, encoding="utf-8")
    (finding,) = read_corpus(path).findings
    assert (finding.code, finding.option) == ("bom-inside", "seqtag check --fix OUT")
    assert run(["check", "--fix", str(copy), str(path)]) == 0
    mended = read_corpus(copy)
    assert mended.findings == ()
    assert mended.sentences == read_corpus(path).sentences


def test_a_mark_that_is_not_mended_so(tmp_path: Path) -> None:
    """A doubled mark, of which one is the text; the text of BRAT; what is read without tags, such as raw text."""
    doubled = found(tmp_path, GOOD.replace("Eva", "\ufeff\ufeffEva"))
    told: list[Finding] = []
    (tmp_path / "a.txt").write_text("a\n\ufeffb\n", encoding="utf-8")
    list(sentences(tmp_path / "a.txt", ReadOptions("text", with_tags=False), told.append))
    (tmp_path / "a.ann").write_text("T1\tX 0 1\ta\n")
    list(sentences(tmp_path / "a.ann", AUTO, told.append))
    assert [(one.code, one.option) for one in [*doubled, *told]] == [("bom-inside", "")] * 3


def test_the_option_mends_it(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, INDEXED)
    assert finding.option == "--token-column 2"
    assert found(tmp_path, INDEXED, ReadOptions(token_column=2)) == []


HIPE = "TOKEN\tNE-COARSE-LIT\tNE-FINE-LIT\tNEL-LIT\tMISC\n# language = de\n"
HIPE += "Ole\tB-pers\tB-pers.ind\tQ7\t_\nlief\tO\tO\t_\tNoSpaceAfter\n.\tO\tO\t_\tEndOfLine\n"
UNER = "1\tOle\tB-PER\t-\ts\n2\tlas\tO\t-\ts\n"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (UNER, AUTO, ["--token-column 2", "--tag-column 3"]),
        (UNER, ReadOptions(token_column=2), ["--tag-column 3"]),
        (UNER, ReadOptions(token_column=2, tag_column=3), []),
        ("1\t7\tX\n2\t8\tY\n", AUTO, ["--token-column"]),
        ("1\tle\tle\tX\n2\tloro\tle\tY\n", AUTO, ["--token-column 2"]),
        ("1\tS\tla\tX\n2\tS\tel\tY\n", AUTO, ["--token-column 3"]),
        ("d\tOle\tX\n" + "d\tlas\tY\n" * 9, AUTO, ["--token-column 2"]),
        ("a\tO\tO\nb\tO\tO\n", AUTO, ["--tag-column"]),
        ("a\tB-X\nb\tB-X\n", AUTO, ["--tag-column"]),
        (SWAPPED, AUTO, ["--token-column 2 --tag-column 1"]),
        (HIPE, AUTO, ["--skip-rows 1", "--tag-column 2"]),
        (
            HIPE.replace("NoSpaceAfter", "_").replace("EndOfLine", "_"),
            AUTO,
            ["--skip-rows 1", "--tag-column 2"],
        ),
        (HIPE, ReadOptions(skip_rows=1), ["--tag-column 2"]),
        (HIPE, ReadOptions(skip_rows=1, tag_column=2), []),
    ],
)
def test_a_better_column_is_named(
    tmp_path: Path, text: str, options: ReadOptions, expected: list[str]
) -> None:
    assert [finding.option for finding in found(tmp_path, text, options)] == expected


def test_the_columns_are_swapped_back(tmp_path: Path) -> None:
    assert found(tmp_path, SWAPPED, ReadOptions(token_column=2, tag_column=1)) == []


AS_WIDE = "read as a comment, though it has as many columns as a row"


def comment_like(tmp_path: Path, text: str, options: ReadOptions = AUTO) -> list[tuple[str, int | None, str]]:
    return [
        (finding.level, finding.line, finding.message)
        for finding in found(tmp_path, text, options)
        if finding.code == "comment-like-row"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Read as comments, for certain or not
        (
            "# newdoc\na O\nb B-X\n\n# newpar\na O\n",
            [("note", 1, f"{AS_WIDE} (and 1 more)")],
        ),
        (
            "#\thttp://x.example/1\t[2010]\na\tN\tO\n",
            [("note", 1, AS_WIDE)],
        ),
        (
            "a v\n\n# n\na n\n",
            [
                ("warning", 3, "read as a comment, though other rows have the tag 'n'"),
                ("note", 3, AS_WIDE),
            ],
        ),
        ("# text = a b\n# id = 1\na b O\n", []),
        # Read as rows
        (
            "# x = y\tO\na\tO\n",
            [("warning", 1, "read as a row, though its token '# x = y' is like a comment")],
        ),
        ("a\tO\n# b\tO\n", [("note", 2, "read as a row, though its token '# b' is like a comment")]),
        ("#\tO\n#a\tB-X\n##\tO\n\n#1\tO\n", []),
        ("# O\na O\nb B-X\n", []),
    ],
)
def test_comment_like_rows(tmp_path: Path, text: str, expected: list[tuple[str, int, str]]) -> None:
    assert comment_like(tmp_path, text) == expected


def _finding(level: str, code: str, file: str = "a", line: int | None = None) -> Finding:
    return Finding(level, code, file, line, code.upper())  # type: ignore[arg-type]


class TestTold:
    """What is said of findings, the gravest first."""

    def test_groups(self) -> None:
        first, second, third = (
            _finding("note", "n"), _finding("warning", "w", "a", 3), _finding("warning", "w", "b", 4)
        )  # fmt: skip
        assert groups([first, second, third, second]) == [[second, second], [third], [first]]

    def test_a_line_for_each_kind_of_each_file(self) -> None:
        findings = [
            _finding("warning", "w", "a", 3),
            _finding("error", "e"),
            _finding("warning", "w", "a", 9),
        ]
        assert gravest(findings, 5) == [("error", "a: E"), ("warning", "a:3: W (and 1 more)")]

    def test_no_line_more(self) -> None:
        findings = [_finding("warning", code) for code in "abcdef"] + [_finding("note", "n")]
        assert gravest(findings, 6) == [("warning", f"a: {code}") for code in "ABCDEF"]
        assert gravest(findings, 3) == [
            ("warning", "a: A"),
            ("warning", "a: B"),
            ("warning", "4 further kinds of warning; `seqtag check` lists them"),
        ]  # fmt: skip

    def test_notes_wait_for_check(self) -> None:
        assert gravest([_finding("note", "n")], 5) == []


def test_who_names_the_scheme_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "corpus.conll"
    path.write_text("Ole\tB_PER\nlief\tO\n\nEva\tB_PER\nlas\tO\n" * 3, encoding="utf-8")
    corpus = read_corpus(path)
    plain = detect(sentence.tags or () for sentence in corpus.sentences)
    assert [one.code for one in doubts(corpus, plain)] == ["span-spelling"]
    assert doubts(corpus, plain, named=True) == []


def test_examples_that_were_not_accepted(tmp_path: Path) -> None:
    rows = [{"text": "Eva kam", "spans": [], "answer": answer} for answer in ("accept", "ignore", "reject")]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    told = [one for one in found(tmp_path, text) if one.code == "not-annotated"]
    assert [(one.line, one.message[:11]) for one in told] == [(2, "2 sentences")]
    assert "not-annotated" not in dict(codes(found(tmp_path, text.split("\n")[0])))


@pytest.mark.parametrize(("odd", "level"), [("S-LOC", "warning"), ("x", "error"), ("b-PER", "error")])
def test_what_no_scheme_knows_is_an_error(tmp_path: Path, odd: str, level: str) -> None:
    """As it is for the commands that need the scheme."""
    (one,) = found(tmp_path, GOOD * 9 + f"\nRome\t{odd}\n")
    assert (one.level, one.code) == (level, "odd-scheme-tags")


def test_nothing_but_o_beside_span_tags(tmp_path: Path) -> None:
    (one,) = found(tmp_path, "Eva\tB-PER\tO\nlas\tO\tO\n")
    assert (one.level, one.code, one.option) == ("warning", "constant-tags", "--tag-column 2")


def test_the_attribute_that_holds_span_tags_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    row = "{}\t{}" + "\t_" * 7 + "\t{}\n"
    path.write_text(row.format(1, "Ana", "A=1|name=B-PER") + row.format(2, "saw", "A=2|name=O"))
    corpus = read_corpus(path, ReadOptions(tag_column="misc"))
    (one,) = (one for one in doubts(corpus, parse_scheme("plain")) if one.code == "attribute-tags")
    assert one.option == "--tag-column misc:name"


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("# global.columns = ID FORM UPOS NER\n1\tOle\tX\tB-PER\n2-3\tdel\t_\t_\n2\tde\tY\tO\n", "NER"),
        ("# global.columns = ID FORM UPOS MISC\n1\tOle\tX\tname=B-PER\n2\tde\tY\t_\n", "misc:name"),
        ("# global.columns = ID FORM UPOS MISC\n1\tOle\tX\tname=PER\n2\tde\tY\t_\n", None),
        ("# global.columns = ID FORM NER UPOS\n1\tOle\tB-PER\tX\n2\tde\tO\tY\n", "ner"),
    ],
)
def test_span_tags_beside_others(tmp_path: Path, text: str, option: str | None) -> None:
    """Named where plain tags of several kinds are read."""
    path = tmp_path / "a.conllup"
    path.write_text(text)
    corpus = read_corpus(path)
    told = [one for one in doubts(corpus, parse_scheme("plain")) if one.code == "other-span-tags"]
    named = [one.option.lower() for one in told]
    assert named == ([f"--tag-column {option.lower()}"] if option else [])
    assert {one.level for one in told} <= {"note"}


def test_an_attribute_of_span_tags_is_named(tmp_path: Path) -> None:
    """A file that `convert` wrote has its tags in MISC."""
    path = tmp_path / "a.conllu"
    row = "{}\t{}" + "\t_" * 7 + "\tSpaceAfter=No|name={}\n"
    path.write_text(row.format(1, "Ana", "B-PER") + row.format(2, "saw", "O"))
    (found,) = (one for one in check([str(path)]).findings if one.code == "constant-tags")
    assert "column misc:name holds span tags" in found.message
    assert found.option == "--tag-column misc:name"
