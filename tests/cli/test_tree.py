"""A tagger that reads trees, from its corpus to its tags: two readings of the same words."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.corpora.sentence import Sentence
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.support.errors import Error, ModelError
from seqtag.training.checkpoint import Checkpoint, State

Capture = pytest.CaptureFixture[str]
SAMPLE = Path(__file__).parents[2] / "sample_data" / "two_readings"
SETTINGS = [
    "data.tag_column=misc:Counts", "embeddings.word.dim=8", "embeddings.characters.encoder=none",
    "embeddings.shape.dim=0", "embeddings.dropout=0", "encoder.dropout=0", "encoder.units=8", "training.epochs=3",
    "training.batch_size=16", "training.learning_rate=0.05", "encoder.layers=0", "training.averaging=none",
    "encoder.tree_direction=down",
]  # fmt: skip
CHECKPOINT = "after epoch 2"
TOKENS, COUNTED = ("两", "个", "大学", "的", "老师"), {"people": (5, 1, 5, 3, 0), "places": (3, 1, 5, 3, 0)}


def command(*words: Any) -> int:
    return run([str(word) for word in words])


def train(out: Path, *more: str) -> int:
    files = ["--train", SAMPLE / "train.conllu", "--dev", SAMPLE / "dev.conllu", "-o", out]
    chosen = [part for one in SETTINGS for part in ("--set", one)]
    return command("train", *files, *chosen, "--tree", "tree_lstm", *more)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree") / "model"
    save = Checkpoint.save

    def copied(self: Checkpoint, state: State) -> None:
        save(self, state)
        shutil.copytree(self.path, folder.parent / str(state.place))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", copied)
        assert train(folder, "--quiet") == 0
    return folder


def test_the_tree_decides(model: Path) -> None:
    tagger = SentenceTagger.load(model, 1)
    both = [Sentence(TOKENS, heads=heads) for heads in COUNTED.values()]
    assert [tagged.tags[0] for tagged in tagger.tag(both, entities=True)] == [*COUNTED]


def test_every_reading_of_the_test_file(model: Path, tmp_path: Path) -> None:
    assert command("evaluate", model, SAMPLE / "test.conllu", "--json", tmp_path / "score.json") == 0
    found = json.loads((tmp_path / "score.json").read_bytes())
    assert found["accuracy"] > 0.99


def test_what_the_folder_says(model: Path) -> None:
    config = json.loads((model / "config.json").read_bytes())
    assert (config["encoder"]["tree"], config["encoder"]["tree_direction"]) == ("tree_lstm", "down")
    assert "tree_arity" not in config["encoder"]  # it has its default
    vocabulary = json.loads((model / "vocab.json").read_bytes())
    assert vocabulary["indexers"]["tree"] == {"slots": 1, "passes": ["down"]}
    assert vocabulary["with_heads"] is True


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("raw.txt", "两个大学的老师\n", "raw.txt: is read as text, which holds no trees"),
        ("none.conllu", "1\tw\t_\tX\t_\t_\t_\t_\t_\t_\n", "none.conllu:1: the word has no head"),
        ("loop.conllu", "1\tw\t_\tX\t_\t_\t1\t_\t_\t_\n", "loop.conllu:1: the heads form a cycle: 1 -> 1"),
    ],
)
def test_what_has_no_tree(
    model: Path, name: str, text: str, message: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    for name in ("predict", "explain"):
        assert command(name, model, path, *(["-o", tmp_path / "page.html"] if name == "explain" else [])) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert message in err


def test_words_alone_are_no_tree(model: Path) -> None:
    with pytest.raises(Error, match="a sentence has none; give it CoNLL-U"):
        list(SentenceTagger.load(model, 1).tag([TOKENS]))


def test_a_long_sentence_is_tagged_in_windows(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the part of the tree that it sees."""
    from seqtag.inference import tagger

    made = tagger.SentenceTagger.load(model, 1)
    heads = tuple(head + 5 * part if head else 0 for part in range(4) for head in COUNTED["people"])
    long = Sentence(TOKENS * 4, heads=heads)
    (whole,) = made.tag([long])
    monkeypatch.setattr(tagger, "WINDOW", 5)
    monkeypatch.setattr(tagger, "OVERLAP", 1)
    (cut,) = made.tag([long])
    assert cut.tags == whole.tags
    assert cut.probabilities == pytest.approx(whole.probabilities, abs=1e-5)


