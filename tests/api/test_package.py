"""`import seqtag`: free, and all its names are there."""

import subprocess
import sys
from pathlib import Path

import pytest

import seqtag


def python(code: str) -> str:
    """What a fresh process prints that runs the code; it fails if anything is written to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(seqtag.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import seqtag; dir(seqtag); print(*(set(sys.modules) - before))"
    assert python(code).split() == ["seqtag"]


def test_each_name_is_there() -> None:
    code = "import seqtag; print(*(seqtag.__all__ == [n for n in seqtag.__all__ if getattr(seqtag, n)], ))"
    assert python(code).strip() == "True"
    assert set(seqtag.__all__) <= set(dir(seqtag))


def test_star_import() -> None:
    assert python("from seqtag import *; print(load.__name__, Error.__name__)").strip() == "load Error"


@pytest.mark.parametrize("name", ["Error", "Document", "score", "load"])
def test_only_training_needs_tensorflow(name: str) -> None:
    code = f"import seqtag, sys; seqtag.{name}; print({{'tensorflow', 'keras', 'typer', 'rich'}} & set(sys.modules))"
    assert python(code).strip() == "set()"


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'seqtag' has no attribute 'lode'"):
        seqtag.lode  # type: ignore[attr-defined]  # noqa: B018
