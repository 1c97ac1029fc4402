"""The guides as a reader follows them: their commands run in order, and their Python is Python."""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

import seqtag
from seqtag.cli import run

TOP = Path(__file__).parent.parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
MODEL = TOP / "tests" / "golden" / "models" / "format_2"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the guides take for granted: the sample data, and a model."""
    (tmp_path / "sample_data").symlink_to(TOP / "sample_data")
    shutil.copytree(MODEL, tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_python_is_python(page: Path) -> None:
    for code in blocks(page, "python"):
        whole = code if code[:1] != " " else "{" + code + "}"  # a row of a table
        compile(whole, str(page), "exec")
        assert set(re.findall(r"\bseqtag\.([a-z_]+)\(", code)) <= {*seqtag.__all__}


def test_getting_started_from_python(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks(TOP / "docs" / "getting-started.md", "python")
    exec(code, {})
    rows = [line.rsplit(" ", 2)[:2] for line in capsys.readouterr().out.splitlines()]
    assert ["Marta Lindqvist", "PER"] in rows
    assert ["Lisbon", "LOC"] in rows


def test_your_own_data_from_the_corpus_to_the_errors(clone: Path) -> None:
    """All but the training, whose options are checked like those of every page."""
    shutil.copy(TOP / "sample_data" / "english_news" / "dev.conll", "corpus.conll")
    seqtag_says = io.StringIO()
    lines = [line for block in blocks(TOP / "docs" / "your-own-data.md", "sh") for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines]
    assert [words[0] for words in commands] == ["convert", "split", "check", "train", "evaluate"]
    done = run(["convert", "corpus.conll", "--to", "jsonl", "-o", "annotated.jsonl"])
    for words in [words for words in commands if words[0] != "train"]:
        with contextlib.redirect_stdout(seqtag_says):
            done = done or run(words)
    assert done == 0
    assert {path.name for path in Path("parts").iterdir()} == {"train.conll", "dev.conll", "test.conll"}
    assert Path("train.conll").read_text("utf-8").count("\n\n") == 118
    assert Path("errors.jsonl").exists()
