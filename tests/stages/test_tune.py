"""A search for settings: exactly as many trials as there should be, whatever dies; the best, and what is written."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import seqtag
from seqtag.cli import run
from seqtag.cli.tune import seconds_of
from seqtag.settings.config_files import parse_assignments, read
from seqtag.settings.merging import merge
from seqtag.settings.schema import SETTINGS
from seqtag.settings.space import parse_space
from seqtag.support.errors import Error, UsageError
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.support.pool import Talk, Work
from seqtag.tasks.runs import PlannedRun, Pruned
from seqtag.training.rows import ROWS

pytest.importorskip("optuna", reason="Optuna is not installed: pip install '.[tune]'")
from seqtag.stages import tune as stage
from seqtag.stages.tune import JOURNAL, STUDY, TrialEnded, Tuned, TuningPlan, tune

SMALL = [
    "embeddings.word.dim=6", "embeddings.characters.encoder=none", "encoder.units=4", "training.batch_size=16",
    "training.learning_rate=0.03", "training.epochs=2", "training.averaging=none", "head.name=softmax",
    "embeddings.shape.dim=0", "language_model.weight=0",
]  # fmt: skip
SPACE = "search:\n  encoder.cell: [lstm, gru]\n  encoder.units: {low: 4, high: 12, step: 4}\n"


def acted(*given: Any, **more: Any) -> Work:
    """Stands in for training: a score by units and seed, with an epoch after another."""

    def work(order: PlannedRun, talk: Talk) -> Any:
        assert order.config is not None
        units, seed = order.config.encoder.units, order.config.training.seed
        dies = os.environ.get("SEQTAG_TEST_DIES")
        if dies and units == 8 and not Path(dies).exists():
            Path(dies).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        score = units / 100 + seed / 10_000 + (0.001 if order.config.encoder.cell == "gru" else 0.0)
        for epoch in range(1, 7):
            if not talk((epoch, score * epoch)):
                return Pruned()
        if units == 666:
            return Error("not finite")
        scores = {
            "metric": "F1",
            "dev": score,
            "parameters": units,
            "best_epoch": 6,
            "epochs": 6,
            "seconds": 0.1,
        }
        return replace(order.row, **scores)

    return work


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "worker", acted)


def tuned(spans: Any, output: Path, space: str = SPACE, **more: Any) -> Tuned:
    search = {"trials": 5, "best": 2, "seeds": 2, "pruner": "none"}
    search |= {
        name: more.pop(name)
        for name in ("trials", "best", "seeds", "pruner", "sampler", "seconds")
        if name in more
    }
    paths = {"train": str(spans.train), "dev": str(spans.dev)}
    layers = [parse_assignments([*SMALL, *more.pop("assignments", [])])]
    return tune(layers, TuningPlan(parse_space(space, "space", SETTINGS), **search), paths, output, **more)


def rows(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / ROWS).read_text("utf-8").splitlines()]


@pytest.mark.usefixtures("acting")
class TestSearch:
    def test_the_settings_as_given_come_first_and_the_best_have_several_seeds(
        self, spans: Any, tmp_path: Path
    ) -> None:
        heard: list[TrialEnded] = []
        found = tuned(spans, tmp_path, listener=heard.append, workers=2)
        (own,) = (event for event in heard if event.trial.role == "own")
        assert own.trial.number == 0
        assert own.row.settings["encoder"]["units"] == 4
        roles = Counter(event.trial.role for event in heard)
        assert roles[None] == 4
        assert {event.row.seed for event in heard if event.trial.role != "final"} == {42}
        assert {event.row.seed for event in heard if event.trial.role == "final"} == {43}
        assert all(len(one.rows) == 2 for one in found.comparison.combinations)
        assert {"encoder.cell": "lstm", "encoder.units": 4} in [
            one.choice for one in found.comparison.combinations
        ]
        best = found.comparison.combinations[0]
        assert best.dev == max(one.dev for one in found.comparison.combinations if one.dev)
        assert found.choice == best.choice
        assert found.config.encoder.units == best.choice["encoder.units"]
        assert found.config.training.seed == 42

    def test_without_further_seeds_the_best_score_wins(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, "search:\n  encoder.units: {low: 5, high: 60}\n", seeds=1)
        best = max(found.trials, key=lambda result: result.gain or 0.0)
        assert best.trial.role is None
        assert found.choice == best.trial.choice
        assert len(found.comparison.combinations) == 3

    def test_nothing_is_run_twice_and_more_trials_go_on(self, spans: Any, tmp_path: Path) -> None:
        first = tuned(spans, tmp_path)
        made = rows(tmp_path)
        heard: list[TrialEnded] = []
        again = tuned(spans, tmp_path, listener=heard.append)
        assert heard == []
        assert rows(tmp_path) == made
        assert again.comparison == first.comparison
        more = tuned(spans, tmp_path, trials=7)
        assert sum(result.trial.role != "final" for result in more.trials) == 7
        assert more.trials[: len(first.trials)] == first.trials
        assert max(Counter(row["key"] for row in rows(tmp_path)).values()) == 1

    def test_a_process_that_is_killed(
        self, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alone = tuned(spans, tmp_path / "alone", sampler="grid")
        monkeypatch.setenv("SEQTAG_TEST_DIES", str(tmp_path / "died"))
        told: list[str] = []
        found = tuned(spans, tmp_path / "two", sampler="grid", workers=2, say=told.append)
        assert (tmp_path / "died").exists()
        (said,) = told
        assert re.fullmatch(r"the process of trial \d+ died; the trial was started again", said)
        assert [row["error"] for row in rows(tmp_path / "two")] == [None] * 12
        assert found.comparison == alone.comparison

    def test_a_signal_and_the_same_command_again(self, spans: Any, tmp_path: Path) -> None:
        stop = Stop()
        heard: list[TrialEnded] = []

        def listener(event: TrialEnded) -> None:
            heard.append(event)
            if len(heard) == 2:
                stop.signal = signal.SIGINT

        with pytest.raises(Interrupted):
            tuned(spans, tmp_path, stop=stop, listener=listener, workers=2)
        told: list[str] = []
        found = tuned(spans, tmp_path, listener=heard.append, say=told.append)
        assert sum(result.trial.role != "final" for result in found.trials) == 5
        assert Counter(event.trial.number for event in heard).most_common(1)[0][1] == 1
        assert len(heard) == len(found.trials)

    def test_equal_trials_at_once_are_trained_once(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, "search:\n  encoder.units: [4]\n", trials=6, workers=3)
        assert [result.gain for result in found.trials] == pytest.approx([0.0442] * 6 + [0.0443])
        assert [row["seed"] for row in rows(tmp_path)] == [42, 43]

    def test_a_grid_with_seeds(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, sampler="grid", seeds=2)
        assert len(found.trials) == 2 * 3 * 2
        assert found.comparison.combinations[0].choice == {
            "encoder.cell": "gru",
            "encoder.units": 12,
        }
        assert {row["seed"] for row in rows(tmp_path)} == {42, 43}

    def test_a_grid_without_end(self, spans: Any, tmp_path: Path) -> None:
        space = "search:\n  encoder.units: {low: 1, high: 8000}\n  embeddings.word.dim: [1, 2]\n"
        with pytest.raises(UsageError, match="the grid has 16,000 trials; expected at most 10,000"):
            tuned(spans, tmp_path, space, sampler="grid", seeds=1)

    def test_trials_that_promise_little_end_early(self, spans: Any, tmp_path: Path) -> None:
        space = "search:\n  encoder.units: {low: 1, high: 60}\n"
        heard: list[TrialEnded] = []
        found = tuned(spans, tmp_path, space, trials=14, pruner="median", listener=heard.append)
        pruned = [event for event in heard if event.pruned]
        assert pruned
        assert all(event.row.dev is None and "pruned" in (event.row.error or "") for event in pruned)
        assert all(event.trial.role is None for event in pruned)
        assert found.choice["encoder.units"] == max(
            event.row.settings["encoder"]["units"] for event in heard if not event.pruned
        )
        assert found.importances == pytest.approx({"encoder.units": 1.0})

    def test_a_trial_that_fails_is_a_trial(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, "search:\n  encoder.units: [4, 666]\n", trials=6)
        assert sum(result.trial.role != "final" for result in found.trials) == 6
        assert {result.row.error for result in found.trials} == {None, "not finite"}
        assert found.choice == {"encoder.units": 4}

    def test_settings_as_given_that_could_not_be_drawn(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, assignments=["encoder.units=99"], trials=3)
        assert found.choice == {"encoder.cell": "lstm", "encoder.units": 99}
        assert len(found.comparison.combinations[0].rows) == 2

    def test_settings_that_make_no_sense_together(self, spans: Any, tmp_path: Path) -> None:
        """Trials with them fail, the others go on."""
        space = "search:\n  training.clipnorm: [0.5, null]\n  training.clipvalue: [0.5, null]\n"
        found = tuned(spans, tmp_path, space, sampler="grid", seeds=1)
        errors = [result.row.error for result in found.trials if result.row.error]
        assert len(errors) == 1
        assert "exclude each other" in errors[0]

    def test_after_the_time_only_the_settings_as_given_are_left(self, spans: Any, tmp_path: Path) -> None:
        found = tuned(spans, tmp_path, seconds=0.0)
        assert [result.trial.role for result in found.trials] == ["own", "final"]

    @pytest.mark.parametrize(
        ("changed", "what"),
        [
            ({"assignments": ["encoder.dropout=0.1"]}, "settings"),
            ({"space": "search:\n  encoder.cell: [lstm]\n"}, "space"),
        ],
    )
    def test_a_folder_of_another_search(self, spans: Any, tmp_path: Path, changed: Any, what: str) -> None:
        tuned(spans, tmp_path, trials=1, seeds=1)
        with pytest.raises(Error, match=f"holds a search with other {what}. Choose another -o"):
            tuned(spans, tmp_path, **changed)

    def test_a_folder_of_a_search_on_other_files(self, spans: Any, tmp_path: Path) -> None:
        tuned(spans, tmp_path / "study", trials=1, seeds=1)
        other = tmp_path / "other.conll"
        other.write_bytes(spans.dev.read_bytes() + b"\nBo\tB-PER\n")
        with pytest.raises(Error, match="holds a search with other files"):
            tuned(replace(spans, dev=other), tmp_path / "study")

    def test_a_study_that_is_none(self, spans: Any, tmp_path: Path) -> None:
        (tmp_path / STUDY).write_text("{}", encoding="utf-8")
        with pytest.raises(Error, match="is not what seqtag tune writes there"):
            tuned(spans, tmp_path)

    def test_two_commands_in_one_folder(self, spans: Any, tmp_path: Path) -> None:
        """The second is refused while the first has it."""

        def listener(event: TrialEnded) -> None:
            with pytest.raises(Error, match="another run is writing there"):
                tuned(spans, tmp_path)

        assert tuned(spans, tmp_path, trials=1, seeds=1, listener=listener).choice


def command(spans: Any, output: Path, *more: str) -> list[str]:
    given = [argument for text in SMALL for argument in ("--set", text)]
    return ["tune", "--train", str(spans.train), "--dev", str(spans.dev), "-o", str(output), *given, *more]


class TestCommand:
    def test_two_workers_with_one_killed_then_the_command_killed(self, spans: Any, tmp_path: Path) -> None:
        """Real trainings: all trials are there once, and the best settings train to the score they had."""
        output = tmp_path / "study"
        space = tmp_path / "space.yaml"
        space.write_text("search:\n  encoder.cell: [lstm, gru]\n  encoder.units: [4, 8]\n", encoding="utf-8")
        arguments = command(
            spans, output, "--space", str(space), "--trials", "3", "--best", "1", "--seeds", "1", "--workers", "2",
            "--pruner", "none",
        )  # fmt: skip
        program = [sys.executable, "-m", "seqtag", *arguments]
        first = subprocess.Popen(program, stderr=subprocess.PIPE, text=True)
        children = wait_for(lambda: children_of(first.pid))
        os.kill(children[0], signal.SIGKILL)
        wait_for(lambda: (output / ROWS).exists() and len(rows(output)) >= 1)
        first.kill()
        first.communicate()
        wait_for(lambda: not [child for child in children if is_alive(child)])
        first_rows = rows(output)
        ended = subprocess.run(program, capture_output=True, text=True, check=True)
        found = rows(output)
        assert found[: len(first_rows)] == first_rows
        assert {row["error"] for row in found} == {None}
        assert max(Counter(row["key"] for row in found).values()) == 1
        assert "settings in" in ended.stdout
        assert "Traceback" not in ended.stderr
        best = yaml.safe_load((output / "best.yaml").read_text("utf-8"))
        mean = json.loads((output / "model" / "report.json").read_text("utf-8"))["dev"]["f1"]
        same = [row for row in found if row["choice"].items() <= flat(best).items()]
        assert mean == max(row["dev"] for row in same)
        table = (output / "table.md").read_text("utf-8")
        assert table.count("\n| ") >= 2
        page = (output / "report.html").read_text("utf-8")
        assert page.count("<svg") >= 2
        assert "<script" not in page

    @pytest.mark.usefixtures("acting")
    def test_what_it_says(self, spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        space = tmp_path / "space.yaml"
        space.write_text(SPACE, encoding="utf-8")
        assert (
            run(command(spans, tmp_path / "study", "--space", str(space), "--trials", "2", "--no-model")) == 0
        )
        told = capsys.readouterr()
        assert told.err.startswith(
            "trial 0  settings as given  cell=lstm units=4  dev F1 0.0442  epoch 6 of 6  0.1 s\n"
        )
        assert "settings in" in told.out
        assert "model in" not in told.out
        assert not (tmp_path / "study" / "model").exists()
        assert (tmp_path / "study" / JOURNAL).exists()

    @pytest.mark.usefixtures("acting")
    def test_settings_as_given_that_fail(
        self, spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The others are ranked and drawn."""
        space = tmp_path / "space.yaml"
        space.write_text("search:\n  encoder.units: [4, 8]\n", encoding="utf-8")
        more = ("--space", str(space), "--trials", "4", "--no-model", "--set", "encoder.units=666")
        assert run(command(spans, tmp_path / "study", *more)) == 0
        assert "settings as given  units=666  not finite" in capsys.readouterr().err
        assert "1 failed" in (tmp_path / "study" / "report.html").read_text("utf-8")
        assert "units: 8" in (tmp_path / "study" / "best.yaml").read_text("utf-8")

    @pytest.mark.usefixtures("acting")
    def test_trials_that_are_equally_good(self, spans: Any, tmp_path: Path) -> None:
        """All are drawn dark. A single seed has no deviation."""
        colormaps = pytest.importorskip("matplotlib").colormaps
        to_hex = pytest.importorskip("matplotlib.colors").to_hex
        space = tmp_path / "space.yaml"
        space.write_text("search:\n  encoder.dropout: {low: 0.1, high: 0.5}\n", encoding="utf-8")
        more = ("--space", str(space), "--trials", "3", "--seeds", "1", "--no-model")
        assert run(command(spans, tmp_path / "study", *more)) == 0
        page = (tmp_path / "study" / "report.html").read_text("utf-8")
        assert page.count(to_hex(colormaps["cividis_r"](1.0))) == 3
        assert to_hex(colormaps["cividis_r"](0.0)) not in page
        assert "dev F1 0.0442 (1 seed).\n" in (tmp_path / "study" / "best.yaml").read_text("utf-8")

    @pytest.mark.usefixtures("acting")
    def test_the_best_settings_are_settings(self, spans: Any, tmp_path: Path) -> None:
        """Also where a chosen setting takes the place of a given one; and the head says what they are."""
        space = tmp_path / "space.yaml"
        space.write_text("search:\n  training.clipvalue: [0.5]\n  encoder.units: [40]\n", encoding="utf-8")
        arguments = ["--space", str(space), "--trials", "2", "--no-model", "--set", "training.clipnorm=0.5"]
        assert run(command(spans, tmp_path / "study", *arguments)) == 0
        text = (tmp_path / "study" / "best.yaml").read_text("utf-8")
        assert text.startswith(
            f"# Best of 2 trials of seqtag {seqtag.__version__}: dev F1 0.4043 +- 0.0001 (3 seeds).\n"
        )
        config = merge(read(str(tmp_path / "study" / "best.yaml")))
        assert (config.training.clipnorm, config.training.clipvalue, config.encoder.units) == (None, 0.5, 40)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (["--sampler", "tpee"], "--sampler is 'tpee'; expected tpe, random, grid"),
            (["--pruner", "mean"], "--pruner is 'mean'; expected halving"),
            (["--time", "soon"], "--time is 'soon'; expected a time such as 2h"),
            (["--space", "none.yaml"], "none.yaml"),
            (["--set", "encoder.unts=3"], "encoder.unts"),
            (["--storage", "nowhere"], "--storage: expected the URL of a database"),
        ],
    )
    def test_wrong_use(
        self,
        spans: Any,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        problem: str,
    ) -> None:
        assert run(command(spans, tmp_path / "study", *arguments)) in (1, 2)
        assert problem in capsys.readouterr().err

    def test_what_is_not_its_own(
        self, spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "best.yaml").write_text("mine", encoding="utf-8")
        assert run(command(spans, tmp_path)) == 1
        assert "best.yaml: already exists, but study.json is missing beside it" in capsys.readouterr().err
        assert (tmp_path / "best.yaml").read_text("utf-8") == "mine"

    def test_the_default_space(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["init-config", "--space", "--task", "transduction", str(tmp_path / "space.yaml")]) == 0
        assert "decoder.units:" in (tmp_path / "space.yaml").read_text("utf-8")
        assert run(["init-config", "--space", "--lm"]) == 2
        assert "--lm and --space exclude each other" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("1h30m", 5400),
        ("45", 45),
        ("45s", 45),
        ("1d2h3m4s", 93784),
        (None, None),
    ],
)
def test_times(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "2x", "h", "-2h", "2.5h", "30m1h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="expected a time such as 2h"):
        seconds_of(text)


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found = {}
    for key, value in tree.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def children_of(pid: int) -> list[int]:
    """Processes that work: those of multiprocessing, but for the one that watches resources."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            line = (place / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and b"spawn_main" in line:
            found.append(int(place.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_for(what: Callable[[], Any], seconds: float = 180.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found
