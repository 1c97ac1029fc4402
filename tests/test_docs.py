"""The README and `docs/` against the program: commands, options, settings, parts, links.

`docs/make_settings.py` writes the tables of settings anew, `docs/make_examples.py` the outputs of the examples,
`docs/make_commands.py` the options of the commands, which `docs/test_reference.py` checks.
"""

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer.main

from seqtag.cli import COMMANDS, app_for
from seqtag.settings import registry
from seqtag.settings.tasks import KEY, every_path, schema_for

TOP = Path(__file__).parent.parent
README = TOP / "README.md"
DOCS = TOP / "docs"
PAGES = [
    README,
    *sorted(DOCS.rglob("*.md")),
    *(TOP / name / "README.md" for name in ("benchmarks", "sample_data")),
]
PAGES += [TOP / "SECURITY.md", TOP / "CHANGELOG.md"]
GROUP: Any = typer.main.get_command(app_for([]))
# Texts of the program that are spelt like the codes of findings.
OTHER_NAMES = {
    "ill-formed",
    "init-config",
    "model-index",  # names of the Hub
    "text-classification",
    "token-classification",
    "n-grams",
    "no-cache",
    "no-referrer",
    "seqtag-checkpoint",
    "seqtag-classification",
    "seqtag-joint",
    "seqtag-lm",
    "seqtag-model",
    "seqtag-plan",
    "seqtag-transduction",
    "well-known",
}
NO_OPTIONS_OF_OURS = {"--slow", "--target", "--read-only"}  # of .ci/check and docker


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    found = re.search(rf"\n## {title}\n(.*?)(?=\n## |\Z)", read(DOCS / page), re.DOTALL)
    assert found is not None, f"{page} has no section {title}"
    return found[1]


def options_of(command: str) -> set[str]:
    """All names of the options of a command and of the commands in it, those of `seqtag` itself among them."""
    found = {"--help", "-h"}
    named = GROUP.commands[command]
    inner = getattr(named, "commands", {}).values()
    for parameter in [*GROUP.params, *named.params, *(own for one in inner for own in one.params)]:
        found.update(parameter.opts, parameter.secondary_opts)
    return found


def example_commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `seqtag ...` in code blocks and in inline code; without brackets of what is optional."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    code = [line.removeprefix("$ ") for line in lines if "seqtag " in line]
    code += re.findall(r"`(seqtag [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in code:
        plain = re.sub(r"--\[no-\]", "--no-", line).replace(" [", " ").replace("] ", " ")
        if "..." in plain.split():
            continue
        lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, "|"]:
            if set(word) <= set("|&;<>"):
                if words and words[0].rpartition("/")[2] == "seqtag":
                    yield words[1:]
                words = []
            else:
                words.append(word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_commands_in_examples_are_real(page: Path) -> None:
    for words in example_commands(read(page)):
        if words[:1] == ["--debug"]:
            words = words[1:]
        if not words or words[0] in (
            "COMMAND",
            "--help",
            *(name for one in GROUP.params for name in one.opts),
        ):
            continue
        assert words[0] in COMMANDS, f"{page.name}: seqtag {shlex.join(words)}"
        inner = getattr(GROUP.commands[words[0]], "commands", None)
        assert inner is None or {*words[1:2]} <= {*inner, "COMMAND"}, (
            f"{page.name}: seqtag {shlex.join(words)}"
        )
        used = [word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)]
        unknown = set(used) - options_of(words[0])
        assert not unknown, f"{page.name}: seqtag {shlex.join(words)}: {unknown}"
        for option, value in pairwise(words):
            if option in ("--set", "--grid"):
                assert value.partition("=")[0] in {KEY, *every_path()}, f"{page.name}: {option} {value}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section_with_an_example(command: str) -> None:
    text = section("commands.md", command)
    assert [words for words in example_commands(text) if words[0] == command]
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= options_of(command)
    assert f"](#{command})" in read(DOCS / "commands.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_options_and_settings_in_the_text_are_real(page: Path) -> None:
    if page.parent.name == "benchmarks":  # whose programs have options of their own
        return
    every = NO_OPTIONS_OF_OURS.union(*map(options_of, COMMANDS))
    prose = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    assert set(re.findall(r"`(--[a-z-]+)", prose)) <= every
    groups = "|".join({path.partition(".")[0] for path in every_path()})
    assert set(re.findall(rf"`((?:{groups})\.[a-z_.]+)(?=[`: ])", prose)) <= every_path()


def test_the_tables_of_settings_are_the_programs() -> None:
    spec = importlib.util.spec_from_file_location("make_settings", DOCS / "make_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = read(DOCS / "settings.md")
    assert text == module.with_tables(text), "run: python docs/make_settings.py"
    assert all(f"`{path}`" in text for path in every_path())


def test_every_setting_is_explained() -> None:
    every = [entry for task in registry.TASKS for entry in schema_for(task).values()]
    assert all(entry.help and entry.help[0] != " " for entry in every)


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        ("embeddings", "EMBEDDINGS"),
        ("character networks", "CHARACTER_ENCODERS"),
        ("recurrent cells|cells without a state", "CELLS"),
        ("shortcuts around a layer", "SHORTCUTS"),
        ("normalisation", "NORMALIZATIONS"),
        ("trees", "TREES"),
        ("attention", "ATTENTIONS"),
        ("heads", "HEADS"),
        ("label poolings", "POOLINGS"),
        ("optimizers", "OPTIMIZERS"),
        ("schedules", "SCHEDULES"),
        ("metrics", "METRICS"),
        ("tokenizers", "TOKENIZERS"),
    ],
)
def test_the_list_of_parts_is_the_registrys(rows: str, table: str) -> None:
    found = re.findall(rf"^\| \[(?:{rows})\]\(.*?\) \| (.*) \|$", read(DOCS / "model.md"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(found))) == set(getattr(registry, table))


