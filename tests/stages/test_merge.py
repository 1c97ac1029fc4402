"""Models merged into one: what its folder holds, what it answers, and what cannot be merged."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import seqtag
from seqtag.cli import run
from seqtag.corpora.tags import parse_scheme
from seqtag.features.indexers.vectors import VectorIndexer
from seqtag.features.tags import tag_inventory
from seqtag.features.vectors import Vectors
from seqtag.graph.weights import Weights
from seqtag.inference import language_states
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, members, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import build_network, config_of, read_vocabulary
from seqtag.stages.merge import merge
from seqtag.support.errors import DataError, Error, ModelError, UsageError

GOLDEN = Path(__file__).parents[1] / "golden" / "models" / "format_2"
SENTENCES = [["Marta", "Lindqvist", "flew", "to", "Rotterdam", "."], ["No", "names", "here"], []]
GOLD = "Marta\tB-PER\nLindqvist\tI-PER\nflew\tO\nto\tO\nRotterdam\tB-LOC\n.\tO\n\nNo\tO\nnames\tO\nhere\tO\n"
Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], None]


class Drawn(Weights):
    """Random weights of whatever shape a part asks for."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        super().__init__({}, self.arrays.__getitem__)

    def take(self, path: str, shape: tuple[int, ...]) -> Any:
        random = np.random.default_rng(len(self.arrays))
        return self.arrays.setdefault(path, random.normal(0, 0.3, shape).astype(np.float32))


def _files() -> dict[str, bytes]:
    opened = Folder(GOLDEN)
    return {name: opened.read(name) for name in opened.files}


def _model(path: Path, change: Change = lambda weights, config, vocabulary: None) -> str:
    """The golden model with other weights, settings or words; weights of other settings are random."""
    files = _files()
    weights = safetensors.numpy.load(files["weights.safetensors"])
    config, vocabulary = (json.loads(files[name]) for name in ("config.json", "vocab.json"))
    change(weights, config, vocabulary)
    files |= {"config.json": layout.dump_json(config), "vocab.json": layout.dump_json(vocabulary)}
    files["weights.safetensors"] = safetensors.numpy.save(weights)
    replacing.write(path, files)
    if config != json.loads(_files()["config.json"]) or len(files["vocab.json"]) != len(
        _files()["vocab.json"]
    ):
        drawn = Drawn()
        build_network(config_of(config, "config.json"), read_vocabulary(Folder(path)), drawn)
        files["weights.safetensors"] = safetensors.numpy.save(drawn.arrays)
        replacing.write(path, files)
    return str(path)


def _other_weights(weights: dict[str, Any], config: Any, vocabulary: Any) -> None:
    for path, array in weights.items():
        weights[path] = array * np.float32(0.8)


