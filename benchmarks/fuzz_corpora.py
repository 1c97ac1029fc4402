"""The targets of fuzz.py that read and write corpora.

A target is a function of bytes: only seqtag's own errors may leave it, and what it makes must keep the promises of the
design. Each comes with the inputs to start from.
"""

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import seqtag.corpora.tokenizers
import seqtag.features.vector_files
import seqtag.stages.convert
import seqtag.support.quoting
import seqtag.tasks.repair
import seqtag.tasks.tagging.check
from seqtag.corpora import conll, jsonl, tags
from seqtag.corpora.base import AUTO, ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document, offsets
from seqtag.corpora.reading import check_tags, read_corpus, sentences
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.spelling import Spelling
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings import registry
from seqtag.support.errors import DataError, UsageError

Target = Callable[[bytes], None]
Made = tuple[Target, list[bytes]]

TEXTS = [
    "Ana Ruiz don't see U.S. 3.5 at http://a.b/c?d=e(f), a@b.de #tag ... ?! :-) well-known",
    "\u0301\u200d\U0001f468\u200d\U0001f469 \ufeff科技 हिन्दी \x85\u2028\x1c\u00a0\ufe0f I'd've",
]
CORPORA = [
    "a\tO\nb\tB-X\n\nc\tI-X\n",
    "-DOCSTART- -X- O\n\n# id = 7\na x O\nb y B-X\n",
    "# text = a\n1-2\tab" + "\t_" * 8 + "\n1\ta" + "\t_" * 7 + "\tname=B-X\n1.1\tb" + "\t_" * 8 + "\n\n",
    "# global.columns = ID FORM NER\n1\ta\tB-X\n2\tb\tO\n\n",
    '{"text": "Ana \\ud83d\\ude00", "id": 1e999}\n{"tokens": ["a", "b"]}\n',
    '{"tokens": ["a", "b"], "ner_tags": [0, 1]}\n',
    '{"text": "Ana saw", "label": [[0, 3, "PER"]], "id": 1}\n',
    '[{"text": "Ana saw", "spans": [{"start": 0, "end": 3, "label": "PER"}], "tokens": [{"text": "Ana", "start": 0}]}]',
    '[{"data": {"text": "Ana"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 3,'
    ' "labels": ["PER"]}}]}]}]',
    "T1\tPER 0 3\tAna\nT2\tLOC 4 5;6 7\ta b\n",
    'Sentence #,Word,Tag\nSentence: 1,Ana,B-PER\n,"a, ""b""",O\n',
    "sentence_id;token;tag\n1;Ana;B-PER\n2;a;O\n",
    "Ana|B-PER saw|O\n",
    "Ana|NNP|B-PER saw|V|O\n",
    "Ana/NNP 1\\/2/CD\n",
    "Ana###B-PER saw###O\n",
    "Ana_NNP saw_VBD a_lot_RB ._.\n",
    "sep=|\nsentence_id|token|tag\n1|Ana|B-PER\n",
    '{"n": 1, "labels": ["O"], "data": [\n{"words": ["Ana"], "tags": ["B-PER"]}\n], "by": {"x": []}}\n',
    '{\n"tokens": [["Ana"], ["a", "b"]],\n"ner_tags": {"0": ["B-PER"], "1": ["O", "O"]}\n}\n',
    '[{"paragraphs": [{"sentences": [{"tokens": [{"orth": "Ana", "ner": "U-PER"}]}]}]}]\n',
    "TOKEN\tNE-COARSE-LIT\tMISC\n# id = 1\nAna\tB-pers\tEndOfLine\n\n",
    "[CLS]\tO\n\x1b$B:#F|\x1b(B\tB-PER\n[SEP]\tO\n\ndoc1.txt\tO\n\n",
    "#FORMAT=WebAnno TSV 3.3\n\n1-1\t0-3\tAna\tPER\n",
    "1|t|Ana\n1|a|She saw.\n1\t0\t3\tAna\tPER\n",
    "a (ORG*\nb *)\nc *\n\n",
    "a PER/B\nb PER/I\nc -\n",
    "2 3\na 1 2 3\nb 4 5 6\n",
    "\ufeffa S-X\r\nb U-X\r\nc L-X\r\n",
    "Ana Ruiz saw Rome. It is there. She, who left, came. No one did.\n" * 3,
]
# DocBin is read and written by spaCy, whose own time would be all of the run.
TAGGED = [name for name, row in registry.FORMATS.items() if row.tagged and name != "docbin"]
WRITTEN = [name for name in TAGGED if registry.FORMATS[name].writer or registry.FORMATS[name].exporter]
OPTIONS = (
    AUTO,
    *(ReadOptions(format=name) for name in TAGGED),
    *(
        ReadOptions(format=name, misaligned=handling, labels=("O", "B-X", "I-X"))
        for name in ("doccano", "brat", "spacy_json", "label_studio", "huggingface")
        for handling in ("widen", "drop")
    ),
    ReadOptions(with_tags=False),
    ReadOptions(token_column=-1, tag_column=1),
    ReadOptions(tag_column="misc:name", skip_rows=1),
    ReadOptions(tag_spelling="TYPE-B", outside_tag="-"),
    ReadOptions(tag_spelling="TYPE", neighbours="split"),
    ReadOptions(tag_spelling="(TYPE*)"),
)
SCHEMES = list(registry.SCHEMES)
SPELLINGS = [
    Spelling(),
    Spelling("TYPE-B"),
    Spelling("b_TYPE", "-"),
    Spelling("TYPE", "_"),
    Spelling("TYPE", "O", "split"),
    Spelling("(TYPE*)"),
    Spelling("(TYPE)"),
]
NAMES = [
    "a",
    "a.conll",
    "a.txt",
    "a.json",
    "a.jsonl",
    "a.csv",
    "a.tsv",
    "a.conllu",
    "a.ann",
    "a.gz",
    "a.zip",
    "a.xz",
]


