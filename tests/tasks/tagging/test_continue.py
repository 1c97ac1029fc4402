"""Training that continues from a model: what is kept, what is new, and what is refused."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqtag
from seqtag.cli import run
from seqtag.cli.side_by_side import is_of
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of
from seqtag.stages.train import train
from seqtag.support.errors import Error
from seqtag.support.interrupt import Interrupted, Stop
from seqtag.tasks import base as tasks
from seqtag.tasks.tagging.carry import Axis, carry
from seqtag.training.events import Note, Progress

Capture = pytest.CaptureFixture[str]
SMALL = [
    "data.tokenizer=word", "embeddings.word.dim=6", "embeddings.characters.units=5", "embeddings.characters.dim=4",
    "embeddings.shape.dim=3", "encoder.cell=dense", "encoder.units=4", "encoder.layers=1",
    "encoder.bidirectional=false", "training.learning_rate=0.02", "training.batch_size=8", "training.epochs=2",
    "training.patience=0", "language_model.weight=0",
]  # fmt: skip
OLD = [
    ("Ana saw Oslo", "B-PER O O"),
    ("Bo left Lima .", "B-PER O O O"),
    ("Ida Ruiz left", "B-PER I-PER O"),
    ("Bo saw Ana", "B-PER O B-PER"),
] * 4
NEW = [
    ("Ana saw Rio de Janeiro", "B-PER O B-LOC I-LOC I-LOC"),
    ("Zoë left Oslo !", "B-PER O B-LOC O"),
    ("Lima saw Expo 2000", "B-LOC O B-EVENT I-EVENT"),
    ("Bo left Lima", "B-PER O B-LOC"),
] * 4
Rows = Sequence[tuple[str, str]]


def corpus(path: Path, rows: Rows, intents: Sequence[str] = ()) -> str:
    """A corpus of these sentences; a label for each in turn, if there are some."""
    blocks = []
    for number, (words, tags) in enumerate(rows):
        head = f"# intent = {intents[number % len(intents)]}\n" if intents else ""
        lines = (f"{word}\t{tag}\n" for word, tag in zip(words.split(), tags.split(), strict=True))
        blocks.append(head + "".join(lines))
    path.write_text("\n".join(blocks), encoding="utf-8")
    return str(path)


def made(folder: Path, *assignments: str, task: str = "tagging", rows: Rows = OLD) -> Path:
    """A model."""
    labelled = task != "tagging"
    intents = ["A", "C"] if labelled else []
    file = corpus(folder / "old.conll", rows, intents)
    given = [*SMALL, *(["data.label_key=intent"] if labelled else []), *assignments]
    if task == "classification":
        given.remove("language_model.weight=0")
    config = settings_of(parse_assignments(given), option=task)[1]
    train(config, file, file, None, folder / "model", task=task)
    return folder / "model"


def job_of(model: Path, new: str, *assignments: str, task: str = "tagging") -> Any:
    """The job of a run that continues from a model on a corpus, before its first step."""
    found = tasks.find(task)
    config = tasks.continued_settings(str(model), task, [parse_assignments(assignments)])
    data = found.read(config, {"train": [new], "dev": [new], "from": [str(model)]})
    config = found.fill_in(config, data)
    return found.job(config, data, found.vectors(config, data))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of persons."""
    return made(tmp_path_factory.mktemp("old"))


@pytest.fixture
def new(tmp_path: Path) -> str:
    """A corpus with places and events besides."""
    return corpus(tmp_path / "new.conll", NEW)


# ---- what is kept


HEADS = {
    "crf": [],
    "softmax": ["head.name=softmax"],
    "feedback": ["head.name=feedback", "head.attention=true", "head.units=5", "head.tag_dim=3"],
    "bio": ["data.train_scheme=bio", "encoder.cell=simplernn", "encoder.bidirectional=true",
        "encoder.normalization=batch", "encoder.attention=self"],
}  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
def test_old_tags_have_their_scores(head: str, tmp_path: Path, new: str) -> None:
    """On words that the model knows, before the first step, whatever is new."""
    base = made(tmp_path, *HEADS[head])
    job = job_of(base, new)
    stored = job.corpora.base.stored
    former, now = stored.vocabulary, job.vocabulary
    assert {*now.tags} > {*former.tags}
    tokens = [words.split() for words, _ in OLD[:4]]
    legal = {"Ana": "PER", "Bo": "PER"}

    def logits(network: Any, vocabulary: Any) -> Any:
        inputs = vocabulary.collate(vocabulary.index_all(tokens))
        time = int(inputs["lengths"].max())
        letter = "S" if head != "bio" else "B"
        names = [[f"{letter}-{legal[word]}" if word in legal else "O" for word in row] for row in tokens]
        tags = np.zeros((len(tokens), time), np.int32)
        for place, row in zip(tags, names, strict=True):
            place[: len(row)] = [vocabulary.tags.index(name) for name in row]
        mask = np.arange(time) < inputs["lengths"][:, None]
        found = np.asarray(network.head.logits(network(inputs), tags, mask))
        return found, mask

    own, mask = logits(stored.network(), former)
    found, _ = logits(job.network, now)
    places = [now.tags.index(tag) for tag in former.tags]
    np.testing.assert_array_equal(found[..., places][mask], own[mask])
    weights, old = job.network.named_weights(), stored.weights.take_all()
    assert weights.keys() == old.keys()
    if head == "crf":
        np.testing.assert_array_equal(weights["transitions"][np.ix_(places, places)], old["transitions"])


