"""The setting `task`: where it stands, which source holds, and the options of several trees of settings."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.settings import registry
from seqtag.settings.config import (
    OF_SENTENCES,
    EmbeddingSettings,
    EncoderSettings,
    TrainingSettings,
    Tree,
    setting,
)
from seqtag.settings.config_files import parse_assignments, parse_grid, read
from seqtag.settings.reference import commented
from seqtag.settings.registry import TaskPart
from seqtag.settings.schema import SETTINGS, Schema
from seqtag.settings.tasks import chosen, chosen_options, names, options, schema_for, settings_of
from seqtag.support.errors import UsageError
from seqtag.tasks.use import EvaluationOrder, use_of


@dataclass(frozen=True)
class NoteSettings:
    """What is noted."""

    pitch: int = setting(1, "the pitch", flag=True, low=0)
    units: int = setting(3, "units of its own", flag=False, low=1)


@dataclass(frozen=True)
class NoteConfig(Tree):
    """Settings of another task."""

    READING = ("note",)

    note: NoteSettings = field(default_factory=NoteSettings)
    embeddings: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


NOTES = Schema(NoteConfig, "seqtag init-config --task notes")


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> None:
    part = replace_part(schema="seqtag.settings.schema:NOTES", format="seqtag-notes", files="")
    monkeypatch.setattr("seqtag.settings.schema.NOTES", NOTES, raising=False)
    monkeypatch.setitem(registry.TASKS, "notes", part)


def replace_part(**changes: str) -> TaskPart:
    return registry.TASKS["tagging"]._replace(**changes)


def test_the_strongest_source_holds(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("task: notes\nnote:\n  pitch: 4\n")
    layer = read(str(tmp_path / "c.yaml"))
    task, config = settings_of(layer)
    assert (task, type(config)) == ("notes", NoteConfig)
    assert isinstance(config, NoteConfig)
    assert config.note.pitch == 4
    assert chosen([layer, parse_assignments(["task=tagging"])])[0] == "tagging"
    assert chosen([layer, parse_assignments(["task=tagging"])], "notes")[0] == "notes"
    assert chosen([]) == ("tagging", [])
    assert settings_of() == ("tagging", SETTINGS.kind(automatic=frozenset(by_corpus())))


def by_corpus() -> list[str]:
    return [path for path, entry in SETTINGS.items() if entry.by_corpus]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("taging", "task is 'taging'. Did you mean 'tagging'? Known: tagging,"),
        ("language", "task is 'language'."),
        ("3", "task is 3."),
    ],
)
def test_an_unknown_task_lists_all(given: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen([parse_assignments([f"task={given}"])])
    assert str(caught.value).startswith(f"--set task={given}: {expected}")
    assert str(caught.value).endswith(f"Known: {', '.join(names())}.")


def test_a_setting_of_another_task_is_none_of_this_one() -> None:
    with pytest.raises(UsageError, match=r"no setting 'note\.pitch'"):
        settings_of(parse_assignments(["note.pitch=3"]))
    with pytest.raises(UsageError, match=r"no setting 'head\.name'.*init-config --task notes"):
        settings_of(parse_assignments(["task=notes", "head.name=crf"]))


@pytest.mark.parametrize("task", ["language", "generation", "transduction"])
def test_what_only_sentences_have_is_in_no_other_tree(task: str) -> None:
    assert {*OF_SENTENCES} <= {*SETTINGS}
    label = {"embeddings.columns.dim"} if task == "generation" else set()  # which is read as a column
    assert {*schema_for(task)} & {*OF_SENTENCES} == label


def test_an_option_of_another_task_is_refused() -> None:
    assert list(options(["tagging", "notes"])["units"]) == ["tagging", "notes"]
    assert list(options(["tagging", "notes"])["pitch"]) == ["notes"]
    given = {"units": 5, "pitch": 2, "head": None}
    assert chosen_options(given, "notes") == {"encoder.units": (5, "--units"), "note.pitch": (2, "--pitch")}
    with pytest.raises(UsageError, match=r"^--pitch is for task notes; this is task tagging\.$"):
        chosen_options(given, "tagging")


@pytest.mark.parametrize("task", registry.TASKS)
def test_settings_of_every_task_can_be_stored_and_known_again(task: str) -> None:
    config = schema_for(task).kind()
    assert config.portable().keys() == {name for name in config.to_json() if name != "tree"}
    assert config.made(config)
    assert not config.made(replace(config, training=TrainingSettings(seed=1)))


def test_the_grid_is_of_the_task() -> None:
    assert parse_grid(["note.pitch=1,2"], NOTES) == {"note.pitch": [1, 2]}
    with pytest.raises(UsageError, match="--task chooses it"):
        parse_grid(["task=tagging,notes"])


def test_the_commented_file_names_its_task(tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").write_text(commented(NOTES, "notes"), encoding="utf-8")
    task, config = settings_of(read(str(tmp_path / "notes.yaml")))
    assert (task, config) == ("notes", settings_of(option="notes")[1])


def test_a_file_of_settings_chooses_the_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("task: notes\n")
    command = ["train", "-c", str(tmp_path / "c.yaml"), "--train", "none", "-o", str(tmp_path / "model")]
    assert run([*command, "--head", "crf"]) == 2
    assert "--head is for task tagging" in capsys.readouterr().err
    assert run([*command, "--folds", "3"]) == 2
    assert "files of task notes can be neither checked nor divided" in capsys.readouterr().err


def test_commands_follow_the_folder_and_refuse_what_it_has_no_use_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(order: EvaluationOrder) -> Any:
        raise UsageError(f"notes of {order.model}")

    use = replace(
        use_of(str(tmp_path))[1], evaluate=evaluate, scores_with=frozenset(), formats=lambda: ("score",)
    )
    monkeypatch.setattr("seqtag.tasks.tagging.use.NOTES", use, raising=False)
    monkeypatch.setitem(
        registry.TASKS, "notes", replace_part(format="seqtag-notes", use="seqtag.tasks.tagging.use:NOTES")
    )
    (tmp_path / "manifest.json").write_text('{"format": "seqtag-notes"}')
    (tmp_path / "gold").write_text("a O\n")
    assert run(["evaluate", str(tmp_path), str(tmp_path / "gold")]) == 2
    assert f"notes of {tmp_path}" in capsys.readouterr().err
    assert run(["evaluate", str(tmp_path), str(tmp_path / "gold"), "--crosscheck"]) == 2
    assert (
        "--crosscheck: seqtag evaluate has no use for it with a model of task notes"
        in capsys.readouterr().err
    )
    assert run(["predict", str(tmp_path), str(tmp_path / "gold"), "--format", "conll"]) == 2
    assert "--format: unknown name 'conll'. Known: score." in capsys.readouterr().err
