"""`seqtag gradients`: the table, JSON, the plot, and what it refuses."""

import gzip
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqtag.cli import run
from seqtag.cli.gradients import gradients
from seqtag.cli.gradients_plot import drawn
from seqtag.corpora.base import AUTO
from seqtag.stages.gradients import GradientReport
from seqtag.tasks.tagging import reach
from seqtag.training.reach import LayerReach

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def long(spans: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences of 14 words, and short ones."""
    path = tmp_path_factory.mktemp("long") / "long.conll"
    sentence = "Ana\tB-PER\nsaw\tO\nNew\tB-LOC\nYork\tI-LOC\nwith\tO\n3\tO\nfriends\tO\n"
    path.write_text((sentence * 2 + "\n") * 3 + "Ana\tB-PER\n\n" * 4, encoding="utf-8")
    return path


def complaint(capture: Capture) -> str:
    out, err = capture.readouterr()
    assert out == ""
    assert err.startswith("seqtag: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(("layers", "below"), [(2, False), (5, True)])
def test_the_names_of_many_curves_stand_below_them(layers: int, below: bool) -> None:
    pytest.importorskip("matplotlib")
    norms = [0.6**k for k in range(9)]
    reaches = [
        LayerReach(number, direction, norms, norms, {}, {})
        for number in range(1, layers + 1)
        for direction in ("forward", "backward")
    ]
    figure = drawn(GradientReport("model", "file", "lstm", 8, 20, 20, reaches))
    figure.draw_without_rendering()
    for panel in figure.axes:
        names, place = panel.get_legend().get_window_extent(), panel.get_window_extent()
        assert len(panel.get_legend().get_texts()) == 2 * layers
        assert (names.y1 < place.y0) == below
        assert names.y0 > 0


def test_all_that_is_written(spans: Any, long: Path, tmp_path: Path, capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    wanted = [
        str(tmp_path / name) for name in ("out.json", "out.png", "out.svg", "out.json.gz", "out.svg.gz")
    ]
    options = [word for path in wanted for word in ("-o", path)]
    assert run(["gradients", str(spans.folder), str(long), "--steps", "9", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(Path(wanted[0]).read_text("utf-8"))
    assert (found["cell"], found["steps"], found["sentences"], found["long_enough"]) == ("lstm", 9, 3, 3)
    assert [(one["number"], one["direction"]) for one in found["layers"]] == [(1, "forward"), (1, "backward")]
    for one, arrow in zip(found["layers"], "→←", strict=True):
        assert len(one["jacobians"]) == len(one["errors"]) == 10
        assert one["jacobians"][0] == pytest.approx(1)
        assert all(norm > 0 for norm in one["errors"])
        fit = one["fits"]["jacobians"]
        (row,) = (line for line in out.splitlines() if line.startswith(f" layer 1 {arrow}  "))
        assert row.split()[3:4] == [f"{fit['rate']:.4f}"]
        assert fit["verdict"] in row
        assert {*one["kernels"]} == {"input", "forget", "candidate", "output"}
        assert {*one["gates"]} == {"input", "forget", "output"}
        assert one["gates"]["forget"]["half_life"] > 0
        assert one["gates"]["input"]["half_life"] is None
        own = one["activity"]
        assert 0 <= own["idle"] <= own["saturated"] < 1
        (row,) = (line for line in out.splitlines() if f"{own['mean']:.4f}" in line)
        assert row.split()[3:] == [
            "tanh",
            f"{own['idle']:.1%}", f"{own['saturated']:.1%}", f"{own['mean']:.4f}", f"{own['shift']:.4f}",
            f"{own['deviation']:.4f}",
        ]  # fmt: skip
        assert f"layer 1 {arrow} candidate" in out
    assert "gradients of 3 sentences, from a word of each up to 9 steps back" in out
    assert Path(wanted[1]).read_bytes().startswith(b"\x89PNG")
    svg = Path(wanted[2]).read_text("utf-8")
    assert svg.rstrip().endswith("</svg>")
    assert "<dc:date>" not in svg
    for plain, packed in ((wanted[0], wanted[3]), (wanted[2], wanted[4])):
        assert gzip.decompress(Path(packed).read_bytes()) == Path(plain).read_bytes()


def test_stdout_alone_and_the_same_again(spans: Any, long: Path, capsys: Capture) -> None:
    arguments = ["gradients", str(spans.folder), str(long), "-o", "-", "--sentences", "2", "--steps", "4"]
    assert run(arguments) == 0
    first = capsys.readouterr()
    assert first.err == ""
    assert json.loads(first.out)["sentences"] == 2
    assert run(arguments) == 0
    assert capsys.readouterr() == first
    assert run([*arguments, "--seed", "5"]) == 0
    assert capsys.readouterr() != first


def test_files_are_there_when_stdout_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of the options."""

    def fail(text: str) -> None:
        raise BrokenPipeError

    figures = SimpleNamespace(to_json=lambda: {"steps": 3})
    monkeypatch.setattr("seqtag.stages.gradients.gradients", lambda *given, **how: figures)
    monkeypatch.setattr(sys.stdout, "write", fail)
    with pytest.raises(BrokenPipeError):
        gradients.__wrapped__("model", "file", ["-", str(tmp_path / "out.json")], options=AUTO)
    assert json.loads((tmp_path / "out.json").read_text()) == {"steps": 3}


def test_steps_go_by_the_file(spans: Any, plain: Any, capsys: Capture) -> None:
    """As many as one sentence in ten allows; tags may be plain."""
    lengths = sorted(len(block.splitlines()) for block in plain.dev.read_text("utf-8").strip().split("\n\n"))
    assert run(["gradients", str(plain.folder), str(plain.dev), "-o", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == lengths[-1 - len(lengths) // 10] - 1
    assert found["long_enough"] == sum(length > found["steps"] for length in lengths)
    assert len(found["layers"]) == 2


class TestRefusals:
    def test_a_model_without_a_state(self, spans: Any, tmp_path: Path, capsys: Capture) -> None:
        given = ["--cell", "dense", "--head", "softmax", "--units", "4", "--embedding-dim", "4", "-q"]
        given += ["--epochs", "1"]
        given += ["--characters", "none", "--set", "training.averaging=none", "--optimizer", "sgd"]
        given += ["--train", str(spans.dev), "-o", str(tmp_path / "m")]
        assert run(["train", *given]) == 0
        capsys.readouterr()
        assert run(["gradients", str(tmp_path / "m"), str(spans.dev)]) == 1
        assert "its cell, dense, has no state; expected a model with a recurrent layer" in complaint(capsys)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("\n", "there is no sentence in the file"),
            ("Ana\tB-PER\n\n", "has more than 2 words; the longest has 1."),
            ("Ana\tB-PRIZE\nsaw\tO\nit\tO\n", "no sentence with tags that the model knows"),
            ("Ana\tPER\n", ":1: 'PER' is not a BIO tag"),
        ],
    )
    def test_files(self, spans: Any, tmp_path: Path, capsys: Capture, text: str, problem: str) -> None:
        (tmp_path / "x").write_text(text, encoding="utf-8")
        assert run(["gradients", str(spans.folder), str(tmp_path / "x")]) == 1
        assert problem in complaint(capsys)

    def test_too_many_steps(self, spans: Any, long: Path, capsys: Capture) -> None:
        assert run(["gradients", str(spans.folder), str(long), "--steps", "14"]) == 1
        assert "more than 14 words; the longest has 14. Try --steps 13." in complaint(capsys)

    def test_norms_that_overflow(
        self, spans: Any, long: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = LayerReach(1, "backward", [1.0, float("inf")], [1.0, 1.0], {}, {})
        monkeypatch.setattr(reach.Sample, "measured", lambda *given: [replace(broken, errors=[1.0]), broken])
        assert run(["gradients", str(spans.folder), str(long)]) == 1
        assert "the gradients of layer 1 (backward) are not finite" in complaint(capsys)

    def test_models(self, spans: Any, long: Path, tmp_path: Path, capsys: Capture) -> None:
        assert run(["gradients", str(tmp_path / "none"), str(long)]) == 1
        assert "no such folder; expected a model folder" in complaint(capsys)
        shutil.copytree(spans.folder, tmp_path / "m")
        path = tmp_path / "m" / "weights.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        assert run(["gradients", str(tmp_path / "m"), str(long)]) == 1
        assert "weights.safetensors is damaged" in complaint(capsys)

    @pytest.mark.parametrize("wrong", ["shapes", "bytes", "settings"])
    def test_a_model_that_is_whole_and_makes_no_sense(
        self, spans: Any, long: Path, tmp_path: Path, capsys: Capture, wrong: str
    ) -> None:
        import safetensors.numpy

        from seqtag.model_folder import layout, replacing

        files = {name: (spans.folder / name).read_bytes() for name in layout.FILES}
        if wrong == "shapes":
            weights = safetensors.numpy.load(files["weights.safetensors"])
            weights["word/table/embeddings"] = weights["word/table/embeddings"][1:].copy()
            files["weights.safetensors"] = safetensors.numpy.save(weights)
        elif wrong == "bytes":
            files["weights.safetensors"] = b"none"
        else:
            files["config.json"] = files["config.json"].replace(b'"merge_mode"', b'"marge_mode"')
        replacing.write(tmp_path / "m", files)
        assert run(["gradients", str(tmp_path / "m"), str(long)]) == 1
        assert {
            "shapes": "the weight word/table/embeddings has the shape (22, 16); expected (23, 16)",
            "bytes": "is not what seqtag writes",
            "settings": "there is no setting 'encoder.marge_mode'",
        }[wrong] in complaint(capsys)

    def test_outputs(self, spans: Any, long: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        arguments = ["gradients", str(spans.folder), str(long)]
        assert run([*arguments, "-o", str(long)]) == 2
        assert "is also an input" in complaint(capsys)
        assert run([*arguments, "-o", "x.json", "-o", "x.json"]) == 2
        assert "two outputs have the same path" in complaint(capsys)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        assert run([*arguments, "-o", "x.png"]) == 1
        assert "pip install '.[plot]' in a clone of seqtag" in complaint(capsys)


def test_a_file_that_is_read_in_another_way(
    spans: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its header is passed over, and its tags are spelt in another way."""
    path = tmp_path / "other.conll"
    path.write_text("word\ttag\n" + spans.dev.read_text().replace("\tB-", "\tB_").replace("\tI-", "\tI_"))
    arguments = ["gradients", str(spans.folder), str(path), "--steps", "2"]
    assert run([*arguments, "--skip-rows", "1", "--tag-spelling", "B_TYPE"]) == 0
    assert run([*arguments, "--skip-rows", "1"]) == 1
    assert "B_" in capsys.readouterr().err