def test_without_anything_new_the_answers_are_those_of_the_model(model: Path) -> None:
    job = job_of(model, str(model.parent / "old.conll"))
    assert all(
        np.array_equal(array, job.corpora.base.stored.weights.take_all()[name])
        for name, array in job.network.named_weights().items()
    )
    sentences = [words.split() for words, _ in [*OLD, *NEW]]
    expected = [(one.tags, one.probabilities) for one in seqtag.load(model).tag(sentences)]
    assert [(one.tags, one.probabilities) for one in job.tagger().tag(sentences)] == expected
    assert job.prepared.base.weights.grown == 0


def test_vectors_lists_and_conventions_are_those_of_the_model(tmp_path: Path, new: str) -> None:
    vectors, places = tmp_path / "vectors.txt", tmp_path / "places.txt"
    words = ["ana", "bo", "de", "expo", "left", "lima", "oslo", "rio", "saw"]
    vectors.write_text("".join(f"{word} {number}.5 1 -1\n" for number, word in enumerate(words)))
    places.write_text("Oslo\nRio de Janeiro\n")
    base = made(tmp_path, f"embeddings.vectors.file={vectors}", f"embeddings.lists.files={places}",
                "embeddings.word.dim=0")  # fmt: skip
    vectors.unlink()
    places.unlink()
    job = job_of(base, new)
    former, now = (one.indexers["vectors"] for one in (job.corpora.base.vocabulary, job.vocabulary))
    assert {*now.words} > {*former.words}
    added = job.network.named_weights()["vectors/added/embeddings"]
    moved = now.moved(former)
    old = job.corpora.base.stored.weights.take_all()["vectors/added/embeddings"]
    np.testing.assert_array_equal(added[moved], old)
    assert not np.delete(added, moved, axis=0).any(), "nothing is added yet to the vectors of other words"
    assert np.abs(old).max() > 0
    assert job.vocabulary.lists == job.corpora.base.vocabulary.lists
    (found,) = job.prepared.lists
    assert (found.name, found.entries, found.train) == ("places", 2, 8)
    assert not found.path
    assert "vectors.bin" in job.files(job.network.named_weights(), {})
    assert "lists.safetensors" in job.files(job.network.named_weights(), {})


def test_a_corpus_in_another_scheme(model: Path, tmp_path: Path) -> None:
    """The answers stay in the scheme of the model."""
    changes = {
        "B-PER O": "S-PER O",
        "B-LOC I-LOC I-LOC": "B-LOC I-LOC E-LOC",
        "B-EVENT I-EVENT": "B-EVENT E-EVENT",
    }
    rows = []
    for words, tags in NEW:
        for before, after in changes.items():
            tags = tags.replace(before, after)
        rows.append((words, tags.replace("O B-LOC O", "O S-LOC O").replace("B-LOC O", "S-LOC O")))
    rows = [(words, f"{tags[:-5]}S-LOC" if tags.endswith("B-LOC") else tags) for words, tags in rows]
    job = job_of(model, corpus(tmp_path / "bioes.conll", rows))
    usual = job_of(model, corpus(tmp_path / "bio.conll", NEW))
    assert job.corpora.train.sentences[0].tags == ("B-PER", "O", "B-LOC", "I-LOC", "I-LOC")
    assert job.vocabulary.scheme == usual.vocabulary.scheme
    assert [example.tags.tolist() for example in job.examples] == [
        example.tags.tolist() for example in usual.examples
    ]


