"""The command line as a user meets it: exit codes, what goes where, and the whole way from corpus to score."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.model_folder.layout import FILES
from seqtag.support.quoting import printable

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
SMALL = ("--cell", "dense", "--head", "softmax", "--characters", "none", "--embedding-dim", "8")
SMALL += ("--units", "6", "--lr", "0.02", "--batch-size", "8", "--set", "language_model.weight=0")
SMALL += ("--set", "embeddings.shape.dim=0", "--set", "training.averaging=none")
MODEL = Path(__file__).parents[1] / "golden" / "models" / "format_2"
LONG = "n" * 300
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


def call(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    options = {"env": ENVIRONMENT, "timeout": 120, "text": True, "capture_output": True} | options
    return subprocess.run([sys.executable, "-m", "seqtag", *arguments], **options)


@contextlib.contextmanager
def stdout_to(path: Path) -> Iterator[None]:
    """Standard output is the file, for Python as for the system."""
    with path.open("w") as file:
        former = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            with contextlib.redirect_stdout(file):
                yield
        finally:
            os.dup2(former, 1)
            os.close(former)


def complaint(capture: Capture) -> str:
    """The one line on stderr; nothing on stdout."""
    out, err = capture.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    return err


class TestCodes:
    def test_done(self, spans: Any, capsys: Capture) -> None:
        assert run(["predict", str(spans.folder), str(spans.train), "--input-format", "conll"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert out.count("\t") == spans.result.prepared.train.tokens

    def test_version_and_help(self, capsys: Capture) -> None:
        assert run(["--version"]) == 0
        assert capsys.readouterr() == (f"seqtag {seqtag.__version__}\n", "")
        for arguments in (["-h"], ["--help"], ["train", "-h"], ["predict", "--help"]):
            assert run(arguments) == 0
            out, err = capsys.readouterr()
            assert "Usage: seqtag" in out
            assert err == ""

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["predict", "none", "x"], "none: no such folder; expected a model folder."),
            (["check", "none"], "none: cannot be read: No such file or directory"),
            (["evaluate", "none", "x"], "none: no such folder"),
            (["train", "--train", "none", "-o", "{tmp}/m"], "none: cannot be read"),
            (["train", "--train", "x", "-o", "{model}"], "already contains a model. Use --force"),
        ],
    )
    def test_data_or_run_failed(
        self, spans: Any, tmp_path: Path, capsys: Capture, arguments: list[str], problem: str
    ) -> None:
        assert run([a.format(tmp=tmp_path, model=spans.folder) for a in arguments]) == 1
        assert problem in complaint(capsys)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["--set", "encoder.unit=3"], "Did you mean 'encoder.units'?"),
            (["--set", "units=3"], "Did you mean 'encoder.units'?"),
            (["--set", "encoder.units=many"], "encoder.units is 'many'; expected a whole number, at least 1"),
            (["--set", "encoder.units"], "expected key.path=value"),
            (["--cell", "lstn"], "Did you mean 'lstm'?"),
            (["--units", "0"], "--units: encoder.units is 0; expected a whole number, at least 1"),
            (["--clipnorm", "1", "--clipvalue", "1"], "exclude each other"),
        ],
    )
    def test_settings_that_make_no_sense(self, capsys: Capture, arguments: list[str], problem: str) -> None:
        assert run(["train", "--train", "x", "-o", "y", *arguments]) == 2
        assert problem in complaint(capsys)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["predict", "m", "--format", "jsno"], "--format: unknown name 'jsno'. Did you mean 'jsonl'?"),
            (["predict", "m", "--input-format", "x"], "Known: conll, conllu, "),
            (["predict", "m", "--tokenizer", "wrod"], "Did you mean 'word'?"),
            (["predict", "m", "--nbest", "2"], "--nbest needs --format jsonl"),
            (["gradients", "m", "a.conll", "-o", "plot.pdf"], "-o plot.pdf: expected an ending in .json"),
        ],
    )
    def test_options_that_make_no_sense(self, capsys: Capture, arguments: list[str], problem: str) -> None:
        assert run(arguments) == 2
        assert problem in complaint(capsys)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["train", "--unts", "3"], "--units"),
            (["predict", "m", "--formt", "text"], "--format"),
            (["train"], "Missing option"),
            (["predict"], "Missing argument"),
            (["tarin"], "No such command 'tarin'"),
            (["predict", "m", "--nbest", "0"], "--nbest"),
            (["predict", "m", "--threads", "0"], "--threads"),
            (["evaluate", "--predicted", "a", "b", "--threads", "2"], "--threads needs a model"),
        ],
    )
    def test_unknown_and_missing_options(self, capsys: Capture, arguments: list[str], problem: str) -> None:
        assert run(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert problem in err
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        "command",
        [
            ["predict", LONG],
            ["predict", "MODEL", LONG],
            ["predict", "MODEL", "text", "-o", LONG],
            ["evaluate", LONG, "text"],
            ["evaluate", "MODEL", LONG],
            ["check", LONG],
            ["export", LONG, "-o", "out"],
            ["export", "MODEL", "-o", LONG],
            ["explain", LONG, "text", "-o", "out"],
            ["train", "--train", LONG, "-o", "model"],
            ["train", "--train", "text", "-o", LONG],
            ["train", "--train", "text", "-o", "model", "--config", LONG],
            ["compare", "--train", "text", "--dev", "text", "-o", LONG, "--grid", "encoder.units=1,2"],
        ],
        ids=lambda command: " ".join(command).replace(LONG, "LONG"),
    )
    def test_a_path_that_is_too_long(
        self, command: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("text").write_text("Ana\tO\n")
        assert run([str(MODEL) if word == "MODEL" else word for word in command]) == 1
        assert complaint(capsys).rstrip(".\n").endswith(": File name too long")

    def test_an_error_of_ours_says_so(
        self, spans: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("seqtag.inference.tagger.SentenceTagger.load", lambda *_, **__: 1 / 0)
        assert run(["predict", str(spans.folder), "x"]) == 1
        assert "an error in seqtag: ZeroDivisionError" in complaint(capsys)
        assert run(["--debug", "predict", str(spans.folder), "x"]) == 1
        assert "Traceback" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("command", "hint"),
        [
            ("train", "; a smaller training.batch_size or encoder.units needs less"),
            ("predict", "; fewer --threads need less"),
            ("check", ""),
        ],
    )
    @pytest.mark.parametrize(
        "problem",
        [
            MemoryError(),
            OSError(errno.ENOMEM, "Cannot allocate memory"),
            type("ResourceExhaustedError", (Exception,), {})("OOM when allocating a tensor\nHint: ..."),
            ImportError("std::bad_alloc"),
            RuntimeError("can't start new thread"),
            RuntimeError("Gather node: Failed to allocate memory for requested buffer of size 7"),
        ],
        ids=["Python", "system", "TensorFlow", "C++", "thread", "ONNX Runtime"],
    )
    def test_too_little_memory(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Capture,
        command: str,
        hint: str,
        problem: Exception,
    ) -> None:
        def fail(arguments: list[str]) -> None:
            raise problem

        monkeypatch.setattr("seqtag.cli.app_for", fail)
        assert run([command, "train"]) == 1
        assert capsys.readouterr() == ("", f"seqtag: not enough memory{hint}\n")

    def test_interrupted(self, spans: Any) -> None:
        """While the next line of a pipe is waited for."""
        pipes: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        command = [sys.executable, "-m", "seqtag", "predict", str(spans.folder)]
        with subprocess.Popen(command, env=ENVIRONMENT, text=True, **pipes) as process:
            process.stdin.write("Ana left\n")
            process.stdin.flush()
            assert process.stdout.readline() == "Ana\tB-PER\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            err = process.stderr.read()
            assert "Traceback" not in err
            assert "Fatal" not in err

    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            (["train", "--train", "x", "-o", "y", "--dev", ""], "--dev"),
            (["train", "--train", "x", "-o", "y", "--valid="], "--dev"),
            (["train", "--train", "x", "-o", "y", "--test", ""], "--test"),
            (["train", "--train", "x", "-o", "y", "-c", ""], "--config"),
            (["train", "--train", "x", "-o", "y", "--embeddings", ""], "--embeddings"),
            (["train", "--train", "", "-o", "y"], "--train"),
            (["compare", "--train", "x", "--dev", "y", "--grid", "encoder.units=4", "-o", ""], "--output"),
            (
                ["compare", "--train", "x", "--dev", "y", "--grid", "encoder.units=4", "-o", "z", "--test="],
                "--test",
            ),
            (["evaluate", "m", "x", "--json", ""], "--json"),
            (["evaluate", "m", ""], "GOLD"),
            (["evaluate", "x", "--predicted", ""], "--predicted"),
            (["check", "x", ""], "FILE"),
            (["check", "x", "--json="], "--json"),
            (["predict", ""], "MODEL"),
            (["predict", "m", "x", ""], "FILE"),
            (["predict", "m", "x", "-o", ""], "--output"),
            (["explain", "m", "x", "-o", ""], "--output"),
            (["gradients", "m", "x", "-o", ""], "--output"),
            (["init-config", ""], "OUTPUT"),
        ],
    )
    def test_an_empty_path(
        self,
        tmp_path: Path,
        capsys: Capture,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        name: str,
    ) -> None:
        """It is not taken for one that was not given, nor for the folder in which one stands."""
        monkeypatch.chdir(tmp_path)
        assert run(arguments) == 2
        assert complaint(capsys) == f"seqtag: {name}: expected a value. Received an empty text.\n"
        assert not any(tmp_path.iterdir())

    @pytest.mark.parametrize("letter", ["y", "\x1b"])
    def test_what_is_long_is_cut(self, capsys: Capture, letter: str) -> None:
        assert run(["predict", "m", "--tokenizer", letter * 500_000]) == 2
        err = complaint(capsys)
        assert err.startswith(f"seqtag: --tokenizer: unknown name '{printable(letter) * 100}")
        assert err.endswith("Known: word, whitespace, char, icu.\n")
        assert "..." in err
        assert len(err) < 1100
        assert run(["--debug", "predict", "m", "--tokenizer", letter * 500_000]) == 2
        assert printable(letter) * 500_000 in capsys.readouterr().err

    def test_a_line_feed_in_a_value_begins_no_line(self, capsys: Capture) -> None:
        assert run(["train", "--train", "x", "-o", "y", "--set", "encoder.units=3\nx: 4"]) == 2
        assert "encoder.units=3\\nx: 4" in complaint(capsys)


class TestWidth:
    @pytest.mark.parametrize("name", ["COLUMNS", "TERMINAL_WIDTH"])
    @pytest.mark.parametrize("width", ["", "0", "7", "-80", "99999999999", "9" * 5000, "wide", "²"])
    def test_one_that_no_terminal_has(
        self, spans: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str, width: str
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert run(["check", str(spans.train)]) == 0
        shown = capsys.readouterr()
        monkeypatch.setenv(name, width)
        assert run(["check", str(spans.train)]) == 0
        assert capsys.readouterr() == shown
        assert name not in os.environ

    def test_one_that_a_terminal_has(
        self, spans: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for width in ("20", "10000"):
            monkeypatch.setenv("COLUMNS", width)
            assert run(["check", str(spans.train)]) == 0
            assert os.environ["COLUMNS"] == width
            capsys.readouterr()

    @pytest.mark.parametrize("width", ["0", "x"])
    def test_wrong_usage(self, width: str) -> None:
        """Typer reads the environment when it is loaded."""
        done = call("tarin", env=ENVIRONMENT | {"COLUMNS": width, "TERMINAL_WIDTH": width})
        assert done.returncode == 2
        assert "No such command 'tarin'" in done.stderr


class TestStreams:
    def test_a_file_that_is_stdout(
        self, spans: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """What is written to /dev/stdout, or to the file by its name, is not overwritten by the tables."""
        path = tmp_path / "out.json"
        commands = [
            ["check", str(spans.train), "--json"],
            ["evaluate", str(spans.train), "--predicted", str(spans.train), "--json"],
            ["init-config"],
        ]
        for command in commands:
            assert run([*command, "-"]) == 0
            alone = capfd.readouterr().out
            assert alone
            for name in ("/dev/stdout", str(path)):
                with stdout_to(path):
                    assert run([*command, name]) == 0
                assert path.read_text() == alone
            assert capfd.readouterr() == ("", "")
            assert call(*command, "/dev/stdout").stdout == alone
        assert run([*commands[1], "-", "--errors", "/dev/stdout"]) == 2
        assert capfd.readouterr() == ("", "seqtag: --json and --errors both write to -.\n")

    def test_a_reader_that_leaves(self, spans: Any, tmp_path: Path) -> None:
        (tmp_path / "in.txt").write_text("Ana left\n" * 30_000)
        command = f"{sys.executable} -m seqtag predict '{spans.folder}' '{tmp_path}/in.txt' | head -1; "
        done = subprocess.run(
            ["bash", "-c", command + 'exit "${PIPESTATUS[0]}"'],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "Ana\tB-PER\n", "")

    @pytest.mark.parametrize(
        ("closed", "out"),
        [("<&-", ""), (">&-", ""), ("2>&-", "Ana\tB-PER\n\n")],
        ids=["stdin", "stdout", "stderr"],
    )
    def test_closed_streams(self, spans: Any, closed: str, out: str) -> None:
        source = "" if closed == "<&-" else "echo Ana | "
        command = f"{source}{sys.executable} -m seqtag predict '{spans.folder}' {closed}"
        done = subprocess.run(
            ["bash", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, out, "")

    @pytest.mark.parametrize(
        "utf8", [{}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}], ids=["C", "ASCII"]
    )
    def test_any_locale_and_any_path(self, spans: Any, tmp_path: Path, utf8: dict[str, str]) -> None:
        place = tmp_path / "ein Ördner 模"
        place.mkdir()
        (place / "modèle").symlink_to(spans.folder)
        (place / "ü.txt").write_text("Ana 東京\n", encoding="utf-8")
        done = call(
            "predict",
            f"{place}/modèle",
            f"{place}/ü.txt",
            env=ENVIRONMENT | {"LC_ALL": "C"} | utf8,
            text=False,
        )
        assert done.returncode == 0
        assert done.stdout.decode().startswith("Ana\tB-PER\n東京\t")  # type: ignore[attr-defined]

    def test_what_is_read_is_not_written_over(self, spans: Any, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "in.txt"
        path.write_text("Ana left\n")
        assert run(["predict", str(spans.folder), str(path), "-o", str(path)]) == 2
        assert "is also an input" in complaint(capsys)
        assert path.read_text() == "Ana left\n"
        assert run(["predict", str(spans.folder), str(path), "-o", str(spans.folder / "out")]) == 2
        assert not (spans.folder / "out").exists()
        capsys.readouterr()
        assert run(["predict", str(spans.folder), str(path), "-o", str(tmp_path / "out")]) == 0
        assert (tmp_path / "out").read_bytes() == b"Ana\tB-PER\nleft\tO\n\n"
        assert capsys.readouterr() == ("", "")


class TestConfig:
    def test_who_wins(self, tmp_path: Path, spans: Any, capfd: pytest.CaptureFixture[str]) -> None:
        """And a quiet run says nothing."""
        file = tmp_path / "config.yaml"
        file.write_text(
            "encoder: {cell: dense, units: 3, layers: 2}\n"
            "embeddings: {word.dim: 4, characters.encoder: none, shape.dim: 0}\n"
            "head.name: softmax\nlanguage_model.weight: 0\ntraining.averaging: none\n"
        )
        given = ["train", "-q", "--train", str(spans.dev), "-o", str(tmp_path / "model"), "--epochs", "1"]
        given += [
            "-c",
            str(file),
            "--set",
            "encoder.units=5",
            "--set",
            "embeddings.word.dim=6",
            "--units",
            "7",
        ]
        assert run(given) == 0
        assert capfd.readouterr() == ("", "")
        found = json.loads((tmp_path / "model" / "config.json").read_bytes())
        assert found["encoder"]["units"] == 7, "a flag over --set"
        assert found["embeddings"]["word"]["dim"] == 6, "--set over the file"
        assert found["encoder"]["layers"] == 2, "the file over the default"
        assert found["encoder"]["merge_mode"] == "concat", "the default"

    def test_init_config(self, tmp_path: Path, capsys: Capture) -> None:
        file = tmp_path / "config.yaml"
        assert run(["init-config", str(file)]) == 0
        assert capsys.readouterr() == ("", "")
        assert "\n\n\n" not in file.read_text("utf-8")
        assert run(["init-config"]) == 0
        assert capsys.readouterr().out == file.read_text("utf-8")
        assert run(["init-config", "-"]) == 0
        assert capsys.readouterr().out == file.read_text("utf-8")
        assert run(["init-config", str(file)]) == 1
        assert "already exists; use --force" in complaint(capsys)

    @pytest.mark.parametrize(
        ("text", "code", "problem"),
        [
            ("encoder:\n  units: [", 1, ":2: is not YAML"),
            (
                "encoder:\n  unit: 3\n",
                2,
                ":2: there is no setting 'encoder.unit'. Did you mean 'encoder.units'?",
            ),
            ("\n\nencoder: {units: x}\n", 2, ":3: encoder.units is 'x'"),
            ("encoder:\n  units: 3\n  units: 4\n", 2, ":3: encoder.units is given twice"),
        ],
    )
    def test_errors_name_the_line(
        self, tmp_path: Path, capsys: Capture, text: str, code: int, problem: str
    ) -> None:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        assert run(["train", "--train", "x", "-o", str(tmp_path / "m"), "-c", str(file)]) == code
        assert f"{file}{problem}" in complaint(capsys)


def test_the_whole_way(spans: Any, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """train -> evaluate -> predict -> evaluate --predicted; a space and an umlaut in every path."""
    model = str(tmp_path / "mein Mödell")
    files = ["--train", str(spans.train), "--dev", str(spans.dev), "--test", str(spans.dev)]
    done = call("train", *files, "-o", model, "--epochs", "4", *SMALL)
    assert done.returncode == 0, done.stderr
    assert f"model written to {model}" in done.stdout
    assert f"seqtag evaluate '{model}' FILE" in done.stdout
    starts = (
        "train ",
        "dev ",
        "test ",
        "tags ",
        "model ",
        "clip ",
        "note ",
        "warning ",
        "epoch ",
        "rate ",
        "seed ",
    )
    assert all(line.startswith(starts) for line in done.stderr.splitlines()), done.stderr
    assert sum(line.startswith("epoch ") for line in done.stderr.splitlines()) == 4
    assert "epoch " not in done.stdout.replace("best epoch", "")
    assert sorted(os.listdir(model)) == sorted([*FILES, "README.md", "manifest.json"])

    def output(*arguments: str) -> bytes:
        assert run([*arguments]) == 0
        out, err = capfdbinary.readouterr()
        assert err == b""
        return out

    scores = json.loads(output("evaluate", model, str(spans.dev), "--json", "-"))
    assert scores["f1"] > 0.5
    predicted = tmp_path / "vörhergesagt.conll"
    predicted.write_bytes(output("predict", model, str(spans.dev), "--input-format", "conll"))
    again = json.loads(output("evaluate", "--predicted", str(predicted), str(spans.dev), "--json", "-"))
    assert again["f1"] == scores["f1"]
    assert again["accuracy"] == scores["accuracy"]


def test_a_missing_model_leaves_the_output_file_as_it_was(tmp_path: Path) -> None:
    output = tmp_path / "out.conll"
    output.write_text("kept", encoding="utf-8")
    assert run(["predict", str(tmp_path / "none"), str(tmp_path / "x.txt"), "-o", str(output)]) == 1
    assert output.read_text(encoding="utf-8") == "kept"
