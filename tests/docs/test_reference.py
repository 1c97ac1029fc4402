"""The pages of `docs/reference` against the program."""

import importlib.util
import io
import json
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from seqtag.cli import COMMANDS
from seqtag.corpora.document import Alternative, Document
from seqtag.corpora.tags import Span, parse_scheme
from seqtag.support import errors
from seqtag.support.interrupt import Interrupted
from seqtag.tasks.transduction.use import WRITERS

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"


def read(page: str) -> str:
    return (REFERENCE / page).read_text("utf-8")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_commands", REFERENCE.parent / "make_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_options_are_those_of_the_program(maker: ModuleType) -> None:
    assert read("options.md") == maker.generated(), "run: python docs/make_commands.py"


def test_every_command_has_a_section(maker: ModuleType) -> None:
    titles = re.findall(r"^## (\S+)", maker.generated(), re.MULTILINE)
    assert list(dict.fromkeys(titles)) == list(COMMANDS)
    rows = re.findall(r"^\| `--[\w-]+.*\| \S", maker.generated(), re.MULTILINE)
    assert len(rows) > 250


def test_texts_of_the_help_are_not_taken_for_markup(maker: ModuleType) -> None:
    assert maker._plain("a*b <unk> x_y `p|q` \\[default: 1]") == "a\\*b \\<unk\\> x\\_y `p\\|q` [default: 1]"


def keys_of(title: str) -> set[str]:
    """The keys in the table of a section of the page on JSON."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", read("json.md"), re.DOTALL | re.MULTILINE)
    assert found is not None
    cells = re.findall(r"^\| (`.*?) \|", found[1], re.MULTILINE)
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


def document(**given: Any) -> dict[str, Any]:
    made: dict[str, Any] = Document(
        text="Ana left Oslo",
        words=["Ana", "left", "Oslo"],
        tags=["B-PER", "O", "B-LOC"],
        scheme=parse_scheme("bio"),
        spans=[Span(0, 1, "PER"), Span(2, 3, "LOC")],
        probabilities=[0.9, 0.8, 0.7],
        span_probabilities=[0.9, 0.7],
        **given,
    ).to_dict()
    return made


def test_the_keys_of_json() -> None:
    answer = document(
        ends=(3,),
        labels=("news",),
        label_probabilities={"news": 0.6, "sport": 0.4},
        alternatives=[Alternative(("B-PER", "O", "B-LOC"), 0.5)],
        extra={"entities": 1},
    )
    assert answer.pop("given_entities") == 1
    assert keys_of("The object") == set(answer)
    for title, key in [
        ("Tokens", "tokens"),
        ("Entities", "entities"),
        ("Sentences", "sentences"),
        ("Tag sequences", "nbest"),
    ]:
        assert keys_of(title) == set(answer[key][0]), title


def test_the_keys_of_a_transducer() -> None:
    stream = io.StringIO()
    found = SimpleNamespace(text="walked", probability=0.9, complete=False)
    pair = SimpleNamespace(source="walk", features=("past",), line=1)
    WRITERS["jsonl"](stream).write(SimpleNamespace(pair=pair, best=found, found=[found]))
    row = json.loads(stream.getvalue())
    assert keys_of("Transducers") == set(row)
    assert set(row["nbest"][0]) == {"target", "probability", "complete"}


def test_the_exit_codes() -> None:
    named = set(map(int, re.findall(r"^\| (\d+) \|", read("exit-codes.md"), re.MULTILINE)))
    raised = {one.exit_code for one in vars(errors).values() if hasattr(one, "exit_code")}
    assert named == {0, *raised, *(Interrupted(number).exit_code for number in (2, 15))}