def test_an_axis_that_nobody_knows_is_an_error() -> None:
    old, fresh = {"a/kernel": np.ones((2, 3), np.float32)}, {"a/kernel": np.zeros((2, 4), np.float32)}
    with pytest.raises(Error, match=r"the weight a/kernel .*Please report"):
        carry(old, fresh, {"": [], "a/": [Axis(np.arange(2), 4)]})
    found, carried = carry(old, fresh, {"": [], "a/": [Axis(np.array([0, 2, 3]), 4)]})
    assert found["a/kernel"].tolist() == [[1, 0, 1, 1]] * 2
    assert (carried.kept, carried.grown, carried.new) == (1, 1, 0)
    with pytest.raises(Error, match="the weight b "):
        carry({**old, "b": np.ones(1, np.float32)}, old, {"": []})
    with pytest.raises(Error, match="the weight b "):
        carry(old, {**old, "b": np.ones(1, np.float32)}, {"": []})


@pytest.mark.parametrize("feeds", ["probabilities", "gate"])
def test_labels_are_extended(feeds: str, tmp_path: Path) -> None:
    base = made(tmp_path, f"label.feeds_tags={feeds}", task="joint")
    new = corpus(tmp_path / "new.conll", NEW, ["A", "B", "C", "D"])
    job = job_of(base, new, task="joint")
    assert job.vocabulary.labels == ("A", "B", "C", "D")
    former = job.corpora.base.stored
    inputs, before = (
        one.collate(one.index_all([words.split() for words, _ in OLD[:4]]))
        for one in (job.vocabulary, former.vocabulary)
    )
    network = former.network()
    own = np.asarray(network.label_scores(network(before), before))
    found = np.asarray(job.network.label_scores(job.network(inputs), inputs))
    np.testing.assert_array_equal(found[:, [0, 2]], own)
    weights, old = job.network.named_weights(), former.weights.take_all()
    if feeds == "probabilities":
        kernel = weights["scores/kernel"]
        places = [job.vocabulary.tags.index(tag) for tag in former.vocabulary.tags]
        features = len(kernel) - 4
        rows = [*range(features), features, features + 2]
        np.testing.assert_array_equal(kernel[np.ix_(rows, places)], old["scores/kernel"])
    else:
        np.testing.assert_array_equal(weights["label/gate/kernel"][[0, 2]], old["label/gate/kernel"])


# ---- from the command line


def continued(model: Path, new: str, output: Path, *more: str) -> int:
    return run(["train", "--from", str(model), "--train", new, "--dev", new, "-o", str(output), *more])


