"""Tables, BRAT standoff, DocBin and CoNLL-U out: recognised, read right or refused with the line."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.corpora.base import AUTO, ReadOptions
from seqtag.corpora.conllu_writer import ConlluWriter
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding
from seqtag.corpora.labels import names
from seqtag.corpora.reading import read_corpus, sentences
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.support.errors import DataError, UsageError

BIO = parse_scheme("bio")
FIRST = (("Eva", "Holm", "left"), ("B-PER", "I-PER", "O"))
SECOND = (("Oslo, Norway",), ("B-LOC",))
ROWS = ("Eva,B-PER", "Holm,I-PER", "left,O", '"Oslo, Norway",B-LOC')
TABLES = {
    "numbers in first rows": "Sentence #,Word,Tag\nSentence: 1,{}\n,{}\n,{}\nSentence: 2,{}\n",
    "numbers in all rows": "sentence_id,token,label\n0,{}\n0,{}\n0,{}\n1,{}\n",
    "blank rows": "word,tag\n{}\n{}\n{}\n\n{}\n\n",
    "rows of nothing": "word,tag\n{}\n{}\n{}\n,\n{}\n",
    "a quoted header": '"Word","POS_","Tag"\n{}\n{}\n{}\n\n{}'.replace('"POS_",', ""),
}


def table(name: str) -> str:
    return TABLES[name].format(*ROWS)


@pytest.mark.parametrize("name", ["file", "file.csv", "file.tsv", "file.conll"])
@pytest.mark.parametrize("kind", TABLES)
def test_tables(tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / name).write_text(table(kind))
    corpus = read_corpus(tmp_path / name)
    assert [(one.tokens, one.tags) for one in corpus.sentences] == [FIRST, SECOND]
    assert corpus.findings == ()
    assert [one.lines[0] for one in corpus.sentences] == [
        2,
        6 if "nothing" in kind or "\n\n" in TABLES[kind] else 5,
    ]


@pytest.mark.parametrize("separator", [";", "|", "\t", ","])
@pytest.mark.parametrize("first", ["sep={}\n", "SEP={}\r\n", '\n"sep={}"\n'])
def test_the_separator_that_excel_is_told(tmp_path: Path, separator: str, first: str) -> None:
    path = tmp_path / "file.csv"
    rows = "sent_id,Word,Tag\n1,Eva,O\n1,left,O\n2,a;b,O\n".replace(",", separator)
    rows = rows.replace("a;b", '"a;b"')
    path.write_text(first.format(separator) + rows, newline="")
    found = read_corpus(path).sentences
    assert [one.tokens for one in found] == [("Eva", "left"), ("a;b",)]
    assert found[0].lines[0] == path.read_text().count("\n", 0, path.read_text().index("Eva")) + 1


def test_a_table_with_tabs_needs_a_column_of_sentences(tmp_path: Path) -> None:
    path = tmp_path / "file.tsv"
    path.write_text("Sentence #\tWord\tTag\n1\ta\tO\n2\tb\tO\n")
    assert [one.tokens for one in read_corpus(path).sentences] == [("a",), ("b",)]
    path.write_text("Word\tTag\na\tO\nb\tO\n")
    assert [one.tokens for one in read_corpus(path).sentences] == [("Word", "a", "b")]
    assert [one.tokens for one in read_corpus(path, ReadOptions("csv")).sentences] == [("a", "b")]


def test_a_table_without_sentences_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("word,tag\nEva,B-PER\nleft,O\n")
    corpus = read_corpus(tmp_path / "file")
    assert len(corpus.sentences) == 1
    assert [(one.code, one.line) for one in corpus.findings] == [("one-sentence", 1)]


def test_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("Sentence #;Word;POS;Tag\n1;a;X;O\n")
    (found,) = sentences(path, ReadOptions(token_column="word", tag_column="3", feature_columns=("Tag",)))
    assert (found.tokens, found.tags, found.columns) == (("a",), ("X",), (("O",),))
    for column, problem in (("Wrod", "Did you mean 'Word'"), ("5", "no column 5"), ("word", "both 'Word'")):
        with pytest.raises(UsageError, match=problem):
            list(sentences(path, ReadOptions(tag_column=column)))


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        ("a,O\nb\n", 3, "the row has 1 column; expected 2, as in the header"),
        ("a,O\n,O\n", 3, "the column 'word' is empty"),
        ("a,O\nb,\n", 3, "the column 'tag' is empty"),
        ("a,O\nb, \n", 3, "the column 'tag' is empty"),
        ('a,O\n",O\nb,O\n",O\n', 3, "a cell runs over several lines; a cell that holds a quotation mark"),
        ('a,O\n"b"c,O\n', 3, "is not a row of a table"),
        ('a,O\n"b,O\n', 3, "is not a row of a table"),
    ],
)
def test_rows_that_are_refused(tmp_path: Path, rows: str, line: int, problem: str) -> None:
    (tmp_path / "file").write_text("word,tag\n" + rows)
    with pytest.raises(DataError, match=problem) as caught:
        read_corpus(tmp_path / "file")
    assert caught.value.line == line


ANN = "T1\tPER 0 8\tEva Holm\nR1\tKnows Arg1:T1 Arg2:T2\nT2\tLOC 14 18\tRome\n#1\tAnnotatorNotes T1\tnote\n"


@pytest.fixture
def brat(tmp_path: Path) -> Any:
    def write(text: str = "Eva Holm left\nRome.\n", entities: str = ANN, name: str = "note") -> Path:
        (tmp_path / f"{name}.txt").write_bytes(text.encode())
        (tmp_path / f"{name}.ann").write_bytes(entities.encode())
        return tmp_path / f"{name}.ann"

    return write


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("named", ["note.ann", "note.txt", "."])
def test_brat(brat: Any, named: str, windows: bool) -> None:
    text = "Eva Holm left\nRome.\n".replace("\n", "\r\n" if windows else "\n")
    path = brat(text, ANN.replace("14 18", "15 19") if windows else ANN)
    corpus = read_corpus(path.parent / named)
    assert [(one.tokens, one.tags, one.text, one.lines[0]) for one in corpus.sentences] == [
        (*FIRST, "Eva Holm left", 1),
        (("Rome", "."), ("B-LOC", "O"), "Rome.", 2),
    ]
    assert [(one.code, one.level) for one in corpus.findings] == [("other-annotations", "note")]
    assert run(["check", str(path)]) == 0


def test_a_folder_of_pairs_in_order(brat: Any) -> None:
    path = brat("b\n", "", "b")
    brat("a\n", "T1\tX 0 1\ta\n", "a")
    assert [one.tokens for one in read_corpus(path.parent).sentences] == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("entities", "problem"),
    [
        (
            "T1 PER 0 8 Eva Holm\n",
            "note.ann:1: 'T1 PER 0 8 Eva Holm' is no entity; expected an entity such as",
        ),
        ("\nT1\tPER 1 8\tEva Holm\n", "note.ann:2: 'Eva Holm' is not what the text has there, 'va Holm'"),
        (f"T1\tPER 0 {'9' * 5000}\tEva\n", "note.ann:1: .* is no entity; expected"),
        ("T1\tPER 0 99\tEva Holm\n", "note.ann:1: 'Eva Holm' is not what the text has there"),
        ("T1\tPER 0 2\tEv\n", "note.ann:1: the span 0-2 'PER' cuts the token 'Eva'; --misaligned"),
        ("T1\tPER 0 3;9 13\tEva left\n", "note.ann:1: the span 0-13 'PER' is in pieces; --misaligned"),
        ("T1\tPER 14 16\tRo\n", "note.ann:1: the span 14-16 'PER' cuts the token 'Rome'"),
        (
            "#1\tx\nT1\tPER 9 18\tleft Rome\n",
            "note.ann:2: the span 9-18 'PER' crosses a line end, which ends its sentence; --misaligned widen or drop",
        ),
        ("T1\tPER 9 13;14 18\tleft Rome\n", "note.ann:1: the span 9-18 'PER' crosses a line end"),
        ("T1\tA 0 3\tEva\nT2\tB 0 8\tEva Holm\n", "note.ann:1: the span 0-3 'A' overlaps the span 0-8 'B'"),
    ],
)
def test_entities_that_are_refused(brat: Any, entities: str, problem: str) -> None:
    path = brat(entities=entities)
    with pytest.raises(DataError, match=problem):
        read_corpus(path)


def test_entities_in_pieces_as_an_option_says(brat: Any) -> None:
    path = brat(entities="T1\tPER 0 3;9 13\tEva left\n")
    for misaligned, expected in (("widen", ("B-PER", "I-PER", "I-PER")), ("drop", ("O", "O", "O"))):
        told: list[Finding] = []
        found = list(sentences(path, ReadOptions(misaligned=misaligned), told.append))
        assert found[0].tags == expected
        assert [one.code for one in told] == ["discontinuous-span"]


def test_entities_that_go_on_in_the_next_line(brat: Any) -> None:
    path = brat(entities="T1\tPER 9 18\tleft Rome\n")
    for misaligned, expected, said in (
        ("widen", ("O", "O", "B-PER"), "its part in the sentence is taken"),
        ("drop", ("O", "O", "O"), "it is left out"),
    ):
        told: list[Finding] = []
        found = list(sentences(path, ReadOptions(misaligned=misaligned), told.append))
        assert [one.tags for one in found] == [expected, ("O", "O")]
        assert [(one.code, one.file, one.line) for one in told] == [("crossing-span", str(path), 1)]
        assert told[0].message.endswith(said)


def test_a_line_end_is_no_part_of_an_entity(brat: Any) -> None:
    path = brat(entities="T1\tPER 9 14\tleft\n")
    assert [one.tags for one in sentences(path)] == [("O", "O", "B-PER"), ("O", "O")]


def test_half_of_a_pair(brat: Any) -> None:
    path = brat()
    path.with_suffix(".txt").unlink()
    with pytest.raises(
        DataError,
        match=r"note.ann: is standoff annotation of BRAT, whose text is expected beside it in .*note.txt",
    ):
        read_corpus(path)


def test_brat_out(brat: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = brat()
    out = tmp_path / "out"
    out.mkdir()
    for name, expected in (("a.txt", "a"), ("b.ann", "b"), ("c", "c"), ("d.v1", "d.v1")):
        assert run(["convert", str(path), "--to", "brat", "-o", str(out / name)]) == 0
        assert (out / f"{expected}.txt").read_text() == "Eva Holm left\nRome.\n"
        assert (out / f"{expected}.ann").read_text() == "T1\tPER 0 8\tEva Holm\nT2\tLOC 14 18\tRome\n"
    assert run(["convert", str(path), "--to", "brat", "-o", str(out / "e.ann.gz")]) == 0
    assert len(read_corpus(out / "e.ann.gz").sentences) == len(read_corpus(out / "e.txt.gz").sentences) == 2
    assert run(["convert", str(path), "--to", "brat"]) == 2
    assert "writes more than one file; name one with -o" in capsys.readouterr().err
    assert run(["convert", str(path), "--to", "brat", "-o", str(path)]) == 2


def conllu(document: Document, **options: Any) -> str:
    stream = io.StringIO(newline="")
    ConlluWriter(stream, **options).write(document)
    return stream.getvalue()


def test_conllu_out() -> None:
    spans = Document.of(Sentence(("Rome", "."), text="Rome."), ("B-LOC", "O"), BIO, spans=[Span(0, 1, "LOC")])
    assert conllu(spans) == (
        "# text = Rome.\n1\tRome\t_\t_\t_\t_\t_\t_\t_\tname=B-LOC|SpaceAfter=No\n2\t.\t_\t_\t_\t_\t_\t_\t_\tname=O\n\n"
    )
    plain = Document("a\nb", ("a", "b"), ("X", "Y"), parse_scheme("plain"))
    assert conllu(plain) == "1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n2\tb\t_\tY\t_\t_\t_\t_\t_\t_\n\n"
    assert conllu(plain, column="XPOS").splitlines()[0] == "1\ta\t_\t_\tX\t_\t_\t_\t_\t_"
    assert "NER=X\n" in conllu(plain, column="misc:NER")
    assert conllu(Document("", (), (), BIO)) == ""
    with pytest.raises(UsageError, match="CoNLL-U has room for tags in upos, xpos and misc:KEY"):
        conllu(plain, column="feats")


@pytest.mark.parametrize(("word", "tag"), [("a\tb", "X"), (" ", "X"), ("a", "X|Y"), ("a", "")])
def test_what_conllu_cannot_hold(word: str, tag: str) -> None:
    document = Document(word, (word,), (tag,), parse_scheme("plain"), lines=(7,))
    with pytest.raises(ValueError, match="cannot be written in") as caught:
        conllu(document, column="misc:x")
    assert getattr(caught.value, "line", None) == 7


def test_the_conllu_package_reads_it(tmp_path: Path) -> None:
    package = pytest.importorskip("conllu", reason="conllu is not installed: pip install '.[dev]'")
    (found,) = package.parse(conllu(Document("Ana  left.", ("Ana", "left", "."), ("B-PER", "O", "O"), BIO)))
    assert found.metadata == {"text": "Ana  left."}
    assert [token["form"] for token in found] == ["Ana", "left", "."]
    assert [token["misc"] for token in found] == [
        {"name": "B-PER"},
        {"name": "O", "SpaceAfter": "No"},
        {"name": "O"},
    ]


class TestSpacy:
    @pytest.fixture(autouse=True)
    def spacy(self) -> Any:
        return pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")

    TEXT = "  Eva  Holm left\n\nRome. "

    def document(self) -> Document:
        words = ("Eva", "Holm", "left", "Rome", ".")
        tags = ("B-PER", "I-PER", "O", "B-LOC", "O")
        spans = [Span(0, 2, "PER"), Span(3, 4, "LOC")]
        return Document.of(Sentence(words, text=self.TEXT), tags, BIO, spans=spans)

    def test_spacy_reads_our_docbin(self, spacy: Any) -> None:
        from seqtag.corpora.docbin import DocBinExporter

        stream = io.BytesIO()
        exporter = DocBinExporter(stream)
        exporter.write(self.document())
        exporter.write(Document("", (), (), BIO))
        exporter.finish()
        first, second = spacy.tokens.DocBin().from_bytes(stream.getvalue()).get_docs(spacy.blank("en").vocab)
        assert (first.text, second.text) == (self.TEXT, "")
        assert [(one.text, one.label_) for one in first.ents] == [("Eva  Holm", "PER"), ("Rome", "LOC")]

    def test_spacy_reads_our_json(self, spacy: Any) -> None:
        import json

        from seqtag.corpora.spacy_json import SpacyJsonWriter

        stream = io.StringIO()
        SpacyJsonWriter(stream).write(self.document())
        doc = spacy.tokens.Doc(spacy.blank("en").vocab).from_json(
            json.loads(stream.getvalue()), validate=True
        )
        assert doc.text == self.TEXT
        assert [(one.text, one.label_) for one in doc.ents] == [("Eva  Holm", "PER"), ("Rome", "LOC")]

    def test_we_read_spacys(self, spacy: Any, tmp_path: Path) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        doc = nlp("Eva Holm left Rome. \n She is here.")
        doc.set_ents([spacy.tokens.Span(doc, 0, 2, "PER")])
        for token in doc:
            token.tag_ = "T"
        spacy.tokens.DocBin(docs=[doc]).to_disk(tmp_path / "file.spacy")
        found = read_corpus(tmp_path / "file.spacy").sentences
        assert [one.text for one in found] == ["Eva Holm left Rome.", "\n She is here."]
        assert [one.tags for one in found] == [("B-PER", "I-PER", "O", "O", "O"), ("O",) * 4]
        found = read_corpus(tmp_path / "file.spacy", ReadOptions(tag_column="tag")).sentences
        assert [one.tags for one in found] == [("T",) * 5, ("T",) * 4]
        with pytest.raises(DataError, match=r"file.spacy:1: a token has no pos"):
            read_corpus(tmp_path / "file.spacy", ReadOptions(tag_column="pos"))

    def test_we_read_what_spacy_writes_as_version_2(self, spacy: Any, tmp_path: Path) -> None:
        import json

        from spacy.training import docs_to_json

        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        doc = nlp("Eva Holm left\n Rome. She is here.")
        doc.set_ents([spacy.tokens.Span(doc, 0, 2, "PER")])
        path = tmp_path / "file.json"
        path.write_text(json.dumps([docs_to_json([doc])], indent=2))
        found = read_corpus(path).sentences
        assert [one.tokens for one in found] == [
            ("Eva", "Holm", "left", "Rome", "."),
            ("She", "is", "here", "."),
        ]
        assert [one.tags for one in found] == [("B-PER", "L-PER", "O", "O", "O"), ("O",) * 4]

    def test_documents_without_entities_are_refused(self, spacy: Any, tmp_path: Path) -> None:
        spacy.tokens.DocBin(docs=[spacy.blank("en")("Eva left")]).to_disk(tmp_path / "file.spacy")
        with pytest.raises(DataError, match=":1: the document has no entities set; --tag-column tag or pos"):
            read_corpus(tmp_path / "file.spacy")

    def test_a_damaged_file(self, tmp_path: Path) -> None:
        (tmp_path / "file.spacy").write_bytes(b"nothing")
        with pytest.raises(DataError, match=r"file.spacy: is no DocBin of spaCy \("):
            read_corpus(tmp_path / "file.spacy")


def test_without_spacy_the_line_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "file.spacy").write_bytes(b"")
    code = "import sys; sys.modules['spacy'] = None; from seqtag.cli import run; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(tmp_path / "file.spacy")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == (
        "seqtag: seqtag check needs the package spacy, which is not installed: pip install '.[spacy]' in a clone of "
        "seqtag\n"
    )


def test_what_hangs_together_is_not_split_by_lines(
    brat: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note, csv, listed = brat(), tmp_path / "file.csv", tmp_path / "file.json"
    csv.write_text(table("blank rows"))
    listed.write_text('[{"text": "a", "label": []},\n{"text": "b", "label": []}]\n')
    together = tmp_path / "file.any"
    together.write_text('{"annotations": [["a", {"entities": []}], ["b", {"entities": []}]]}\n')
    for path in (note, csv, listed, together):
        assert run(["split", str(path), "-o", str(tmp_path / "parts")]) == 1
        assert f"convert it first: seqtag convert {path} OUT.conll" in capsys.readouterr().err
    assert run(["check", "--fix", str(tmp_path / "fixed"), str(note)]) == 1
    assert "is not one file of text (brat)" in capsys.readouterr().err
    lines = tmp_path / "file.jsonl"
    lines.write_text("".join(f'{{"text": "a{number}", "label": []}}\n' for number in range(9)))
    assert run(["split", str(lines), "-o", str(tmp_path / "parts")]) == 0
    assert len(read_corpus(tmp_path / "parts" / "train.jsonl").sentences) == 7


class TestTable:
    @staticmethod
    def read(tmp_path: Path, text: str, **options: Any) -> Any:
        path = tmp_path / "a.csv"
        path.write_text(text)
        return read_corpus(path, ReadOptions(**options))

    def test_two_columns_of_one_name(self, tmp_path: Path) -> None:
        text = "token,Token,tag\na,b,O\n"
        with pytest.raises(
            UsageError, match=r"a.csv: several columns are called 'token'; --token-column takes"
        ):
            self.read(tmp_path, text)
        assert self.read(tmp_path, text, token_column=2).sentences[0].tokens == ("b",)

    def test_errors_name_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"a.csv: no tag column is named in the header"):
            self.read(tmp_path, "word,x\na,O\n")

    def test_a_cell_that_is_too_long(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"a.csv:2: a cell has more than 131,072 characters"):
            self.read(tmp_path, f"token,tag\n{'a' * 140_000},O\n")


@pytest.mark.parametrize("text", ["[1,2]\n", '[["a","O"],["b","B-X"]]\n'])
def test_a_list_is_called_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(DataError, match="the file looks like JSON"):
        read_corpus(path)


def test_a_bracket_is_a_token(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("[ O\n[1] O\n] O\n")
    assert read_corpus(path).sentences[0].tokens == ("[", "[1]", "]")


def test_hugging_face_read_as_jsonl_names_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"tokens": ["a", "b"], "ner_tags": ["O", "B-X"]}\n')
    with pytest.raises(
        DataError, match="--format huggingface --tag-column ner_tags reads those of 'ner_tags'"
    ):
        read_corpus(path, ReadOptions("jsonl"))


def test_json_of_spacy_to_tag(tmp_path: Path) -> None:
    """Its tokens say only where they stand; those of white space are none."""
    path = tmp_path / "a.jsonl"
    places = '[{"start": 0, "end": 3}, {"start": 4, "end": 5}, {"start": 5, "end": 8}]'
    path.write_text(f'{{"text": "Ana  saw", "ents": [], "tokens": {places}}}\n')
    (found,) = sentences_to_tag(str(path), AUTO, None, Tokenizer("char"))
    assert (found.tokens, found.text) == (("Ana", "saw"), "Ana  saw")


def test_a_folder_of_brat_to_tag(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ana saw Rome\n")
    (tmp_path / "a.ann").write_text("T1\tLOC 8 12\tRome\n")
    (found,) = sentences_to_tag(str(tmp_path), AUTO, None, Tokenizer("word"))
    assert (found.tokens, found.tags) == (("Ana", "saw", "Rome"), None)


@pytest.mark.parametrize("given", ["labels.txt", "a/b"])
def test_labels_of_a_file_that_is_not_there(given: str) -> None:
    with pytest.raises(DataError, match="no such file"):
        names(given)
    assert names("O,B-X.Y") == ("O", "B-X.Y")
