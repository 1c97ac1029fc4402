"""Labels of trees: by the heads of CoNLL-U, and of the roots of bracketed trees; alone and beside tags."""

import json
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.corpora.sentence import Sentence
from seqtag.inference import tagger as windows
from seqtag.inference.labels import LabelTagger
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of
from seqtag.tasks.labelling import data
from seqtag.tasks.labelling.task import CLASSIFICATION_TASK

Capture = pytest.CaptureFixture[str]
COUNTED = {"people": (5, 1, 5, 3, 0), "places": (3, 1, 5, 3, 0)}  # the head of 两 is 老师 or 大学
NOUNS = (("大学", "老师"), ("医院", "医生"), ("工厂", "工人"))
TREES = """\
(+ (0 it) (+ (0 is) (+ good)))
(- (0 it) (- (0 is) (- bad)))
(- (0 it) (- (0 is) (- (0 not) (+ good))))
(+ (0 it) (+ (0 is) (+ (0 not) (- bad))))
(- (0 not) (+ good))
(+ (0 not) (- bad))
(+ good)
(- bad)
"""
SMALL = [
    "embeddings.word.dim=8", "embeddings.word.unknown_rate=0", "embeddings.characters.encoder=none",
    "embeddings.shape.dim=0", "embeddings.dropout=0", "encoder.dropout=0", "encoder.units=8", "encoder.layers=0",
    "encoder.tree_direction=up", "training.batch_size=4", "training.averaging=none", "training.epochs=15",
    "training.patience=0", "label.dropout=0", "label.pooling=root", "training.learning_rate=0.03",
]  # fmt: skip


def conllu(words: tuple[str, ...], heads: tuple[int, ...]) -> str:
    rows = zip(range(1, len(words) + 1), words, heads, strict=True)
    return "".join(f"{number}\t{word}\t_\tX\t_\t_\t{head}\t_\t_\t_\n" for number, word, head in rows)


def command(*words: Any) -> int:
    return run([str(word) for word in words])


def train(corpus: Path, output: Path, *more: Any, task: str = "classification") -> int:
    chosen = [part for one in SMALL for part in ("--set", one)]
    files = ["--train", corpus, "--dev", corpus, "-o", output, "--quiet", "--task", task]
    return command("train", *files, *chosen, *more)


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with phrases that only their heads tell apart, and a model of them."""
    folder = tmp_path_factory.mktemp("readings")
    blocks = [
        f"# reading = {label}\n{conllu(('两', '个', place, '的', people), heads)}"
        for place, people in NOUNS
        for label, heads in COUNTED.items()
    ]
    (folder / "corpus.conllu").write_text("\n".join(blocks), encoding="utf-8")
    key = ["--label-key", "reading", "--tree", "tree_lstm", "--layers", 1, "--epochs", 40]
    assert train(folder / "corpus.conllu", folder / "model", *key) == 0
    return folder


@pytest.fixture(scope="module")
def moods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bracketed trees, and a model of the labels of their roots."""
    folder = tmp_path_factory.mktemp("moods")
    (folder / "corpus.brackets").write_text(TREES, encoding="utf-8")
    assert train(folder / "corpus.brackets", folder / "model", "--tree", "nary_tree_lstm") == 0
    return folder


def answers(model: Path, file: Path, capsys: Capture) -> list[str]:
    capsys.readouterr()
    assert command("predict", model, file) == 0
    return [json.loads(line)["label"] for line in capsys.readouterr().out.splitlines()]


def test_heads_decide_on_the_label(readings: Path, tmp_path: Path, capsys: Capture) -> None:
    model, corpus = readings / "model", readings / "corpus.conllu"
    assert command("evaluate", model, corpus, "--json", tmp_path / "score.json") == 0
    assert json.loads((tmp_path / "score.json").read_bytes())["label_accuracy"] == 1
    assert answers(model, corpus, capsys) == [*COUNTED] * len(NOUNS)
    both = [Sentence(("两", "个", "工厂", "的", "工人"), heads=heads) for heads in COUNTED.values()]
    assert [document.label for document in seqtag.load(model).tag(both)] == [*COUNTED]
    page, network = tmp_path / "page.html", tmp_path / "model.onnx"
    assert command("explain", model, corpus, "-o", page, "--limit", 2) == 0
    assert "<b>places</b>" in page.read_text("utf-8")
    assert "lstm 1 x 8 + tree_lstm 8 (up)" in page.read_text("utf-8")
    assert command("export", model, "-o", network) == 0
    listed = [line for line in capsys.readouterr().err.splitlines() if "tensor(" in line]
    assert any(line.startswith("  tree_up_neighbours") for line in listed)
    assert len({line.index("tensor(") for line in listed[:5]}) == 1
    assert command("gradients", model, corpus, "--steps", 2, "-o", "-") == 0
    assert len(json.loads(capsys.readouterr().out)["layers"]) == 2


