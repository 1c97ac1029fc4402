"""Pretrained vectors from their file to the tags of a folder that has been moved."""

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.cli import run
from seqtag.cli.summary import introduction
from seqtag.corpora.sentence import Sentence
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.vectors import VectorIndexer
from seqtag.features.vector_files import read
from seqtag.features.vectors import Vectors
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config import Config
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.train import train
from seqtag.support.errors import ModelError
from seqtag.tasks.tagging.prepared import Prepared

SMALL = [
    "embeddings.word.dim=4", "embeddings.characters.encoder=none", "embeddings.shape.dim=0", "encoder.cell=dense",
    "encoder.units=6", "encoder.layers=1", "embeddings.dropout=0", "encoder.dropout=0", "training.learning_rate=0.05",
    "training.batch_size=4", "training.epochs=10", "training.patience=0", "training.averaging=none",
]  # fmt: skip
# The first component tells the tag. The last two words of each are in no corpus.
NOUNS = ("noa", "nob", "noc", "nod", "noe", "nof", "nog")
VERBS = ("vea", "veb", "vec", "ved", "vee", "vef", "veg")
MISSING = ("zzz", "yyy")  # are in the corpus and have no vector


def config(*assignments: str) -> Config:
    return merge(parse_assignments([*SMALL, *assignments]))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus and a file of vectors, both with names that occur nowhere else."""
    place = tmp_path_factory.mktemp("whereabouts")
    random = Random(1)
    lines = []
    for sign, words in ((1, NOUNS), (-1, VERBS)):
        for word in words:
            lines.append(f"{word} {sign * random.uniform(0.8, 1.2):.3f} {random.gauss(0, 0.3):.3f} 0.25\n")
    (place / "pretrained-numbers.txt").write_text(f"{len(lines) + 3} 3\n" + "".join(lines), encoding="utf-8")
    blocks = []
    for _ in range(60):
        tokens = random.choices([*NOUNS[:5], *VERBS[:5], "Noa", *MISSING], k=5)
        blocks.append(
            "".join(
                f"{t}\t{'NOUN' if t.lower() in NOUNS else 'VERB' if t in VERBS else 'X'}\n" for t in tokens
            )
        )
    (place / "learnt-corpus.conll").write_text("\n".join(blocks), encoding="utf-8")
    return place


def trained(place: Path, name: str, *assignments: str) -> Any:
    settings = config(f"embeddings.vectors.file={place / 'pretrained-numbers.txt'}", *assignments)
    corpus = str(place / "learnt-corpus.conll")
    return train(settings, corpus, corpus, corpus, place / name)


@pytest.fixture(scope="module")
def fixed(place: Path) -> Any:
    return trained(place, "fixed", "embeddings.vectors.trainable=false")


@pytest.fixture(scope="module")
def trainable(place: Path) -> Any:
    return trained(place, "trainable", "embeddings.vectors.trainable=true")


@pytest.fixture(scope="module")
def alone(place: Path) -> Any:
    return trained(place, "alone", "embeddings.word.dim=0", "embeddings.vectors.trainable=false")


@pytest.fixture(params=["fixed", "trainable"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def inputs(tagger: SentenceTagger, *tokens: str) -> dict[str, Any]:
    return tagger.vocabulary.collate([tagger.vocabulary.index(tokens)])


def test_the_coverage_is_said(either: Any) -> None:
    lines = introduction(either.prepared)
    assert (
        "vectors found for 84.6% of the training file's distinct words (10 exact, 1 lower case, 0 digits)"
        in lines
    )
    report = json.loads((either.path / "report.json").read_bytes())
    assert report["coverage"] == {"exact": 10, "lower case": 1, "digits": 0, "missing": 2}


def test_what_is_odd_about_the_file_is_said(either: Any) -> None:
    notes = [line for line in introduction(either.prepared) if line.startswith("note ")]
    assert len(notes) == 1
    assert "17" in notes[0]


def test_words_that_training_never_saw_have_their_vector(either: Any) -> None:
    """To the table of words they are all one: only the vector tells the tag."""
    unseen = [*NOUNS[5:], *VERBS[5:]]
    tagger = SentenceTagger.load(either.path)
    table = read(either.path.parent / "pretrained-numbers.txt")
    batch = inputs(tagger, *unseen, "nowhere")
    assert set(batch["words"].ravel().tolist()) == {1}
    np.testing.assert_array_equal(batch["vectors"][0, :-1], table.gather(table.rows(unseen)))
    assert not batch["vectors"][0, -1].any()


def test_their_vector_tells_the_tag(fixed: Any) -> None:
    unseen = [*NOUNS[5:], *VERBS[5:]]
    tagger = SentenceTagger.load(fixed.path)
    for sentence in (unseen, unseen[::-1], *([word] for word in unseen)):
        (answer,) = tagger.tag([sentence])
        assert answer.tags == ["NOUN" if word in NOUNS else "VERB" for word in sentence]


def test_fixed_vectors_stay(fixed: Any) -> None:
    kept = safetensors.numpy.load_file(fixed.path / "weights.safetensors")
    assert not [name for name in kept if name.startswith("vectors")]
    assert "vectors_rows" not in inputs(SentenceTagger.load(fixed.path), "noa")
    table = read(fixed.path.parent / "pretrained-numbers.txt")
    assert (fixed.path / "vectors.bin").read_bytes() == table.packed()


def test_trainable_vectors_change_and_nobody_elses(trainable: Any) -> None:
    kept = safetensors.numpy.load_file(trainable.path / "weights.safetensors")
    (added,) = (array for name, array in kept.items() if name.startswith("vectors"))
    assert len(added) == 2 + 10, "one for each vector of the training file, and two for the rest"
    assert (np.abs(added[1:]).max(axis=1) > 1e-3).all()
    assert not added[0].any(), "a word that training never saw starts as one that it did"
    tagger = SentenceTagger.load(trainable.path)
    rows = inputs(tagger, *NOUNS[:5], *VERBS[:5], "nof", "zzz", "nowhere", "NOA")["vectors_rows"][0]
    assert sorted(rows[:10].tolist()) == list(range(2, 12))
    assert rows[10:].tolist() == [0, 1, 1, rows[0]]
    padded = tagger.vocabulary.collate(
        [tagger.vocabulary.index(words) for words in (["noa", "zzz"], ["zzz"])]
    )
    assert padded["vectors_rows"][1].tolist() == [1, 0]
    table = read(trainable.path.parent / "pretrained-numbers.txt")
    assert (trainable.path / "vectors.bin").read_bytes() == table.packed(), "the table itself stays"


def test_each_training_word_without_a_vector_learns_one(alone: Any, fixed: Any) -> None:
    """Where there is no table of all words beside the vectors."""
    added = safetensors.numpy.load_file(alone.path / "weights.safetensors")["vectors/added/embeddings"]
    assert len(added) == 2 + len(MISSING)
    assert not added[0].any(), "nothing is added to a vector of the file"
    tagger = SentenceTagger.load(alone.path)
    tokens = ["yyy", "zzz", "ZZZ", "noa", "nowhere"]
    batch = inputs(tagger, *tokens)
    first, second, third, *others = batch["vectors_rows"][0].tolist()
    assert {first, second} == {2, 3}
    assert third == second
    assert others == [0, 1]
    assert [bool(vector.any()) for vector in batch["vectors"][0]] == [False, False, False, True, False]
    two = tagger.vocabulary.collate([tagger.vocabulary.index(words) for words in (["noa", "zzz"], ["zzz"])])
    assert two["vectors_rows"][1].tolist() == [second, 0], "padding reads nothing"


def test_rare_words_without_a_vector_share_one() -> None:
    vectors, settings = (
        Vectors.from_words(["a"], np.ones((1, 2), np.float32)),
        config("embeddings.word.dim=0"),
    )
    sentences = [Sentence(("a", "12", *["b"] * 4)), Sentence(("a", "34", "56", "78", "90"))]
    part = VectorIndexer.fit(sentences, settings, Resources(vectors))
    assert part is not None
    assert part.missing is not None
    assert part.missing.table.values == ("00",), "numbers count as one word, and b occurs too seldom"
    rows = part.collate([part.index(Sentence(("99", "b", "a")))], 3, None)["vectors_rows"]
    assert rows.tolist() == [[3, 1, 2]]


def test_a_word_that_occurs_once_is_shown_with_its_vector_as_it_is_by_chance() -> None:
    """As all words come that training never saw; one that occurs more often keeps what it learns."""
    vectors = Vectors.from_words(["once", "twice"], np.ones((2, 2), np.float32))
    settings = config("embeddings.word.dim=0", "embeddings.word.unknown_rate=0.25")
    part = VectorIndexer.fit([Sentence(("once", "twice", "Twice"))], settings, Resources(vectors))
    assert part is not None
    row = part.index(Sentence(("once", "twice")))
    shown = part.collate([row] * 2000, 2, np.random.default_rng(1))["vectors_rows"]
    assert shown[:, 1].tolist() == [3] * 2000
    assert set(shown[:, 0].tolist()) == {0, 2}
    assert abs((shown[:, 0] == 0).mean() - 0.25) < 0.04
    assert part.collate([row], 2, None)["vectors_rows"].tolist() == [[2, 3]], (
        "tagging leaves nothing to chance"
    )


def test_the_folder_holds_no_path(either: Any) -> None:
    names = [
        b"whereabouts",
        b"pretrained-numbers",
        b"learnt-corpus",
        either.path.parent.name.encode(),
        b"/tmp/",
    ]
    for path in either.path.iterdir():
        content = path.read_bytes()
        assert not [name for name in names if name in content], path.name
    assert json.loads((either.path / "config.json").read_bytes())["embeddings"]["vectors"]["file"] is None


def test_the_folder_works_elsewhere(
    fixed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(fixed.path, tmp_path / "elsewhere")
    monkeypatch.setattr(
        "seqtag.features.vector_files.lines", lambda path: pytest.fail("a vector file was read")
    )
    (tmp_path / "in.txt").write_text("nog veg nog noa\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["predict", "elsewhere", "in.txt"]) == 0
    assert capsys.readouterr() == ("nog\tNOUN\nveg\tVERB\nnog\tNOUN\nnoa\tNOUN\n\n", "")


def test_a_damaged_table_is_refused(fixed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "model"
    shutil.copytree(fixed.path, target)
    whole = (target / "vectors.bin").read_bytes()
    damaged = bytearray(whole)
    damaged[70] ^= 1
    problems = {
        bytes(damaged): "vectors.bin is damaged",
        whole[:-1]: "vectors.bin has .* bytes; the manifest says",
        whole + b"\0": "vectors.bin has .* bytes; expected",
        b"": "vectors.bin has 0 bytes",
    }
    for content, problem in problems.items():
        (target / "vectors.bin").write_bytes(content)
        with pytest.raises(ModelError, match=problem):
            SentenceTagger.load(target)
    (target / "in.txt").write_text("noa\n", encoding="utf-8")
    assert run(["predict", str(target), str(target / "in.txt")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    (target / "in.txt").unlink()
    (target / "vectors.bin").unlink()
    with pytest.raises(ModelError, match=r"vectors\.bin is missing"):
        SentenceTagger.load(target)


def test_a_table_whose_checksum_was_written_anew_is_refused(fixed: Any, tmp_path: Path) -> None:
    """Or is not there at all, as the manifest would have it."""
    from seqtag.model_folder import layout, replacing

    files = {path.name: path.read_bytes() for path in fixed.path.iterdir() if path.name != layout.MANIFEST}
    table = files.pop("vectors.bin")
    replacing.write(tmp_path / "short", files | {"vectors.bin": table[:-64]})
    with pytest.raises(ModelError, match="its vocabulary is not that of a seqtag model"):
        SentenceTagger.load(tmp_path / "short")
    replacing.write(tmp_path / "without", files)
    with pytest.raises(ModelError, match="the pretrained vectors are missing"):
        SentenceTagger.load(tmp_path / "without")


def test_words_only_known_in_lower_case(either: Any) -> None:
    tagger = SentenceTagger.load(either.path)
    one, other = (inputs(tagger, word)["vectors"] for word in ("NOF", "nof"))
    np.testing.assert_array_equal(one, other)


def test_without_vectors_nothing_is_said(spans: Any) -> None:
    prepared: Prepared = spans.result.prepared
    assert prepared.coverage == {}
    assert not [line for line in introduction(prepared) if line.startswith("vectors")]
    assert not (spans.folder / "vectors.bin").exists()
