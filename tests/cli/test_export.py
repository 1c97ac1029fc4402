"""`seqtag export` and its page: a program without seqtag gives the answers of seqtag."""

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.numpy

from seqtag.cli import run
from seqtag.graph.outputs import OUTPUTS
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.settings import registry

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "onnx.md").read_text(encoding="utf-8")
GOLDEN = TOP / "tests" / "golden" / "models" / "format_2"
SENTENCES = [["Marta", "Lindqvist", "flew", "to", "Rotterdam", "."], ["No", "names", "here"]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The golden model without its pretrained vectors, and the rows of the kernels that read them."""
    opened = Folder(GOLDEN)
    files = {name: opened.read(name) for name in opened.files if name != "vectors.bin"}
    vocabulary = json.loads(files["vocab.json"])
    assert list(vocabulary["indexers"]) == ["word", "vectors", "characters", "shape"]
    del vocabulary["indexers"]["vectors"]
    weights = safetensors.numpy.load(files["weights.safetensors"])
    first, dim = weights["word/table/embeddings"].shape[1], weights.pop("vectors/added/embeddings").shape[1]
    for direction in ("forward", "backward"):
        name = f"encoder/{direction}_1/lstm_cell/kernel"
        weights[name] = np.delete(weights[name], np.s_[first : first + dim], axis=0)
    files |= {
        "vocab.json": layout.dump_json(vocabulary),
        "weights.safetensors": safetensors.numpy.save(weights),
    }
    replacing.write(tmp_path / "model", files)
    return tmp_path / "model"


def test_the_example_of_the_page(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run as it stands, in a process that must not import seqtag."""
    monkeypatch.chdir(tmp_path)
    assert run(["export", "model", "-o", "model.onnx"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("inputs:\n  lengths ")
    assert re.search(r"^  probabilities +tensor\(float\) +\(batch, time\)$", err, re.MULTILINE)
    code, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = f"import sys; sys.modules['seqtag'] = None\n{code}"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [[line.split("\t") for line in block.split("\n")] for block in done.stdout.strip().split("\n\n")]
    tagger = SentenceTagger.load(model)
    assert tagger.vocabulary.train_scheme.name == "bioes"
    for rows, words, answer in zip(found, SENTENCES, tagger.tag(SENTENCES), strict=True):
        assert [row[0] for row in rows] == words
        bioes = [tag.replace("S-", "B-").replace("E-", "I-") for _, tag, _ in rows]
        assert bioes == answer.tags
        assert [float(row[2]) for row in rows] == pytest.approx(answer.probabilities, abs=1e-3)


def test_to_stdout(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert run(["export", str(model), "-o", "-"]) == 0
    onnx.checker.check_model(onnx.load_from_string(raw.getvalue()), full_check=True)
    assert "wrote" not in said.getvalue()
    assert "outputs:\n  tags " in said.getvalue()


def test_every_output_of_a_model_is_written(tmp_path: Path) -> None:
    assert run(["export", str(GOLDEN), "-o", str(tmp_path / "x.onnx")]) == 0
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    assert [value.name for value in session.get_outputs()] == [
        "tags", "probabilities", "scores", "forward", "backward", "start", "transitions", "end",
    ]  # fmt: skip


def test_a_place_within_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(GOLDEN), "-o", str(GOLDEN / "model.onnx")]) == 2
    assert "is inside the model folder" in capsys.readouterr().err
    assert not (GOLDEN / "model.onnx").exists()


def test_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(tmp_path / "none"), "-o", str(tmp_path / "x.onnx")]) == 1
    assert "no such folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*OUTPUTS, *registry.EMBEDDINGS])
def test_the_page_names_everything(name: str) -> None:
    assert f"`{name}`" in PAGE
