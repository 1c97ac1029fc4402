"""The project's own files agree with one another."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_dependency_is_pinned_within_its_range() -> None:
    rows = (TOP / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(row.split(" ;")[0].lower().split("==") for row in rows if not row.startswith("#"))
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, wanted):
        assert requirement.name.lower() in pins
        assert requirement.specifier.contains(pins[requirement.name.lower()]), requirement


def test_ci_ends_with_the_command_that_the_readme_gives_for_the_tests() -> None:
    command = (TOP / ".ci" / "run").read_text("utf-8").rstrip().splitlines()[-1]
    readme = (TOP / "README.md").read_text("utf-8").splitlines()
    assert [line for line in readme if line.split()[-1:] == [command]]
