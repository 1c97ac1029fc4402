"""Writes `docs/reference/options.md` anew: every command with its arguments and options, from the help of the program.

python docs/make_commands.py
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from seqtag.cli import COMMANDS, app_for

PAGE = Path(__file__).parent / "reference" / "options.md"
HEAD = """\
# Options of every command

<!-- Written by docs/make_commands.py from the help of the commands; do not edit. -->

`seqtag COMMAND --help` shows the same. [Commands](../commands.md) describes what the commands do, with examples, and \
[Settings](../settings.md) every setting that `--set` and a settings file take.

Options that stand before the command, as in `seqtag --debug train`:
"""


def generated() -> str:
    """The whole page."""
    program: Any = typer.main.get_command(app_for([]))
    lines = [HEAD, *_table([one for one in program.params if one.name != "help"])]
    for name in COMMANDS:
        command = program.commands[name]
        inner = getattr(command, "commands", None)
        for title, one in [(name, command)] if inner is None else _inner(name, inner):
            lines += ["", f"## {title}", "", *_described(title, one)]
    return "\n".join(lines) + "\n"


def _inner(name: str, commands: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"{name} {one}", command) for one, command in commands.items()]


def _described(title: str, command: Any) -> Iterator[str]:
    """What the help says of a command: its text, how it is called, examples and options."""
    text, _, examples = inspect.cleandoc(command.help).partition("Examples:\n")
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield from (_plain(" ".join(paragraph.split())), "")
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    yield from ("```text", " ".join(["seqtag", title, "[OPTIONS]", *map(_called, arguments)]), "```")
    if examples.strip():
        yield from ("", "Examples:", "", "```sh", inspect.cleandoc(examples).strip(), "```")
    if arguments:
        yield from ("", "| argument | meaning |", "| --- | --- |")
        yield from (f"| `{_name(one)}` | {_plain(one.help)} |" for one in arguments)
    panels: dict[str, list[Any]] = {}
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            panels.setdefault(option.rich_help_panel or "", []).append(option)
    for panel, options in sorted(panels.items(), key=lambda one: one[0] != ""):
        yield from ("", *([f"**{panel}**", ""] if panel else []), *_table(options))


def _name(argument: Any) -> str:
    return str(argument.metavar).strip("[].")


def _called(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _table(options: list[Any]) -> list[str]:
    rows = []
    for option in options:
        names = [*sorted(option.opts, key=lambda name: not name.startswith("--")), *option.secondary_opts]
        value = "" if option.is_flag else f" {option.metavar}"
        shown = ", ".join(f"`{name}{value if name == names[0] else ''}`" for name in names)
        notes = [_bounds(option), "required" if option.required else "", _default(option)]
        noted = "; ".join(filter(None, notes))
        rows.append(f"| {shown} | {_plain(option.help)}{f' ({noted})' if noted else ''} |")
    return ["| option | meaning |", "| --- | --- |", *rows]


def _bounds(option: Any) -> str:
    """The numbers that an option takes."""
    if option.min is not None and option.max is not None:
        return f"{option.min} to {option.max:,}"
    return f"at least {option.min}" if option.min is not None else ""


def _default(option: Any) -> str:
    if option.required or option.is_flag or not option.show_default or option.default in (None, (), []):
        return ""
    return f"default: `{option.default}`"


def _plain(text: str) -> str:
    """A text of the help as Markdown: nothing but its inline code is markup."""
    text = " ".join((text or "").replace("\\[", "[").split())
    pieces = re.split(r"(`[^`]*`)", text)
    pieces[::2] = [re.sub(r"([*_<>|\\])", r"\\\1", piece) for piece in pieces[::2]]
    pieces[1::2] = [piece.replace("|", "\\|") for piece in pieces[1::2]]
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]+)(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"`\1`", "".join(pieces))


if __name__ == "__main__":
    PAGE.write_text(generated(), encoding="utf-8")