@pytest.mark.parametrize(
    ("words", "heads", "problem"),
    [
        ("a b", (2, 1), "2: the heads form a cycle: 1 -> 2 -> 1; expected a tree"),
        ("a b", (0, 0), "3: a second root, after that on line 2; expected one tree"),
        ("a b", (0, 3), "3: the head is 3; the sentence has the words 1 to 2"),
        ("a b", (0, "_"), "3: the word has no head; expected the number of another word, or 0 for the root"),
    ],
)
def test_heads_that_are_no_tree(
    readings: Path, words: str, heads: Any, problem: str, tmp_path: Path, capsys: Capture
) -> None:
    wrong = tmp_path / "wrong.conllu"
    wrong.write_text("# reading = people\n" + conllu(tuple(words.split()), heads), encoding="utf-8")
    assert train(wrong, tmp_path / "model", "--label-key", "reading", "--tree", "recursive") == 1
    for name in ("predict", "evaluate"):
        assert command(name, readings / "model", wrong) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"seqtag: {wrong}:{problem}\n" * 3


def test_a_file_without_trees(readings: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "raw.txt").write_text("两个大学的老师\n", encoding="utf-8")
    assert command("predict", readings / "model", tmp_path / "raw.txt") == 1
    assert "raw.txt: is read as text, which holds no trees" in capsys.readouterr().err


