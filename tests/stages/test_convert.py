"""What is converted and converted back is the same; what a format cannot hold is refused or told."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqtag.cli import run
from seqtag.corpora import tags
from seqtag.corpora.base import ReadOptions, Unwritable, finish
from seqtag.corpora.document import Document
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import sentences
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme, parse_scheme
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.stages.convert import convert
from seqtag.support.errors import DataError, UsageError

BIO = parse_scheme("bio")
WRITABLE = [name for name, row in registry.FORMATS.items() if row.tagged and (row.writer or row.exporter)]
TOP = Path(__file__).parents[2]


def written(folder: Path, to: str, documents: list[Document], **options: Any) -> Path:
    """The file that a format's writer makes of documents."""
    row = registry.FORMATS[to]
    made = registry.load(registry.FORMATS, to, "writer" if row.writer else "exporter")
    paths = [folder / f"file.{end}" for end in row.files or (row.endings or ("any",))[:1]]
    streams = [io.StringIO(newline="") if row.writer else io.BytesIO() for _ in paths]
    writer = made(*streams, **options)
    for document in documents:
        writer.write(document)
    finish(writer)
    for path, stream in zip(paths, streams, strict=True):
        content = stream.getvalue()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return paths[0]


def document(words: list[tuple[str, str]], text: str | None = None, scheme: Scheme = BIO) -> Document:
    tokens, given_tags = tuple(word for word, _ in words), [tag for _, tag in words]
    spans = tags.spans(given_tags, scheme)
    return Document.of(Sentence(tokens, text=text), given_tags, scheme, spans=spans)


plain_characters = st.characters(
    exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff"
)
word = st.text(plain_characters, min_size=1, max_size=4).filter(lambda text: text.split() == [text])
label = st.sampled_from(["PER", "a_b", "\u00e9", "x-y"])
span = st.tuples(st.lists(word, min_size=1, max_size=3), label | st.none())
space = st.sampled_from([" ", "", "  ", " \t ", "\u00a0"])


@st.composite
def tagged(draw: Any) -> Document:
    """A sentence with spans, and a text in which tokens may touch or stand far apart."""
    rows: list[tuple[str, str]] = []
    for words, name in draw(st.lists(span, min_size=1, max_size=4)):
        rows += [
            (one, "O" if name is None else f"{'I' if at else 'B'}-{name}") for at, one in enumerate(words)
        ]
    text = draw(space) + "".join(one + draw(space) for one, _ in rows)
    try:
        found = document(rows, text)
        assert [text[start:end] for start, end in found.offsets] == [one for one, _ in rows]
        return found
    except ValueError:
        return document(rows)


def spans_of(document: Document | Sentence) -> list[Any]:
    if isinstance(document, Sentence):
        document = Document.of(document, document.tags or (), BIO, spans=tags.spans(document.tags or (), BIO))
    return [(one.start, one.end, one.label) for one in document.entities]


