"""A package with parts of its own, installed as `importlib.metadata` sees it, and the command line beside it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import seqtag
from seqtag.settings import plugins

ENTRY_POINTS = """
[seqtag.formats]
carets = seqtag_example:CARETS
gone = seqtag_example.gone:FORMAT
[seqtag.cells]
doubled = seqtag_example:CELL
half = seqtag_example:HALF
broken = seqtag_example:BROKEN
no_part = seqtag_example.carets:read
[seqtag.heads]
greedy = seqtag_example:HEAD
"""


def install(place: Path, name: str = "seqtag-example", entry_points: str = ENTRY_POINTS) -> Path:
    """Puts the package where a `pip install --target` would."""
    shutil.copytree(Path(__file__).with_name("seqtag_example"), place / "seqtag_example", dirs_exist_ok=True)
    metadata = place / f"{name.replace('-', '_')}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", "utf-8")
    (metadata / "entry_points.txt").write_text(entry_points, "utf-8")
    return place


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the one that has the parts."""
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture
def installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs the package's code in this process, under a name and with entry points."""

    def run(name: str, entry_points: str) -> None:
        place = tmp_path / name
        monkeypatch.syspath_prepend(str(install(place, name, entry_points)))
        plugins.installed.cache_clear()

    yield run
    plugins.installed.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "seqtag_example"]:
        del sys.modules[name]


@pytest.fixture
def installed(installing: Callable[[str, str], None]) -> None:
    """The package is installed in this process."""
    installing("seqtag-example", ENTRY_POINTS)


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def seqtag_with() -> Command:
    """Runs the command line in a process of its own, with packages of a folder."""

    def run(site: Path | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
        top = str(Path(seqtag.__file__).parents[1])
        path = os.pathsep.join([top, *([str(site)] if site else [])])
        return subprocess.run(
            [sys.executable, "-m", "seqtag", *arguments],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
