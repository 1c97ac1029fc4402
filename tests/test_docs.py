"""The README against the program: every command, every setting, every part has its line.

`python tests/test_docs.py` writes the table of settings anew.
"""

import re
from pathlib import Path

import pytest

from seqtag.cli import COMMANDS
from seqtag.settings import registry
from seqtag.settings.reference import markdown
from seqtag.settings.schema import SETTINGS

README = Path(__file__).parent.parent / "README.md"
START = "<!-- settings: python tests/test_docs.py rewrites this table -->\n"
END = "<!-- end of settings -->\n"


def with_table(text: str) -> str:
    before, rest = text.split(START)
    return before + START + markdown() + END + rest.split(END)[1]


def test_the_table_of_settings_is_the_programs() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python tests/test_docs.py"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section_with_an_example(command: str) -> None:
    text = README.read_text(encoding="utf-8")
    section = re.search(rf"\n### {command}\n(.*?)\n##", text, re.DOTALL)
    assert section is not None
    assert f"seqtag {command}" in section[1]


@pytest.mark.parametrize(
    "table",
    [
        "CELLS",
        "SHORTCUTS",
        "ATTENTIONS",
        "HEADS",
        "OPTIMIZERS",
        "SCHEDULES",
        "EMBEDDINGS",
        "READERS",
        "TOKENIZERS",
        "INPUTS",
        "WRITERS",
    ],
)
def test_every_part_is_named(table: str) -> None:
    section = README.read_text(encoding="utf-8").split("## The model")[1].split("\n## ")[0]
    missing = [name for name in getattr(registry, table) if f"`{name}`" not in section]
    assert not missing


def test_every_setting_is_explained() -> None:
    assert all(entry.help and entry.help[0] != " " for entry in SETTINGS.values())


def test_no_image_or_link_is_missing() -> None:
    text = README.read_text(encoding="utf-8")
    local = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in local if not (README.parent / link).exists()] == []


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
