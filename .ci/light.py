"""Checks an environment made by `pip install .`: small, without what training needs, and able to tag and score."""

import importlib.util
import subprocess
import sys
from pathlib import Path

MOST = 250  # MB
TOP = Path(__file__).parent.parent
MODEL = TOP / "tests" / "golden" / "models" / "format_1"
CORPUS = TOP / "sample_data" / "english_news" / "test.conll"


def seqtag(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the environment."""
    command = [str(folder / "bin" / "seqtag"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, input="Marta left Lisbon .\n")


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
    for arguments in (["predict", str(MODEL)], ["evaluate", str(MODEL), str(CORPUS)], ["check", str(CORPUS)]):
        done = seqtag(folder, *arguments)
        if done.returncode or not done.stdout:
            sys.exit(f"{' '.join(arguments)}: exit code {done.returncode}: {done.stderr}")
    done = seqtag(folder, "train", "--train", str(CORPUS), "-o", str(folder / "model"))
    if done.returncode != 1 or "'.[train]'" not in done.stderr or done.stderr.count("\n") != 1:
        sys.exit(f"train without TensorFlow: exit code {done.returncode}: {done.stderr}")
    print(f"the light environment takes {size:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
