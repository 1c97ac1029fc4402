"""Labels of whole sentences, in each format that holds them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.reading import Corpus, read_corpus
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.tokenizers import USUAL
from seqtag.support.errors import DataError, UsageError
from seqtag.tasks.labelling.reading import check

INTENT = ReadOptions(label_key="intent", with_tags=False)
Labels = list[tuple[str, ...]]


def read(tmp_path: Path, name: str, text: str, options: ReadOptions = INTENT) -> Corpus:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_corpus(tmp_path / name, options)


def labels(corpus: Corpus) -> Labels:
    return [sentence.labels for sentence in corpus.sentences]


def test_comments_in_columns(tmp_path: Path) -> None:
    text = (
        "# id = 3\n# intent = atis_flight#atis_airfare\nshow\tO\nfares\tO\n\n"
        "#intent=a+b c \n# intent = second\n# intent = second\nplay\tO\n\nno\tO\nlabel\tO\n"
    )
    found = read(tmp_path, "a.conll", text)
    assert labels(found) == [("atis_flight#atis_airfare",), ("a+b c", "second"), ()]
    assert found.keys == {"id", "intent"}
    assert [sentence.tags for sentence in found.sentences] == [None] * 3
    tagged = read(tmp_path, "a.conll", text, replace(INTENT, with_tags=True))
    assert labels(tagged) == labels(found)
    assert tagged.sentences[0].tags == ("O", "O")
    assert labels(read(tmp_path, "a.conll", text, ReadOptions())) == [(), (), ()]


def test_comments_among_spaces(tmp_path: Path) -> None:
    """Where `# intent = X` has as many columns as a row."""
    text = "# intent = X\nshow A B O\nme A B O\n\n# intent = Y\nplay A B O\n"
    assert labels(read(tmp_path, "a.conll", text)) == [("X",), ("Y",)]


def test_comments_in_conllu(tmp_path: Path) -> None:
    row = "1\tPlay\tplay\tVERB\t_\t_\t0\troot\t_\t_\n"
    found = read(
        tmp_path, "a.conllu", f"# sent_id = 1\n# intent = X\n# intent = Y\n{row}\n# sent_id = 2\n{row}\n"
    )
    assert labels(found) == [("X", "Y"), ()]
    assert "sent_id" in found.keys


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"text": "play it", "intent": "X", "id": 7},
        {"text": "stop", "intent": ["X", "Y"]},
        {"tokens": ["go", "on"], "intent": 3},
        {"text": "none"},
    ]
    found = read(tmp_path, "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert labels(found) == [("X",), ("X", "Y"), ("3",), ()]
    assert [sentence.tokens for sentence in found.sentences][:3] == [("play", "it"), ("stop",), ("go", "on")]
    assert found.sentences[0].extra == {"id": 7}
    assert found.keys == {"intent", "id"}
    with pytest.raises(DataError, match=r'a\.jsonl:1: "intent" is .*; expected a label or a list of labels'):
        read(tmp_path, "a.jsonl", '{"text": "x", "intent": {"a": 1}}\n')


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_tables_of_texts(tmp_path: Path, separator: str) -> None:
    text = (
        "\n".join(separator.join(row) for row in [("label", "text"), ("X", "play it"), ("a#b", "stop")])
        + "\n"
    )
    found = read(tmp_path, "a.csv", text)
    assert labels(found) == [("X",), ("a#b",)]
    assert found.sentences[0].tokens == ("play", "it")
    assert found.sentences[0].text == "play it"
    (finding,) = found.findings
    assert (finding.line, finding.message) == (
        1,
        "no column is called 'intent'; the labels are read from 'label'",
    )
    named = read(
        tmp_path,
        "b.tsv",
        "intent\tcomment\nX\tplay\n",
        replace(INTENT, format="texts", token_column="comment"),
    )
    assert labels(named) == [("X",)]
    assert not named.findings
    with pytest.raises(DataError, match=r"a\.csv:3: the row has 3 columns; expected 2"):
        read(tmp_path, "a.csv", f"text{separator}label\na{separator}X\nb{separator}X{separator}Y\n")
    with pytest.raises(UsageError, match="no token column is named"):
        read(tmp_path, "b.tsv", "a\tb\nX\tplay\n", replace(INTENT, format="texts"))


def test_fasttext(tmp_path: Path) -> None:
    text = "__label__X play it\n__label__a#b __label__c+d stop x__label__now\n"
    found = read(tmp_path, "a.txt", text)
    assert labels(found) == [("X",), ("a#b", "c+d")]
    assert found.sentences[1].text == "stop x__label__now"
    with pytest.raises(DataError, match=r"a\.txt:2: the label 'Y' follows a word; expected labels at"):
        read(tmp_path, "a.txt", "__label__X play it\n__label__X stop __label__Y\n")
    (tmp_path / "a.txt").write_text(text.replace("x__", "__"), encoding="utf-8")
    to_tag = sentences_to_tag(str(tmp_path / "a.txt"), ReadOptions(), None, USUAL)
    assert [sentence.text for sentence in to_tag] == ["play it", "stop __label__now"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# intent = X\na\tO\n\nb\tO\n",
            r"a\.conll:4: the sentence has no label; expected one under the key 'intent'",
        ),
        (
            "# topic = X\n# id = 1\na\tO\n",
            r"no sentence has a label under the key 'intent'; keys of the file: 'id', 'topic'",
        ),
        ("a\tO\n", "the file has no comments or keys that could hold one .a table of texts needs a header"),
        ("# intent =\na\tO\n", r"a\.conll:2: the sentence has no label; expected one under the key 'intent'"),
    ],
)
def test_missing_labels_are_errors(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        check(read(tmp_path, "a.conll", text), "intent")


@pytest.mark.parametrize(
    ("name", "row"), [("a.conll", "a\tO\n"), ("a.conllu", "1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n")]
)
def test_a_label_in_the_wrong_place_is_an_error(tmp_path: Path, name: str, row: str) -> None:
    """Where a sentence or a blank line is missing, it would become the second label of another sentence."""
    whole = f"# intent = X\n{row}\n"
    for text, line, problem in (
        (f"{whole}# intent = Y\n\n{whole}", 4, "the label 'Y' has no tokens"),
        (f"{whole}# intent = Y\n", 4, "the label 'Y' has no tokens"),
        (
            f"# intent = X\n{row}# intent = Y\n{row}",
            3,
            "the label 'Y' stands within a sentence; expected it before",
        ),
    ):
        with pytest.raises(DataError, match=rf"{name}:{line}: {problem}"):
            read(tmp_path, name, text)


def test_a_label_without_a_sentence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.txt:2: the label 'Y' has no tokens"):
        check(read(tmp_path, "a.txt", "__label__X play it\n__label__Y\n"), "intent")


@pytest.mark.parametrize("name", ["a.conll", "a.conllu"])
@pytest.mark.parametrize(
    ("text", "line"), [("# intent = Y\n\n# intent = X\n{}", 1), ("{}\n# intent = Y\n", 3)]
)
def test_a_comment_that_no_sentence_follows_is_an_error(
    name: str, text: str, line: int, tmp_path: Path
) -> None:
    row = "a\tO\n" if name == "a.conll" else "1\ta\t_\tX\t_\t_\t0\t_\t_\t_\n"
    text = text.format(row)
    with pytest.raises(DataError, match=rf"{name}:{line}: the label 'Y' has no tokens"):
        read(tmp_path, name, text)
    assert len(read(tmp_path, name, text, ReadOptions()).sentences) == 1


def test_labels_that_steer_a_terminal_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.conll:2: the label .* holds a control character"):
        read(tmp_path, "a.conll", "# intent = \x1b[2J\na\tO\n")


def test_what_a_model_keeps_of_its_reading() -> None:
    assert ReadOptions.from_json(INTENT.to_json() | {"feature_columns": []}).label_key == "intent"
    assert "label_key" not in ReadOptions().to_json()
    with pytest.raises(ValueError, match="key of its labels"):
        ReadOptions.from_json(INTENT.to_json() | {"label_key": "a\nb"})
