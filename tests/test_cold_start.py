"""Nobody waits for what he does not need: each command in a fresh process, and what it loaded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import seqtag

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(seqtag.__file__).parents[1])}
HEAVY = {"tensorflow", "keras", "onnx", "seqeval", "sklearn", "scipy", "pandas", "filelock"}
NUMERIC = {"numpy", "onnxruntime", "safetensors"}
CONVERTERS = {"pydantic", "pydantic_core"}  # of command-line options
CODE = """
import sys
from seqtag.cli import run
code = run(sys.argv[1:])
own = {name for name in sys.modules if name.startswith("seqtag.")}
print(code, *own, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)
"""


def loads(*arguments: str) -> set[str]:
    """The top-level modules that a command line has loaded in the end."""
    command = [sys.executable, "-c", CODE, *arguments]
    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(modules)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "train",
        "evaluate",
        "predict",
        "compare",
        "tune",
        "explain",
        "check",
        "merge",
        "init-config",
        "lm",
        "lm train",
    ],
)
def test_help(command: str) -> None:
    found = loads(*command.split(), "--help")
    assert not found & HEAVY
    assert not found & NUMERIC


def test_a_command_does_not_wait_for_the_others(spans: Any) -> None:
    found = loads("predict", str(spans.folder), str(spans.dev))
    assert not found & {"seqtag.cli.train", "seqtag.cli.compare", "seqtag.cli.gradients"}
    assert not loads("check", str(spans.train)) & {"seqtag.cli.train", "seqtag.cli.predict"}


def test_version() -> None:
    found = loads("--version")
    assert not found & (HEAVY | NUMERIC)


def test_init_config(tmp_path: Path) -> None:
    assert not loads("init-config", str(tmp_path / "config.yaml")) & (HEAVY | NUMERIC)


def test_check(spans: Any) -> None:
    found = loads("check", str(spans.train))
    assert not found & HEAVY
    assert "onnxruntime" not in found


@pytest.mark.parametrize("output", ["conll", "jsonl", "text"])
def test_predict(spans: Any, output: str) -> None:
    found = loads(
        "predict",
        str(spans.folder),
        str(spans.train),
        "--input-format",
        "conll",
        "--format",
        output,
        "--threads=1",
    )
    assert "onnxruntime" in found
    assert not found & (HEAVY | CONVERTERS)
    if output != "text":
        assert "safetensors" not in found


def test_predict_text(spans: Any, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Ana flew to Oslo.\n", encoding="utf-8")
    found = loads("predict", str(spans.folder), str(text))
    assert not found & {
        "concurrent",
        "email",
        "logging",
    }  # parts of the standard library that take their time
    of_others = {"corpora.conllu", "corpora.doubts", "corpora.jsonl", "corpora.spacing", "corpora.spacy_json"}
    of_others |= {"corpora.brackets", "evaluation.known", "evaluation.scoring", "settings.labelled"}
    assert not found & {f"seqtag.{name}" for name in of_others}


def test_merge(spans: Any, tmp_path: Path) -> None:
    shutil.copytree(spans.folder, tmp_path / "other")
    models = str(spans.folder), str(tmp_path / "other")
    found = loads("merge", *models, "-o", str(tmp_path / "merged"), "--dev", str(spans.dev))
    assert not found & (HEAVY - {"filelock"})  # which holds the place of the model


def test_evaluate(spans: Any) -> None:
    assert not loads("evaluate", str(spans.folder), str(spans.dev)) & (HEAVY | CONVERTERS)
    found = loads("evaluate", "--predicted", str(spans.dev), str(spans.dev))
    assert not found & HEAVY
    assert "onnxruntime" not in found


def test_language_models(spans: Any, tmp_path: Path) -> None:
    train = loads("lm", "train", "--train", str(spans.train), "-o", str(tmp_path / "lm"))
    assert not train & ((HEAVY - {"filelock"}) | {"onnxruntime"})
    score = loads("lm", "score", str(tmp_path / "lm"), str(spans.dev))
    assert not score & (HEAVY | {"onnxruntime", "seqtag.cli.lm.train", "seqtag.cli.train"})
    models, mixture = [str(tmp_path / "lm")] * 2, str(tmp_path / "mixture")
    mix = loads("lm", "mix", *models, "--dev", str(spans.dev), "-o", mixture)
    assert not mix & ((HEAVY - {"filelock"}) | {"onnxruntime"})
    assert not loads("lm", "score", mixture, str(spans.dev)) & (HEAVY | {"onnxruntime"})
    explained = loads("explain", str(tmp_path / "lm"), str(spans.dev))
    assert not explained & (HEAVY | {"onnxruntime", "seqtag.stages.explain", "seqtag.network"})


@pytest.mark.parametrize(
    ("command", "more"),
    [("score", ()), ("generate", ("-n", "2", "--longest", "5")), ("fill", ("Ana ___ Oslo .", "--json", "-"))],
)
def test_recurrent_language_models(command: str, more: tuple[str, ...], spans: Any) -> None:
    model = Path(__file__).parent / "golden" / "models" / "recurrent_language_model_1"
    arguments = (str(spans.dev),) if command == "score" else more
    found = loads("lm", command, str(model), *arguments)
    assert "onnxruntime" in found
    tables = set() if command == "score" else {"rich"}  # which folds lines
    assert not found & (HEAVY | {"seqtag.network"} | tables)


@pytest.mark.parametrize("chosen", [None, "3"])
def test_products_on_one_thread(chosen: str | None, spans: Any) -> None:
    """OpenBLAS looks at the variable when NumPy is imported; what the user set holds."""
    model = Path(__file__).parent / "golden" / "models" / "recurrent_language_model_1"
    code = """
import os, sys
sys.addaudithook(
    lambda event, args: event == "import" and args[0] == "numpy" and print(os.environ["OPENBLAS_NUM_THREADS"])
)
from seqtag.cli import run
run(sys.argv[1:])
"""
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {} if chosen is None else {"OPENBLAS_NUM_THREADS": chosen}
    for command in (["score", str(model), str(spans.dev)], ["generate", str(model), "--longest", "2"]):
        done = subprocess.run(
            [sys.executable, "-c", code, "lm", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[0] == (chosen or "1")


def test_the_end_is_not_waited_for() -> None:
    """Python looks for garbage at exit, among all objects but those that are frozen."""
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > len(gc.get_objects())))
from seqtag.cli import main
main(["--version"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True"


def test_the_package_itself_is_free() -> None:
    code = "import sys; before = set(sys.modules); import seqtag; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["seqtag"]
