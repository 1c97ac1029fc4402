"""`seqtag lm` as a user meets it."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.model_folder import replacing
from seqtag.model_folder.layout import CHECKPOINT, LANGUAGE_MODEL, dump_json
from seqtag.tasks.language.base import load

Capture = pytest.CaptureFixture[str]
GOLDEN = Path(__file__).parents[1] / "golden"
TEXT = """\
Ana left Oslo .
Ana saw Lima .

Bo left Lima today .
Bo saw Ana .
Ida left New York today .
"""


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A text in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "text.txt"
    path.write_text(TEXT, "utf-8")
    return path


def train(*arguments: str, text: str = "text.txt", output: str = "lm") -> int:
    return run(["lm", "train", "--train", text, "-o", output, *arguments])


def complaint(capsys: Capture) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    return err


def scored(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["lm", "score", *arguments, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_train_score_and_lines(text: Path, capsys: Capture) -> None:
    assert train("--order", "2", "--smoothing", "witten_bell", "--dev", "text.txt") == 0
    out = capsys.readouterr().out
    assert "5 sentences, 23 tokens" in out
    assert "2-gram of words, witten_bell, open vocabulary of 11 words" in out
    assert "the start <s> is not" in out
    found = scored(capsys, "lm", "text.txt")
    assert found["tokens"] == 28
    assert (found["sentences"], found["words"], found["unknown_rate"]) == (5, 23, 0)
    assert found["perplexity"] == pytest.approx(2 ** found["cross_entropy"])
    assert found["cross_entropy"] == found["bits_per_word"]
    assert found["bits_per_character"] == pytest.approx(
        found["bits"] / (len(TEXT) - 1)
    )  # without the blank line
    assert found["vocabulary"]["size"] == 14
    assert run(["lm", "score", "lm", "text.txt", "--lines"]) == 0
    out, err = capsys.readouterr()
    head, *rows = [line.split("\t") for line in out.splitlines()]
    assert head == ["line", "tokens", "unknown", "bits", "perplexity"]
    assert [row[0] for row in rows] == ["1", "2", "4", "5", "6"]
    assert sum(float(row[3]) for row in rows) == pytest.approx(found["bits"], abs=1e-4)
    assert f"perplexity     {found['perplexity']:.2f}" in err
    assert run(["lm", "score", "lm", "text.txt"]) == 0
    assert "of them 5 ends of sentences" in capsys.readouterr().out


def test_several_files_are_one_text(text: Path, capsys: Capture) -> None:
    """Whatever packs them; equal text gives equal bytes."""
    first, second = TEXT.split("\n\n")
    Path("one.txt").write_text(first + "\n", "utf-8")
    with gzip.open("two.txt.gz", "wt") as stream:
        stream.write(second)
    assert train() == 0
    assert run(["lm", "train", "--train", "one.txt", "--train", "two.txt.gz", "-o", "parts"]) == 0
    names = sorted(os.listdir("lm"))
    assert names == sorted([*LANGUAGE_MODEL.files, "manifest.json", "ngrams.safetensors"])
    for name in names:
        assert (Path("lm") / name).read_bytes() == (Path("parts") / name).read_bytes()
    assert scored(capsys, "lm", "text.txt")["bits"] == pytest.approx(
        scored(capsys, "lm", "one.txt", "two.txt.gz")["bits"]
    )


def test_characters(text: Path, capsys: Capture) -> None:
    assert train("--unit", "character", "--order", "4") == 0
    found = scored(capsys, "lm", "text.txt")
    assert found["tokens"] == found["characters"] == len(TEXT) - 1
    assert found["words"] == 23
    assert run(["lm", "generate", "lm", "--prompt", "Ana l", "--temperature", "0"]) == 0
    assert capsys.readouterr().out.startswith("Ana left ")


def test_a_tokenizer_cuts_raw_text(text: Path, capsys: Capture) -> None:
    Path("raw.txt").write_text("Ana left Oslo.\nDon't!\n", "utf-8")
    assert train("--tokenizer", "word", "--order", "2", text="raw.txt") == 0
    assert "2 sentences, 7 tokens" in capsys.readouterr().out
    assert scored(capsys, "lm", "raw.txt")["tokens"] == 9  # the model keeps its tokenizer
    assert run(["lm", "generate", "lm", "--prompt", "Ana left Oslo.", "--temperature", "0"]) == 0
    assert capsys.readouterr().out == "Ana left Oslo .\n"


def test_corpora_are_read_for_their_tokens(text: Path, capsys: Capture) -> None:
    """Recognised as `predict` does; a file that may be one is reported."""
    rows = "\n".join("".join(f"{word}\tO\n" for word in line.split()) for line in TEXT.splitlines() if line)
    Path("corpus.conll").write_text(rows, "utf-8")
    Path("spans.txt").write_text(rows, "utf-8")
    Path("tokens.jsonl").write_text('{"tokens": ["Ana", "New York"]}\n', "utf-8")
    Path("doubtful.txt").write_text("Ana NOUN\nleft VERB\n\nBo NOUN\nleft VERB\n", "utf-8")
    assert train() == 0
    for name in ("corpus.conll", "spans.txt"):
        assert scored(capsys, "lm", name) == scored(capsys, "lm", "text.txt")
    assert run(["lm", "score", "lm", "corpus.conll", "--lines"]) == 0
    assert [row.split("\t")[0] for row in capsys.readouterr().out.splitlines()[1:]] == [
        "1",
        "6",
        "11",
        "17",
        "22",
    ]
    assert scored(capsys, "lm", "tokens.jsonl")["words"] == 3
    assert run(["lm", "score", "lm", "doubtful.txt"]) == 0
    assert "looks like columns, but is read as text" in capsys.readouterr().err
    Path("damaged.txt").write_text(rows.replace("left\tO", "left").replace("today\tO", "today O"), "utf-8")
    assert train(text="damaged.txt", output="of_rows") == 0
    assert "looks like columns, but is read as text" in capsys.readouterr().err
    assert scored(capsys, "lm", "doubtful.txt", "--input-format", "conll")["words"] == 4
    assert train("--input-format", "conll", text="doubtful.txt", output="other") == 0
    assert "2 sentences, 4 tokens" in capsys.readouterr().out


def test_a_closed_vocabulary(text: Path, capsys: Capture) -> None:
    assert train("--vocabulary", "4") == 0
    assert "closed vocabulary of 4 words" in capsys.readouterr().out
    found = scored(capsys, "lm", "text.txt")
    assert found["unknown"] == 23 - (
        5 + 3 + 3 + 2
    )  # `.`, Ana, left, and the first of the words that occur twice
    assert found["vocabulary"]["closed"]


def test_generate(text: Path, capsys: Capture) -> None:
    assert train("--order", "3") == 0
    capsys.readouterr()
    lines = []
    for seed in ("1", "1", "2"):
        assert run(["lm", "generate", "lm", "-n", "5", "--seed", seed, "--prompt", "Bo"]) == 0
        lines.append(capsys.readouterr().out.splitlines())
    assert lines[0] == lines[1] != lines[2]
    assert all(line.startswith("Bo") for line in lines[0])
    assert run(["lm", "generate", "lm", "-n", "3", "--top-k", "1"]) == 0
    assert len({*capsys.readouterr().out.splitlines()}) == 1
    assert run(["lm", "generate", "lm", "--longest", "2", "--top-p", "0.5"]) == 0
    assert len(capsys.readouterr().out.split()) <= 2


def test_arpa_there_and_back(text: Path, capsys: Capture) -> None:
    assert train("--order", "3") == 0
    assert run(["lm", "export", "lm", "--arpa", "lm.arpa.gz"]) == 0
    assert run(["lm", "import", "lm.arpa.gz", "-o", "back"]) == 0
    first, second = (scored(capsys, model, "text.txt") for model in ("lm", "back"))
    assert first["vocabulary"] == second["vocabulary"]
    assert first["bits"] == pytest.approx(second["bits"], rel=1e-6)
    assert run(["lm", "import", str(GOLDEN / "lmplz.arpa"), "-o", "theirs"]) == 0
    assert scored(capsys, "theirs", "text.txt")["unknown"] > 10


@pytest.mark.parametrize("name", ["none", "laplace", "add_k", "stupid_backoff"])
def test_what_arpa_cannot_hold(text: Path, capsys: Capture, name: str) -> None:
    assert train("--smoothing", name) == 0
    capsys.readouterr()
    assert run(["lm", "export", "lm", "--arpa", "lm.arpa"]) == 1
    assert name in complaint(capsys)
    assert not Path("lm.arpa").exists()


def test_impossible_words(text: Path, capsys: Capture) -> None:
    """Without smoothing; the perplexity is infinite, which JSON cannot say."""
    assert train("--smoothing", "none", "--order", "2") == 0
    Path("other.txt").write_text("Ana left Rome .\n", "utf-8")
    found = scored(capsys, "lm", "other.txt")
    assert found["perplexity"] is found["bits"] is None
    assert found["impossible"] == 2  # Rome, and the full stop after it
    assert run(["lm", "score", "lm", "other.txt"]) == 0
    out = capsys.readouterr().out
    assert "perplexity     inf; inf without" in out
    assert "2 tokens have the probability 0" in out


def test_scores_that_are_no_probabilities(text: Path, capsys: Capture) -> None:
    assert train("--smoothing", "stupid_backoff", "--dev", "text.txt") == 0
    assert "perplexity" not in capsys.readouterr().out
    assert run(["lm", "score", "lm", "text.txt"]) == 1
    assert "stupid_backoff gives scores that are not probabilities" in complaint(capsys)
    assert run(["lm", "score", "lm", "text.txt", "--lines", "--json", "out.json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split("\t")[-1] for line in out.splitlines()[1:]] == ["-"] * 5
    assert json.loads(Path("out.json").read_text("utf-8"))["perplexity"] is None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--smoothing", "kneser"], "Did you mean 'kneser_ney'?"),
        (["--smoothing", "jelinek_mercer"], "give it with --dev"),
        (["--kind", "lstm"], "Known: ngram"),
        (["--unit", "words"], "Did you mean 'word'?"),
        (["--tokenizer", "wrod"], "Did you mean 'word'?"),
        (["--add-k", "1"], "--add-k is for --smoothing add_k"),
        (["--smoothing", "add_k", "--add-k", "0"], "--add-k: expected a number above 0"),
        (["--prune", "1 1"], "words are not pruned"),
        (["--prune", "0 2 1"], "none is smaller than the one before"),
        (["--prune", "x"], "expected whole numbers"),
    ],
)
def test_options_that_make_no_sense(text: Path, capsys: Capture, arguments: list[str], problem: str) -> None:
    assert train(*arguments) == 2
    assert problem in complaint(capsys)
    assert not Path("lm").exists()


def test_orders_and_temperatures(text: Path, capsys: Capture) -> None:
    assert train("--order", "7") == 2
    assert train() == 0
    capsys.readouterr()
    for option, value in (
        ("--temperature", "-1"),
        ("--top-p", "0"),
        ("--temperature", "nan"),
        ("--top-p", "1.5"),
    ):
        assert run(["lm", "generate", "lm", option, value]) == 2
        assert option.strip("-").replace("-", "_") in complaint(capsys)


def test_a_model_is_replaced_only_with_force(text: Path, capsys: Capture) -> None:
    assert train() == 0
    capsys.readouterr()
    assert train() == 1
    assert "already contains a language model. Use --force" in complaint(capsys)
    assert train("--force") == 0


def stopped(path: str, settings: dict[str, Any]) -> None:
    """A checkpoint with as much in it as is looked at before it is resumed."""
    files = {"state.json": dump_json({"run": {"settings": settings}}), "state.safetensors": b""}
    replacing.write(Path(path), files, CHECKPOINT)


def test_the_checkpoint_of_another_run(text: Path, capsys: Capture) -> None:
    """It is named; only --force removes it, once the model is written."""
    stopped("lm.checkpoint", {"text": {}})
    assert train() == 1
    expected = (
        "lm.checkpoint: left by a run that was stopped. Use --kind rnn --resume to continue it, or --force to discard "
        "it and train from the beginning.\n"
    )
    assert complaint(capsys) == f"seqtag: {expected}"
    assert train("--force") == 0
    assert "lm.checkpoint, left by a run that was stopped, is replaced" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["lm", "text.txt"]


@pytest.mark.parametrize(("settings", "command"), [({"text": {}}, "lm train"), ({"data": {}}, "train")])
def test_a_checkpoint_names_what_resumes_it(
    text: Path, capsys: Capture, settings: dict[str, Any], command: str
) -> None:
    stopped("lm.checkpoint", settings)
    assert run(["lm", "score", "lm.checkpoint", "text.txt"]) == 1
    expected = f"is a checkpoint, which `seqtag {command} --resume` reads; expected a language model folder."
    assert complaint(capsys) == f"seqtag: lm.checkpoint: {expected}\n"


def test_folders_of_the_other_kind(text: Path, capsys: Capture) -> None:
    assert train() == 0
    tagger = str(GOLDEN / "models" / "format_2")
    capsys.readouterr()
    for arguments in (
        ["predict", "lm", "text.txt"],
        ["evaluate", "lm", "text.txt"],
        ["export", "lm", "-o", "x.onnx"],
    ):
        assert run(arguments) == 1
        assert "lm: is a language model, which `seqtag lm score` reads" in complaint(capsys)
    for arguments in (["score", tagger, "text.txt"], ["generate", tagger], ["export", tagger, "--arpa", "x"]):
        assert run(["lm", *arguments]) == 1
        assert "is a model, which `seqtag predict` reads; expected a language model folder" in complaint(
            capsys
        )
    assert train(output=tagger) == 1
    assert "is not a language model folder, so it is not replaced" in complaint(capsys)
    assert train(output="lm/inner") == 1
    assert "is inside the model folder" in complaint(capsys)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds no words"),
        (b" \n\n\t\n", "holds no words"),
        (b"a b\nc \0 d\n", "text.txt:2: holds a NUL byte"),
        ("a b\nsch\u00f6n\n".encode("latin-1"), "text.txt:2: byte 0xF6 is not UTF-8"),
        ("a b\n".encode("utf-16"), "is UTF-16 or UTF-32"),
        (b"\x1f\x8b\x08\x00spoilt", "text.txt"),
    ],
)
def test_text_that_is_none(text: Path, capsys: Capture, content: bytes, problem: str) -> None:
    text.write_bytes(content)
    assert train() == 1
    assert problem in complaint(capsys)
    assert not Path("lm").exists()
    Path("good.txt").write_text("a b\n", "utf-8")
    assert train(text="good.txt") == 0
    capsys.readouterr()
    assert run(["lm", "score", "lm", "text.txt"]) == 1
    assert problem in complaint(capsys)


def test_one_word_again_and_again(text: Path, capsys: Capture) -> None:
    text.write_text("a " * 100_000 + "\n", "utf-8")
    assert train() == 0
    err = capsys.readouterr().err
    assert "order 3: the counts of counts give no discounts" in err
    assert "0.5, 1, 1.5" in err
    assert scored(capsys, "lm", "text.txt")["perplexity"] < 1.01


def test_a_terminal_sees_what_is_being_done(
    text: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a line that is gone in the end; anybody else sees nothing of it."""
    assert train("--order", "3") == 0
    assert run(["lm", "score", "lm", "text.txt"]) == 0
    assert "\r" not in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert train("--order", "3", "--force") == 0
    assert run(["lm", "export", "lm", "--arpa", "lm.arpa"]) == 0
    assert run(["lm", "import", "lm.arpa", "-o", "back"]) == 0
    err = capsys.readouterr().err
    for step in (
        "reading: 0 sentences",
        "counting n-grams of order 3",
        "writing n-grams of order 2",
        "reading n-grams",
    ):
        assert f"\r{step}" in err
    assert err.endswith("\r\x1b[K")


