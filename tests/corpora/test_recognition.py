"""What a file to tag is taken for: rows and JSON are never text without a word, and text stays text."""

import random
from itertools import count
from pathlib import Path

import pytest

from seqtag.corpora.base import AUTO, ReadOptions, Source
from seqtag.corpora.findings import Finding
from seqtag.corpora.recognition import format_to_tag, sentences_to_tag
from seqtag.support.errors import DataError, UsageError

WORD = "\t_" * 8
CERTAIN = {
    "spans after tabs": ("a.iob2", "Ole\tB-PER\nlief\tO\n\n", "conll"),
    "one sentence": ("a.tsv", "Ole\tB-PER\nlief\tO", "conll"),
    "comments": ("a.iob2", "# sent_id = 1\n# text = Ole lief\n1\tOle\tB-PER\t-\ts\n2\tlief\tO\t-\ts\n\n", "conll"),
    "comments alone": ("a.iob2", "# sent_id = 1\n", "conll"),
    "documents": ("a.testa", "-DOCSTART- -X- O O\n\nOle NNP I-NP I-PER\nleft VBD I-VP O\n", "conll"),
    "characters": ("a.bmes", "北 B-LOC\n京 E-LOC\n我 O\n\n", "conll"),
    "parts of speech after tabs": ("a.tsv", "\nOle\tNOUN\nlief\tVERB\n\nEva\tNOUN\n", "conll"),
    "words alone": ("a.tsv", "Ole\tNE\nlief\tVV\n\n", "conll"),
    "a token with a space": ("a.tsv", "a b\tB-X\n \tO\n\n", "conll"),
    "CoNLL-U": ("a.txt", f"1\tOle{WORD}\n2\tlief{WORD}\n\n", "conll"),
    "pipes": ("a.txt", "Eva|B-PER left|O\n", "pipes"),
    "slashes": ("a.json", "dogs/NNS bark/VBP ./.\nEva/NNP\n", "slashes"),
    "text in JSON": ("a.json", '\n{"id": 1, "text": "Ole lief"}\n', "jsonl"),
    "tokens in JSON": ("a.txt", ' {"tokens": ["Ole"]}\nx\n', "jsonl"),
    "an object over lines": ("a.txt", '{\n "text": "Ole"\n}\n', "jsonl"),
    "a list": ("a.txt", '[{"text": "Ole"}]\n', "jsonl"),
    "the data of an object": ("a.txt", '{"n": 1, "data": [\n{"text": "Ole"},\n{"text": "lief"}\n]}\n', "jsonl"),
    "by name": ("a.IOB.gz", "x", "conll"),
    "JSON by name": ("a.ndjson", "x", "jsonl"),
    "CoNLL-U by name": ("a.conllu", "x", "conll"),
}  # fmt: skip
DOUBTFUL = {
    "pairs after tabs": ("hello there\tbon jour\nyes please\toui merci\nno\tnon\n", "conll"),
    "pairs with a break": ("good day\tbon jour\nyes\toui\n\n", "conll"),
    "pairs without a break": ("hello\tbonjour\nyes\toui\nno\tnon\n", "conll"),
    "a row with another width": ("Ole\tB-PER\n" * 10 + "lief\n\n", "conll"),
    "a glossary": ("hello\tbonjour\n\nyes\toui\n", "conll"),
    "parts of speech": ("Ole NE\nlief VV\n\nEva NE\nlas VV\n", "conll"),
    "words alone": ("Ole\nlief\n\nEva\nlas\n", "conll"),
    "rows of which many have no tag": ("Ole B-PER\nlief\nnaar O\n\nEva B-PER\nlas\nboeken O\n", "conll"),
    "rows with other separators": ("Ole\tB-PER\nlief O\n\nEva B-PER\nlas\tO\n", "conll"),
    "rows with names of two words": ("New York B-LOC\nis O\ngroot O\n\nSan Juan B-LOC\nook O\n", "conll"),
    "rows without blank lines": ("Ole NOUN\nlief VERB\nEva NOUN\nlas VERB\nniet ADV\n" * 3, "conll"),
    "an object of other keys": ('{"label": 1}\n', "jsonl"),
    "a list over lines": ("[\n  {}\n]\n", "jsonl"),
    "HTML": ("<!DOCTYPE html>\n", ""),
    "WebAnno": ("#FORMAT=WebAnno TSV 3.3\n\n\n1-1\t0-3\tEva\tPER\n1-2\t4-8\tleft\t_\n", ""),
    "PubTator": ("12|t|Pain\n12|a|It hurts.\n12\t0\t4\tPain\tDisease\tD1\n", ""),
    "small tags after slashes": ("The/at jury/nn said/vbd\n\nthe/at vote/nn\n", "slashes"),
}
TEXTS = {
    "sentences": "Eva Holm left Rome.\nShe never came back.\n",
    "tokenised": "Eva Holm left Rome .\n\nShe never came back .\n",
    "paragraphs with tabs": "\tOnce upon a time\n\tthere was a king.\n\nHe\thad a son.\n",
    "some tabs": "Name:\tEva Holm\nShe left Rome\nand never\tcame\tback.\n",
    "a poem": "Winter night\nsilent snow\n\nempty road\nfading light\n",
    "a refrain": "Ana left\n" * 9,
    "a list of words": "Oslo\nRome\nParis\nBern\n",
    "one word": "Oslo\n\n",
    "headings": "# Title\n\n## Part\n\nEva left.\n",
    "two pairs": "hello\tbonjour\nyes\toui\n",
    "a hash tag": "#winter is here\n",
    "brackets": "[Music]\n{name} left\n[1] See below.\n",
    "slashes": "and/or yes/no\n",
    "an initial": "Sinead O\n",
    "flights": "bomber B-52\nplane A-380\n",
    "a chorus": "OH HAPPY\nOH DAY\nALL DAY\n" * 5,
    "people": "Eva NATO\nBo WHO\nIda UN\n",
    "an odd list": "Ole HOME\nEva AWAY\nIda HERE\nBo THERE\n",
    "capitals": "ROMEO AND JULIET\nACT ONE\n",
    "blank": "\n \n",
    "nothing": "",
    "odd space": "\x0c\n\u3000\n",
}


