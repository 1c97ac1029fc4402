"""The file of `--space`: what may be varied, in which range, and what depends on what."""

from pathlib import Path

import pytest

from seqtag.settings.registry import TASKS
from seqtag.settings.schema import SETTINGS
from seqtag.settings.space import Choices, Dimension, Range, Space, default, parse_space, read_space
from seqtag.settings.tasks import names, schema_for
from seqtag.support.errors import UsageError


def space(text: str) -> Space:
    return parse_space(text, "space.yaml", SETTINGS)


def test_choices_ranges_and_conditions() -> None:
    found = space(
        "search:\n"
        "  encoder.cell: [lstm, gru]\n"
        "  encoder.units: {low: 50, high: 200, step: 25}\n"
        "  training.learning_rate: {low: 1e-3, high: 0.01, log: true}\n"
        "  encoder.dropout: {low: 0, high: 0.6, step: 0.2}\n"
        "  encoder.layers: {choices: [1, 2]}\n"
        "  encoder.residual: {choices: [none, highway], when: {encoder.layers: [2]}}\n"
    )
    assert found.dimensions == (
        Dimension("encoder.cell", Choices(("lstm", "gru"))),
        Dimension("encoder.units", Range(50, 200, step=25, whole=True)),
        Dimension("training.learning_rate", Range(0.001, 0.01, log=True)),
        Dimension("encoder.dropout", Range(0.0, 0.6, step=0.2)),
        Dimension("encoder.layers", Choices((1, 2))),
        Dimension("encoder.residual", Choices(("none", "highway")), {"encoder.layers": (2,)}),
    )
    assert found.logarithmic == {"training.learning_rate"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "space.yaml: expected `search:`"),
        ("serch: {}", "space.yaml:1: serch is unknown; expected `search:`"),
        ("task: tagging\nsearch:\n  encoder.units: [8]", "space.yaml:1: task is unknown"),
        (
            "search:\n  encoder.dropout: {low: 0.1, high: 0.5, step: 1.0e-300}",
            "encoder.dropout has more than 10,000 values",
        ),
        (
            "search:\n  encoder.layers: [1, 2]\n  encoder.cell: {choices: [gru], when: {encoder.layers: []}}",
            "space.yaml:3: encoder.cell depends on no value of encoder.layers",
        ),
        ("search:\n", "space.yaml:1: search holds no settings"),
        ("search: [1]", "space.yaml:1: search holds no settings"),
        ("search:\n  encoder.cel: [lstm]", "space.yaml:2: "),
        ("search:\n  encoder.cell: [lstm, grv]", "space.yaml:2: encoder.cell is 'grv'"),
        ("search:\n  encoder.cell: [lstm, lstm]", "space.yaml:2: 'lstm' is listed twice"),
        ("search:\n  encoder.cell: []", "space.yaml:2: encoder.cell has no value"),
        ("search:\n  encoder.cell: lstm", "space.yaml:2: encoder.cell has one value"),
        ("search:\n  encoder.cell: {low: 1, high: 2}", "space.yaml:2: encoder.cell is no number"),
        ("search:\n  encoder.units: {low: 50}", "space.yaml:2: encoder.units has no high"),
        (
            "search:\n  encoder.units: {low: 50, hihg: 9}",
            "space.yaml:2: encoder.units.hihg is unknown. Did you mean",
        ),
        ("search:\n  encoder.units: {low: 50, high: 50}", "low is 50 and high is 50"),
        ("search:\n  encoder.units: {low: 5.5, high: 50}", "encoder.units is 5.5"),
        ("search:\n  encoder.units: {low: 5, high: 50, step: 2.5}", "step is 2.5; expected a whole number"),
        ("search:\n  encoder.units: {low: 5, high: 50, step: 46}", "step is 46; expected a whole number"),
        ("search:\n  encoder.units: {low: 5, high: 50, step: true}", "step is True"),
        ("search:\n  encoder.units: {low: 5, high: 50, log: 1}", "log is 1; expected true or false"),
        ("search:\n  encoder.dropout: {low: 0, high: 0.5, log: true}", "log needs a low above 0"),
        ("search:\n  encoder.dropout: {low: -1, high: 0.5}", "encoder.dropout is -1"),
        ("search:\n  encoder.units: {low: auto, high: 50}", "low is 'auto'; expected a number"),
        (
            "search:\n  encoder.units: {choices: [50], low: 5}",
            "expected choices as a list, without low and high",
        ),
        (
            "search:\n  encoder.units: [50]\n  encoder.units: [60]",
            "space.yaml:3: encoder.units is given twice",
        ),
        ("search:\n  training.seed: [1, 2]", "--seeds sets how many seeds"),
        ("search:\n  embeddings.lists.files: [a.txt]", "holds a list of values"),
        ("search:\n  encoder.residual: {choices: [none], when: {encoder.layers: 2}}", "not varied above it"),
        (
            "search:\n  encoder.layers: [1]\n  encoder.residual: {choices: [none], when: {encoder.layers: 2}}",
            "encoder.layers is never 2",
        ),
        ("search:\n  encoder.residual: {choices: [none], when: 3}", "expected when as {key.path: value}"),
        ("search:\n  encoder.units: [[1]]", "expected one value, not a list"),
    ],
)
def test_what_is_no_space(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        space(text)
    assert problem in str(raised.value)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("search:\n  encoder.cell: [lstm]\n  encoder.dropout: [2]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=f"^{path}:3: encoder.dropout is 2"):
        read_space(str(path), SETTINGS)


class TestValues:
    SPACE = (
        "search:\n  encoder.layers: [1, 2]\n  encoder.units: {low: 50, high: 100, step: 25}\n"
        "  encoder.residual: {choices: [none, highway], when: {encoder.layers: 2}}\n"
    )

    def test_settings_that_could_have_been_chosen(self) -> None:
        given = {"encoder.layers": 2, "encoder.units": 75, "encoder.residual": "none", "encoder.cell": "gru"}
        found = space(self.SPACE).values_of(given)
        assert found == {"encoder.layers": 2, "encoder.units": 75, "encoder.residual": "none"}
        assert space(self.SPACE).holds(found)

    def test_a_setting_that_does_not_apply_may_be_anything(self) -> None:
        given = {"encoder.layers": 1, "encoder.units": 100, "encoder.residual": "residual"}
        found = space(self.SPACE).values_of(given)
        assert found == {"encoder.layers": 1, "encoder.units": 100}
        assert space(self.SPACE).holds(found)

    @pytest.mark.parametrize(("layers", "units"), [(3, 75), (1, 60), (1, 125), (True, 75), (1, None)])
    def test_settings_outside(self, layers: int, units: int | None) -> None:
        given = {"encoder.layers": layers, "encoder.units": units, "encoder.residual": "none"}
        found = space(self.SPACE).values_of(given)
        assert found == {"encoder.layers": layers, "encoder.units": units}
        assert not space(self.SPACE).holds(found)


class TestGrid:
    def test_all_values(self) -> None:
        found = space(
            "search:\n  encoder.cell: [lstm, gru]\n  encoder.units: {low: 50, high: 110, step: 25}\n"
            "  encoder.layers: {low: 1, high: 3}\n  encoder.dropout: {low: 0.1, high: 0.3, step: 0.1}"
        ).grid()
        assert found["encoder.cell"] == ("lstm", "gru")
        assert found["encoder.units"] == (50, 75, 100)
        assert found["encoder.layers"] == (1, 2, 3)
        assert found["encoder.dropout"] == (0.1, 0.2, 0.3)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("search:\n  encoder.dropout: {low: 0.1, high: 0.3}", "a range without a step has no grid"),
            (
                "search:\n  encoder.layers: [1, 2]\n  encoder.residual: {choices: [none], when: {encoder.layers: 2}}",
                "a grid has no `when`",
            ),
        ],
    )
    def test_what_has_none(self, text: str, problem: str) -> None:
        with pytest.raises(UsageError, match=problem):
            space(text).grid()


@pytest.mark.parametrize("task", names())
def test_the_default_space_of_a_task_holds_its_default_settings_or_nearly(task: str) -> None:
    """Values that go by the corpus aside, each default can be drawn: what is varied begins where it should."""
    schema = schema_for(task)
    found = parse_space(default(task), task, schema)
    assert len(found.dimensions) >= 5
    for dimension in found.dimensions:
        entry = schema[dimension.path]
        assert dimension.values.holds(entry.default), dimension.path


def test_every_task_with_a_training_has_a_space() -> None:
    assert {*names()} == {name for name, row in TASKS.items() if not row.own_training}
