"""The project's own files agree with one another."""

import ast
import runpy
import subprocess
import sys
import tomllib
import zipfile
from itertools import pairwise
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seqtag.cli import COMMANDS
from seqtag.support.errors import Error
from seqtag.support.extras import EXTRAS, missing

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_dependency_is_pinned_within_its_range() -> None:
    rows = (TOP / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(row.split(" ;")[0].lower().split("==") for row in rows if not row.startswith("#"))
    wanted = [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]
    for requirement in map(Requirement, wanted):
        if requirement.name == PROJECT["name"]:  # an extra that includes others
            continue
        name = canonicalize_name(requirement.name)
        assert name in pins
        assert requirement.specifier.contains(pins[name]), requirement


def test_ci_ends_with_the_command_that_the_readme_gives_for_the_tests() -> None:
    command = (TOP / ".ci" / "run").read_text("utf-8").rstrip().splitlines()[-1]
    readme = (TOP / "README.md").read_text("utf-8").splitlines()
    assert [line for line in readme if line.split()[-1:] == [command]]


def test_the_commands_of_the_light_installation() -> None:
    """Each command is tried without the extra `train`, and all texts name those that work so."""
    tried = runpy.run_path(str(TOP / ".ci" / "light.py"))
    works, needs = [*tried["light"]("model")], [*tried["heavy"]("model")]
    assert sorted([*works, *needs]) == sorted(COMMANDS)
    *names, last = (f"`{name}`" for name in works)
    for page in ("README.md", "CHANGELOG.md", "docs/commands.md", "docs/docker.md"):
        assert f"{', '.join(names)} and {last}" in (TOP / page).read_text("utf-8"), page


def test_every_optional_package_names_its_extra() -> None:
    for package, extra in EXTRAS.items():
        assert package.replace("_", "-") in {
            Requirement(one).name for one in PROJECT["optional-dependencies"][extra]
        }


def test_a_missing_package_names_the_line_that_installs_it() -> None:
    problem = missing(ModuleNotFoundError(name="tensorflow.keras"), "seqtag train")
    assert isinstance(problem, Error)
    assert str(problem) == (
        "seqtag train needs the package tensorflow, which is not installed: pip install '.[train]' in a clone of seqtag"
    )
    assert missing(ModuleNotFoundError(name="tomllib2"), "seqtag train") is None
    assert missing(ImportError(name="tensorflow"), "seqtag train") is None  # it is there, and is broken


def test_the_wheel_holds_what_is_read_at_run_time(tmp_path: Path) -> None:
    """Every file of the package, also those that are no Python."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=TOP, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("seqtag/")}
    package = {path.relative_to(TOP).as_posix() for path in (TOP / "seqtag").rglob("*") if path.is_file()}
    assert held == {name for name in package if "__pycache__" not in name}
    assert "seqtag/pages/base.html" in held


LONGEST = 60  # lines of a function, without signature and docstring


def test_no_function_is_longer_than_a_page() -> None:
    long = []
    for path in sorted((TOP / "seqtag").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[ast.get_docstring(node) is not None :]
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > LONGEST:
                    long.append(f"{path.relative_to(TOP)}: {node.name} has {lines} lines")
    assert long == []


def test_every_class_has_a_name_of_its_own() -> None:
    """Only the two halves of a part of a network, its Keras layers and its graph writer, share one."""
    homes: dict[str, list[str]] = {}
    for path in sorted((TOP / "seqtag").rglob("*.py")):
        place = path.relative_to(TOP / "seqtag")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(place.parts[0])
    shared = {name: places for name, places in homes.items() if len(places) > 1}
    assert {name: places for name, places in shared.items() if places != ["graph", "network"]} == {}
    assert {"Encoder", "LSTM", "CRFHead"} <= shared.keys()


def test_no_message_ends_with_two_full_stops() -> None:
    """The words of an error may end with one, which `one_line` takes off."""
    found = []
    for path in sorted((TOP / "seqtag").rglob("*.py")):
        for handler in ast.walk(ast.parse(path.read_text("utf-8"))):
            texts = ast.walk(handler) if isinstance(handler, ast.ExceptHandler) else ()
            for text in (node for node in texts if isinstance(node, ast.JoinedStr)):
                for part, after in pairwise(text.values):
                    is_problem = (
                        isinstance(part, ast.FormattedValue) and ast.unparse(part.value) == handler.name
                    )
                    if is_problem and isinstance(after, ast.Constant) and after.value.startswith((".", ").")):
                        found.append(f"{path.relative_to(TOP)}:{text.lineno}")
    assert found == []
