"""Runs the example commands of the README and of `docs/` and puts what they print into the pages.

    python docs/make_examples.py

A line `...` in a block stands for what is left out there: as many lines as stand before and after it are kept. An
example of `seqtag compare`, which takes minutes, is left as it is, and so is one of several commands, whose model is
that of its page.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```console\n\$ (.*)\n((?:(?!```).*\n)*)```\n")
SLOW = "seqtag compare"


def main() -> None:
    """Write all pages anew, from one folder in which the README's first example has trained a model."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sample_data").symlink_to(TOP / "sample_data")
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            page.write_text(BLOCK.sub(lambda block: renewed(block, folder), text), encoding="utf-8")


def renewed(block: re.Match[str], folder: str) -> str:
    """The block of a command with what it prints now."""
    command, before = block[1], block[2].splitlines()
    if SLOW in command or any(line.startswith("$ ") for line in before):
        return block[0]
    lines = shown(command, folder)
    if "..." in before:
        place = before.index("...")
        lines = [*lines[:place], "...", *lines[len(lines) - (len(before) - place - 1) :]]
    return "\n".join(["```console", f"$ {command}", *lines, "```", ""])


def shown(command: str, folder: str) -> list[str]:
    """What a command prints, without blank lines and spaces at the ends of lines."""
    program = f'seqtag() {{ "{sys.executable}" -m seqtag "$@"; }}; {command}'
    environment = os.environ | {"PYTHONPATH": str(TOP), "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return [line.rstrip() for line in done.stdout.splitlines() if line.strip()]


if __name__ == "__main__":
    main()