@pytest.mark.parametrize("to", WRITABLE)
@settings(derandomize=True, deadline=None, max_examples=25)
@given(documents=st.lists(tagged(), min_size=1, max_size=3))
def test_written_and_read_back(
    to: str, documents: list[Document], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Text, tokens and spans are the same, each where the format holds it."""
    row = registry.FORMATS[to]
    if "tokens" not in row.carries:  # they are cut out of the text
        pairs = [list(zip(one.words, one.tags, strict=True)) for one in documents]
        documents = [document(rows) for rows in pairs]
    if to == "docbin":
        pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")
    try:
        path = written(tmp_path_factory.mktemp("convert"), to, documents)
    except Unwritable:
        assume(
            to not in ("pipes", "hashes", "slashes", "underscores")
        )  # whose separators may stand in tokens
        raise
    options = ReadOptions(to, with_text=True, tokenizer=Tokenizer("whitespace"), **READ.get(to, {}))
    found = list(sentences(path, options))
    assert [list(one.tokens) for one in found] == [list(one.words) for one in documents]
    assert [list(one.tags or ()) for one in found] == [list(one.tags) for one in documents]
    if "text" in row.carries:
        if to == "conllu":  # it has no tab in a text, and none for tokens joined by spaces but that
            pairs_found = [pair for pair in zip(found, documents, strict=True) if "\t" not in pair[1].text]
            found, documents = [one for one, _ in pairs_found], [one for _, one in pairs_found]
        assert [one.text for one in found] == [one.text for one in documents]
        assert [spans_of(one) for one in found] == [spans_of(one) for one in documents]


READ: dict[str, Any] = {"conllu": {"tag_column": "misc:name"}}


@pytest.mark.parametrize("to", [name for name in WRITABLE if "tags" in registry.FORMATS[name].carries])
def test_plain_tags_come_back(to: str, tmp_path: Path) -> None:
    if to == "docbin":
        pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")
    given_document = document([("a", "X"), ("b", "Y")], scheme=parse_scheme("plain"))
    path = written(tmp_path, to, [given_document])
    read = {"spacy_json": {"tag_column": "tag"}, "docbin": {"tag_column": "tag"}}.get(to, {})
    (found,) = sentences(path, ReadOptions(to, **read))
    assert (found.tokens, found.tags) == (("a", "b"), ("X", "Y"))


@pytest.mark.parametrize("text", ["# text = Ana's in Rome.\n", ""])
@pytest.mark.parametrize("marked", [True, False])
def test_offsets_of_conllu(
    text: str, marked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the text or from SpaceAfter=No, whichever is there."""
    rows = [
        ("Ana", "B-PER", True),
        ("'s", "O", False),
        ("in", "O", False),
        ("Rome", "B-LOC", True),
        (".", "O", False),
    ]
    path = tmp_path / "in.conllu"
    no_space = "|SpaceAfter=No" if marked else ""
    cells = (
        f"{number}\t{word}\t_\t_\t_\t_\t_\t_\t_\tname={tag}{no_space * touches}\n"
        for number, (word, tag, touches) in enumerate(rows, 1)
    )
    path.write_text(text + "".join(cells) + "\n")
    assert run(["convert", str(path), "--to", "doccano", "--tag-column", "misc:name"]) == 0
    expected = ["Ana's in Rome.", 9, 13] if text or marked else ["Ana 's in Rome .", 10, 14]
    found = json.loads(capsys.readouterr().out)
    assert [found["text"], *found["label"][1][:2]] == expected


@pytest.mark.parametrize(("name", "option"), [("in.conllu", "misc:name"), ("in.conll", "2")])
def test_refused_plain_tags_come_with_the_column_of_spans(
    name: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, path = tmp_path / "spans.conll", tmp_path / name
    first.write_text("Ana\tB-PER\nleft\tO\n")
    if name == "in.conllu":
        assert run(["convert", str(first), str(path)]) == 0
    else:
        path.write_text("Ana\tB-PER\tX\nleft\tO\tY\n")
    command = ["convert", str(path), "--to", "doccano"]
    capsys.readouterr()
    assert run(command) == 2
    said = f"the tags of {path} are plain (try --tag-column {option})."
    assert said in capsys.readouterr().err
    assert run([*command, "--tag-column", option]) == 0
    assert '"label": [[0, 3, "PER"]]' in capsys.readouterr().out


@pytest.mark.parametrize("to", [name for name in WRITABLE if "tags" not in registry.FORMATS[name].carries])
def test_plain_tags_are_refused_for_spans(
    to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.conll"
    path.write_text("a\tX\nb\tY\n")
    assert run(["convert", str(path), "--to", to, "-o", str(tmp_path / "out.any")]) == 2
    assert f"--to {to}: it holds spans, and the tags of {path} are plain." in capsys.readouterr().err
    assert not (tmp_path / "out.any").exists()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "in.conll"
    path.write_text("Eva\tB-PER\nHolm\tI-PER\nleft\tO\n\nRome\tB-LOC\n\n")
    return path


def converted(path: Path, to: str, **options: Any) -> tuple[str, list[Finding]]:
    stream, told = io.StringIO(newline=""), []
    read = options.pop("options", ReadOptions())
    convert(str(path), (stream,), to, options=read, report=told.append, **options)
    return stream.getvalue(), told


def test_a_header_row_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("word\ttag\na\tO\n")
    assert run(["convert", str(path), "--to", "conll", "--skip-rows", "1"]) == 0
    assert capsys.readouterr().out == "a\tO\n\n"


def test_tags_in_another_spelling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("a\tX\nb\tX\nc\tO\n")
    assert run(["convert", str(path), "--to", "conll", "--tag-spelling", "TYPE", "--to-scheme", "bio"]) == 0
    assert capsys.readouterr().out == "a\tB-X\nb\tI-X\nc\tO\n\n"


@pytest.mark.parametrize("piped", [False, True])
def test_brackets_are_spans_without_an_option(
    piped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, text = tmp_path / "in.conll", "Eva (PER*\nRuiz *)\nleft *\n"
    path.write_text(text, "utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    source = "-" if piped else str(path)
    assert run(["convert", source, "--from", "conll", "--to", "conll", "--to-scheme", "bioes"]) == 0
    assert capsys.readouterr().out == "Eva\tB-PER\nRuiz\tE-PER\nleft\tO\n\n"


def test_the_bytes_of_each_format(corpus: Path) -> None:
    assert converted(corpus, "conll")[0] == corpus.read_text()
    assert converted(corpus, "conll", to_scheme="bioes")[0] == (
        "Eva\tB-PER\nHolm\tE-PER\nleft\tO\n\nRome\tS-LOC\n\n"
    )
    assert converted(corpus, "huggingface", to_column="tags")[0].splitlines() == [
        '{"tokens": ["Eva", "Holm", "left"], "tags": ["B-PER", "I-PER", "O"]}',
        '{"tokens": ["Rome"], "tags": ["B-LOC"]}',
    ]
    assert converted(corpus, "doccano")[0].splitlines() == [
        '{"text": "Eva Holm left", "label": [[0, 8, "PER"]]}',
        '{"text": "Rome", "label": [[0, 4, "LOC"]]}',
    ]
    assert converted(corpus, "label_studio")[0].splitlines()[:2] == [
        "[",
        '{"data": {"text": "Eva Holm left"}, "annotations": [{"result": [{"from_name": "label", "to_name": "text", '
        '"type": "labels", "value": {"start": 0, "end": 8, "text": "Eva Holm", "labels": ["PER"]}}]}]},',
    ]


def test_another_scheme_in(tmp_path: Path) -> None:
    path = tmp_path / "in.conll"
    path.write_text("a\tI-X\nb\tB-X\n\n")
    assert converted(path, "conll", scheme="iob1", to_scheme="bio")[0] == "a\tB-X\nb\tB-X\n\n"
    text, told = converted(path, "doccano", scheme="bio")
    assert text == '{"text": "a b", "label": [[0, 1, "X"], [2, 3, "X"]]}\n'
    assert [(one.code, one.line) for one in told] == [("odd-scheme-tags", 1)]


def test_what_is_lost_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"text": "a.", "label": [], "id": 1}\n{"text": "", "label": [], "meta": 2}\n{"text": "b", "label": []}\n'
    )
    text, told = converted(path, "conll")
    assert text == "a\tO\n.\tO\n\nb\tO\n\n"
    assert [str(one) for one in told] == [
        f"{path}:1: conll holds no text: the white space between the tokens of 1 sentence is lost",
        f"{path}:2: conll holds no sentence without tokens: 1 sentence left out",
        f"{path}:1: conll holds no other keys: 'id', 'meta' are left out",
    ]
    assert {one.code for one in told} == {"not-carried"}
    assert converted(path, "jsonl")[1] == []
    (one,) = converted(path, "label_studio")[1]
    assert (
        "label_studio holds no tokens, and white space alone does not tell those of 1 sentence" in one.message
    )
    path.write_text('{"tokens": ["a"], "ner_tags": ["O"]}\n{"tokens": [], "ner_tags": []}\n')
    assert [one.message for one in converted(path, "conll")[1]] == [
        "conll holds no sentence without tokens: 1 sentence left out"
    ]
    columns = tmp_path / "in.conll"
    columns.write_text("a\tB-X\nb\tO\nc\tx\n")
    with pytest.raises(DataError, match=r":3: 'x' is not a BIO tag"):
        converted(columns, "jsonl", scheme="bio")
    columns.write_text("a\tDT\n")
    (tmp_path / "tagged.jsonl").write_text(converted(columns, "spacy_json")[0])
    assert converted(tmp_path / "tagged.jsonl", "conll", options=ReadOptions(tag_column="tag")) == (
        "a\tDT\n\n",
        [],
    )


@pytest.mark.parametrize(("column", "warns"), [("upos", True), ("misc:name", False)])
def test_a_column_without_tags_is_told(
    column: str, warns: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.conllu"
    path.write_text("1\tEva" + "\t_" * 7 + "\tname=B-PER\n2\tleft" + "\t_" * 7 + "\tname=O\n", "utf-8")
    assert run(["convert", str(path), str(tmp_path / "out.conll"), "--tag-column", column]) == 0
    said = f"seqtag: warning: {path}: every token has the tag '_' (try --tag-column misc:name)\n"
    assert (said in capsys.readouterr().err) == warns


def test_a_corpus_without_spans_is_not_odd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.conll"
    path.write_text("Eva\tO\nleft\tO\n", "utf-8")
    assert run(["convert", str(path), str(tmp_path / "out.jsonl")]) == 0
    assert "warning" not in capsys.readouterr().err


def test_keys_stay_where_they_can(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a", "label": [], "id": 1, "tokens_given": 3}\n')
    for to in ("jsonl", "doccano", "spacy_json", "huggingface"):
        text, told = converted(path, to)
        assert '"id": 1, "tokens_given": 3' in text
        assert told == []


@pytest.mark.parametrize("misaligned", ["error", "widen", "drop"])
def test_spans_that_do_not_fit_are_listed(
    tmp_path: Path, misaligned: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.conll"
    row = '{"text": "Annabel", "label": [[0, 4, "PER"]]}\n'
    path.write_text(row * 25)
    code = run(["convert", str(path), str(out), "--misaligned", misaligned])
    lines = capsys.readouterr().err.splitlines()
    if misaligned == "error":
        assert (code, out.exists(), len(lines)) == (1, False, 1)
        return
    assert code == 0
    assert lines[1].startswith(
        f"seqtag: warning: {path}:2: the span 0-4 'PER' cuts the token 'Annabel'; it is "
    )
    assert lines[20:] == [
        "seqtag: warning: 5 more of these (cut-span)",
        "doccano to conll: 25 sentences, 25 tokens",
    ]
    assert out.read_text() == ("Annabel\tB-PER\n\n" if misaligned == "widen" else "Annabel\tO\n\n") * 25


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--to", "nosuch"], "--to: unknown name 'nosuch'. Known: conll"),
        (["--to", "text"], "--to: unknown name 'text'"),
        (["-o", "x.any"], "--to is missing: the name x.any tells no format"),
        ([], "--to is missing: it names the format of what is printed. Known: conll"),
        (["--to", "brat"], "--to brat writes more than one file; name one with -o"),
        (
            ["--to", "brat", "-o", "/dev/full"],
            "/dev/full: is a device or a pipe; --to brat writes NAME.txt and NAME.ann, and expects a NAME for them.",
        ),
        (["--to", "brat", "-o", "."], ".: is a folder; --to brat writes NAME.txt and NAME.ann"),
        (["--to", "conll", "--to-scheme", "auto"], "--to-scheme auto: expected the name of a scheme"),
        (["a", "-o", "b"], "Two outputs are given: a and b"),
        (["--to", "conll", "--from", "x"], "--from: unknown name 'x'"),
        (["--to", "conll", "--misaligned", "x"], "--misaligned: unknown name 'x'"),
        (["--to", "conll", "--to-column", "x"], "--to-column: conll has one place for tags"),
        (
            ["--to", "huggingface", "--to-column", "tokens"],
            "--to-column tokens: this is the key of the tokens",
        ),
        (["--to", "csv", "--to-column", "Token"], "--to-column Token: this is a column of its own"),
        (["--to", "conll", "--to-scheme", "x"], "Unknown tag scheme 'x'"),
    ],
)
def test_options_that_make_no_sense(
    corpus: Path, arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", str(corpus), *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_what_cannot_be_written_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"tokens": ["a"], "tags": ["O"]}\n{"tokens": ["a\\tb"], "tags": ["O"]}\n')
    with pytest.raises(DataError, match=":2: the token 'a\\\\tb' cannot be written in a column"):
        converted(path, "conll")
    with pytest.raises(UsageError, match="Plain tags hold no spans"):
        converted(tmp_path / "in.jsonl", "conll", scheme="plain", to_scheme="bio")


def test_from_stdin_to_stdout(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(corpus.read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert run(["convert", "-", "--to", "doccano"]) == 0
    assert capsys.readouterr().out == converted(corpus, "doccano")[0]


def test_a_whole_corpus_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample corpus through every format that holds spans, one after the other."""
    first = TOP / "sample_data" / "english_news" / "dev.conll"
    at = str(first)
    pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")
    for to in [name for name in WRITABLE if name != "conllu"]:  # which is read back with --tag-column alone
        ending = (registry.FORMATS[to].endings or (to,))[0]
        out = str(tmp_path / f"{to}.{ending}")
        assert run(["convert", at, "--to", to, "-o", out, "--tokenizer", "whitespace"]) == 0
        at = out
    assert (
        run(["convert", at, "--to", "conll", "-o", str(tmp_path / "last"), "--tokenizer", "whitespace"]) == 0
    )
    said = [line for line in capsys.readouterr().err.splitlines() if "--tokenizer has no effect" not in line]
    assert "warning" not in "".join(said)
    assert [(one.tokens, one.tags) for one in sentences(tmp_path / "last")] == [
        (one.tokens, one.tags) for one in sentences(first)
    ]


@pytest.mark.parametrize("to", WRITABLE)
def test_from_every_format_to_every_other(
    to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of what both can hold, nothing changes."""
    pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")
    documents = [
        document([("Eva", "B-PER"), ("Holm", "I-PER"), ("left", "O")]),
        document([("Rome", "B-LOC")]),
    ]
    for source in WRITABLE:
        folder = tmp_path / source
        folder.mkdir()
        path = written(folder, source, documents)
        out = folder / f"out.{(registry.FORMATS[to].endings or ('any',))[0]}"
        column = ["--tag-column", "misc:name"] if source == "conllu" else []
        assert run(["convert", str(path), "--from", source, "--to", to, "-o", str(out), *column]) == 0
        found = list(sentences(out, ReadOptions(to, **READ.get(to, {}))))
        assert [(list(one.tokens), list(one.tags or ())) for one in found] == [
            (list(one.words), list(one.tags)) for one in documents
        ]
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("to", "token", "problem"),
    [
        ("brat", "\ufeffb", "2: the text '\\ufeffb' holds a character that would be lost"),
        (
            "spacy_json",
            "\f",
            "2: a token is white space alone, which spaCy's formats hold between tokens only",
        ),
    ],
)
def test_a_token_that_would_be_lost_is_refused(
    to: str, token: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"tokens": ["a"], "tags": ["O"]}\n'
        + f'{{"tokens": ["{token}"], "tags": ["O"]}}\n'.replace("\f", "\\f")
    )
    assert run(["convert", str(path), "--to", to, "-o", str(tmp_path / "out")]) == 1
    assert problem in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("rows", [0, 9])
def test_a_corpus_without_a_sentence(
    rows: int, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not rows:
        corpus.write_text("")
    out = tmp_path / "out.csv"
    assert run(["convert", str(corpus), str(out), "--skip-rows", str(rows)]) == 1
    assert f"{corpus}: there is no sentence in the file" in capsys.readouterr().err
    assert not out.exists()


LABELLED = """\
# intent = a+b
play\tO
jazz\tB-X

# intent = c#d
# intent = e
stop\tO

go\tO

"""


def with_labels(path: Path, to: str, key: str | None, **how: Any) -> tuple[str, list[Finding]]:
    return converted(path, to, options=ReadOptions(label_key=key), **how)


@pytest.mark.parametrize("to", ["conllu", "jsonl", "huggingface", "spacy_json", "doccano", "label_studio"])
def test_labels_of_sentences_come_back(to: str, tmp_path: Path) -> None:
    path, out = tmp_path / "in.conll", tmp_path / f"out.{'conllu' if to == 'conllu' else 'json'}"
    path.write_text(LABELLED, "utf-8")
    text, told = with_labels(path, to, "intent")
    assert [one for one in told if "label" in one.message] == []
    out.write_text(text, "utf-8")
    column = "misc:name" if to == "conllu" else None
    options = ReadOptions(to, tag_column=column, label_key="intent")
    assert converted(out, "conll", options=options)[0] == LABELLED


@pytest.mark.parametrize("to", ["fasttext", "texts", "jsonl", "conll", "conllu"])
def test_labels_without_tags_come_back(to: str, tmp_path: Path) -> None:
    path, out = tmp_path / "in.txt", tmp_path / ("out.conllu" if to == "conllu" else "out")
    text = "__label__a+b play, jazz\n__label__c#d stop\ngo\n"
    path.write_text(text, "utf-8")
    out.write_text(converted(path, to, options=ReadOptions("fasttext", label_key="label"))[0], "utf-8")
    options = ReadOptions(to, label_key="label")
    found, told = converted(out, "fasttext", options=options, with_tags=False)
    assert found == (text.replace(",", " ,") if to == "conll" else text)
    assert told == []


def test_what_labels_lose_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.conll"
    path.write_text(LABELLED, "utf-8")

    def said(to: str, key: str | None) -> list[str]:
        return [str(one) for one in with_labels(path, to, key)[1]]

    left = f"{path}: comments are left out: 'intent' (--label-key keeps one as labels of sentences)"
    assert said("conll", None) == [left]
    assert said("pipes", "intent") == [
        f"{path}:2: pipes holds no labels of sentences: those of 2 sentences are lost"
    ]
    none = "no sentence has a label under the key 'mood'; the file has the keys 'intent'"
    assert said("conll", "mood") == [f"{path}: {none}"]
    assert said("fasttext", "intent") == [f"{path}: fasttext holds no tags: they are left out"]
    with pytest.raises(
        DataError, match=r"in\.conll:7: the sentence has 2 labels, and a table has room for one"
    ):
        with_labels(path, "texts", "intent")
    path.write_text("# intent = a b\nplay\tO\n", "utf-8")
    with pytest.raises(DataError, match="the label 'a b' holds white space"):
        with_labels(path, "fasttext", "intent")
    path.write_text("# sent_id = 1\n1\tEva" + "\t_" * 8 + "\n", "utf-8")
    assert "comments" not in "".join(said("pipes", None))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            ["--to", "csv"],
            "--to csv: it holds tags, and {} is read without; expected one of conll, conllu, jsonl",
        ),
        (["--to", "conll", "--to-scheme", "bioes"], "--to-scheme bioes: {} is read without tags."),
    ],
)
def test_what_needs_tags_is_refused(
    options: list[str], problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a", "label": "x"}\n', "utf-8")
    assert run(["convert", str(path), *options, "--no-tags", "-o", str(tmp_path / "out")]) == 2
    assert problem.format(path) in capsys.readouterr().err


def test_the_options_of_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a b", "mood": ["x", "y"]}\n', "utf-8")
    assert run(["convert", str(path), "--to", "conll", "--no-tags", "--label-key", "mood"]) == 0
    assert capsys.readouterr().out == "# mood = x\n# mood = y\na\nb\n\n"
