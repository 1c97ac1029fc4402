"""`seqtag train --folds K`: which files and models there are, what is kept, and what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli.folds import cross_validate
from seqtag.corpora.reading import read_corpus
from seqtag.settings.merging import merge, merge_into
from seqtag.settings.tasks import schema_for
from seqtag.support.errors import Error

SMALL = [
    "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=dense", "encoder.units=5",
    "head.name=softmax", "language_model.weight=0", "training.averaging=none", "training.epochs=1",
]  # fmt: skip


def fake(trained: list[tuple[str, str, str]]) -> Any:
    """A training that scores 0.1 times the number of its fold on test, and twice that on dev."""

    def train(fold: str, held: str, model: Path) -> None:
        trained.append((Path(fold).name, Path(held).name, model.name))
        model.mkdir()
        score = int(model.name) / 10
        scores = {
            "dev": {"main": 2 * score, "metric": "f1"},
            "test": {"main": score, "metric": "f1"},
            "best_epoch": 1,
        }
        (model / "report.json").write_text(json.dumps(scores))
        (model / "manifest.json").write_text("{}")

    return train


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "corpus.conll"
    path.write_text("".join(f"w{number}\tB-X\nleft\tO\n\n" for number in range(9)))
    return str(path)


def test_every_fold_is_held_out_once(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, trained = tmp_path / "folds", []
    cross_validate(corpus, 3, output, merge(), fake(trained), resume=False, quiet=False)
    assert trained == [(f"{number}.train.conll", f"{number}.test.conll", str(number)) for number in (1, 2, 3)]
    assert [len(read_corpus(output / f"{number}.test.conll").sentences) for number in (1, 2, 3)] == [3, 3, 3]
    summary = json.loads((output / "folds.json").read_text())
    assert [row["test"] for row in summary["folds"]] == [0.1, 0.2, 0.3]
    assert summary["test"] == pytest.approx({"mean": 0.2, "standard_deviation": 0.1})
    assert summary["dev"] == pytest.approx({"mean": 0.4, "standard_deviation": 0.2})
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert ["mean", "0.4000", "0.2000"] in rows
    assert err.splitlines()[0] == f"fold 1 of 3: {output / '1'}"


@pytest.mark.parametrize("last", ["1", "2"])
def test_resume_trains_what_is_missing(
    last: str, corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, trained = tmp_path / "folds", []

    def stopped(fold: str, held: str, model: Path) -> None:
        if model.name == last:
            raise KeyboardInterrupt
        fake(trained)(fold, held, model)

    with pytest.raises(KeyboardInterrupt):
        cross_validate(corpus, 3, output, merge(), stopped, resume=False, quiet=True)
    said = "seqtag: 1 model kept; the same command with --resume trains the others\n"
    assert capsys.readouterr().err == ("" if last == "1" else said)
    cross_validate(corpus, 3, output, merge(), fake(trained), resume=True, quiet=True)
    assert [model for _, _, model in trained] == ["1", "2", "3"]


def test_what_is_not_ours_is_left_alone(corpus: str, tmp_path: Path) -> None:
    output = tmp_path / "folds"
    output.mkdir()
    (output / "1.train.conll").write_text("mine\tO\n")
    with pytest.raises(Error, match="already exists and holds other sentences"):
        cross_validate(corpus, 3, output, merge(), fake([]), resume=False, quiet=True)
    assert (output / "1.train.conll").read_text() == "mine\tO\n"
    (output / "manifest.json").write_text("{}")
    with pytest.raises(Error, match="is a model folder, which takes no other files"):
        cross_validate(corpus, 3, output, merge(), fake([]), resume=False, quiet=True)


def test_the_command(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    command = ["train", "--train", corpus, "-o", str(tmp_path / "folds"), "--folds", "2", "-q", *settings]
    assert run(command) == 0, capsys.readouterr().err
    assert json.loads((tmp_path / "folds" / "folds.json").read_text())["folds"][1]["model"] == "2"
    assert run([*command, "--dev", corpus]) == 2
    assert "--folds makes the files to score on itself" in capsys.readouterr().err
    assert run([*command, "--keep-seeds"]) == 2
    assert "--keep-seeds needs --seeds with 2 seeds or more" in capsys.readouterr().err


def test_too_few_sentences_are_refused_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.conll"
    path.write_text("a\tO\n\nb\tO\n\nc\tB-X\n")
    assert run(["train", "--train", str(path), "--folds", "2", "-o", str(tmp_path / "folds")]) == 1
    assert f"{path}: too few sentences for 2 folds" in capsys.readouterr().err
    assert not (tmp_path / "folds").exists()


def test_quiet_prints_nothing(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cross_validate(corpus, 2, tmp_path / "folds", merge(), fake([]), resume=False, quiet=True)
    assert capsys.readouterr() == ("", "")


FIGURES = {
    "transduction": {"exact_match": 0.25, "metric": "exact_match"},
    "joint": {"main": 0.25, "metric": "mean_of_tags_and_labels"},
    "classification": {"main": 0.25, "metric": "label_accuracy"},
    "generation": {"forward": {"perplexity": 0.25}},
}
ROWS = "".join(f"# intent = {'ab'[number % 2]}\nw{number}\tB-X\nleft\tO\n\n" for number in range(8))
PAIRS = "".join(f"{name}\tx\n" for name in ("ab", "ab", "cd", "cd", "ef", "gh"))


@pytest.mark.parametrize(
    ("task", "text", "options", "title"),
    [
        ("transduction", PAIRS, {}, "exact match"),
        ("joint", ROWS, {"data.label_key": "intent"}, "mean of tags and labels"),
        ("classification", ROWS, {"data.label_key": "intent"}, "label accuracy"),
        ("generation", ROWS, {"text.label_key": "intent"}, "perplexity"),
    ],
)
def test_files_of_other_tasks_are_divided_too(
    task: str,
    text: str,
    options: dict[str, str],
    title: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text(text)
    held: list[str] = []

    def train(fold: str, test: str, model: Path) -> None:
        held.append(Path(test).read_text())
        model.mkdir()
        scores = {"dev": FIGURES[task], "test": FIGURES[task], "best_epoch": 1}
        (model / "report.json").write_text(json.dumps(scores))

    config = merge_into(schema_for(task), {name: (value, "test") for name, value in options.items()})
    cross_validate(str(path), 2, tmp_path / "folds", config, train, task=task, resume=False, quiet=False)
    assert sorted("".join(held).splitlines()) == sorted(text.splitlines())
    if text is PAIRS:
        assert not {*held[0].splitlines()} & {*held[1].splitlines()}
    else:
        assert [part.count("# intent = a") for part in held] == [2, 2]
    assert json.loads((tmp_path / "folds" / "folds.json").read_text())["test"]["mean"] == 0.25
    assert title in capsys.readouterr().out


def test_side_by_side(corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same folds, each model in its place; `--resume` trains what is missing alone."""
    settings = [word for setting in SMALL for word in ("--set", setting)]
    command = ["train", "--train", corpus, "--folds", "2", "--workers", "2", *settings]
    assert run([*command, "-o", str(tmp_path / "both")]) == 0
    said = capsys.readouterr().err
    assert all(f"fold {number} of 2: {tmp_path / 'both' / str(number)}\n" in said for number in (1, 2))
    assert said.count("epoch 1  loss ") == 2
    assert run(["train", "--train", corpus, "--folds", "2", *settings, "-o", str(tmp_path / "alone")]) == 0
    for name in ("folds.json", "1/vocab.json", "2/config.json", "2/known.json", "1.train.conll"):
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()

    shutil.rmtree(tmp_path / "both" / "2")
    before = (tmp_path / "both" / "1" / "manifest.json").stat()
    capsys.readouterr()
    assert run([*command, "-o", str(tmp_path / "both"), "--resume"]) == 0
    assert capsys.readouterr().err.count("epoch 1  loss ") == 1
    assert (tmp_path / "both" / "1" / "manifest.json").stat() == before


def test_a_fold_that_fails_ends_the_others(
    corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    (tmp_path / "folds").mkdir()
    (tmp_path / "folds" / "1").write_text("mine")
    command = ["train", "--train", corpus, "--folds", "3", "--workers", "2", *settings]
    assert run([*command, "-o", str(tmp_path / "folds")]) == 1
    assert "folds/1: already exists and is not a folder" in capsys.readouterr().err
    assert (tmp_path / "folds" / "1").read_text() == "mine"


def test_workers_are_for_seeds_and_folds(corpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--train", corpus, "-o", "model", "--workers", "2"]) == 2
    assert "--workers trains seeds or folds side by side" in capsys.readouterr().err