def test_a_long_sentence_has_the_label_of_its_pieces(readings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece may have several roots, which count alike."""
    tagger = LabelTagger.load(readings / "model", kind=CLASSIFICATION_MODEL)
    heads = tuple(head + 5 * part if head else 0 for part in range(2) for head in COUNTED["places"])
    monkeypatch.setattr(windows, "WINDOW", 5)
    monkeypatch.setattr(windows, "OVERLAP", 0)
    (found,) = tagger.tag([Sentence(("两", "个", "大学", "的", "老师") * 2, heads=heads)])
    (part,) = tagger.tag([Sentence(("两", "个", "大学", "的", "老师"), heads=COUNTED["places"])])
    assert found.label_probabilities == pytest.approx(part.label_probabilities, abs=1e-5)


def test_the_label_of_a_bracketed_tree_is_that_of_its_root(
    moods: Path, tmp_path: Path, capsys: Capture
) -> None:
    """It is learnt and scored; the labels of a tree to predict are not looked at."""
    model, corpus = moods / "model", moods / "corpus.brackets"
    assert command("evaluate", model, corpus, "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["label_accuracy"], [*found["labels"]]) == (1, ["+", "-"])
    (tmp_path / "bare.brackets").write_text("(_ (_ not) (_ good))\n(_ bad)\n", encoding="utf-8")
    assert answers(model, tmp_path / "bare.brackets", capsys) == ["-", "-"]
    (tmp_path / "other.conllu").write_text(conllu(("not", "()", "good"), (2, 0, 2)), encoding="utf-8")
    assert answers(model, tmp_path / "other.conllu", capsys) == ["-"]
    with pytest.raises(seqtag.Error, match=r"has no recurrent layers \(encoder\.layers is 0\)"):
        seqtag.load(model).states([["good"]])
    for line, problem in (
        ("(+ (0 it) (+ good)", "1 bracket not closed; expected one tree per line"),
        ("(0 it) (+ good)", "the line holds 2 trees; expected one"),
    ):
        (tmp_path / "bad.brackets").write_text(f"(+ good)\n{line}\n", encoding="utf-8")
        assert command("evaluate", model, tmp_path / "bad.brackets") == 1
        assert capsys.readouterr().err.endswith(f"bad.brackets:2: {problem}\n")


def test_other_heads_or_labels_are_another_corpus(tmp_path: Path) -> None:
    """With which no run can be resumed."""
    chosen = [*SMALL, "data.label_key=reading", "encoder.tree=recursive"]
    _, settings = settings_of(parse_assignments(chosen), option="classification")
    found = set()
    for heads, label in (((2, 0), "people"), ((0, 1), "people"), ((2, 0), "places")):
        (tmp_path / "a.conllu").write_text(f"# reading = {label}\n" + conllu(("a", "b"), heads))
        read = data.read(
            settings, {"train": [str(tmp_path / "a.conllu")], "dev": [str(tmp_path / "a.conllu")]}
        )
        found.add(CLASSIFICATION_TASK.digests(read)["train"])
    assert len(found) == 3


def test_each_phrase_is_an_example(tmp_path: Path) -> None:
    """Of the training file alone, with its own part of the tree."""
    (tmp_path / "corpus").write_text(TREES, encoding="utf-8")
    chosen = [*SMALL, "tree.labels=all", "encoder.tree=recursive"]
    _, settings = settings_of(parse_assignments(chosen), option="classification")
    path = str(tmp_path / "corpus")
    read = data.read(settings, {"train": [path], "dev": [path]})
    assert len(read.train.sentences) == sum(len(tree) for tree in read.dev.sentences) == TREES.count("(")
    found = {(" ".join(one.tokens), one.heads, one.labels) for one in read.train.sentences}
    assert ("not () good", (2, 0, 2), ("-",)) in found
    assert ("is () not () bad", (2, 0, 4, 2, 4), ("+",)) in found
    assert [one.labels[0] for one in read.dev.sentences] == [line[1] for line in TREES.splitlines()]
    assert all(one.tags is None for one in read.train.sentences)
    held = data.read(settings, {"train": [path]})
    assert len(held.dev.sentences) == 1  # a tree, not a phrase


def test_root_and_nodes_together(moods: Path, tmp_path: Path, capsys: Capture) -> None:
    corpus, model = moods / "corpus.brackets", tmp_path / "model"
    more = ["--tree", "nary_tree_lstm", "--set", "label.feeds_tags=gate"]
    assert train(corpus, model, *more, task="joint") == 0
    assert command("evaluate", model, corpus, "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["label_accuracy"], found["all_right"]) == (1, 1)
    tagger = LabelTagger.load(model, kind=JOINT_MODEL)
    (document,) = tagger.tag([Sentence(("not", "()", "bad"), heads=(2, 0, 2))])
    assert (document.label, [*document.tags]) == ("+", ["0", "+", "-"])
    assert command("explain", model, corpus, "-o", tmp_path / "page.html", "--limit", 2) == 0
    assert command("gradients", model, corpus) == 1
    assert "reads trees alone; expected a model with a recurrent layer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "more", "problem"),
    [
        (
            "classification",
            ["--layers", 1],
            "label.pooling is root; expected a tree that is read up or in both directions",
        ),
        (
            "classification",
            ["--tree", "recursive", "--set", "encoder.tree_direction=down"],
            "label.pooling is root; expected a tree that is read up",
        ),
        (
            "classification",
            ["--tree", "recursive", "--set", "tree.labels=all", "--format", "conllu"],
            "tree.labels: all is for bracketed trees (--format brackets). Received: --format conllu.",
        ),
        ("joint", ["--set", "tree.labels=all"], "there is no setting 'tree.labels'"),
    ],
)
def test_settings_that_do_not_fit(
    moods: Path, task: str, more: list[str], problem: str, tmp_path: Path, capsys: Capture
) -> None:
    assert train(moods / "corpus.brackets", tmp_path / "model", *more, task=task) == 2
    assert problem in capsys.readouterr().err


def test_a_tagger_learns_every_node(moods: Path, tmp_path: Path, capsys: Capture) -> None:
    files = ["--train", moods / "corpus.brackets", "-o", tmp_path / "model"]
    assert command("train", *files, "--set", "tree.labels=root") == 2
    shown = capsys.readouterr().err
    assert "tree.labels is root; task tagging learns the label of every node" in shown
