"""Draws the README's picture, `docs/terminal.svg`: a terminal in which a model tags a few sentences and is scored.

    python docs/make_picture.py [MODEL]

Without MODEL, the sample corpus of English news is trained on first, which takes less than a minute.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

TOP = Path(__file__).parent.parent
PICTURE = TOP / "docs" / "terminal.svg"
CORPUS = Path("sample_data", "english_news")
WIDTH = 92
SENTENCES = """\
Marta Lindqvist flew from Lisbon to Rotterdam on Monday.
Officials in Norway said the storm would reach Bergen by Friday.
The Portuguese minister met Anna Kowalski of Baltic Rail in Gdansk.
"""
ANSI = ("#2e3440", "#c0392b", "#2e8b57", "#b8860b", "#2b6cb0", "#a03a9b", "#1a7f8e", "#4c566a")
THEME = TerminalTheme(
    background=(24, 26, 31),
    foreground=(222, 225, 230),
    normal=[tuple(bytes.fromhex(colour[1:])) for colour in ANSI],  # type: ignore[misc]
)
# Rich's own template loads a font from the web, which a picture in a README must not do.
TEMPLATE = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"
)


def main(model: str | None = None) -> None:
    """Draw the picture with the given model, or with one that is trained for it."""
    with tempfile.TemporaryDirectory() as folder:
        if model is None:
            model = str(Path(folder, "model"))
            files = [f"--{name}={CORPUS / name}.conll" for name in ("train", "dev")]
            run("train", "-c", str(CORPUS / "config.yaml"), *files, "-o", model)
        text = Path(folder, "news.txt")
        text.write_text(SENTENCES, encoding="utf-8")
        tagged = run("predict", model, str(text), "--format", "text")
        scored = run("evaluate", model, str(CORPUS / "test.conll")).replace(model, "model", 1)
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), color_system="truecolor")  # noqa: SIM115
    for command, output in (
        ("seqtag predict model news.txt --format text", tagged),
        (f"seqtag evaluate model {CORPUS / 'test.conll'}", scored.partition("\n \x1b[1mmicro average by")[0]),
    ):
        console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
        console.print(Text.from_ansi(output.rstrip() + "\n"))
    console.save_svg(str(PICTURE), title="seqtag", theme=THEME, code_format=TEMPLATE, unique_id="seqtag")


def run(*arguments: str) -> str:
    """The standard output of a command, as on a terminal with colours."""
    environment = os.environ | {
        "FORCE_COLOR": "1",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "COLUMNS": str(WIDTH),
    }
    command = [sys.executable, "-m", "seqtag", *arguments]
    return subprocess.run(
        command, cwd=TOP, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