def readers(folder: Path) -> Made:
    """Corpora of all formats, JSON lines, raw text and files of vectors; the first byte says which."""
    path = folder / "input"

    def target(data: bytes) -> None:
        path.write_bytes(data[1:])
        which = data[0] % (len(OPTIONS) + 3) if data else 0
        if which < len(OPTIONS):
            corpus = read_corpus(path, OPTIONS[which])
            check_corpus(corpus, folder / "again")
        elif which == len(OPTIONS):
            for sentence in jsonl.read(Source(path), AUTO):
                document = Document.of(sentence, ["O"] * len(sentence), tags.parse_scheme("bio"))
                check_tokens(document.text, document.words)
                json.dumps(document.to_dict(), ensure_ascii=False).encode()
        elif which == len(OPTIONS) + 1:
            seqtag.tasks.tagging.check.check([str(path)])
        else:
            vectors = seqtag.features.vector_files.read(path)
            assert len(vectors) >= 1
            vectors.gather(vectors.rows(["a", "b"]))

    kinds = range(len(OPTIONS) + 3)
    return target, [bytes([kind]) + text.encode() for kind in kinds for text in CORPORA]


def check_corpus(corpus: seqtag.corpora.reading.Corpus, again: Path) -> None:
    """Each sentence is whole, and what is written is read back."""
    last = 0
    for sentence in corpus.sentences:
        assert len(sentence.tokens) >= 1
        assert all(sentence.tokens)
        assert sentence.tags is None or len(sentence.tags) == len(sentence.tokens)
        assert all(one <= other for one, other in pairwise(sentence.lines))
        if sentence.lines:
            assert sentence.lines[0] >= last
            last = sentence.lines[-1]
    if any(sentence.tags is None for sentence in corpus.sentences):
        return
    stream = io.StringIO(newline="")
    with contextlib.suppress(Unwritable):  # what could not be read back is not written
        writer = conll.ConllWriter(stream)
        for sentence in corpus.sentences:
            writer.write(Document.of(sentence, sentence.tags or (), tags.parse_scheme("bio")))
        again.write_bytes(stream.getvalue().encode())
        found = read_corpus(again, ReadOptions(format="conll", tag_spelling="B-TYPE"))
        assert [(one.tokens, one.tags) for one in found.sentences] == [
            (one.tokens, one.tags) for one in corpus.sentences
        ]
    scheme = tags.detect(sentence.tags or () for sentence in corpus.sentences)
    check_tags(corpus, scheme)
    for sentence in corpus.sentences:
        tags.problems(sentence.tags or (), scheme)
        tags.spans(sentence.tags or (), scheme)


