"""Extra columns as features: a corpus in which nothing else tells the tags."""

import json
from pathlib import Path
from random import Random

import pytest

from seqtag.cli import run
from seqtag.inference.tagger import SentenceTagger
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.merging import merge
from seqtag.tasks.tagging.splits import read_corpora

SMALL = [
    "--epochs", "12", "--units", "6", "--lr", "0.05", "--batch-size", "4", "--embedding-dim", "4",
    "--characters", "none", "--set", "embeddings.dropout=0", "--set", "encoder.dropout=0",
    "--set", "encoder.cell=dense", "--set", "head.name=softmax", "--set", "language_model.weight=0",
]  # fmt: skip
TAG = {"n": "B-X", "v": "O", "d": "B-Y"}
Capture = pytest.CaptureFixture[str]


def conll(kinds: list[str], *, tags: bool = True) -> str:
    """A sentence: all tokens alike, a column that says nothing, the column that tells the tag."""
    return "".join(f"w\tx\t{kind}" + (f"\t{TAG[kind]}\n" if tags else "\n") for kind in kinds) + "\n"


def sentences(count: int, seed: int = 1) -> list[list[str]]:
    random = Random(seed)
    return [random.choices("nvd", k=random.randint(1, 6)) for _ in range(count)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("columns")
    for name, seed in (("train", 1), ("dev", 2)):
        (place / f"{name}.conll").write_text("".join(map(conll, sentences(40, seed))), encoding="utf-8")
    files = ["--train", str(place / "train.conll"), "--dev", str(place / "dev.conll")]
    assert run(["train", "-q", *files, "-o", str(place / "model"), "--feature-columns", "2,3", *SMALL]) == 0
    return place / "model"


def complaint(capsys: Capture) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    return err


def test_the_column_tells_the_tags(model: Path, capsys: Capture) -> None:
    assert run(["evaluate", str(model), str(model.with_name("dev.conll")), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["f1"] == 1.0


@pytest.mark.parametrize("tags", [True, False])
def test_prediction_reads_it_from_a_file(model: Path, tmp_path: Path, capsys: Capture, tags: bool) -> None:
    kinds = [["v", "n", "d", "v"], ["d"]]
    (tmp_path / "in.conll").write_text("".join(conll(row, tags=tags) for row in kinds), encoding="utf-8")
    assert run(["predict", str(model), str(tmp_path / "in.conll")]) == 0
    wanted = "".join("".join(f"w\t{TAG[kind]}\n" for kind in row) + "\n" for row in kinds)
    assert capsys.readouterr() == (wanted, "")
    options = ["--format", "jsonl", "--nbest", "2"]
    assert run(["predict", str(model), str(tmp_path / "in.conll"), *options]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["nbest"][0]["tags"] == [TAG[kind] for kind in kinds[0]]


def test_a_value_that_training_never_saw_is_no_error(model: Path) -> None:
    from seqtag.corpora.reading import Sentence

    loaded = SentenceTagger.load(model)
    known, unknown = (Sentence(("w", "w"), columns=(("x", "x"), (kind, "d"))) for kind in ("n", "never"))
    first, second = loaded.tag([known, unknown])
    assert first.tags == ["B-X", "B-Y"]
    assert second.tags[1] == "B-Y"


@pytest.mark.parametrize(
    ("name", "text"),
    [("in.txt", "w w\n"), ("in.jsonl", '{"text": "w w"}\n'), ("in.jsonl", '{"tokens": ["w"]}\n')],
)
def test_text_without_columns_is_refused(
    model: Path, tmp_path: Path, capsys: Capture, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert run(["predict", str(model), str(tmp_path / name)]) == 1
    assert "the model reads 2 extra columns beside the tokens, and the text has 0" in complaint(capsys)


def test_a_file_with_too_few_columns_is_refused(model: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "in.conll"
    path.write_text("w\tx\n\nw\tx\n", encoding="utf-8")
    assert run(["predict", str(model), str(path)]) == 1
    assert complaint(capsys) == f"seqtag: {path}:1: the row has 2 columns; there is no column 3\n"
    assert run(["evaluate", str(model), str(path)]) == 1
    assert f"{path}:1: the row has 2 columns; there is no column 3" in complaint(capsys)
    path.write_text(conll(["n"], tags=False) + "w\tx\n", encoding="utf-8")
    assert run(["predict", str(model), str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path}:3: the row has 2 columns; expected 3, as in line 1" in err


@pytest.mark.parametrize(
    ("columns", "code", "problem"),
    [
        ("2,5", 1, "there is no column 5"),
        ("2,,3", 2, "Unknown column ''"),
        ("0", 2, "There is no column 0"),
        ("2,four", 2, "Unknown column 'four'"),
        ("xpoz,upos", 2, "Unknown CoNLL-U column 'xpoz'. Did you mean 'xpos'?"),
        ("2,4", 2, "--feature-columns 4: this column holds the tags themselves"),
        ("-1", 2, "--feature-columns -1: this column holds the tags themselves"),
    ],
)
def test_columns_that_make_no_sense(
    model: Path, tmp_path: Path, capsys: Capture, columns: str, code: int, problem: str
) -> None:
    path = str(model.with_name("train.conll"))
    given = ["train", "-q", "--train", path, "-o", str(tmp_path / "m"), "--feature-columns", columns]
    assert run(given) == code
    assert problem in complaint(capsys)


@pytest.mark.parametrize(("value", "found"), [("3", ("d",)), ("2,3", ("x", "d")), ("' 3 , 2'", ("d", "x"))])
def test_columns_from_any_source(tmp_path: Path, value: str, found: tuple[str, ...]) -> None:
    """One column alone is a number to YAML and to --set."""
    path = tmp_path / "train.conll"
    path.write_text(conll(["d"]) + conll(["n"]), encoding="utf-8")
    config = merge(parse_assignments([f"data.feature_columns={value}"]))
    corpora = read_corpora(config, str(path), str(path), None)
    assert tuple(column[0] for column in corpora.train.sentences[0].columns) == found


def test_columns_by_name(tmp_path: Path, capsys: Capture) -> None:
    """CoNLL-U: part of speech from the language's own tag alone."""
    upos = {"NN": "NOUN", "VB": "VERB", "DT": "DET"}

    def conllu(kinds: list[str], name: str, *, tags: bool = True) -> str:
        rows = [
            f"{number}\tw\t_\t{upos[kind] if tags else '_'}\t{kind}\t_\t_\t_\t_\t_\n"
            for number, kind in enumerate(kinds, start=1)
        ]
        path = tmp_path / name
        with path.open("a", encoding="utf-8") as file:
            file.write("# text = w\n" + "".join(rows) + "\n")
        return str(path)

    random = Random(4)
    for _ in range(30):
        corpus = conllu(random.choices(list(upos), k=4), "train.conllu")
    target = str(tmp_path / "model")
    files = ["--train", corpus, "--dev", corpus, "-o", target]
    assert run(["train", "-q", *files, "--feature-columns", "xpos", *SMALL]) == 0
    assert run(["evaluate", target, corpus, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0
    assert run(["predict", target, conllu(["VB", "DT", "NN"], "in.conllu", tags=False)]) == 0
    assert capsys.readouterr() == ("w\tVERB\nw\tDET\nw\tNOUN\n\n", "")
    assert run(["train", "-q", *files, "-f", "--feature-columns", "xpos,UPOS", *SMALL]) == 2
    assert "this column holds the tags themselves" in complaint(capsys)


def test_a_sentence_keeps_its_columns_when_it_is_cut(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqtag.corpora.reading import Sentence
    from seqtag.inference import tagger

    monkeypatch.setattr(tagger, "WINDOW", 5)
    monkeypatch.setattr(tagger, "OVERLAP", 2)
    kinds = Random(5).choices("nvd", k=23)
    sentence = Sentence(("w",) * 23, columns=(("x",) * 23, tuple(kinds)))
    (answer,) = SentenceTagger.load(model).tag([sentence])
    assert answer.tags == [TAG[kind] for kind in kinds]
