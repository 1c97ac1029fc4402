"""Checks an environment made by `pip install .`: small, without what training needs, able to do what it promises."""

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 250  # MB
TOP = Path(__file__).parent.parent
MODELS = TOP / "tests" / "golden" / "models"
FORMATS = (MODELS / "format_1", MODELS / "format_2")
CORPUS = str(TOP / "sample_data" / "english_news" / "test.conll")
RECURRENT = str(MODELS / "recurrent_language_model_1")
DEV = str(TOP / "sample_data" / "english_news" / "dev.conll")
LOADED = "import seqtag; print(seqtag.load({model!r})('Marta left Lisbon .').tags)"


def light(model: str) -> dict[str, list[str]]:
    """The commands that work without the extra `train`, each with arguments."""
    return {
        "predict": [model],
        "evaluate": [model, CORPUS],
        "info": [model],
        "check": [CORPUS],
        "convert": [CORPUS, "--to", "jsonl"],
        "split": [CORPUS, "-o", "parts"],
        "merge": [*map(str, FORMATS), "-o", "merged"],
        "export": [model, "-o", "model.onnx"],
        "lm": ["train", "--train", CORPUS, "-o", "lm"],
        "init-config": ["config.yaml"],
    }


def heavy(model: str) -> dict[str, list[str]]:
    """The commands that need an extra."""
    files = ["--train", CORPUS, "--dev", DEV]
    return {
        "train": [*files, "-o", "model"],
        "compare": [*files, "--grid", "encoder.cell=gru,lstm", "-o", "grid"],
        "tune": [*files, "-o", "study"],
        "explain": [model, "-o", "page.html"],
        "gradients": [model, CORPUS],
        "serve": [model],
    }


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command of the environment in an empty folder; what it wrote there is added to its output."""
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, input="Marta left Lisbon .\n"
        )
        done.stdout += " ".join(path.name for path in Path(place).iterdir())
    return done


def main(folder: Path) -> None:
    """Ends with a message where something does not hold."""
    installed = [
        name for name in ("tensorflow", "keras", "onnx", "scipy", "sklearn") if importlib.util.find_spec(name)
    ]
    if installed:
        sys.exit(f"the light environment holds {', '.join(installed)}")
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    if size > MOST:
        sys.exit(f"the light environment takes {size:.0f} MB; expected {MOST} at most")
    seqtag, python = str(folder / "bin" / "seqtag"), str(folder / "bin" / "python")
    for model in map(str, FORMATS):
        commands = [[seqtag, name, *arguments] for name, arguments in light(model).items()]
        commands += [[seqtag, "lm", "score", RECURRENT, CORPUS], [python, "-c", LOADED.format(model=model)]]
        for command in commands:
            done = run(*command)
            if done.returncode or not done.stdout:
                sys.exit(f"{' '.join(command[1:])}: exit code {done.returncode}: {done.stderr}")
    for name, arguments in heavy(str(MODELS / "format_2")).items():
        done = run(seqtag, name, *arguments)
        extra = name if name in ("tune", "serve") else "train"
        if done.returncode != 1 or f"'.[{extra}]'" not in done.stderr or done.stderr.count("\n") != 1:
            sys.exit(f"{name} without TensorFlow: exit code {done.returncode}: {done.stderr}")
    print(f"the light environment takes {size:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
