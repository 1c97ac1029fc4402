"""Columns of numbers: how they are read, what the network gets of them, and a series that nothing else tells."""

import json
import math
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.numbers import number
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.sentence import Sentence, cut
from seqtag.features.indexers.base import Resources
from seqtag.features.indexers.numbers import FARTHEST, NumberColumn, NumberIndexer
from seqtag.settings.config import Config
from seqtag.support.errors import DataError, Error

NAN = math.nan
SMALL = [
    "--epochs", "8", "--units", "8", "--lr", "0.05", "--batch-size", "8", "--characters", "none",
    "--embedding-dim", "0", "--cell", "simplernn", "--layers", "1",
    *(f"--set={each}" for each in (
        "embeddings.dropout=0", "encoder.dropout=0", "embeddings.shape.dim=0", "embeddings.bigrams.enabled=no",
        "training.averaging=none",
    )),
]  # fmt: skip


def options(*columns: int | str, **others: Any) -> ReadOptions:
    return ReadOptions(numeric_columns=columns, **others)


def numbers_of(path: Path, text: str, given: ReadOptions) -> list[list[float]]:
    path.write_text(text, encoding="utf-8")
    (sentence,) = read_corpus(path, given).sentences
    return [list(column) for column in sentence.numbers]


@pytest.mark.parametrize(
    ("text", "value"),
    [("-1.5", -1.5), ("+2e3", 2000), (".5", 0.5), ("7.", 7), (" 3 ", 3), ("_", NAN), ("", NAN), ("nan", NAN)],
)
def test_what_is_a_number(text: str, value: float) -> None:
    np.testing.assert_equal(number(text), value)