def source(
    text: str, name: str = "FILE", report: list[Finding] | None = None, *, stream: bool = False
) -> Source:
    found = Source(
        name, enumerate(text.removesuffix("\n").split("\n"), 1), (report if report is not None else []).append
    )
    found.is_stream = stream
    return found


@pytest.mark.parametrize(("name", "text", "expected"), CERTAIN.values(), ids=CERTAIN)
def test_certain(name: str, text: str, expected: str) -> None:
    told: list[Finding] = []
    assert format_to_tag(source(text, name, told)) == expected
    assert told == []


@pytest.mark.parametrize(("text", "option"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubtful(text: str, option: str) -> None:
    told: list[Finding] = []
    assert format_to_tag(source(text, report=told)) == "text"
    (one,) = told
    assert (one.level, one.code, one.line) == ("warning", "other-format", 1)
    assert one.message.startswith("looks like ")
    assert one.message.endswith(", but is read as text, one sentence per line")
    assert one.option == (f"--input-format {option}" if option else "")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_stays_text(text: str, stream: bool) -> None:
    told: list[Finding] = []
    found = source(text, report=told, stream=stream)
    assert format_to_tag(found) == "text"
    assert told == [] or (stream and text.startswith(("Sinead O\n", "hello\t")))
    assert [line for _, line in found.lines()] == text.removesuffix("\n").split("\n")


@pytest.mark.parametrize(
    ("line", "expected", "option"),
    [
        ("Ole\tB-PER", "conll", None),
        ("Ole\tNE\tO", "conll", None),
        ("# text = Ole lief", "conll", None),
        ("-DOCSTART- -X- O", "conll", None),
        (f"1\tOle{WORD}", "conll", None),
        ("Eva|B-PER left|O", "pipes", None),
        ("dogs/NNS bark/VBP at/IN night/NN ./.", "slashes", None),
        ('{"text": "Ole"}', "jsonl", None),
        ("dogs/NNS bark/VBP", "text", None),
        ("Ole NE B-PER", "text", "conll"),
        ("lief VV O", "text", "conll"),
        ("Ole\tNE", "text", "conll"),
        ('{"id": 1}', "text", "jsonl"),
        ("Eva left.\tShe came.", "text", None),
        ("Eva", "text", None),
        ("", "text", None),
    ],
)
def test_the_first_line_of_a_stream(line: str, expected: str, option: str | None) -> None:
    """Nothing more is read before the first line can be answered."""
    rest = iter([(1, line), (2, "more")])
    told: list[Finding] = []
    found = Source("FILE", rest, told.append)
    found.is_stream = True
    assert format_to_tag(found) == expected
    assert [one.option for one in told] == ([] if option is None else [f"--input-format {option}"])
    assert next(rest) == (2, "more")
    assert list(found.lines()) == [(1, line)]


def test_a_large_file_is_not_read_whole() -> None:
    rows = ((number, f"{number} is a number of {number}") for number in count(1))
    assert format_to_tag(Source("FILE", rows)) == "text"
    assert next(rows)[0] < 1000


def test_what_was_given_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("Ole\tB-PER\nlief\tO\n\n")
    for given, expected in (
        (None, [("Ole", "lief")]),
        ("text", [("Ole", "B-PER"), ("lief", "O"), ()]),
    ):
        found = sentences_to_tag(str(path), AUTO, given, ReadOptions().tokenizer)
        assert [one.tokens for one in found] == expected


def test_columns_are_those_of_the_training_corpus(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("1\tOle\tB-PER\n2\tlief\tO\n\n")
    (found,) = sentences_to_tag(str(path), ReadOptions("conll", 2), None, AUTO.tokenizer)
    assert found.tokens == ("Ole", "lief")


@pytest.mark.parametrize("given", [None, "conll"])
def test_header_rows_are_passed_over_as_in_training(tmp_path: Path, given: str | None) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("word\ttag\nOle\tB-PER\nlief\tO\n\n")
    (found,) = sentences_to_tag(str(path), ReadOptions(skip_rows=1), given, AUTO.tokenizer)
    assert (found.tokens, list(found.lines)) == (("Ole", "lief"), [2, 3])


def test_a_tokenizer_is_for_raw_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("Ole\tB-PER\nlief\tO\n\n")
    with pytest.raises(UsageError, match=r"a\.tsv is already tokenised \(conll\)"):
        sentences_to_tag(str(path), AUTO, None, AUTO.tokenizer, only_raw="--tokenizer")
    path.write_text('{"text": "Ole lief"}\n')
    (found,) = sentences_to_tag(str(path), AUTO, None, AUTO.tokenizer, only_raw="--tokenizer")
    assert found.tokens == ("Ole", "lief")


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        format_to_tag(Source("none.txt"))


def test_any_lines() -> None:
    """Whatever the lines are, they come again, and there is an answer."""
    words = 'Eva left O B-PER nn , # / | \\ { } [ ] " "text": -DOCSTART- <html> word,tag a#O a|O'
    pieces = [*words.split(" "), "\t", " ", "\n", "\n\n", "\r", "\x0c", "\u3000"]
    draw = random.Random(1)
    for _ in range(500):
        chosen = draw.sample(pieces, 6)
        text = "".join(draw.choices(chosen, k=30))
        for stream in (False, True):
            found = source(text, stream=stream)
            assert format_to_tag(found) in (
                "text",
                "conll",
                "csv",
                "jsonl",
                "pipes",
                "hashes",
                "slashes",
                "underscores",
            )
            assert [line for _, line in found.lines()] == text.removesuffix("\n").split("\n")
