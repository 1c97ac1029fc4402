"""Word lists in a run: cut as the corpus is, counted, stored with the model, and read from there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli.summary import introduction
from seqtag.features.indexers.base import Resources
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import dump_json
from seqtag.model_folder.stored import read_vocabulary
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments, read
from seqtag.settings.merging import merge, merge_into
from seqtag.settings.tasks import schema_for
from seqtag.stages.train import train
from seqtag.support.errors import ModelError, UsageError
from seqtag.tasks.hashed_files import Changed, HashedFiles
from seqtag.tasks.tagging import lists, prepare
from seqtag.tasks.tagging.splits import read_corpora, with_inputs
from seqtag.tasks.tagging.task import TAGGING

SMALL = [
    "embeddings.word.dim=4", "encoder.units=3", "training.epochs=1", "data.tokenizer=word",
    "language_model.weight=0", "embeddings.characters.encoder=none", "embeddings.shape.dim=0",
    "encoder.cell=dense", "head.name=softmax", "training.averaging=none", "encoder.layers=1",
]  # fmt: skip
CORPUS = "Ana O\nsaw O\nBad B-LOC\nEms I-LOC\n\nit O\nrains O\n\nBonn B-LOC\nrains O\n\n" * 4
Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


def counted(write: Write, corpus: str, entries: str, *settings: str) -> lists.ListFound:
    """What is found of a list."""
    path = write("places.txt", entries)
    chosen = config("data.dev_fraction=0.5", f"embeddings.lists.files={path}", *settings)
    corpora = with_inputs(read_corpora(chosen, write("train.conll", corpus), None, None), chosen)
    vocabulary = prepare.fit_vocabulary(chosen, corpora, Resources())
    (found,) = lists.find(corpora.lists, vocabulary, corpora.train.sentences, corpora.dev.sentences)
    return found


def test_matches_are_counted_in_both_corpora(write: Write) -> None:
    found = counted(write, CORPUS, "bad ems\nbonn\nbonn\nparis\n")
    assert (found.entries, found.train + found.dev, found.hint) == (3, 8, "")
    assert found.train > 0 < found.dev


def test_entries_are_cut_as_the_corpus_is(write: Write) -> None:
    apart = "do O\nn't O\nsee O\nBaden B-LOC\n- I-LOC\nBaden I-LOC\n\n" * 2
    whole = "don't O\nsee O\nBaden-Baden B-LOC\n\n" * 2
    for corpus in (apart, whole):
        found = counted(write, corpus, "Baden-Baden\ndon't see\n", "data.tokenizer=auto")
        assert found.train == 2, corpus
    characters = "北 B-LOC\n京 I-LOC\n很 O\n大 O\n\n" * 2
    assert counted(write, characters, "北京\n", "data.tokenizer=auto").train == 1


def test_entries_are_written_as_the_corpus_writes(write: Write) -> None:
    found = counted(write, "x O\n-LRB- O\nBonn B-LOC\n-RRB- O\n\n" * 2, "(Bonn)\n")
    assert found.train == 1


@pytest.mark.parametrize(
    ("entries", "case", "hint"),
    [
        ("bad ems\nbonn\n", "exact", "it would have "),
        ("Rome (Italy)\n", "ignore", "its first entry is looked up as the tokens Rome | ( | Italy | )"),
        ("Rome\n", "exact", "its first entry is looked up as the tokens Rome"),
    ],
)
def test_a_list_without_matches_is_reported(write: Write, entries: str, case: str, hint: str) -> None:
    found = counted(write, CORPUS, entries, f"embeddings.lists.case={case}")
    assert found.train == 0
    assert found.hint.startswith(hint)
    note = lists.described([found])[1]
    assert note.startswith(f"note   the list places ({found.path}) matches nothing in train: {hint}")


def test_a_model_keeps_its_lists(write: Write, tmp_path: Path) -> None:
    """It is used without the file, says nothing of where that was, and is refused if the lists are damaged."""
    first, second = write("places.txt", "Bad Ems\nBonn\n"), write("people.txt", "Ana\n")
    corpus = write("train.conll", CORPUS)
    told: list[Any] = []
    chosen = config(f"embeddings.lists.files=[{first}, x={second}]")
    train(chosen, corpus, corpus, None, tmp_path / "model", listener=told.append)
    shown = next(introduction(event) for event in told if hasattr(event, "lists"))
    assert "list   places: 2 entries; matches: 8 in train, 8 in dev" in shown
    assert "list   x: 1 entry; matches: 4 in train, 4 in dev" in shown
    folder = Folder(tmp_path / "model")
    assert folder.read_json("report.json")["lists"] == [
        {"name": "places", "entries": 2, "train": 8, "dev": 8},
        {"name": "x", "entries": 1, "train": 4, "dev": 4},
    ]
    assert str(tmp_path) not in "".join(folder.read(name).decode("latin-1") for name in folder.files)
    Path(first).unlink()
    tagger = SentenceTagger.load(str(tmp_path / "model"), 1)
    rows = [tagger.vocabulary.index(words.split())["lists"] for words in ("Ana saw Bad Ems", "bonn")]
    assert [row.tolist() for row in rows] == [[[1, 5], [1, 1], [2, 1], [4, 1]], [[5, 1]]]

    files = {name: folder.read(name) for name in folder.files}
    without = {name: content for name, content in files.items() if name != "lists.safetensors"}
    vocabulary = json.loads(files["vocab.json"])
    del vocabulary["indexers"]["lists"]
    unread = files | {"vocab.json": dump_json(vocabulary)}
    for spoilt in (without, unread, files | {"lists.safetensors": b"Bonn"}):
        replacing.write(tmp_path / "spoilt", spoilt)
        with pytest.raises(ModelError, match=r"its vocabulary is not that of a seqtag model .*lists"):
            read_vocabulary(Folder(tmp_path / "spoilt"))


def test_a_run_goes_on_with_the_same_lists_alone(write: Write) -> None:
    corpus, places = write("train.conll", CORPUS), write("places.txt", "Bonn\n")
    chosen = config("data.dev_fraction=0.5", f"embeddings.lists.files={places}")
    found = []
    for entries in ("Bonn\n", "Bonn\n", "Ems\n"):
        write("places.txt", entries)
        found.append(TAGGING.digests(TAGGING.read(chosen, {"train": [corpus]})))
    assert found[0] == found[1] != found[2]
    assert found[0].keys() == {"train", "dev", "lists"}
    assert chosen.portable()["embeddings"].get("lists") is None  # the file alone is no setting of the model


def test_a_comparison_sees_that_a_list_has_changed(write: Write) -> None:
    corpus = write("train.conll", CORPUS)
    files = [write("a.txt", "Bonn\n"), write("b.txt", "Ems\n")]
    hashed = HashedFiles(TAGGING, {"train": corpus, "dev": corpus})
    assert [*hashed.digests(lists=files)][-2:] == ["list 0 a", "list 1 b"]
    assert hashed.digests(lists=files) != hashed.digests(lists=files[::-1])
    both, one = (config(f"embeddings.lists.files={json.dumps(some)}") for some in (files, files[:1]))
    assert [len(hashed.data(chosen).lists) for chosen in (both, one)] == [2, 1]
    write("a.txt", "Rome\n")
    with pytest.raises(Changed, match=r"a\.txt: has changed since this command began"):
        hashed.data(both)


def test_lists_stand_in_a_file_of_settings(write: Write) -> None:
    path = write("a.yaml", "embeddings:\n  lists:\n    files: [a.txt, x=b.txt]\n    case: exact\n")
    assert merge(read(path)).embeddings.lists.files == ("a.txt", "x=b.txt")
    path = write("a.yaml", "embeddings:\n  lists:\n    files:\n    - a.txt\n    - [b.txt]\n")
    with pytest.raises(
        UsageError, match=r"a\.yaml:5: embeddings\.lists\.files holds a list; expected values"
    ):
        read(path)


def test_the_option_is_repeatable(write: Write, tmp_path: Path, capsys: Any) -> None:
    corpus = write("train.conll", CORPUS)
    command = ["train", "--train", corpus, "-o", str(tmp_path / "model")]
    assert run([*command, "--lists", write("a.txt", "Bonn\n"), "--lists", str(tmp_path / "b.txt")]) == 1
    assert capsys.readouterr().err.endswith("b.txt: cannot be read: No such file or directory\n")
    assert run([*command, "--lists", "x/a.txt", "--lists", "y/a.txt"]) == 2
    assert "are both called 'a'" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("task", ["classification", "joint"])
def test_labels_of_sentences_are_learnt_with_lists(write: Write, tmp_path: Path, task: str) -> None:
    rows = [("place", "Bad Ems"), ("rain", "it rains"), ("place", "Bonn"), ("rain", "rain , rain")]
    text = "".join(
        f"# intent = {label}\n" + "".join(f"{word} O\n" for word in words.split()) + "\n"
        for label, words in rows * 3
    )
    corpus, places = write("train.conll", text), write("places.txt", "Bad Ems\nBonn\n")
    assignments = [f"embeddings.lists.files={places}", "data.label_key=intent"]
    assignments += [one for one in SMALL if not one.startswith(("language_model", "head"))]
    chosen: Any = merge_into(schema_for(task), parse_assignments(assignments))
    train(chosen, corpus, corpus, None, tmp_path / "model", task=task)
    report = json.loads((tmp_path / "model" / "report.json").read_bytes())
    assert report["lists"] == [{"name": "places", "entries": 2, "train": 6, "dev": 6}]
    assert run(["predict", str(tmp_path / "model"), corpus, "-o", str(tmp_path / "out")]) == 0