def test_a_model_learns_more_types(model: Path, new: str, tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "more"
    assert (
        continued(model, new, output, "--epochs", "12", "--lr", "0.05", "--set", "encoder.dropout=0.1") == 0
    )
    err = capsys.readouterr().err
    assert (
        f"from   {model}: 9 words kept, 7 new; tags PER kept, EVENT, LOC new; "
        "12 of 12 weights kept, 7 with new rows\n" in err
    )
    before = json.loads((output / "report.json").read_text())["from"]["dev"]["score"]
    assert f"before dev F1 {before:.4f}\n" in err
    assert run(["evaluate", str(model), new, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["f1"] == pytest.approx(before)

    found = json.loads((output / "report.json").read_text())
    assert found["dev"]["main"] > before
    assert found["from"]["sha256"] == hashlib.sha256((model / "manifest.json").read_bytes()).hexdigest()
    assert found["from"]["tags"] == {"kept": ["PER"], "new": ["EVENT", "LOC"]}
    assert found["from"]["tables"]["word"] == {"kept": 9, "new": 7}
    assert str(model) not in "".join(path.read_text("latin-1") for path in output.iterdir())
    settings = json.loads((output / "config.json").read_text())
    assert settings["encoder"]["units"] == 4
    assert settings["encoder"]["dropout"] == 0.1
    known = json.loads((output / "known.json").read_text())
    assert {"Ida", "Expo"} <= {*known["words"]}
    assert "Ida Ruiz" in known["entities"]["PER"]
    assert known["entities"]["EVENT"] == ["Expo 2000"]
    (answer,) = seqtag.load(output).tag([["Bo", "saw", "Rio", "de", "Janeiro"]])
    assert answer.tags == ["B-PER", "O", "B-LOC", "I-LOC", "I-LOC"]

    assert "Training continued from another model" in (output / "README.md").read_text()

    assert run(["info", str(output)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"continued from model with sha256 {found['from']['sha256'][:20]}" in shown
    assert "new tags EVENT, LOC new entries word 7, characters " in shown
    assert f"dev before F1 {before:.4f} " in shown
    assert run(["info", str(output), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["from"] == found["from"]


def test_it_says_if_no_epoch_is_better(model: Path, tmp_path: Path, capsys: Capture) -> None:
    old = str(model.parent / "old.conll")
    assert continued(model, old, tmp_path / "same", "--epochs", "1", "--lr", "1e-9") == 0
    assert (
        "no epoch is better on dev than the model that training continued from: F1" in capsys.readouterr().err
    )


@pytest.mark.parametrize("task", [pytest.param("classification", marks=pytest.mark.slow), "joint"])
def test_labels_of_sentences(task: str, tmp_path: Path, capsys: Capture) -> None:
    base = made(tmp_path, task=task)
    new = corpus(tmp_path / "new.conll", NEW, ["A", "B", "C", "D"])
    assert continued(base, new, tmp_path / "more") == 0
    err = capsys.readouterr().err
    assert "labels A, C kept, B, D new; " in err
    assert "before dev " in err
    report = json.loads((tmp_path / "more" / "report.json").read_text())
    assert report["from"]["labels"] == {"kept": ["A", "C"], "new": ["B", "D"]}
    assert ("tags" in report["from"]) == (task == "joint")


@pytest.mark.slow
def test_a_seed_that_is_trained_is_told_by_its_model(model: Path, new: str, tmp_path: Path) -> None:
    command = ["train", "--from", str(model), "--train", new, "--dev", new, "--epochs", "1", "-q", "--seeds", "2",
               "--workers", "2", "--keep-seeds", "-o", str(tmp_path / "seeds")]  # fmt: skip
    assert run(command) == 0
    place, other = tmp_path / "seeds.seeds" / "43", made(tmp_path, "training.seed=7", "training.epochs=1")
    given = [parse_assignments(["training.epochs=1", "training.seed=43"])]
    config = tasks.continued_settings(str(model), "tagging", given)
    assert is_of(place, "tagging", config, str(model))
    assert not is_of(place, "tagging", config, str(other))
    assert not is_of(place, "tagging", config)


def test_from_python(model: Path, new: str, tmp_path: Path) -> None:
    result = seqtag.train(
        train=new, dev=new, output=tmp_path / "more", base=model, settings={"training.epochs": 1}
    )
    assert result.prepared.base.tags.new == ("EVENT", "LOC")
    with pytest.raises(seqtag.Error, match=r"settings: encoder\.units is 9, and 4 in"):
        seqtag.train(train=new, output=tmp_path / "other", base=model, settings={"encoder.units": 9})


@pytest.mark.slow
def test_folds_and_seeds(model: Path, new: str, tmp_path: Path, capsys: Capture) -> None:
    command = ["train", "--from", str(model), "--train", new, "--epochs", "1", "-q"]
    assert run([*command, "-o", str(tmp_path / "folds"), "--folds", "2"]) == 0
    assert run([*command, "--dev", new, "-o", str(tmp_path / "seeds"), "--seeds", "2"]) == 0
    for report in (tmp_path / "folds" / "2" / "report.json", tmp_path / "seeds" / "report.json"):
        assert json.loads(report.read_text())["from"]["tags"]["kept"] == ["PER"]


def test_a_file_of_the_settings_of_the_model(model: Path, new: str, tmp_path: Path, capsys: Capture) -> None:
    """What is the same may be said again; `auto` is what the model has."""
    file = tmp_path / "settings.yaml"
    file.write_text(
        "task: tagging\nencoder: {units: 4, layers: auto}\ntraining: {epochs: 1}\nembeddings: {dropout: auto}\n"
    )
    assert continued(model, new, tmp_path / "more", "-c", str(file)) == 0
    settings = json.loads((tmp_path / "more" / "config.json").read_text())
    assert settings["encoder"]["layers"] == 1
    assert settings["embeddings"]["dropout"] == 0.5


# ---- what is refused


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (["--units", "9"], 2, "--units: encoder.units is 9, and 4 in {model}, from which training continues"),
        (
            ["--set", "head.name=softmax"],
            2,
            "--set head.name=softmax: head.name is 'softmax', and 'auto' in {model}",
        ),
        (
            ["--embeddings", "v.txt"],
            2,
            "--embeddings: embeddings.vectors.file is 'v.txt'; training continues from {model}, which holds all",
        ),
        (["--feature-columns", "2"], 2, "--feature-columns: data.feature_columns is 2"),
        (["--set", "encoder.unit=9"], 2, "encoder.unit"),
        (["--task", "joint"], 2, "{model}: is a model of task tagging; this is task joint"),
    ],
)
def test_settings_of_the_network(
    given: list[str], code: int, message: str, model: Path, new: str, tmp_path: Path, capsys: Capture
) -> None:
    assert continued(model, new, tmp_path / "more", *given) == code
    assert message.format(model=model) in capsys.readouterr().err
    assert not (tmp_path / "more").exists()


def test_other_folders(model: Path, new: str, tmp_path: Path, capsys: Capture) -> None:
    golden = Path(__file__).parents[2] / "golden" / "models"
    assert continued(golden / "recurrent_language_model_1", new, tmp_path / "more") == 2
    assert (
        "is a language model, whose training `seqtag lm train --kind rnn --from` continues"
        in capsys.readouterr().err
    )
    assert continued(tmp_path / "nowhere", new, tmp_path / "more") == 1
    assert "nowhere: no such folder" in capsys.readouterr().err
    assert continued(model, new, model) == 1
    assert "already contains a model" in capsys.readouterr().err
    merged, second = tmp_path / "merged", made(tmp_path, "training.seed=7", "training.epochs=1")
    assert run(["merge", str(model), str(second), "-o", str(merged)]) == 0
    assert continued(merged, new, tmp_path / "more") == 2
    assert "merged: is merged from 2 models" in capsys.readouterr().err


def test_the_model_can_be_replaced(model: Path, new: str, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "model")
    assert continued(tmp_path / "model", new, tmp_path / "model", "--force", "--epochs", "1") == 0
    assert "from" in json.loads((tmp_path / "model" / "report.json").read_text())


def test_other_tags(plain: Any, model: Path, new: str, tmp_path: Path, capsys: Capture) -> None:
    assert continued(plain.folder, new, tmp_path / "more") == 1
    assert f"new.conll: has BIO tags; expected plain tags as in {plain.folder}" in capsys.readouterr().err
    assert continued(model, str(plain.train), tmp_path / "more") == 1
    assert "has plain tags; expected BIO tags" in capsys.readouterr().err


def test_labels_that_cannot_be_learnt(tmp_path: Path, capsys: Capture) -> None:
    base = made(tmp_path, "label.feeds_tags=probabilities", "head.name=feedback", task="joint")
    new = corpus(tmp_path / "new.conll", NEW, ["A", "B", "C"])
    assert continued(base, new, tmp_path / "more") == 2
    assert "the label 'B' is new, and the head feedback reads the probabilities" in capsys.readouterr().err
    text = (tmp_path / "new.conll").read_text().replace("# intent = B", "# intent = A\n# intent = C")
    (tmp_path / "several.conll").write_text(text)
    assert continued(base, str(tmp_path / "several.conll"), tmp_path / "more") == 1
    assert "several.conll: a sentence has several labels; expected one" in capsys.readouterr().err


def test_a_task_that_continues_from_no_model(tmp_path: Path) -> None:
    config = settings_of(option="transduction")[1]
    with pytest.raises(Error, match="no training of task transduction continues from a model"):
        train(config, "a", "b", None, tmp_path / "model", task="transduction", base="c")


# ---- stopped and resumed


def go(model: Path, new: str, output: Path, *given: str, **how: Any) -> Any:
    config = tasks.continued_settings(
        str(model), "tagging", [parse_assignments(["training.epochs=3", *given])]
    )
    return train(config, new, new, None, output, base=str(model), **how)


def stopping(stop: Stop) -> Callable[[Any], None]:
    def listen(event: Any) -> None:
        if isinstance(event, Progress) and event.epoch == 2:
            stop.receive(2)

    return listen


@pytest.mark.parametrize("given", [(), ("training.final=true", "training.averaging=swa")])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(
    given: tuple[str, ...], model: Path, new: str, tmp_path: Path
) -> None:
    go(model, new, tmp_path / "whole", *given)
    stop = Stop()
    with pytest.raises(Interrupted):
        go(model, new, tmp_path / "model", *given, listener=stopping(stop), stop=stop)
    notes: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    go(model, new, tmp_path / "model", *given, resume=True, listener=listen)
    assert any(note.startswith("resumed in epoch 2") for note in notes)
    for entry in (tmp_path / "whole").iterdir():
        assert (tmp_path / "model" / entry.name).read_bytes() == entry.read_bytes(), entry.name


def test_another_model_is_another_run(model: Path, new: str, tmp_path: Path) -> None:
    other = made(tmp_path, "training.seed=7", "training.epochs=1")
    stop = Stop()
    with pytest.raises(Interrupted):
        go(model, new, tmp_path / "more", listener=stopping(stop), stop=stop)
    with pytest.raises(Error, match="the model to continue from is another"):
        go(other, new, tmp_path / "more", "training.seed=42", resume=True)