@pytest.mark.parametrize(
    ("rows", "half"),
    [("corpus formats", "tagged"), ("input of predict", "reader"), ("output of predict", "writer")],
)
def test_the_list_of_formats_is_the_registrys(rows: str, half: str) -> None:
    (found,) = re.findall(rf"^\| \[{rows}\]\(.*?\) \| (.*) \|$", read(DOCS / "model.md"), re.MULTILINE)
    known = {name for name, row in registry.formats(half).items() if half != "writer" or not row.labelled}
    assert set(re.findall(r"`(\w+)`", found)) == known


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("Embeddings", "EMBEDDINGS"),
        ("Recurrent cells", "CELLS"),
        ("Shortcuts", "SHORTCUTS"),
        ("Normalisation", "NORMALIZATIONS"),
        ("Trees", "TREES"),
        ("Heads", "HEADS"),
        ("Labels of sentences", "POOLINGS"),
        ("Optimizers and schedules", "SCHEDULES"),
    ],
)
def test_every_part_is_described(title: str, table: str) -> None:
    text = section("model.md", title)
    if table == "CELLS":
        text += section("model.md", "Cells without a state")
    assert [name for name in getattr(registry, table) if f"`{name}`" not in text] == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    prose = re.sub(r"```.*?```", "", read(page), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_in_the_index_and_in_the_navigation() -> None:
    """In the same order, so that the index on GitHub and the site say the same."""
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    linked = re.findall(r"\]\(([\w/-]+\.md)\)", read(DOCS / "README.md"))
    assert sorted(linked) == sorted(pages)
    navigation = read(TOP / "mkdocs.yml").partition("\nnav:\n")[2]
    listed = [page for page in re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE) if page in pages]
    assert listed == linked


def test_the_layout_names_every_package() -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("contributing.md", "Layout"), re.MULTILINE)
    packages = {path.parent.name for path in (TOP / "seqtag").glob("*/__init__.py")}
    assert set(named) == packages


def test_the_readme_is_one_that_is_read() -> None:
    content = README.read_bytes()
    assert len(content.splitlines()) <= 150
    assert len(content) <= 12_000


def test_no_page_says_to_install_somebody_elses_package() -> None:
    for page in PAGES:
        assert not re.search(r"pip install (-\S+ )*seqtag\b", read(page)), page


def test_the_table_of_what_formats_hold_is_the_registrys() -> None:
    section = read(DOCS / "corpora.md").split("## What each format")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    held = ("tokens", "text", "spans", "tags", "keys", "labels", "empty")
    found = {
        name: {what for what, cell in zip(held, cells.split("|"), strict=True) if cell.strip() == "yes"}
        for name, cells in rows
    }
    tagged = {
        name: row
        for name, row in registry.FORMATS.items()
        if (row.tagged or row.labelled) and (row.writer or row.exporter)
    }
    assert found == {name: set(row.carries) for name, row in tagged.items()}


def test_the_table_of_findings_has_the_codes_of_the_program() -> None:
    trees = [ast.parse(read(path)) for path in (TOP / "seqtag").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    given = {
        node.args[1].value  # of Finding(level, code, ...)
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
        if isinstance(node.args[1], ast.Constant)
    }
    hyphenated = {text for text in texts if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    cells = re.findall(r"^\| (`.*?`) \|", section("commands.md", "check"), re.MULTILINE)
    table = re.findall(r"`([a-z-]+)`", " ".join(cells))
    assert len(table) == len(set(table))
    assert given | hyphenated - OTHER_NAMES <= set(table) <= texts
