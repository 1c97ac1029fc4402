"""Text in, tags out: places hold for any Unicode, nothing is lost, and a pipe is answered line by line."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqtag
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.findings import Finding
from seqtag.corpora.running_text import Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.inference import stream as streams
from seqtag.inference.tagger import SentenceTagger
from seqtag.stages.predict import predict
from seqtag.support import lookup
from seqtag.support.errors import DataError, UsageError
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.use import Given, PredictionOrder

ROOT = str(Path(seqtag.__file__).parents[1])
ENVIRONMENT = os.environ | {"PYTHONPATH": ROOT}
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), max_size=30)
Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_bytes(text.encode())
        return str(tmp_path / name)

    return write


@pytest.fixture(scope="module")
def tagger(spans: Any) -> SentenceTagger:
    """Loaded once, for a test that reads many files."""
    return SentenceTagger.load(spans.folder)


def ready(tagger: SentenceTagger, output_format: str = "conll", **how: Any) -> SentencePredictor:
    return SentencePredictor(tagger, PredictionOrder("", output_format, **how))


def tag(model: Any, *paths: str, **options: Any) -> str:
    stream = io.StringIO()
    predict(str(model.folder), paths, stream, **options)
    return stream.getvalue()


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n")[:-1]]


def test_what_comes_from_no_file_is_answered_like_a_file(tagger: SentenceTagger, write: Write) -> None:
    predictor = ready(tagger, "jsonl")
    path = write("in.jsonl", '{"text": "Ana  left Oslo."}\n{"tokens": ["Ana", "left"]}\n{"text": ""}\n')
    given = [Given("Ana  left Oslo."), Given(tokens=("Ana", "left")), Given("")]
    for one in (predictor, predictor.with_nbest(2)):
        read, made = one.begin([*one.read(path)]), one.begin([one.item(each) for each in given])
        assert [each.to_dict() for each in made] == [each.to_dict() for each in read]
    with pytest.raises(UsageError, match="features"):
        predictor.item(Given("Ana", features=("x",)))
    abilities = predictor.abilities
    assert (abilities.labels, abilities.is_spans, abilities.lacking) == (("LOC", "PER"), True, "")


class TestText:
    def test_conll(self, spans: Any, write: Write) -> None:
        path = write("in.txt", "Ana Ruiz saw Rio de Janeiro.\n\nIda left Oslo.")
        assert tag(spans, path) == (
            "Ana\tB-PER\nRuiz\tI-PER\nsaw\tO\nRio\tB-LOC\nde\tI-LOC\nJaneiro\tI-LOC\n.\tO\n\n"
            "Ida\tB-PER\nleft\tO\nOslo\tB-LOC\n.\tO\n\n"
        )

    def test_jsonl(self, spans: Any, write: Write) -> None:
        (answer,) = answers(tag(spans, write("in.txt", "  Ana Ruiz saw  Oslo.\n"), output_format="jsonl"))
        assert list(answer) == ["text", "tokens", "entities"]
        assert answer["text"] == "  Ana Ruiz saw  Oslo."
        assert [list(token) for token in answer["tokens"]] == [
            ["text", "start", "end", "tag", "probability"]
        ] * 5
        assert [token["tag"] for token in answer["tokens"]] == ["B-PER", "I-PER", "O", "B-LOC", "O"]
        found = [(e["start"], e["end"], e["label"], e["text"]) for e in answer["entities"]]
        assert found == [(2, 10, "PER", "Ana Ruiz"), (16, 20, "LOC", "Oslo")]
        assert all(0.5 < entity["probability"] <= 1 for entity in answer["entities"])

    def test_a_line_out_for_a_line_in(self, spans: Any, write: Write) -> None:
        path = write("in.txt", "\nAna left.\n\n \t\nIda left.\n\n")
        lines = ["", "Ana left.", "", " \t", "Ida left.", ""]
        assert [answer["text"] for answer in answers(tag(spans, path, output_format="jsonl"))] == lines
        assert tag(spans, path, output_format="text").count("\n") == len(lines)
        assert tag(spans, path).count("\n\n") == 2

    @given(st.lists(LINE, min_size=1, max_size=4))
    def test_places_hold_for_any_unicode(
        self, tagger: SentenceTagger, tmp_path_factory: pytest.TempPathFactory, lines: list[str]
    ) -> None:
        path = tmp_path_factory.mktemp("unicode") / "in.txt"
        path.write_bytes(("\n".join(["Ana 𝒳 Ruíz saw 東京 .", *lines]) + "\n").encode())
        for name in (None, "whitespace", "char"):
            stream = io.StringIO()
            predict(ready(tagger, "jsonl", tokenizer=name), [str(path)], stream)
            found = answers(stream.getvalue())
            assert [answer["text"] for answer in found[1:]] == [
                line.removeprefix("\ufeff") for line in lines
            ] or [answer["text"] for answer in found[1:]] == lines
            for answer in found:
                at = 0
                for token in answer["tokens"]:
                    assert answer["text"][token["start"] : token["end"]] == token["text"]
                    assert token["start"] >= at
                    assert not answer["text"][at : token["start"]].strip()
                    at = token["end"]
                assert not answer["text"][at:].strip()
                for entity in answer["entities"]:
                    assert answer["text"][entity["start"] : entity["end"]] == entity["text"]
                    assert entity["start"] in [token["start"] for token in answer["tokens"]]
                    assert entity["end"] in [token["end"] for token in answer["tokens"]]

    def test_a_tokenizer_of_ones_own(self, spans: Any, write: Write) -> None:
        path = write("in.txt", "Oslo.")
        assert tag(spans, path).count("\t") == 2
        assert tag(spans, path, tokenizer="whitespace").count("\t") == 1
        assert tag(spans, path, tokenizer="char").count("\t") == 5

    def test_files_one_after_the_other(self, spans: Any, write: Write) -> None:
        paths = [write(name, f"{name} left\n") for name in ("Ana", "Ida", "Bo")]
        found = answers(tag(spans, *paths, output_format="jsonl"))
        assert [answer["text"] for answer in found] == ["Ana left", "Ida left", "Bo left"]

    def test_how_many_tokens(self, spans: Any, write: Write) -> None:
        assert predict(str(spans.folder), [write("in.txt", "a b\n\nc\n")], io.StringIO()) == 3


class TestMarked:
    def test_spans(self, spans: Any, write: Write) -> None:
        path = write("in.txt", "Ana Ruiz saw  Oslo today.\nnothing\n\n")
        assert tag(spans, path, output_format="text").startswith("[Ana Ruiz PER] saw  [Oslo LOC] today.\n")

    def test_plain_tags(self, plain: Any, write: Write) -> None:
        path = write("in.txt", "Ana saw Oslo.\n")
        assert tag(plain, path, output_format="text") == "Ana/PROPN saw/VERB Oslo/PROPN ./PUNCT\n"

    @pytest.mark.parametrize("colour", [True, False])
    def test_on_a_terminal(
        self, spans: Any, write: Write, colour: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        if not colour:
            monkeypatch.setenv("NO_COLOR", "1")
        text = "Ana Ruiz saw Oslo " + "and then some more words " * 20
        found = tag(spans, write("in.txt", text + "\n"), output_format="text")
        assert found.count("\n") == 1, "never broken"
        assert ("\x1b[" in found) == colour
        assert "[Ana Ruiz PER]" in found, "copied text keeps its marks"

    @pytest.mark.parametrize("colour", ["", "1"])
    def test_a_paragraph_is_one_line(
        self, spans: Any, write: Write, colour: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", colour)
        monkeypatch.setenv("NO_COLOR", "1")
        path = write("in.txt", "Then Ana\nRuiz left.\nShe saw\nOslo.\n")
        found = tag(spans, path, output_format="text", splitting=Splitting("paragraph", "en"))
        assert found.count("\n") == 1
        assert "\\n" not in found

    def test_what_comes_from_a_file_steers_no_terminal(
        self, spans: Any, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        found = tag(spans, write("in.txt", "Ana \x1b]0;title\x07 [red]Oslo[/red]\n"), output_format="text")
        assert "\x1b]" not in found
        assert "\x07" not in found
        assert r"\x1b" in found
        assert "[red]" in "".join(found.split("\x1b[")) or "red" in found


class TestTokens:
    def test_conll_in(self, spans: Any, write: Write) -> None:
        path = write("in.conll", "Ana\tX\nRuiz\tY\n\nsaw\tO\n")
        assert tag(spans, path, input_format="conll").startswith("Ana\tB-PER\nRuiz\tI-PER\n\nsaw\t")
        (first, _) = answers(tag(spans, path, input_format="conll", output_format="jsonl"))
        assert first["text"] == "Ana Ruiz"
        assert [(token["start"], token["end"]) for token in first["tokens"]] == [(0, 3), (4, 8)]

    def test_one_column(self, spans: Any, write: Write) -> None:
        found = tag(spans, write("in.conll", "Ana\nRuiz\n\n"), input_format="conll")
        assert found == "Ana\tB-PER\nRuiz\tI-PER\n\n"

    def test_conllu_in(self, spans: Any, write: Write) -> None:
        row = "{}\t{}" + "\t_" * 8 + "\n"
        text = "# text = Ana left\n" + row.format(1, "Ana") + row.format("1.1", "x") + row.format(2, "left")
        assert tag(spans, write("in.conllu", text + "\n"), input_format="conll").startswith(
            "Ana\tB-PER\nleft\tO"
        )

    def test_columns_are_those_of_the_format_that_was_named(self, spans: Any, write: Write) -> None:
        """A file in which ten columns count 1, 2, 3 looks like CoNLL-U, but the model was told that it is not."""
        rows = "".join(f"{n}\t_\t{word}" + "\t_" * 7 + "\n" for n, word in enumerate(("Ana", "left"), 1))
        tagger = SentenceTagger.load(spans.folder)
        tagger.vocabulary = dataclasses.replace(tagger.vocabulary, reading=ReadOptions("conll", 3))
        stream = io.StringIO()
        predict(ready(tagger, input_format="conll"), [write("in.conll", rows)], stream)
        assert stream.getvalue() == "Ana\tB-PER\nleft\tO\n\n"

    def test_what_goes_out_comes_in_again(self, spans: Any, write: Write) -> None:
        first = tag(spans, write("in.txt", "Ana Ruiz saw Oslo.\n# 3 = 4\n\n-DOCSTART\n"))
        assert tag(spans, write("again.conll", first), input_format="conll") == first

    def test_a_token_that_is_a_space(self, spans: Any, write: Write) -> None:
        first = tag(spans, write("in.conll", "Ana\tO\n \tO\nleft\tO\n\n \tO\n"), input_format="conll")
        rows = [line.split("\t")[0] for line in first.split("\n")]
        assert rows == ["Ana", " ", "left", "", " ", "", ""]
        assert tag(spans, write("again.conll", first), input_format="conll") == first

    def test_a_token_that_is_no_column(self, spans: Any, write: Write) -> None:
        for token in ("a\tb", "a\nb", "\r", "  "):
            path = write("in.jsonl", json.dumps({"tokens": ["Ana", token]}))
            with pytest.raises(DataError, match="cannot be written in a column") as caught:
                tag(spans, path, input_format="jsonl")
            assert (caught.value.path, caught.value.line) == (path, 1)
            (answer,) = answers(tag(spans, path, input_format="jsonl", output_format="jsonl"))
            assert [found["text"] for found in answer["tokens"]] == ["Ana", token]

    def test_where_a_token_stands_that_is_no_column(self, spans: Any, write: Write) -> None:
        """In a text, and with whichever token of a sentence it is in CoNLL-U."""
        path = write("in.txt", "Ana\n-DOCSTART-\n")
        with pytest.raises(DataError, match="-DOCSTART-") as caught:
            tag(spans, path, tokenizer="whitespace")
        assert str(caught.value).startswith(f"{path}:2: the token '-DOCSTART-' cannot be written")
        rows = "".join(f"{n}\t{word}" + "\t_" * 8 + "\n" for n, word in enumerate(("Ana", "-DOCSTART-"), 1))
        path = write("in.conllu", f"# text = Ana\n{rows}\n")
        tagger = SentenceTagger.load(spans.folder)
        tagger.vocabulary = dataclasses.replace(tagger.vocabulary, reading=ReadOptions("conllu", "FORM"))
        with pytest.raises(DataError) as caught:
            predict(ready(tagger, input_format="conll"), [path], io.StringIO())
        assert str(caught.value).startswith(f"{path}:3: the token '-DOCSTART-' cannot be written")


class TestRecognised:
    """Without a format, each file is read as what it is."""

    def test_files_of_several_kinds(self, spans: Any, write: Write) -> None:
        paths = [
            write("a.tsv", "Ana\tX\nleft\tY\n\n"),
            write("b.json", '{"text": "Ida left"}\n'),
            write("c.txt", "Bo left\n"),
            write("d.iob2", "Ana|B-PER left|O\n"),
        ]
        found = answers(tag(spans, *paths, output_format="jsonl"))
        assert [answer["text"] for answer in found] == ["Ana left", "Ida left", "Bo left", "Ana left"]

    def test_what_is_given_wins(self, spans: Any, write: Write) -> None:
        path = write("a.tsv", "Ana\tX\nleft\tY\n\n")
        found = answers(tag(spans, path, input_format="text", output_format="jsonl"))
        assert [answer["text"] for answer in found] == ["Ana\tX", "left\tY", ""]

    def test_a_doubt_is_told(self, spans: Any, write: Write) -> None:
        told: list[Finding] = []
        tag(spans, write("a.txt", "Ana\nleft\n\nBo\nleft\n"), report=told.append)
        assert [(one.code, one.option) for one in told] == [("other-format", "--input-format conll")]

    @pytest.mark.parametrize("text", ["1\tAna\tO\n2\tleft\tO\n", "_\tO\n_\tO\n"])
    def test_tokens_that_are_no_words(self, spans: Any, write: Write, text: str) -> None:
        """Told for each file, with the sentences all the same."""
        told: list[Finding] = []
        paths = [write("a.conll", text), write("b.conll", text + "\n" + text)]
        assert len(tag(spans, *paths, report=told.append).split("\n\n")) == 4
        codes = {"index-column" if text[0] == "1" else "withheld-words"}
        assert [one.file for one in told] == paths
        assert ({one.code for one in told}, {one.option for one in told}) == (codes, {""})
        told.clear()
        tag(spans, write("c.conll", "3\tO\nleft\tO\n\n1\tO\n"), report=told.append)
        assert told == []

    def test_a_tokenizer_for_columns(self, spans: Any, write: Write) -> None:
        with pytest.raises(UsageError, match="--tokenizer is for raw text"):
            tag(spans, write("a.conll", "Ana\tX\n"), tokenizer="char")


class TestJsonl:
    def test_text_and_tokens(self, spans: Any, write: Write) -> None:
        path = write("in.jsonl", '{"text": "Ana left."}\n\n{"tokens": ["New", "York", "."]}\r\n{"text": ""}')
        found = answers(tag(spans, path, input_format="jsonl", output_format="jsonl"))
        assert [answer["text"] for answer in found] == ["Ana left.", "New York .", ""]
        assert [len(answer["tokens"]) for answer in found] == [3, 3, 0]

    def test_marked_text_is_a_sentence_a_line(self, spans: Any, write: Write) -> None:
        path = write("in.jsonl", json.dumps({"text": "Ana\nleft"}))
        assert tag(spans, path, input_format="jsonl", output_format="text") == "[Ana PER] left\n"

    def test_other_keys_are_handed_on(self, spans: Any, write: Write) -> None:
        given = {"id": 7, "text": "Ana left", "meta": {"ä": [None, 1.5, "x"]}, "entities": ["old"]}
        path = write("in.jsonl", json.dumps(given))
        (found,) = answers(tag(spans, path, input_format="jsonl", output_format="jsonl"))
        assert (found["id"], found["meta"], found["text"]) == (7, given["meta"], "Ana left")
        assert found["entities"][0]["text"] == "Ana"
        assert found["given_entities"] == ["old"]

    def test_no_key_is_lost(self, spans: Any, write: Write) -> None:
        rows = [
            {"text": "Ana left", "entities": [[0, 3, "PER"]], "given_entities": 1, "nbest": 2},
            {"text": "Ana left", "tokens": [{"text": "Ana", "pos": "NNP"}, "left"], "entities": []},
            {"tokens": ["Ana", "left"], "entities": [{"start": 0, "end": 3, "label": "PER"}]},
        ]
        path = write("in.jsonl", "\n".join(map(json.dumps, rows)))
        found = answers(tag(spans, path, input_format="jsonl", output_format="jsonl", nbest=1))
        own = tag(spans, write("a.txt", "Ana left"), input_format="text", output_format="jsonl", nbest=1)
        (answer,) = answers(own)
        assert found == [
            {**answer, "given_entities": 1, "given_given_entities": [[0, 3, "PER"]], "given_nbest": 2},
            {**answer, "given_tokens": rows[1]["tokens"], "given_entities": []},
            {**answer, "given_entities": rows[2]["entities"]},
        ]

    @pytest.mark.parametrize("nbest", [0, 2])
    def test_its_own_answers_are_read_back(self, spans: Any, plain: Any, write: Write, nbest: int) -> None:
        """Also by another model: the new answer takes the place of the old one, all else stays."""
        given = write(
            "in.jsonl",
            '{"text": " Ana Ruiz  left Oslo.", "id": 1}\n{"tokens": ["New York", "."]}\n{"text": ""}',
        )
        for model in (spans, plain):
            first = tag(model, given, input_format="jsonl", output_format="jsonl", nbest=nbest)
            again = tag(
                spans, write("own.jsonl", first), input_format="jsonl", output_format="jsonl", nbest=nbest
            )
            assert again == tag(spans, given, input_format="jsonl", output_format="jsonl", nbest=nbest)
            other = tag(plain, write("own.jsonl", again), input_format="jsonl", output_format="jsonl")
            assert other == tag(plain, given, input_format="jsonl", output_format="jsonl")

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ("{", "is not JSON"),
            ("[" * 100_000, "is nested deeper than 500 lists and objects"),
            ("9" * 5000, "is not JSON"),
            ("[]", r"\[\] is a list; expected"),
            ('"text"', "'text' is a text; expected"),
            ("{}", "expected an object"),
            ('{"text": 3}', "expected an object"),
            ('{"text": null}', "expected an object"),
            ('{"tokens": "Ana"}', "expected an object"),
            ('{"tokens": ["Ana", 3]}', "expected an object"),
            ('{"tokens": ["Ana", ""]}', "token 2 is empty; expected an object"),
            ('{"tokens": [{"text": ""}]}', "token 1 is empty; expected an object"),
            ('{"tokens": [{"start": 1}]}', "expected an object"),
            (
                '{"text": "Ana left", "tokens": ["left", "Ana"]}',
                "token 2, 'Ana', does not occur in the text after",
            ),
            ('{"text": "Ana left", "tokens": ["left"]}', "the text has 'Ana' before token 1, in no token"),
            ('{"text": "Ana left", "tokens": ["Ana"]}', "the text has 'left' after the last token"),
            (
                '{"text": "Ana left", "tokens": ["Ana", {"text": "left", "start": 3, "end": 7}]}',
                r"token 2, 'left', is said to stand at \[3, 7\] of the text; expected \[4, 8\]",
            ),
            ('{"text": "a \\ud83d b"}', "holds half of a surrogate pair"),
            ('{"text": "a", "x": {"\\udc00": 1}}', "holds half of a surrogate pair"),
        ],
    )
    def test_errors_name_the_line_and_come_after_what_was_right(
        self, spans: Any, write: Write, line: str, problem: str
    ) -> None:
        path = write("in.jsonl", '{"text": "Ana left"}\n\n' + line + '\n{"text": "never"}\n')
        stream = io.StringIO()
        with pytest.raises(DataError, match=problem) as caught:
            predict(str(spans.folder), [path], stream, input_format="jsonl")
        assert str(caught.value).startswith(f"{path}:3: ")
        assert "\n" not in str(caught.value)
        assert stream.getvalue() == "Ana\tB-PER\nleft\tO\n\n"

    def test_a_whole_surrogate_pair_is_a_character(self, spans: Any, write: Write) -> None:
        path = write("in.jsonl", '{"text": "Ana \\ud83d\\ude00"}')
        assert tag(spans, path, input_format="jsonl").startswith("Ana\tB-PER\n😀\t")

    def test_places_of_words_that_hold_spaces(self, spans: Any, write: Write) -> None:
        words = ["Ana", " ", "New  York", "a", "a\u3000", "."]
        (found,) = answers(
            tag(
                spans,
                write("in.jsonl", json.dumps({"tokens": words})),
                input_format="jsonl",
                output_format="jsonl",
            )
        )
        assert found["text"] == " ".join(words)
        assert [found["text"][token["start"] : token["end"]] for token in found["tokens"]] == words
        assert [token["start"] for token in found["tokens"]] == [0, 4, 6, 16, 18, 21]


class TestLargeFiles:
    """What is held at a time is bounded by tokens as well, since a line may be a document."""

    def test_a_chunk_ends_by_its_tokens(
        self, spans: Any, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write("in.txt", "Ana left .\n" * 3 + "\n" + "Ida saw Rio de Janeiro .\n" * 4 + "Bo\n" * 20)
        whole = tag(spans, path)
        begun: list[list[int]] = []
        begin = SentenceTagger.begin

        def listen(tagger: SentenceTagger, sentences: Any, **options: Any) -> Any:
            begun.append([len(sentence) for sentence in sentences])
            return begin(tagger, sentences, **options)

        monkeypatch.setattr(SentenceTagger, "begin", listen)
        monkeypatch.setattr(streams, "CHUNK_TOKENS", 8)
        assert tag(spans, path) == whole
        assert begun == [[3, 3, 3], [0, 6, 6], [6, 6], [1] * 8, [1] * 8, [1] * 4]

    @pytest.mark.parametrize(("asked", "expected"), [(1, 0), (3, 3)])
    def test_threads(
        self, spans: Any, write: Write, monkeypatch: pytest.MonkeyPatch, asked: int, expected: int
    ) -> None:
        """Each batch is tagged by one of so many threads, or by the only one; the answers are the same."""
        path = write("in.txt", "".join("Ana saw York . " * (number % 9 + 1) + "\n" for number in range(90)))
        whole = tag(spans, path, output_format="jsonl")
        monkeypatch.setattr("seqtag.inference.tagger.TOKEN_BUDGET", 64)
        seen: list[str] = []
        run = SentenceTagger.run

        def listen(tagger: SentenceTagger, *arguments: Any) -> Any:
            seen.append(threading.current_thread().name)
            time.sleep(0.005)  # so that no thread does the work of all
            return run(tagger, *arguments)

        monkeypatch.setattr(SentenceTagger, "run", listen)
        assert answers(tag(spans, path, output_format="jsonl", threads=asked)) == answers(whole)
        others = set(seen) - {threading.main_thread().name}
        assert len(seen) > 10
        assert len(others) == expected

    def test_what_is_remembered_of_words_is_bounded(
        self, spans: Any, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write("in.txt", "".join(f"Ana saw w{number}x and York{number}.\n" for number in range(300)))
        whole = tag(spans, path)
        tagger = SentenceTagger.load(spans.folder)
        monkeypatch.setattr(SentenceTagger, "load", lambda *_, **__: tagger)
        monkeypatch.setattr(lookup, "MOST", 20)
        monkeypatch.setattr(streams, "CHUNK", 50)
        assert tag(spans, path) == whole
        vocabulary = tagger.vocabulary
        parts = [vocabulary.tokenizer, *vocabulary.indexers.values()]
        held = [entry for part in parts for entry in vars(part).values() if isinstance(entry, lookup.Lookup)]
        assert len(held) == 3  # of the tokenizer, of words and of shapes
        assert all(0 < len(one) <= 20 for one in held)


class TestNbest:
    def test_best_first(self, spans: Any, write: Write) -> None:
        path = write("in.txt", "Ana unheard York\n\n")
        found = answers(tag(spans, path, output_format="jsonl", nbest=4))
        nbest = found[0]["nbest"]
        assert len(nbest) == 4
        assert nbest[0]["tags"] == [token["tag"] for token in found[0]["tokens"]]
        probabilities = [entry["probability"] for entry in nbest]
        assert probabilities == sorted(probabilities, reverse=True)
        assert len({tuple(entry["tags"]) for entry in nbest}) == 4
        assert "nbest" not in found[1]

    def test_only_where_asked_for(self, spans: Any, write: Write) -> None:
        (answer,) = answers(tag(spans, write("in.txt", "Ana"), output_format="jsonl"))
        assert "nbest" not in answer


class TestErrors:
    def test_what_came_before_comes_out(
        self, spans: Any, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In whatever chunk the error is."""
        for good in (1, 2, 3, 4, 7):
            path = write("in.conll", "Ana\tX\n\n" * good + "Ana\n")
            for chunk in (1, 3, 2048):
                monkeypatch.setattr(streams, "CHUNK", chunk)
                stream = io.StringIO()
                with pytest.raises(DataError, match=rf"in\.conll:{2 * good + 1}: "):
                    predict(str(spans.folder), [path], stream, input_format="conll")
                assert stream.getvalue() == "Ana\tB-PER\n\n" * good

    def test_a_file_that_is_missing_comes_after_the_first(self, spans: Any, write: Write) -> None:
        stream = io.StringIO()
        with pytest.raises(DataError, match="none: cannot be read: No such file"):
            predict(str(spans.folder), [write("in.txt", "Ana"), "none"], stream)
        assert stream.getvalue() == "Ana\tB-PER\n\n"

    def test_from_a_pipe(self, spans: Any, tmp_path: Path) -> None:
        """A named pipe, whose reader is a thread of its own."""
        os.mkfifo(tmp_path / "pipe")
        text = '{"text": "Ana"}\n' * 5 + "nonsense\n"
        writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,))
        writer.start()
        stream = io.StringIO()
        with pytest.raises(DataError, match=r"pipe:6: is not JSON"):
            predict(str(spans.folder), [str(tmp_path / "pipe")], stream, input_format="jsonl")
        writer.join()
        assert stream.getvalue() == "Ana\tB-PER\n\n" * 5


