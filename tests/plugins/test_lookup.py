"""Names of other packages: found where they are asked for, said where they are wrong, and paid for by nobody else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import seqtag
from seqtag.corpora.base import ReadOptions
from seqtag.corpora.reading import read_corpus
from seqtag.settings import registry
from seqtag.settings.config import Config
from seqtag.settings.merging import foreign, merge
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error, MissingPackage, UsageError

CARETS = Plugin("seqtag.formats", "carets", "seqtag-example", "1.2")


def test_a_name_of_another_package(installed: None) -> None:
    assert registry.load(registry.FORMATS, "carets", "reader").__module__ == "seqtag_example.carets"
    assert registry.plugin(registry.FORMATS, "carets") == CARETS
    assert registry.plugin(registry.FORMATS, "conll") is None
    assert "carets" not in registry.FORMATS
    assert registry.known(registry.FORMATS) == [*registry.FORMATS, "carets", "gone"]


def test_settings_take_it_and_say_whose_it_is(installed: None) -> None:
    config = merge({"data.format": ("carets", "x")})
    assert config.data.format == "carets"
    assert foreign(config) == [CARETS]
    assert foreign(Config()) == []


def test_a_wrong_name_is_an_error_that_lists_all_names(installed: None) -> None:
    names = ", ".join(["auto", *registry.formats("tagged"), "carets", "gone"])
    said = rf"x: data.format is 'carrets'. Did you mean 'carets'\? Known: {names}\.$"
    with pytest.raises(UsageError, match=said):
        merge({"data.format": ("carrets", "x")})
    with pytest.raises(UsageError, match=r"unknown name 'carrets'. Did you mean 'carets'\? Known: conll"):
        registry.load(registry.FORMATS, "carrets")
    with pytest.raises(UsageError, match=r"Unknown corpus format 'carrets'. Did you mean 'carets'\?"):
        read_corpus(__file__, ReadOptions(format="carrets"))


def test_without_the_package_its_names_are_unknown() -> None:
    with pytest.raises(
        UsageError,
        match=rf"data.format is 'carets'\..* Known: {', '.join(['auto', *registry.formats('tagged')])}\.$",
    ):
        merge({"data.format": ("carets", "x")})


def test_what_cannot_be_loaded_is_named_with_its_package(installed: None) -> None:
    said = (
        "'gone' of seqtag.formats, from the package seqtag-example 1.2, cannot be loaded: ModuleNotFoundError"
    )
    with pytest.raises(Error, match=said):
        registry.load(registry.FORMATS, "gone")
    with pytest.raises(Error, match=r"'no_part' of seqtag.cells is a function; expected a .*\.Part\."):
        registry.load(registry.CELLS, "no_part")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ImportError('no libfast')", "ImportError: no libfast"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit", "SystemExit"),
        ("", "AttributeError: module 'seqtag_example.broken' has no attribute 'Layer'"),
    ],
)
@pytest.mark.parametrize("half", ["network", "graph"])
def test_a_half_that_cannot_be_imported(
    installed: None, tmp_path: Path, code: str, reason: str, half: str
) -> None:
    (tmp_path / "seqtag-example" / "seqtag_example" / "broken.py").write_text(code, "utf-8")
    with pytest.raises(Error) as caught:
        registry.load(registry.CELLS, "broken", half)
    named = "'broken' of seqtag.cells, from the package seqtag-example 1.2"
    assert str(caught.value) == f"{named}, cannot be loaded: {reason}."


def test_a_half_that_needs_a_package_of_an_extra(
    installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seqtag-example" / "seqtag_example" / "broken.py").write_text("import tensorflow", "utf-8")
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # so an import of it fails
    said = r"^'broken' of .* 1\.2, needs the package tensorflow, which is not installed: pip install"
    with pytest.raises(MissingPackage, match=said):
        registry.load(registry.CELLS, "broken")


def test_a_built_in_half_is_not_taken_for_a_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error stays what it is: the command line or the API says which extra is missing."""
    monkeypatch.setitem(sys.modules, "seqtag.graph.cells.gru", None)
    with pytest.raises(ModuleNotFoundError):
        registry.load(registry.CELLS, "gru", "graph")


def test_a_part_has_halves_and_says_whether_it_has_a_state(installed: None) -> None:
    assert registry.find(registry.CELLS, "doubled").graph == "seqtag_example.graph:Doubled"
    assert not registry.is_stateful("doubled")
    assert registry.is_stateful("half")
    assert registry.load(registry.CELLS, "doubled", "graph").__module__ == "seqtag_example.graph"
    with pytest.raises(Error, match=r"^'half' has no half for the graph\.$"):
        registry.load(registry.CELLS, "half", "graph")


def test_a_built_in_name_is_never_taken_over(installing: Callable[[str, str], None]) -> None:
    installing("other", "[seqtag.formats]\nconll = seqtag_example:CARETS\n")
    assert registry.load(registry.FORMATS, "conll", "reader").__module__ == "seqtag.corpora.conll"


def test_a_name_of_two_packages_is_refused(installed: None, installing: Callable[[str, str], None]) -> None:
    installing("other", "[seqtag.formats]\ncarets = seqtag_example:CARETS\n")
    said = r"'carets' of seqtag.formats is in two packages, other 1.2 and seqtag-example 1.2: uninstall one"
    with pytest.raises(Error, match=said):
        registry.load(registry.FORMATS, "carets", "reader")


def test_nobody_else_pays() -> None:
    """Built-in names are found without a look at what is installed."""
    code = """
import sys
from seqtag.settings import registry
from seqtag.settings.merging import foreign, merge
from seqtag.settings.schema import SETTINGS
config = merge({"encoder.cell": ("gru", "x"), "data.format": ("conllu", "x"), "head.name": ("crf", "x")})
foreign(config), registry.load(registry.FORMATS, "conll", "reader"), registry.is_stateful("gru")
print("importlib.metadata" in sys.modules)
"""
    top = Path(seqtag.__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert (ran.stdout.strip(), ran.stderr) == ("False", "")