def test_only_one_file_comes_from_stdin(text: Path, capsys: Capture) -> None:
    assert train("--dev", "-", text="-") == 2
    assert "Only one of the files can come from stdin" in complaint(capsys)
    assert run(["lm", "score", "lm", "-", "text.txt", "-"]) == 2
    assert "Only one of the files can come from stdin" in complaint(capsys)


def test_symbols_in_a_text_are_unknown_words(text: Path, capsys: Capture) -> None:
    text.write_text("<s> a </s> b <unk> a\n", "utf-8")
    assert train("--order", "2") == 0
    assert "50.00% of them unknown" in capsys.readouterr().out
    assert scored(capsys, "lm", "text.txt")["unknown"] == 3
    text.write_text("<s> </s>\n<unk>\n", "utf-8")
    assert run(["lm", "score", "lm", "text.txt", "--json", "-"]) == 0
    assert "warning: all words of the text are unknown to the model" in capsys.readouterr().err
    assert train("--order", "2", "--force") == 0
    assert "warning: the training text holds no word but <unk>, <s>, </s>" in capsys.readouterr().err


class TestRecurrent:
    """A folder of a recurrent model, with random weights."""

    model = str(GOLDEN / "models" / "recurrent_language_model_1")

    def test_score(self, text: Path, capsys: Capture) -> None:
        found = scored(capsys, self.model, "text.txt")
        assert (found["tokens"], found["unknown_rate"]) == (28, 2 / 23)
        both: Any = load(self.model)
        sentences = [line.split() for line in TEXT.splitlines() if line]
        for name, score in (("perplexity", both.score), ("backward", both.score_backward)):
            bits, _ = score(sentences)
            assert found[name] == pytest.approx(2 ** (bits.sum() / 28))
        assert run(["lm", "score", self.model, "text.txt"]) == 0
        out = capsys.readouterr().out
        assert f"perplexity     {found['perplexity']:,.2f};" in out
        assert f"backward       perplexity {found['backward']:,.2f}: each word from those after it" in out
        assert run(["lm", "score", self.model, "text.txt", "--lines"]) == 0
        lines, err = capsys.readouterr()
        assert f"backward       perplexity {found['backward']:,.2f}" in err
        assert sum(float(row.split()[3]) for row in lines.splitlines()[1:]) == pytest.approx(
            found["bits"], abs=1e-3
        )

    def test_models_of_one_direction_have_no_other(self, text: Path, capsys: Capture) -> None:
        assert train() == 0
        assert "backward" not in scored(capsys, "lm", "text.txt")
        assert run(["lm", "score", "lm", "text.txt"]) == 0
        assert "backward" not in capsys.readouterr().out

    def test_generate(self, capsys: Capture) -> None:
        arguments = ["lm", "generate", self.model, "--prompt", "Ana", "--longest", "9"]
        assert run([*arguments, "-n", "3"]) == 0
        first = capsys.readouterr().out
        assert len(first.splitlines()) == 3
        assert all(line.startswith("Ana") for line in first.splitlines())
        assert run([*arguments, "-n", "4"]) == 0
        assert capsys.readouterr().out.startswith(first)

    def test_fill(self, capsys: Capture) -> None:
        text = "Ana ___ Oslo ___"
        assert run(["lm", "fill", self.model, text, "-n", "3", "--json", "-"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["text"] == text
        assert [gap["token"] for gap in found["gaps"]] == [1, 3]
        assert [len(gap["words"]) for gap in found["gaps"]] == [3, 3]
        both: Any = load(self.model)
        best = found["gaps"][0]["words"][0]
        chances = both.gap(["Ana"], ["Oslo", "<unk>"])
        assert best["probability"] == pytest.approx(chances[both.words.index(best["word"])])
        assert run(["lm", "fill", self.model, text]) == 0
        out = capsys.readouterr().out
        assert "gap 1" in out
        assert "gap 2" in out
        assert f"{best['word']} " in out
        assert f"{best['probability']:.4f}" in out
        assert "<unk>" not in out

    def test_fill_without_a_gap(self, capsys: Capture) -> None:
        assert run(["lm", "fill", self.model, "Ana left Oslo ."]) == 2
        assert "has no gap; expected ___ in it" in complaint(capsys)

    def test_fill_needs_both_directions(self, text: Path, capsys: Capture) -> None:
        assert train() == 0
        capsys.readouterr()
        assert run(["lm", "fill", "lm", "Ana ___ Oslo ."]) == 1
        wanted = "lm: a gap needs a recurrent model that reads in both directions; this is: 5-gram of words"
        assert wanted in complaint(capsys)

    def test_an_arpa_file_holds_none(self, capsys: Capture) -> None:
        assert run(["lm", "export", self.model, "--arpa", "-"]) == 1
        assert "is not a model of n-grams" in complaint(capsys)


class TestExplain:
    def test_tables_and_json(self, text: Path, capsys: Capture) -> None:
        assert train("--order", "3") == 0
        capsys.readouterr()
        assert run(["explain", "lm", "text.txt", "-o", "out.json", "--limit", "2"]) == 0
        out = capsys.readouterr().out
        found = json.loads(Path("out.json").read_text("utf-8"))
        assert (found["tokens"], found["sampled"], found["file"]) == (28, 28, "text.txt")
        assert [row["visible"] for row in found["memory"]] == [0, 1, 2, 4, 8, 16, 32, None]
        assert found["memory"][-1]["perplexity"] == pytest.approx(
            scored(capsys, "lm", "text.txt")["perplexity"]
        )
        for row in found["memory"]:
            assert f"{row['perplexity']:,.2f}" in out
        assert [[one["token"] for one in each["tokens"]] for each in found["sentences"]] == [
            ["Ana", "left", "Oslo", ".", "</s>"],
            ["Ana", "saw", "Lima", ".", "</s>"],
        ]
        for one in found["sentences"][1]["tokens"]:
            assert f"{one['probability']:.4f}" in out
        assert "sentence 2" in out
        assert "sentence 3" not in out

    def test_stdin_and_stdout(self, text: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        assert train("--order", "2") == 0
        capsys.readouterr()
        assert run(["explain", "lm", "text.txt", "--sample", "5", "-o", "-"]) == 0
        first = capsys.readouterr()
        found = json.loads(first.out)
        assert (found["sampled"], found["tokens"], len(found["sentences"])) == (5, 28, 1)
        assert run(["explain", "lm", "text.txt", "--sample", "5", "-o", "-"]) == 0
        assert capsys.readouterr() == first
        assert run(["explain", "lm", "text.txt", "--sample", "5", "-o", "-", "--seed", "4"]) == 0
        assert json.loads(capsys.readouterr().out)["memory"] != found["memory"]

    def test_a_plot(self, text: Path) -> None:
        pytest.importorskip("matplotlib")
        assert train("--order", "2") == 0
        assert run(["explain", "lm", "text.txt", "-o", "a.svg", "-o", "b.svg", "-o", "c.png"]) == 0
        assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()
        assert Path("c.png").read_bytes().startswith(b"\x89PNG")

    def test_a_long_sentence_is_cut(self, text: Path, capsys: Capture) -> None:
        Path("long.txt").write_text("Ana left Oslo . " * 50, "utf-8")
        assert train() == 0
        capsys.readouterr()
        assert run(["explain", "lm", "long.txt"]) == 0
        assert "The sentence is longer: 72 more tokens are not shown." in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("trained", "arguments", "problem"),
        [
            ([], ["empty.txt"], "holds no words"),
            (["--smoothing", "stupid_backoff"], ["text.txt"], "scores that are not probabilities"),
            ([], ["text.txt", "-o", "page.html"], "expected an ending in .json, .png or .svg"),
            ([], ["text.txt", "-o", "text.txt"], "input"),
        ],
    )
    def test_refusals(
        self, text: Path, capsys: Capture, trained: list[str], arguments: list[str], problem: str
    ) -> None:
        Path("empty.txt").write_text("\n", "utf-8")
        assert train(*trained) == 0
        capsys.readouterr()
        assert run(["explain", "lm", *arguments]) in (1, 2)
        assert problem in complaint(capsys)

    @pytest.mark.parametrize("outputs", [[], ["-o", "a.html", "-o", "b.html"]])
    def test_a_tagger_needs_a_page(self, text: Path, capsys: Capture, outputs: list[str]) -> None:
        assert run(["explain", "model", "text.txt", *outputs]) == 2
        assert "-o: expected one page to write" in complaint(capsys)
