"""What is left at the place of a result: the former file until all of the new one is there."""

import errno
import io
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli.results import written
from seqtag.cli.stderr import stderr

Capture = pytest.CaptureFixture[str]
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def only(folder: Path) -> str:
    """What stands in the one file of a folder: no draft lies beside it."""
    (path,) = folder.iterdir()
    return path.read_text()


def write_half(path: Path, problem: BaseException) -> None:
    with written(str(path)) as stream:
        stream.write("half\n" * 10_000)
        stream.flush()
        raise problem


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("former", ["years of work", None])
def test_nothing_changes_if_the_end_is_not_reached(
    tmp_path: Path, problem: type[BaseException], former: str | None
) -> None:
    path = tmp_path / "out"
    if former is not None:
        path.write_text(former)
    with pytest.raises(problem):
        write_half(path, problem())
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ([] if former is None else [former])


def test_the_new_file_is_as_the_former_one(tmp_path: Path) -> None:
    path, plain = tmp_path / "out", tmp_path / "plain"
    path.write_text("former")
    path.chmod(0o604)
    former = os.umask(0o027)
    try:
        for place in (path, plain):
            with written(str(place)) as stream:
                stream.write("é\n")
    finally:
        os.umask(former)
    assert [place.read_bytes() for place in (path, plain)] == ["é\n".encode()] * 2
    assert [place.stat().st_mode & 0o777 for place in (path, plain)] == [0o604, 0o640]


def test_a_terminal_is_told_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    path = tmp_path / "out\x1b"
    for told in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda told=told: told)
        with written(str(path)) as stream:
            assert capsys.readouterr().err == ""
            stream.write("é\n")
        assert capsys.readouterr().err == f"wrote {tmp_path}/out\\x1b\n" * told


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    target.write_text("former")
    link.symlink_to(target)
    with written(str(link)) as stream:
        stream.write("new")
        assert target.read_text() == "former"
    assert link.is_symlink()
    assert only(tmp_path / "far") == "new"


def test_a_long_name(tmp_path: Path) -> None:
    with written(str(tmp_path / ("東" * 85))) as stream:
        stream.write("new")
    assert only(tmp_path) == "new"


def test_what_is_no_regular_file_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(path.read_text()))
    reader.start()
    with pytest.raises(ValueError, match="stop"):
        write_half(path, ValueError("stop"))
    reader.join()
    assert found == ["half\n" * 10_000]
    assert path.is_fifo()


def test_what_another_descriptor_has_open_is_not_exchanged(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        number = os.stat(tmp_path / "log").st_ino
        with written(f"/dev/fd/{log.fileno()}") as stream:
            stream.write("new")
    assert (tmp_path / "log").stat().st_ino == number
    assert only(tmp_path) == "new"


@pytest.mark.parametrize("closed", ["", "out"], ids=["the folder", "the file"])
def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """A folder that cannot be is no matter if the file can; a file that cannot be is not got round by its folder."""
    path = tmp_path / "out"
    path.write_text("former")
    number = path.stat().st_ino
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path / closed)
    with written(str(path)) as stream:  # root may do that
        stream.write("new")
    assert path.stat().st_ino == number
    assert only(tmp_path) == "new"


def test_a_file_that_cannot_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is mounted by itself."""

    def refuse(draft: str, place: str) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", draft, None, place)

    (tmp_path / "out").write_text("former")
    monkeypatch.setattr(os, "replace", refuse)
    with written(str(tmp_path / "out")) as stream:
        stream.write("new")
    assert only(tmp_path) == "new"


@pytest.mark.parametrize("second", ["none", "bad"])
def test_predict(spans: Any, tmp_path: Path, capsys: Capture, second: str) -> None:
    """An input that is missing, and one that cannot be read to its end."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("Ana left\n")
    bad.write_bytes(b"Ana\n" * 3000 + b"\xff\n")
    (tmp_path / "results").mkdir()
    path = tmp_path / "results" / "out"
    path.write_text("years of work")
    assert run(["predict", str(spans.folder), str(good), str(tmp_path / second), "-o", str(path)]) == 1
    assert f"{tmp_path / second}" in capsys.readouterr().err
    assert only(tmp_path / "results") == "years of work"
    assert run(["predict", str(spans.folder), str(good), "-o", str(path)]) == 0
    assert only(tmp_path / "results") == "Ana\tB-PER\nleft\tO\n\n"


@FULL
@pytest.mark.parametrize("option", ["--json", "--errors", "--output"])
def test_evaluate_without_room(spans: Any, capsys: Capture, option: str) -> None:
    given = [str(spans.train), "--predicted", str(spans.train)]
    model = [str(spans.folder), str(spans.train)]
    # A file of predictions that are all right has no errors to write.
    if option == "--errors":
        rows = [
            line.rpartition("\t")[0] + "\tO" if line else "" for line in spans.train.read_text().split("\n")
        ]
        other = spans.train.with_name("other.conll")
        other.write_text("\n".join(rows))
        given = [str(spans.train), "--predicted", str(other)]
    for arguments in (given, model) if option != "--errors" else (given,):
        assert run(["evaluate", *arguments, option, "/dev/full"]) == 1
        assert capsys.readouterr() == ("", "seqtag: /dev/full: No space left on device\n")


@FULL
def test_check_and_init_config_without_room(spans: Any, capsys: Capture) -> None:
    for arguments in (["check", str(spans.train), "--json"], ["init-config", "--force"]):
        assert run([*arguments, "/dev/full"]) == 1
        assert capsys.readouterr() == ("", "seqtag: /dev/full: No space left on device\n")


def without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full as soon as a file has been made on it."""

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("seqtag.model_folder.replacing.make_alike", fail)


@pytest.mark.filterwarnings("ignore:No artists")
@pytest.mark.parametrize("command", ["check", "evaluate", "explain", "gradients", "plot", "init-config"])
def test_a_full_disk(
    spans: Any, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Each command names the file, and what was in it is there still."""
    path = tmp_path / ("out.png" if command == "plot" else "out.json")
    path.write_text("years of work")
    arguments = {
        "check": ["check", str(spans.train), "--json"],
        "evaluate": ["evaluate", str(spans.train), "--predicted", str(spans.train), "--json"],
        "explain": ["explain", "model", "text", "-o"],
        "gradients": ["gradients", "model", "corpus", "-o"],
        "plot": ["gradients", "model", "corpus", "-o"],
        "init-config": ["init-config", "--force"],
    }[command]
    if command == "explain":
        monkeypatch.setattr("seqtag.stages.explain.explain", lambda *_, **__: None)
        monkeypatch.setattr("seqtag.cli.explain_page.page", lambda _: "page")
    if command == "gradients":
        report = type("Report", (), {"to_json": lambda _: {}})()
        monkeypatch.setattr("seqtag.stages.gradients.gradients", lambda *_, **__: report)
    if command == "plot":
        pytest.importorskip("matplotlib")
        report = type("Report", (), {"layers": (), "cell": "", "sentences": 1, "to_json": lambda _: {}})()
        monkeypatch.setattr("seqtag.stages.gradients.gradients", lambda *_, **__: report)
    without_room(monkeypatch)
    assert run([*arguments, str(path)]) == 1
    assert capsys.readouterr() == ("", f"seqtag: {path}: No space left on device\n")
    assert only(tmp_path) == "years of work"


def test_a_closed_stderr_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13 flushes a stream once more when it is dropped, and reports what that raises."""
    closed = io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    stream = stderr()
    closed.close()
    assert stream.write("lost") == 4
    stream.flush()