def test_explain_and_gradients(model: Path, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "page.html"
    assert command("explain", model, SAMPLE / "test.conllu", "-o", page, "--limit", 2) == 0
    assert "tree_lstm 8 (down)" in page.read_text("utf-8")
    capsys.readouterr()
    assert command("gradients", model, SAMPLE / "test.conllu") == 1
    assert "reads trees alone; expected a model with a recurrent layer" in capsys.readouterr().err


def test_what_a_word_depends_on(model: Path) -> None:
    """On the way down the tag of 两 depends on itself and on its head alone."""
    from seqtag.model_folder.folder import load
    from seqtag.network.saliency import Saliency
    from seqtag.tasks.tagging.task import stored

    opened = load(model, stored)
    saliency = Saliency(opened.network())
    vocabulary = opened.vocabulary
    for counted, others in (("people", [1, 2, 3]), ("places", [1, 3])):
        inputs = vocabulary.collate([vocabulary.index(Sentence(TOKENS, heads=COUNTED[counted]))])
        targets = np.eye(1, 5, dtype=np.float32)  # the tag of the first word
        (found,) = saliency(inputs, np.full(5, vocabulary.tags.index(counted)), targets)
        assert not found[others].any()
        assert np.abs(np.delete(found, others)).min() > 1e-4


def test_labels_of_a_bracketed_tree(tmp_path: Path, capsys: Capture) -> None:
    """Each node has one, in the tree as it was; the given labels are not looked at."""
    corpus = SAMPLE.parent / "moods" / "dev.brackets"
    chosen = [
        "embeddings.word.dim=8",
        "embeddings.characters.encoder=none",
        "encoder.layers=0",
        "encoder.units=8",
    ]
    chosen += [
        "encoder.tree=recursive",
        "encoder.tree_direction=up",
        "training.epochs=2",
        "training.averaging=none",
    ]
    given = [part for one in [*chosen, "training.learning_rate=0.03"] for part in ("--set", one)]
    files = ["--train", corpus, "--dev", corpus, "-o", tmp_path / "model"]
    assert command("train", *files, "--quiet", *given) == 0
    lines = corpus.read_text("utf-8").splitlines()[:20]
    (tmp_path / "trees").write_text(
        "\n".join(re.sub(r"\([-+0] ", "(_ ", line) for line in lines) + "\n", "utf-8"
    )
    capsys.readouterr()
    assert command("predict", tmp_path / "model", tmp_path / "trees", "--format", "brackets") == 0
    answers = capsys.readouterr().out.splitlines()
    found, wanted = ([re.findall(r"\(([-+0]) ", line) for line in one] for one in (answers, lines))
    assert [re.sub(r"\([-+0] ", "(_ ", line) for line in answers] == (tmp_path / "trees").read_text(
        "utf-8"
    ).splitlines()
    pairs = [pair for one, other in zip(found, wanted, strict=True) for pair in zip(one, other, strict=True)]
    assert sum(one == other for one, other in pairs) > 0.7 * len(pairs)
    (tmp_path / "trees").write_text("(_ (_ It) (_ is)\n", "utf-8")
    assert command("predict", tmp_path / "model", tmp_path / "trees", "--input-format", "brackets") == 1
    assert "trees:1: 1 bracket not closed; expected one tree per line" in capsys.readouterr().err


def signed(model: Path, tmp_path: Path, **files: bytes) -> Path:
    whole = {name: (model / name).read_bytes() for name in Folder(model).files}
    replacing.write(
        tmp_path / "model", whole | {name.replace("_", "."): content for name, content in files.items()}
    )
    return tmp_path / "model"


def test_a_damaged_folder(model: Path, tmp_path: Path) -> None:
    """Settings, vocabulary and weights that do not fit each other."""
    config = json.loads((model / "config.json").read_bytes())
    vocabulary = json.loads((model / "vocab.json").read_bytes())
    config["encoder"]["tree_direction"] = "up"
    path = signed(model, tmp_path, config_json=layout.dump_json(config))
    with pytest.raises(ModelError, match="its trees or mentions are not those that its settings read"):
        SentenceTagger.load(path)
    vocabulary["indexers"]["tree"]["passes"] = ["up"]
    both = {"config_json": layout.dump_json(config), "vocab_json": layout.dump_json(vocabulary)}
    with pytest.raises(ModelError, match="the weight encoder/tree/tree_up/kernel is missing"):
        SentenceTagger.load(signed(model, tmp_path, **both))
    del vocabulary["indexers"]["tree"]
    with pytest.raises(ModelError, match="it reads trees and looks none up"):
        SentenceTagger.load(signed(model, tmp_path, vocab_json=layout.dump_json(vocabulary)))
    config["encoder"]["tree"] = "none"
    with pytest.raises(ModelError, match=r"encoder\.layers is 0; expected at least 1, or a tree"):
        SentenceTagger.load(signed(model, tmp_path, config_json=layout.dump_json(config)))


def test_a_tree_is_asked_for_in_words(tmp_path: Path, capsys: Capture) -> None:
    nothing = ["train", "--train", SAMPLE / "train.conllu", "-o", tmp_path / "model"]
    assert command(*nothing, "--layers", 0) == 2
    assert "encoder.layers is 0; expected at least 1, or a tree (encoder.tree)" in capsys.readouterr().err
    assert command(*nothing, "--tree", "tree") == 2
    assert "Did you mean 'tree_lstm'?" in capsys.readouterr().err
    plain = Path(tmp_path, "train.conll")
    plain.write_text("a\tX\n\nb\tY\n", encoding="utf-8")
    assert command("train", "--train", plain, "-o", tmp_path / "model", "--tree", "recursive") == 1
    assert "train.conll: is read as conll, which holds no trees" in capsys.readouterr().err
    alone = ["--tree", "recursive", "--layers", 0, "--set", "language_model.weight=0.1"]
    assert command(*nothing, *alone) == 2
    assert "language_model.weight 0.1 takes a recurrent cell" in capsys.readouterr().err


def test_a_resumed_run_ends_with_the_same_bytes(model: Path, tmp_path: Path) -> None:
    """The last epoch from the checkpoint after the second."""
    shutil.copytree(model.parent / CHECKPOINT, tmp_path / "model.checkpoint")
    assert train(tmp_path / "model", "--quiet", "--resume") == 0
    for name in ("config.json", "vocab.json", "weights.safetensors"):
        assert (tmp_path / "model" / name).read_bytes() == (model / name).read_bytes(), name