class TestPipe:
    def test_a_line_is_answered_before_the_next_is_written(self, spans: Any) -> None:
        command = [sys.executable, "-m", "seqtag", "predict", str(spans.folder), "--format", "text"]
        pipes: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        with subprocess.Popen(command, env=ENVIRONMENT, text=True, bufsize=1, **pipes) as process:
            watch = threading.Timer(30, process.kill)
            watch.start()
            for name in ("Ana", "Ida", "Bo"):
                process.stdin.write(f"{name} left\n")
                process.stdin.flush()
                assert process.stdout.readline() == f"[{name} PER] left\n"
            process.stdin.close()
            assert process.stdout.read() == ""
            assert process.stderr.read() == ""
            assert process.wait() == 0
            watch.cancel()

    def test_rows_are_answered_at_the_end_of_their_sentence(self, spans: Any) -> None:
        """What a pipe holds is told by its first line."""
        command = [sys.executable, "-m", "seqtag", "predict", str(spans.folder), "--format", "text"]
        for first, rest in (
            ("Ana\tB-PER\n", "left\tO\n\n"),
            ('{"text": "Ana left"}\n', ""),
            ("Ana|X left|Y\n", ""),
        ):
            with subprocess.Popen(
                command, env=ENVIRONMENT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                watch = threading.Timer(30, process.kill)
                watch.start()
                process.stdin.write(first + rest)
                process.stdin.flush()
                assert process.stdout.readline() == "[Ana PER] left\n"
                process.stdin.close()
                assert process.wait() == 0
                watch.cancel()

    def test_a_reader_is_ahead_by_so_many_tokens_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streams, "CHUNK_TOKENS", 8)
        read: list[int] = []

        def sentences() -> Iterator[Sentence]:
            for number in range(20):
                read.append(number)
                yield Sentence(("a",) * 3)

        chunks = streams.as_they_come(sentences())
        first = next(chunks)
        time.sleep(0.3)  # for a reader that does not stop
        assert len(read) <= len(first) + 3 + 1
        assert sum(map(len, chunks)) + len(first) == 20

    def test_thousands_of_lines_through_a_pipe(self, spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """More than the reader may be ahead."""
        command = [sys.executable, "-m", "seqtag", "predict", str(spans.folder), "--format", "jsonl"]
        lines = [f"Ana {number}" for number in range(5_000)]
        done = subprocess.run(
            command, env=ENVIRONMENT, input="\n".join(lines), capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert [answer["text"] for answer in answers(done.stdout)] == lines


@pytest.mark.parametrize("wanted", [["--nbest", "9"], []])
def test_what_stood_in_the_file_stays_if_the_model_cannot_do_it(
    wanted: list[str], spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqtag import cli

    model = tmp_path / "none"
    if wanted:
        model = spans.folder
        monkeypatch.setattr(SentenceTagger, "most", 4)
    (tmp_path / "in.txt").write_text("Ana\n")
    (tmp_path / "out.jsonl").write_text("years of work")
    arguments = ["predict", str(model), str(tmp_path / "in.txt"), "--format", "jsonl", *wanted]
    assert cli.run([*arguments, "-o", str(tmp_path / "out.jsonl")]) == (2 if wanted else 1)
    assert (tmp_path / "out.jsonl").read_text() == "years of work"