def check_tokens(text: str, words: Sequence[str]) -> None:
    """Offsets hold, and nothing but white space is left out."""
    end = 0
    for word, (start, stop) in zip(words, offsets(text, words), strict=True):
        assert word == text[start:stop]
        assert end <= start < stop
        end = stop


def tokenizers(folder: Path) -> Made:
    """Any text through each tokenizer."""
    makers = [
        Tokenizer("word"),
        Tokenizer("word", contractions=()),
        Tokenizer("word", hyphens=True),
        Tokenizer("word", marks=True, hyphens=True),
        Tokenizer("whitespace"),
        Tokenizer("char"),
    ]

    def target(data: bytes) -> None:
        text = data.decode("utf-8", "surrogatepass" if data[:1] == b"s" else "replace")
        for tokenizer in makers:
            words = tokenizer.words(text)
            check_tokens(text, words)
            assert "".join(words) == "".join(text.split())
        seqtag.corpora.tokenizers.choose([makers[0].words(text)])
        assert seqtag.support.quoting.printable(text).isprintable()

    def decodable(data: bytes) -> None:
        with contextlib.suppress(UnicodeDecodeError):
            target(data)

    return decodable, [text.encode() for text in TEXTS]


def conversion(folder: Path) -> Made:
    """`seqtag convert` from each format to each other; two bytes say which, a third says to which scheme."""
    path = folder / "input"

    def target(data: bytes) -> None:
        which, to, scheme = (*data[:3], 0, 0, 0)[:3]
        options = replace(OPTIONS[which % len(OPTIONS)], with_tags=True)
        target_format = WRITTEN[to % len(WRITTEN)]
        to_scheme = [None, *SCHEMES][scheme % (len(SCHEMES) + 1)]
        path.write_bytes(data[3:])
        row = registry.FORMATS[target_format]
        places = [folder / f"output.{end}" for end in row.files or ("any",)]
        streams = [io.StringIO(newline="") if row.writer else io.BytesIO() for _ in places]
        done = seqtag.stages.convert.convert(
            str(path), tuple(streams), target_format, options=options, to_scheme=to_scheme
        )
        for place, stream in zip(places, streams, strict=True):
            content: Any = stream.getvalue()
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        given = list(sentences(path, options))
        assert (len(given), sum(map(len, given))) == (done.sentences, done.tokens)
        check_converted(given, places[0], target_format)

    pairs = [(one, other) for one in range(len(OPTIONS)) for other in range(len(WRITTEN))]
    return target, [
        bytes([one, other, other % 3]) + text.encode() for one, other in pairs for text in CORPORA
    ]


def check_converted(given: list[Sentence], path: Path, to: str) -> None:
    """No sentence is lost, nor anything else that the format can hold."""
    carries = registry.FORMATS[to].carries
    if "empty" not in carries:
        given = [sentence for sentence in given if sentence.tokens]
    if not given:
        return
    found = list(sentences(path, ReadOptions(to, with_tags=False, tokenizer=Tokenizer("whitespace"))))
    assert len(found) == len(given)
    if "tokens" in carries:
        assert [one.tokens for one in found] == [one.tokens for one in given]
    if "text" in carries and to != "conllu":
        assert [one.text for one in found] == [
            Document.of(one, ["O"] * len(one), tags.parse_scheme("bio")).text for one in given
        ]