@pytest.mark.parametrize(
    "text", ["1,5", "1_000", "inf", "-Infinity", "0x10", "1e31", "1e99999", "٣", "--", "1 2", "e3"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        number(text)


def test_each_format_hands_them_over(tmp_path: Path) -> None:
    """Beside features, which come first."""
    rows = "a\tx\t1\t\tO\nb\ty\t_\t-2e1\tO\n"
    wanted = [[1.0, NAN], [NAN, -20.0]]
    np.testing.assert_equal(numbers_of(tmp_path / "a.conll", rows, options(3, "4")), wanted)
    both = options(4, feature_columns=(2,))
    (tmp_path / "a.conll").write_text(rows, encoding="utf-8")
    (sentence,) = read_corpus(tmp_path / "a.conll", both).sentences
    assert sentence.columns == (("x", "y"),)
    np.testing.assert_equal(sentence.numbers, ((NAN, -20.0),))
    table = "token,heat,tag\na,1.5,O\nb,,O\n"
    np.testing.assert_equal(numbers_of(tmp_path / "a.csv", table, options("heat")), [[1.5, NAN]])
    value = {"tokens": ["a", "b", "c"], "ner_tags": ["O", "O", "O"], "heat": [1, None, "2.5"]}
    line = json.dumps(value) + "\n"
    np.testing.assert_equal(numbers_of(tmp_path / "a.jsonl", line, options("heat")), [[1, NAN, 2.5]])
    conllu = "".join(
        f"{at}\t{word}\t_\tX\t_\t_\t_\t_\t_\t{misc}\n" for at, word, misc in ((1, "a", "T=3"), (2, "b", "_"))
    )
    np.testing.assert_equal(numbers_of(tmp_path / "a.conllu", conllu, options("misc:T")), [[3, NAN]])
    np.testing.assert_equal(
        numbers_of(tmp_path / "a.pipes", "a|2|O b|_|O\n", options(2, format="pipes")), [[2, NAN]]
    )


def test_what_is_no_number_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("a\t1\tO\n\nb\t2\tO\nc\tx\tO\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"a\.conll:4: the numeric column 2 is 'x'; expected a number such as -1\.5"
    ):
        read_corpus(path, options(2))
    path = path.with_suffix(".jsonl")
    path.write_text('{"tokens": ["a"], "ner_tags": ["O"], "heat": [true]}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: expected an object with 'heat', a list of numbers"):
        read_corpus(path, options("heat"))


def sentence(*columns: list[float]) -> Sentence:
    return Sentence(("w",) * len(columns[0]), numbers=tuple(map(tuple, columns)))


def fitted(*sentences: Sentence) -> NumberIndexer:
    found = NumberIndexer.fit(sentences, Config(), Resources())
    assert found is not None
    return found


def test_numbers_are_standardised_by_training() -> None:
    """Those that are missing are the mean; of a column with gaps in training, the network is told where."""
    part = fitted(sentence([1, 2], [5, 5]), sentence([3, NAN, 6], [5, 5, 5]))
    mean, deviation = 3.0, np.std([1, 2, 3, 6])
    assert part.sizes == {"columns": 2, "gaps": 1}
    found = part.index(sentence([1, NAN, 1e9], [5, 6, NAN]))
    wanted = [[(1 - mean) / deviation, 0, 0], [0, 1, 1], [FARTHEST, 0, 0]]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    batch = part.collate([found[:1], found], 4, None)["numbers"]
    assert batch.shape == (2, 4, 3)
    np.testing.assert_array_equal(batch[0, 1:], 0)
    assert fitted(sentence([NAN])).index(sentence([4])).tolist() == [[4, 0]]
    with pytest.raises(Error, match="reads 2 numeric columns beside the tokens, and the text has 1"):
        part.index(sentence([1]))


@pytest.mark.parametrize(
    "column",
    [{"mean": 1.0}, {"mean": 1, "deviation": 1.0, "gaps": True}, {"mean": 1.0, "deviation": 0.0, "gaps": False},
     {"mean": NAN, "deviation": 1.0, "gaps": False}, {"mean": 1.0, "deviation": 1.0, "gaps": 1}, None],
)  # fmt: skip
def test_a_stored_column_is_checked(column: Any) -> None:
    with pytest.raises(ValueError, match="column"):
        NumberIndexer.from_json({"columns": [column]}, Resources())


def test_equal_numbers_have_no_deviation() -> None:
    """Whatever the rounding of their mean makes of them: a later number must not be divided by it."""
    column = NumberColumn.fit(np.full(1000, 0.1))
    assert (column.mean, column.deviation) == (0.1, 1)


def test_numbers_are_cut_with_their_tokens() -> None:
    assert cut(sentence([1, 2, 3]), 1, 3).numbers == ((2, 3),)


def series(seed: int, count: int, *, tags: bool = True) -> str:
    """`up` after a step that was higher than its predecessor; a gap now and then, and a tag from before it."""
    random, rows = Random(seed), []
    for _ in range(count):
        level = 0.0
        for _ in range(random.randint(3, 8)):
            level, before = random.uniform(-50, 50), level
            rows.append(
                f"t\t{1000 + level:.1f}" + (f"\t{'up' if level > before else 'down'}\n" if tags else "\n")
            )
        rows.append("\n")
    return "".join(rows)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("numbers")
    for name, seed in (("train", 1), ("dev", 2)):
        (place / f"{name}.conll").write_text(series(seed, 60), encoding="utf-8")
    files = ["--train", str(place / "train.conll"), "--dev", str(place / "dev.conll")]
    assert run(["train", "-q", *files, "-o", str(place / "model"), "--numeric-columns", "2", *SMALL]) == 0
    return place / "model"


def test_a_series_is_labelled(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(model), str(model.with_name("dev.conll")), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.9
    assert json.loads((model / "config.json").read_text("utf-8"))["data"]["numeric_columns"] in (2, "2")
    path = tmp_path / "in.conll"
    path.write_text(series(3, 2, tags=False), encoding="utf-8")
    assert run(["predict", str(model), str(path)]) == 0
    assert {line.split("\t")[1] for line in capsys.readouterr().out.split("\n") if line} == {"up", "down"}
    path.write_text("t t\n", encoding="utf-8")
    assert run(["predict", str(model), "--input-format", "text", str(path)]) == 1
    assert "reads 1 numeric columns beside the tokens, and the text has 0" in capsys.readouterr().err


def test_other_stages_read_them(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dev = str(model.with_name("dev.conll"))
    assert run(["explain", str(model), dev, "-o", str(model.with_name("page.html"))]) == 0
    assert run(["gradients", str(model), dev, "--steps", "2"]) == 0
    capsys.readouterr()


def test_a_column_without_numbers_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.conll"
    path.write_text("a\t_\tx\n\nb\tNaN\ty\n", encoding="utf-8")
    given = ["train", "-q", "--train", str(path), "-o", str(tmp_path / "m"), "--numeric-columns", "2"]
    assert run(given) == 2
    assert "--numeric-columns 2: " in (err := capsys.readouterr().err)
    assert "has no number in this column" in err
