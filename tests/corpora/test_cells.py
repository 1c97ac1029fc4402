"""Doubts about cells that hold something else than a token and its tag."""

from pathlib import Path

import pytest

from seqtag.corpora import cells
from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.tags import detect

WORDS = ("Eva", "Ole", "las", "lief", "nach", "in", "Rom", "Oslo", "und", "kam", "ging")
Found = list[tuple[str, str, str]]


def found(tmp_path: Path, text: str, options: ReadOptions = AUTO) -> Found:
    """The level, code and option of each doubt."""
    path = tmp_path / "corpus.conll"
    path.write_text(text, encoding="utf-8")
    corpus = read_corpus(path, options)
    scheme = detect(sentence.tags or () for sentence in corpus.sentences)
    return [
        (one.level, one.code, one.option)
        for rule in cells.RULES
        for one in rule(corpus, scheme)
        if one.line == 1
    ]


def rows(template: str) -> str:
    return "".join(template.format(word=word, n=n) + "\n" for n, word in enumerate(WORDS))


SPANS = "Eva\tB-PER\t{}\nlas\tO\t{}\n"
AFFIX = ("warning", "common-affix", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SPANS.format("doc1", "doc2"), [("warning", "other-span-tags", "--tag-column 2")]),
        (SPANS.format("eva", "lesen"), [("warning", "other-span-tags", "--tag-column 2")]),
        (SPANS.format("doc1", "doc1"), []),  # constant-tags
        (SPANS.format("B-NP", "B-VP"), []),
        ("Eva\tNNP\tB-PER\nlas\tVBD\tO\n", []),
        ("Eva las .\tB-PER O O\nOle kam\tB-PER O\n", [("error", "other-format", "")]),
        ("Eva las das Buch\tgut\nOle kam nie nach Rom\tschlecht\n", [("warning", "other-format", "")]),
        ("New York\tB-LOC\nliegt\tO\nam\tO\n", []),
        (rows("en:{word}\tT{n}"), [AFFIX]),
        (rows("{word} \tT{n}"), [AFFIX]),
        (rows('"{word}"\t"T{n}"'), [AFFIX, AFFIX]),
        (rows("{word}\u200b\tT{n}"), [AFFIX]),
        (rows("w{n}\tT{n}"), []),
        ("en:a\tT1\nen:b\tT2\n", []),
        ("Eva\tB-PER|B-X\nlas\tO|O\n", [("warning", "several-tags", "")]),
        ("Eva\tB-PER,B-X\nlas\tO\n", [("warning", "several-tags", "")]),
        ("Eva\tB-a|b\nlas\tO\n", []),
        ("Eva\t1\nlas\t0\n", [("note", "number-tags", "--labels")]),
        ("Eva\t1\nlas\t2\n", []),
        ("Eva\t0\nlas\t15\n", []),
        ("Eva\t0.5\nlas\t0\n", []),
    ],
)
def test_cells(tmp_path: Path, text: str, expected: Found) -> None:
    assert found(tmp_path, text) == expected


def test_a_column_that_was_chosen_is_not_doubted(tmp_path: Path) -> None:
    text = "Eva\tNNP\tB-PER\nlas\tVBD\tO\n"
    assert found(tmp_path, text, ReadOptions(tag_column=2)) == []
