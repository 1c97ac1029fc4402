"""Compressed by the ending of the name: what comes out is what went in, and the same bytes each time."""

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from seqtag.cli import run
from seqtag.cli.results import written
from seqtag.support.errors import MissingPackage
from seqtag.support.lines import lines
from seqtag.support.packing import check_ending, packed

LINES = [f"word{number * number}\tO\n" for number in range(30_000)]


def unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.read("out.conll")


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": zstd.decompress,
    ".zip": unzipped,
}


@pytest.mark.parametrize("ending", UNPACK)
class TestEach:
    def test_what_went_in_comes_out(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"out.conll{ending.upper()}"
        with written(str(path)) as stream:
            stream.writelines(LINES)
        content = path.read_bytes()
        assert UNPACK[ending](content) == "".join(LINES).encode()
        assert len(content) < len("".join(LINES)) / 2
        assert [line for _, line in lines(path)] == [line.removesuffix("\n") for line in LINES]

    def test_the_bytes_depend_on_the_content_alone(
        self, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither on the time nor on the folder, nor on when results were flushed."""
        for number in (1, 2):
            (tmp_path / str(number)).mkdir()
            monkeypatch.setattr(time, "time", lambda number=number: 1e9 * number)
            with written(str(tmp_path / str(number) / f"out.conll{ending}")) as stream:
                for line in LINES:
                    stream.write(line)
                    if number == 2:
                        stream.flush()
        first, second = (next((tmp_path / name).iterdir()).read_bytes() for name in ("1", "2"))
        assert first == second
        assert b"seqtag" not in first

    def test_nothing_is_there_before_the_end(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"out.conll{ending}"

        def fail() -> None:
            with written(str(path)) as stream:
                stream.writelines(LINES)
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert list(tmp_path.iterdir()) == []

    def test_nothing_written(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"out.conll{ending}"
        with written(str(path)):
            pass
        assert UNPACK[ending](path.read_bytes()) == b""
        assert list(lines(path)) == []

    def test_predict(self, ending: str, tmp_path: Path, spans: Any) -> None:
        plain, path = tmp_path / "plain", tmp_path / f"out.conll{ending}"
        (tmp_path / "text").write_text("Ana left\n\nIda\n")
        for output in (plain, path):
            assert run(["predict", str(spans.folder), str(tmp_path / "text"), "-o", str(output)]) == 0
        assert UNPACK[ending](path.read_bytes()) == plain.read_bytes() != b""
        assert run(["evaluate", "--predicted", str(plain), str(path), "--json", f"{path}.json{ending}"]) == 0
        assert next(lines(f"{path}.json{ending}")) == (1, "{")


def test_a_name_that_says_nothing_leaves_the_content_as_it_is() -> None:
    file = io.BytesIO()
    for path in ("out", "gz", "out.gz.txt", "-"):
        with packed(file, path) as content:
            assert content is file


def test_a_run_that_fails_writes_no_end_of_a_stream() -> None:
    """Where a pipe is written to, whoever reads it learns that it is not all."""
    file = io.BytesIO()

    def fail() -> None:
        with packed(file, "out.gz") as content:
            content.write(os.urandom(100_000))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with pytest.raises(EOFError):
        gzip.decompress(file.getvalue())


def test_tools_unpack_it(tmp_path: Path) -> None:
    path = tmp_path / "out.conll.zip"
    with written(str(path)) as stream:
        stream.writelines(LINES)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", path, tmp_path], check=True)
    assert (tmp_path / "out.conll").read_text() == "".join(LINES)
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.infolist()
    assert stat.S_IMODE(member.external_attr >> 16) == 0o644


def test_zst_without_its_package_is_refused_before_the_work(
    spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "backports", None)
    output = tmp_path / "out.zst"
    assert run(["predict", str(spans.folder), os.devnull, "-o", str(output)]) == 1
    assert capsys.readouterr().err.startswith("seqtag: Zstandard (.zst) needs the package backports.zstd")
    assert not output.exists()
    with pytest.raises(MissingPackage):
        check_ending("out.zst")
    check_ending("out.gz")
