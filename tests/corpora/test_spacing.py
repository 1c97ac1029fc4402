"""Corpora whose words raw text does not set off by spaces: told when one is trained on, and when raw text is tagged."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

import seqtag
from seqtag.cli import run
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.spacing import MISMATCH, mismatch
from seqtag.corpora.tags import parse_scheme
from seqtag.features.indexers.base import Resources
from seqtag.features.vocabulary import Vocabulary
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.stages.predict import predict
from seqtag.stages.train import train
from seqtag.tasks.tagging.prepare import fit_vocabulary
from seqtag.tasks.tagging.splits import read_corpora
from seqtag.training.events import Note

SMALL = [
    "training.epochs=1", "encoder.cell=dense", "encoder.units=4", "embeddings.characters.encoder=none",
    "language_model.weight=0", "head.name=softmax",
]  # fmt: skip
JAPANESE = "\u72ac \u304c \u6c34 \u3092 \u98f2\u3080 \u3002"  # "A dog drinks water."


def columns(words: str) -> str:
    return "".join(f"{word}\tX\n" for word in words.split()) + "\nx\tY\n"


def conllu(words: str, misc: str = "SpaceAfter=No") -> str:
    rows = [f"{at}\t{word}\t_\tX\t_\t_\t0\t_\t_\t{misc}\n" for at, word in enumerate(words.split(), 1)]
    return "".join(rows) + "\n"


def write(folder: Path, text: str, name: str = "train.conll") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (columns(JAPANESE), "its words are not set off by spaces"),
        (
            columns("\u0e1c\u0e21 \u0e23\u0e31\u0e01 \u0e21\u0e32\u0e01 ."),
            "its words are not set off",
        ),  # Thai
        (conllu("ullum nam non est"), "its words are not set off"),
        ("h\u1ecdc sinh\tN\nl\u00e0\tV\n", "several words, such as 'h\u1ecdc sinh'"),
        (
            columns("Vi\u1ec7t_Nam l\u00e0 \u0111\u1ea5t_n\u01b0\u1edbc"),
            "such as '\u0111\u1ea5t_n\u01b0\u1edbc'",
        ),
    ],
    ids=["Japanese", "Thai", "SpaceAfter", "spaces in tokens", "underscores in tokens"],
)
def test_words_that_raw_text_does_not_set_off(tmp_path: Path, text: str, problem: str) -> None:
    corpus = read_corpus(write(tmp_path, text))
    found = mismatch(corpus)
    assert found is not None
    assert problem in found.message
    assert (found.level, found.code, found.option) == (
        "note",
        MISMATCH,
        "--input-format conll, or another --tokenizer",
    )
    assert [one for one in doubts(corpus, parse_scheme("plain")) if one.code == MISMATCH] == [found]


@pytest.mark.parametrize(
    "text",
    [
        columns("Ana saw New York . do n't"),
        columns("\ud55c\uad6d\uc5b4 \ubb38\uc7a5 \uc785\ub2c8\ub2e4"),  # Korean has spaces
        columns("\u79d1 \u6280 \u5f88 \u597d \u3002"),  # characters
        columns("\u79d10 \u62801 \u5f880 \u597d0").replace("x", "\u597d0"),  # with their places
        columns("a_1 _ snake_ 10_000 " + "word " * 60 + "one_compound"),
        "20 000\tNUM\n%\tX\n",
        conllu("We do n't know", "_"),
        conllu("( 1 ) , 2"),
        conllu("it is , as we know", "_") + conllu("ca n't"),
    ],
)
def test_words_that_it_does(tmp_path: Path, text: str) -> None:
    assert mismatch(read_corpus(write(tmp_path, text))) is None


def test_only_the_first_sentences_of_a_long_file_decide(tmp_path: Path) -> None:
    assert mismatch(read_corpus(write(tmp_path, conllu("a b", "_") * 1000 + conllu("a b") * 2000))) is None


def vocabulary(corpus: str, *assignments: str) -> Vocabulary:
    config = merge(parse_assignments([*SMALL, *assignments]))
    return fit_vocabulary(config, read_corpora(config, corpus, None, None), Resources())


def test_the_model_remembers(tmp_path: Path) -> None:
    found = vocabulary(write(tmp_path, columns(JAPANESE)))
    assert not found.cuts_raw_text
    assert not Vocabulary.from_json(json.loads(json.dumps(found.to_json())), Resources()).cuts_raw_text
    chosen = vocabulary(write(tmp_path, columns(JAPANESE)), "data.tokenizer=char")
    assert chosen.cuts_raw_text  # as its user wants it
    assert "cuts_raw_text" not in chosen.to_json()


@pytest.fixture(scope="module")
def japanese(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A model of Japanese words, and what was said while it was trained."""
    folder = tmp_path_factory.mktemp("japanese")
    notes: list[str] = []
    path = write(folder, columns(JAPANESE))
    train(
        merge(parse_assignments(SMALL)),
        path,
        path,
        None,
        folder / "model",
        listener=lambda event: (
            notes.append(event.text) if isinstance(event, Note) and event.level == "note" else None
        ),
    )
    return folder / "model", notes


def test_training_says_so_once(japanese: Any) -> None:
    _, notes = japanese
    (note,) = notes
    assert "its words are not set off by spaces" in note
    assert note.endswith("(try --input-format conll, or another --tokenizer)")


def test_predict_says_so_once(japanese: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(japanese[0])
    raw = [write(tmp_path, JAPANESE.replace(" ", ""), f"{name}.txt") for name in "ab"]
    assert run(["predict", model, *raw]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"seqtag: warning: {raw[0]}: raw text is cut into other tokens")
    assert run(["predict", model, "--tokenizer", "icu", *raw]) == 0
    rows = [row.split("\t")[0] for row in capsys.readouterr().out.splitlines()]
    assert rows == [*JAPANESE.split(), ""] * 2
    assert run(["predict", model, "--input-format", "conll", write(tmp_path, columns(JAPANESE))]) == 0
    assert capsys.readouterr().err == ""


def test_predict_looks_at_what_a_json_line_holds(japanese: Any, tmp_path: Path) -> None:
    found: list[Finding] = []
    lines = ['{"tokens": ["a"]}\n', '{"text": "a"}\n']
    for wanted, text in enumerate(lines):
        path = write(tmp_path, text, "in.jsonl")
        predict(str(japanese[0]), [path], io.StringIO(), input_format="jsonl", report=found.append)
        assert len(found) == wanted


def test_python_warns_once(japanese: Any) -> None:
    tagger = seqtag.load(japanese[0])
    tagger.tag([JAPANESE.split()])
    with pytest.warns(UserWarning, match=r"raw text is cut into other tokens .* use Tagger\.tag") as caught:
        tagger(JAPANESE)
    assert caught[0].filename == __file__
    tagger(JAPANESE)
    list(tagger.pipe([JAPANESE]))


def test_other_models_say_nothing(spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SentenceTagger.load(spans.folder).vocabulary.cuts_raw_text
    assert run(["predict", str(spans.folder), write(tmp_path, "Ana\n", "in.txt")]) == 0
    assert capsys.readouterr().err == ""