def tag_schemes(folder: Path) -> Made:
    """Tags, one in each line and a blank line between sentences, through all schemes and spellings."""

    def target(data: bytes) -> None:
        try:
            rows = [part.split("\n") for part in data.decode().split("\n\n")]
        except UnicodeDecodeError:
            return
        sequences = [[tag for tag in row if tag] for row in rows]
        sequences = [row for row in sequences if row]
        for scheme in (tags.detect(sequences), *map(tags.parse_scheme, SCHEMES)):
            check_scheme(sequences, scheme)
        for spelling in SPELLINGS:
            for row in sequences:
                with contextlib.suppress(ValueError):
                    read = spelling.read(row)
                    assert len(read) == len(row)
                    again = spelling.read(spelling.write(read))
                    assert tags.spans(again, BIO) == tags.spans(read, BIO) or spelling.template.startswith(
                        ("TYPE", "(")
                    )

    return target, [
        "\n".join(rows).encode()
        for rows in (
            ["O", "B-X", "I-X", "", "I-Y", "E-Y", "S-Z"],
            ["PER", "PER", "O", "", "_", "-"],
            ["(ORG*", "*", "*)", "(X)"],
            ["U-X", "L-X", "M-X", "W-X", "B", "I", "b_x", "x-b"],
            ["E-X", "I-X", "", "I-X", "E-X", "E-X", "I-Y", "", "E-X", "E-X", "I-X"],
        )
    ]


BIO = tags.parse_scheme("bio")


def check_scheme(sequences: list[list[str]], scheme: tags.Scheme) -> None:
    """Spans are in order and apart, and come back from the tags that are made of them."""
    for row in sequences:
        ill_formed = tags.problems(row, scheme)
        if not scheme.is_spans:
            assert ill_formed == []
            continue
        try:
            found = tags.spans(row, scheme)
        except ValueError:  # not a tag of the scheme
            continue
        assert all(0 <= span.start < span.end <= len(row) for span in found)
        assert all(one.end <= other.start for one, other in pairwise(found))
        if not ill_formed:
            assert tags.strict_spans(row, scheme) == [
                span for span in found if not overlooked(span, row, scheme)
            ]
        for name in (name for name, (kind, _) in registry.SCHEMES.items() if kind != "plain"):
            other = tags.parse_scheme(name)
            written = tags.from_spans(found, len(row), other)
            assert tags.problems(written, other) == []
            assert tags.spans(written, other) == found


def overlooked(span: tags.Span, row: list[str], scheme: tags.Scheme) -> bool:
    """Whether seqeval's strict mode, and so ours, does not find this span of well-formed tags: in IOE1, it lets an E
    begin a span only after another E.
    """
    begins = scheme.name == "ioe1" and row[span.start].startswith("E")
    return begins and (span.start == 0 or not row[span.start - 1].startswith("E"))


def detection(folder: Path) -> Made:
    """A file of any name for `check`, `check --fix` and `predict`; the first byte says the name."""

    def target(data: bytes) -> None:
        path = folder / NAMES[data[0] % len(NAMES) if data else 0]
        path.write_bytes(data[1:])
        try:
            for sentence in sentences_to_tag(str(path), AUTO, None, Tokenizer("word")):
                assert all(sentence.tokens)
            report = seqtag.tasks.tagging.check.check([str(path), str(path)], train=str(path))
            for one in report.findings:
                assert one.code
                assert one.message
                assert "\n" not in str(one)
            check_repaired(path, folder / "fixed")
        finally:
            path.unlink()

    return target, [bytes([kind]) + text.encode() for kind in range(len(NAMES)) for text in CORPORA]


def check_repaired(path: Path, fixed: Path) -> None:
    """A repaired copy holds the same sentences, and is read as the same format."""
    try:
        before = read_corpus(path)
        copy = seqtag.tasks.repair.repaired(str(path))
    except (DataError, UsageError):
        return
    place = fixed.with_suffix(path.suffix if path.suffix not in (".gz", ".zip", ".xz") else "")
    place.write_text(copy.text, encoding="utf-8", newline="")
    try:
        after = read_corpus(place)
    finally:
        place.unlink()
    assert [one.tokens for one in after.sentences] == [one.tokens for one in before.sentences]
    scheme = tags.detect(one.tags or () for one in before.sentences)
    with contextlib.suppress(ValueError):  # plain tags, or not a tag of the scheme
        spans = [
            [tags.spans(one.tags or (), scheme) for one in corpus.sentences] for corpus in (before, after)
        ]
        assert spans[0] == spans[1]


TARGETS: dict[str, Callable[[Path], Made]] = {
    "readers": readers,
    "tokenizers": tokenizers,
    "conversion": conversion,
    "tags": tag_schemes,
    "detection": detection,
}