def _other_network(weights: Any, config: dict[str, Any], vocabulary: dict[str, Any]) -> None:
    config["encoder"]["cell"], config["head"]["name"] = "gru", "softmax"
    del vocabulary["indexers"]["word"]["table"]["values"][-1]
    vocabulary["indexers"]["word"]["table"]["first_singleton"] = 2


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Three models of which two have the same vocabulary, and the third has another network."""
    return [
        _model(tmp_path / "a"),
        _model(tmp_path / "b", _other_weights),
        _model(tmp_path / "c", _other_network),
    ]


def _scores(path: str) -> list[Any]:
    tagger = SentenceTagger.load(path)
    return [tagger.decode([sentence], ["scores", "transitions"]) for sentence in SENTENCES[:2]]


def test_scores_are_the_means(models: list[str], tmp_path: Path) -> None:
    result = merge(models, tmp_path / "merged")
    assert result.members == 3
    assert result.size < result.apart
    apart = [_scores(path) for path in models]
    for number, found in enumerate(_scores(str(tmp_path / "merged"))):
        for name in ("scores", "transitions"):
            mean = np.mean([rows[number][name] for rows in apart], axis=0)
            np.testing.assert_allclose(found[name], mean, atol=1e-4, rtol=1e-4)


def test_what_several_have_is_stored_and_read_once(models: list[str], tmp_path: Path) -> None:
    merge(models, tmp_path / "merged")
    opened = Folder(tmp_path / "merged")
    own = {name for name in opened.files if name.startswith("member")} - {"members.json"}
    assert own == {"member2-weights.safetensors"} | {f"member3-{name}" for name in layout.MEMBER_FILES}
    names = [view.chosen("vectors.bin") for view in members.members_of(opened)]
    assert names == ["vectors.bin"] * 3
    vocabulary = SentenceTagger.load(tmp_path / "merged").vocabulary
    assert list(vocabulary.indexers) == ["word", "vectors", "characters", "shape", "member3_word"]
    assert isinstance(vocabulary.indexers["vectors"], VectorIndexer)
    assert "member3_words" in vocabulary.collate(vocabulary.index_all(SENTENCES[:1]))


def test_vectors_of_its_own(models: list[str], tmp_path: Path) -> None:
    opened = Folder(Path(models[1]))
    files = {name: opened.read(name) for name in opened.files}
    vectors = Vectors.unpack(files["vectors.bin"])
    content = bytearray(files["vectors.bin"])
    content[64:66] = np.float16(1.5).tobytes()  # the first value of the table
    files["vectors.bin"] = bytes(content)
    replacing.write(Path(models[1]), files)
    merge(models[:2], tmp_path / "merged")
    tagger = SentenceTagger.load(tmp_path / "merged")
    assert len(Folder(tmp_path / "merged").read("member2-vectors.bin")) == len(vectors.packed())
    assert "member2_vectors" in tagger.vocabulary.indexers
    assert "member2_vectors" in tagger.vocabulary.collate(tagger.vocabulary.index_all(SENTENCES[:1]))


def test_a_language_model_is_stored_and_read_once(tmp_path: Path) -> None:
    files = _files()
    states = language_states.of_model(GOLDEN.parent / "recurrent_language_model_1")
    files |= states.files(Vectors.unpack(files["vectors.bin"]))
    vocabulary = json.loads(files["vocab.json"])
    vocabulary["indexers"]["lm"] = {}
    files["vocab.json"] = layout.dump_json(vocabulary)
    replacing.write(tmp_path / "a", files)
    drawn = Drawn()
    read = read_vocabulary(Folder(tmp_path / "a"), language_states.of_folder)
    build_network(config_of(json.loads(files["config.json"]), "config.json"), read, drawn)
    for name, factor in (("a", 1), ("b", 2)):
        weights = {path: array * np.float32(factor) for path, array in drawn.arrays.items()}
        replacing.write(tmp_path / name, files | {"weights.safetensors": safetensors.numpy.save(weights)})
    merge([str(tmp_path / "a"), str(tmp_path / "b")], tmp_path / "merged")
    opened = Folder(tmp_path / "merged")
    assert [name for name in opened.files if name.startswith("member2")] == ["member2-weights.safetensors"]
    assert list(SentenceTagger.load(tmp_path / "merged").vocabulary.indexers) == list(vocabulary["indexers"])
    apart = [_scores(str(tmp_path / name)) for name in ("a", "b")]
    for found, *both in zip(_scores(str(tmp_path / "merged")), *apart, strict=True):
        np.testing.assert_allclose(
            found["scores"], np.mean([one["scores"] for one in both], axis=0), atol=1e-4
        )


def test_the_same_bytes_each_time_and_members_of_members(models: list[str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        merge(models[:2], tmp_path / name)
    one, two = (Folder(tmp_path / name) for name in ("one", "two"))
    assert one.files == two.files
    assert all(one.read(name) == two.read(name) for name in one.files)
    assert merge([str(tmp_path / "one"), models[2]], tmp_path / "all").members == 3
    merge(models, tmp_path / "at_once")
    for found, wanted in zip(_scores(str(tmp_path / "all")), _scores(str(tmp_path / "at_once")), strict=True):
        np.testing.assert_array_equal(found["scores"], wanted["scores"])


def test_weights_of_an_older_format(tmp_path: Path) -> None:
    former = GOLDEN.parent / "format_1"
    merge([str(former), _model(tmp_path / "a")], tmp_path / "merged")
    apart = _scores(str(former)), _scores(str(tmp_path / "a"))
    for found, *both in zip(_scores(str(tmp_path / "merged")), *apart, strict=True):
        np.testing.assert_allclose(
            found["scores"], np.mean([one["scores"] for one in both], axis=0), atol=1e-4
        )


def test_weights_that_do_not_fit(models: list[str], tmp_path: Path) -> None:
    files = _files() | {"weights.safetensors": safetensors.numpy.save({"x": np.zeros(1, np.float32)})}
    replacing.write(Path(models[1]), files)
    with pytest.raises(ModelError, match=r"b: the network cannot be built: the weight .* is missing"):
        merge(models, tmp_path / "merged")


def test_it_is_a_model_like_any_other(
    models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dev.conll").write_text(GOLD, encoding="utf-8")
    assert run(["merge", "a", "b", "c", "-o", "merged", "--dev", "dev.conll"]) == 0
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines() if "." in line] == ["a", "b", "c", "merged"]
    assert re.search(r"^model written to merged \(.* MB; its members take .* MB\)$", shown.err, re.MULTILINE)
    assert "\n  3 networks, which take up to 3 times as long as one\n" in shown.err
    assert run(["evaluate", "merged", "dev.conll", "--analysis", "--crosscheck"]) == 0
    assert (
        run(
            ["predict", "merged", "dev.conll", "--input-format", "conll", "--nbest", "2", "--format", "jsonl"]
        )
        == 0
    )
    assert run(["export", "merged", "-o", "merged.onnx"]) == 0
    assert "member3_words" in capsys.readouterr().err
    tagger = seqtag.load("merged")
    assert tagger.labels == seqtag.load(models[0]).labels
    answers = [*SentenceTagger.load("merged").tag(SENTENCES, entities=True)]
    for found, wanted in zip(tagger.tag(SENTENCES), answers, strict=True):
        assert found.tags == wanted.tags
        assert found.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    with pytest.raises(UsageError, match="merged from 3 models, and final states are those of one network"):
        tagger.states(SENTENCES[:1])
    for command in (["explain", "merged", "dev.conll", "-o", "x.html"], ["gradients", "merged", "dev.conll"]):
        assert run(command) == 2
        assert (
            "merged: is merged from 3 models, and this command looks into one network"
            in capsys.readouterr().err
        )


def _tags(weights: Any, config: Any, vocabulary: dict[str, Any]) -> None:
    vocabulary["tags"] = [tag.replace("-LOC", "-PLACE") for tag in vocabulary["tags"]]
    vocabulary["tags"] = list(tag_inventory(tuple(vocabulary["tags"]), parse_scheme("bioes")))


def _scheme(weights: Any, config: Any, vocabulary: dict[str, Any]) -> None:
    vocabulary["scheme"] = vocabulary["train_scheme"]


def _head(weights: Any, config: dict[str, Any], vocabulary: Any) -> None:
    config["head"]["name"] = "feedback"


def _mentions(weights: Any, config: dict[str, Any], vocabulary: dict[str, Any]) -> None:
    config["encoder"] |= {"attention": "mentions", "context": 0}
    vocabulary["indexers"]["mentions"] = {"common": [], "context": 0}


def _places(weights: Any, config: Any, vocabulary: dict[str, Any]) -> None:
    vocabulary["drop_places"] = True


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_tags, "other: it has other tags: lacks B-LOC, I-LOC, E-LOC, S-LOC and also has B-PLACE, I-PLACE"),
        (_scheme, "other: its tag scheme is BIOES, not BIO; expected the tags, scheme and columns of"),
        (_head, "other: its head is feedback; expected crf or softmax, whose scores can be averaged"),
        (_places, "other: it has another form of tokens; expected"),
    ],
)
def test_models_that_do_not_fit(change: Change, message: str, tmp_path: Path) -> None:
    with pytest.raises(Error, match=message):
        merge([str(GOLDEN), _model(tmp_path / "other", change)], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_the_model_that_reads_mentions_is_named(tmp_path: Path) -> None:
    other = _model(tmp_path / "other", _mentions)
    for given in ([str(GOLDEN), other], [other, str(GOLDEN)]):
        with pytest.raises(
            Error, match=r"other: its encoder\.attention is mentions; expected a model that reads"
        ):
            merge(given, tmp_path / "merged")


def test_folders_that_cannot_be_merged(models: list[str], tmp_path: Path) -> None:
    a, b, _ = models
    refused = [
        ([a], "merged", "expected at least two models to merge. Received: 1"),
        ([a, b, f"{tmp_path}/./a"], "merged", "a: is given twice; expected different models"),
        ([a, b], "a", "a: is also an input; choose another -o"),
    ]
    for given, output, message in refused:
        with pytest.raises(UsageError, match=message):
            merge(given, tmp_path / output, force=True)
    with pytest.raises(UsageError, match="--dev: is read once for each model; expected a file"):
        merge([a, b], tmp_path / "merged", dev="-")
    with pytest.raises(UsageError, match=r"--dev: .* is read once for each model; expected a regular file"):
        merge([a, b], tmp_path / "merged", dev="/dev/null")
    (tmp_path / "bad.conll").write_text("Marta\tB-PER\nleft\n", encoding="utf-8")
    with pytest.raises(DataError):
        merge([a, b], tmp_path / "merged", dev=str(tmp_path / "bad.conll"))
    assert not (tmp_path / "merged").exists()
    with pytest.raises(Error, match="none: no such folder"):
        merge([a, str(tmp_path / "none")], tmp_path / "merged")
    with pytest.raises(Error, match="b: already contains a model"):
        merge([a, str(GOLDEN)], tmp_path / "b")
    for format_, message in (
        ("seqtag-lm", "is a language model; `seqtag lm mix` mixes those"),
        ("seqtag-transduction", "is a transducer, which `seqtag predict` reads; expected a model folder"),
    ):
        (tmp_path / format_).mkdir()
        (tmp_path / format_ / "manifest.json").write_text(json.dumps({"format": format_}), encoding="utf-8")
        with pytest.raises(Error, match=message):
            merge([a, str(tmp_path / format_)], tmp_path / "merged")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"members": [{}]}, "does not list 2 to 16 members"),
        ({"members": [{"config.json": "config.json"}] * 2}, "does not list the files of member 1"),
        (
            ("weights.safetensors", "member2-vocab.json"),
            "names a file as weights.safetensors of member 2 that is none",
        ),
        (("config.json", "../config.json"), "names a file as config.json of member 2 that is none"),
        (
            ("weights.safetensors", "weights.safetensors"),
            "names no member that has member2-weights.safetensors",
        ),
    ],
)
def test_a_list_of_members_that_is_none(values: Any, message: str, models: list[str], tmp_path: Path) -> None:
    merge(models[:2], tmp_path / "merged")
    opened = Folder(tmp_path / "merged")
    files = {name: opened.read(name) for name in opened.files}
    if isinstance(values, tuple):
        name, place = values
        values = json.loads(files["members.json"])
        values["members"][1][name] = place
    files["members.json"] = layout.dump_json(values)
    replacing.write(tmp_path / "merged", files)
    with pytest.raises(ModelError, match=f"members.json {message}"):
        SentenceTagger.load(tmp_path / "merged")


def test_a_member_that_is_damaged(models: list[str], tmp_path: Path) -> None:
    merge(models[:2], tmp_path / "merged")
    (tmp_path / "merged" / "member2-weights.safetensors").write_bytes(
        Path(models[0], "weights.safetensors").read_bytes()
    )
    with pytest.raises(ModelError, match=r"member2-weights\.safetensors is damaged"):
        SentenceTagger.load(tmp_path / "merged")
