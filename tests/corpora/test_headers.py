"""Header rows: which first rows look like one, and how they are passed over."""

from pathlib import Path

import pytest

from seqtag.cli import run
from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Finding
from seqtag.corpora.headers import are_names
from seqtag.corpora.reading import Corpus, check_tags, read_corpus, sentences
from seqtag.corpora.tags import detect
from seqtag.support.errors import DataError

SPANS = "Ole\tB-PER\nlief\tO\n"
POS = "Ole\tN\nlief\tV\n"
HIPE = "TOKEN\tNE-COARSE-LIT\tMISC\n# language = de\nOle\tB-PER\t_\nlief\tO\t_\n"


def corpus(folder: Path, text: str, options: ReadOptions = AUTO) -> Corpus:
    path = folder / "corpus.tsv"
    path.write_text(text, encoding="utf-8")
    return read_corpus(path, options)


def found(corpus: Corpus) -> list[Finding]:
    """The findings about the header."""
    scheme = detect(sentence.tags or () for sentence in corpus.sentences)
    return [one for one in doubts(corpus, scheme) if one.code == "header-row"]


@pytest.mark.parametrize(
    "header",
    [
        "word\tpos\n" + POS,
        "word\tpos\n\n" + POS,
        "Word\tNer\n" + SPANS,
        "TOKEN\tMISC\n" + SPANS,
        "mot\tetiquette\n" + POS,
        "form\tlemma\tupos\nOle\tOle\tN\n",
        "token\tlabel\n" + POS.lower(),
        "TOKEN\tNE-COARSE-LIT\n" + SPANS,
    ],
)
def test_a_header(tmp_path: Path, header: str) -> None:
    (finding,) = found(corpus(tmp_path, header))
    assert (finding.level, finding.line, finding.option) == ("warning", 1, "--skip-rows 1")


@pytest.mark.parametrize(
    "text",
    [
        POS,
        SPANS,
        "Text\tN\n" + POS,  # its tag is one of the others
        "text\tB-MISC\n" + SPANS,
        "word\tnn\nOle\tNN\nlief\tVB\n",  # a slip of the pen
        "Ole\tper\n" + SPANS,
        "Text\tMISC\nOle\tPER\nlief\tO\n",
        "run\tx\n" + POS,
        "7\tpos\n" + POS,
        "word\tpos\n",
        "a\tnoun\n" + POS.lower(),
    ],
)
def test_no_header(tmp_path: Path, text: str) -> None:
    assert found(corpus(tmp_path, text)) == []


def test_its_line_is_named(tmp_path: Path) -> None:
    text = "# a comment\n\nword\tpos\n" + POS
    (finding,) = found(corpus(tmp_path, text))
    assert (finding.line, finding.option) == (3, "--skip-rows 3")
    assert corpus(tmp_path, text, ReadOptions(skip_rows=3)).sentences[0].tokens == ("Ole", "lief")


def test_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    found = corpus(tmp_path, HIPE, ReadOptions(tag_column=2, skip_rows=1))
    assert (found.sentences[0].tags, tuple(found.sentences[0].lines)) == (("B-PER", "O"), (3, 4))
    assert found.findings == ()


def test_a_row_is_missed(tmp_path: Path) -> None:
    (finding,) = found(corpus(tmp_path, POS + "\nEva\tN\n", ReadOptions(skip_rows=1)))
    assert (finding.line, finding.option) == (1, "--skip-rows 0")
    assert finding.message == "passed over (--skip-rows), but its tag 'N' is one of the corpus"


def test_an_illegal_tag_in_a_header(tmp_path: Path) -> None:
    found = corpus(tmp_path, HIPE, ReadOptions(tag_column=2))
    with pytest.raises(DataError) as caught:
        check_tags(found, detect(sentence.tags or () for sentence in found.sentences))
    assert caught.value.code == "header-row"
    assert str(caught.value).endswith(
        ":1: the row looks like a header, not like a token; --skip-rows 1 passes over it"
    )
    with pytest.raises(DataError, match=r":3: 'X' is not a BIO tag"):
        check_tags(corpus(tmp_path, SPANS + "Eva\tX\n"), detect([("B-PER", "O")]))


def test_a_header_with_other_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        corpus(tmp_path, "TOKEN\tNE-COARSE-LIT\tMISC\nOle B-PER _\n")
    assert caught.value.code == "header-row"
    assert ":1: the row looks like a header, not like a token, and line 2 has other columns; " in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["word", "pos"], True),
        (["TOKEN", "NE-COARSE-LIT"], True),
        (["pos_tag", "ner tags"], True),
        (["word"], False),
        (["Text", "MISC"], False),
        (["Ole", "pos"], False),
    ],
)
def test_names_of_columns(cells: list[str], expected: bool) -> None:
    assert are_names(cells) == expected


@pytest.mark.parametrize(
    ("header", "skip", "level", "message"),
    [
        (
            "word\tpos",
            1,
            "note",
            "passed over 'word\\tpos' as a header, which the training corpus had (--skip-rows)",
        ),
        (
            "Eva\tN",
            1,
            "warning",
            "passed over 'Eva\\tN' as a header, which the training corpus had (--skip-rows)",
        ),
        ("word\tpos", None, "warning", "the row looks like a header, not like a token"),
    ],
)
def test_a_file_to_tag(tmp_path: Path, header: str, skip: int | None, level: str, message: str) -> None:
    """What is passed over is named; a header that is not is reported."""
    (tmp_path / "file").write_text(f"{header}\n{POS}", encoding="utf-8")
    said: list[Finding] = []
    options = ReadOptions(skip_rows=skip).to_tag("conll", AUTO.tokenizer)
    (sentence,) = sentences(tmp_path / "file", options, said.append)
    assert sentence.tokens[-2:] == ("Ole", "lief")
    assert len(sentence) == (2 if skip else 3)
    assert [(one.level, one.line, one.message) for one in said] == [(level, 1, message)]


def test_the_option_reaches_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file.tsv"
    path.write_text("word\tner\n" + SPANS, encoding="utf-8")
    for options, expected in (([], True), (["--skip-rows", "1"], False)):
        assert run(["check", str(path), *options]) == 0
        assert ("looks like a header" in capsys.readouterr().out) == expected
    (tmp_path / "predicted").write_text(SPANS, encoding="utf-8")
    assert run(["evaluate", "--predicted", str(tmp_path / "predicted"), str(path)]) == 1
    assert run(["evaluate", "--predicted", str(tmp_path / "predicted"), str(path), "--skip-rows", "1"]) == 0
    assert "Token accuracy 1.0000" in capsys.readouterr().out
