"""The settings that `seqtag tune` varies, and what each may be: the YAML file of `--space`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any

import yaml

from seqtag.settings.config_files import compose, composed, scalar
from seqtag.settings.schema import Schema, check_key, check_value, members_of
from seqtag.support.errors import UsageError, suggest
from seqtag.support.quoting import quoted, shortened

ROOT = "search"
RANGE = ("low", "high", "log", "step")
CHOICES, WHEN = "choices", "when"
MOST_VALUES = 10_000  # of a setting, where they are counted
Value = bool | int | float | str | None


@dataclass(frozen=True)
class Choices:
    """A setting is one of these values.

    Attributes:
        values: The values, at least one.
    """

    values: tuple[Value, ...]

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.values)

    def grid(self) -> tuple[Value, ...] | None:
        """All values."""
        return self.values


@dataclass(frozen=True)
class Range:
    """A setting is a number in a range.

    Attributes:
        low: The smallest.
        high: The largest.
        log: Whether the logarithm is what is drawn evenly.
        step: How far values are apart, from the smallest on; None for any number between.
        whole: Whether the numbers are whole.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value can be drawn."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-9 and (not self.whole or value == int(value))

    def grid(self) -> tuple[Value, ...] | None:
        """All values, if there is a step; None otherwise."""
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None:
            return None
        count = int((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.plain(self.low + number * step) for number in range(count))

    def plain(self, value: float) -> int | float:
        """The value without the digits that only computing it has brought, as in 0.30000000000000004; with three
        digits where there is no step.
        """
        if self.whole:
            return int(value)
        return min(max(float(f"{value:.{12 if self.step else 3}g}"), self.low), self.high)


@dataclass(frozen=True)
class Dimension:
    """A setting that is varied.

    Attributes:
        path: The setting.
        values: What it may be.
        when: The values that other settings must have for this one to be varied, by path.
    """

    path: str
    values: Choices | Range
    when: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def is_varied(self, choice: Mapping[str, Any]) -> bool:
        """Whether it is varied beside what was chosen for the settings before it."""
        return all(
            path in choice and Choices(wanted).holds(choice[path]) for path, wanted in self.when.items()
        )


@dataclass(frozen=True)
class Space:
    """The settings that are varied, in order: a setting stands after those that it depends on.

    Attributes:
        dimensions: The settings.
    """

    dimensions: tuple[Dimension, ...]

    @property
    def logarithmic(self) -> frozenset[str]:
        """The settings whose logarithm is what is drawn evenly."""
        return frozenset(
            one.path for one in self.dimensions if isinstance(one.values, Range) and one.values.log
        )

    def values_of(self, settings: Mapping[str, Any]) -> dict[str, Value]:
        """The values that settings have for what is varied, whether or not they could have been drawn.

        Args:
            settings: The value of each setting by path.
        """
        choice: dict[str, Value] = {}
        for dimension in self.dimensions:
            if dimension.is_varied(choice):
                choice[dimension.path] = settings[dimension.path]
        return choice

    def holds(self, choice: Mapping[str, Any]) -> bool:
        """Whether a choice could have been drawn."""
        varied = [dimension for dimension in self.dimensions if dimension.is_varied(choice)]
        return all(one.path in choice and one.values.holds(choice[one.path]) for one in varied)

    def grid(self) -> dict[str, tuple[Value, ...]]:
        """All values of each setting.

        Raises:
            UsageError: A setting has no end of values, or depends on another one.
        """
        found = {}
        for dimension in self.dimensions:
            values = dimension.values.grid()
            if values is None:
                raise UsageError(
                    f"{dimension.path}: a range without a step has no grid; give it a step or choices."
                )
            if dimension.when:
                raise UsageError(f"{dimension.path}: a grid has no `{WHEN}`; use the sampler tpe or random.")
            found[dimension.path] = values
        return found

    def to_json(self) -> list[dict[str, Any]]:
        """What tells this space from others."""
        return [asdict(dimension) for dimension in self.dimensions]


def default(task: str) -> str:
    """The YAML text of the space of a task that is searched without `--space`."""
    return files(__package__).joinpath("spaces", f"{task}.yaml").read_text("utf-8")


def read_space(path: str, schema: Schema[Any]) -> Space:
    """The space of a YAML file.

    Args:
        path: The file.
        schema: The settings of the task.

    Raises:
        DataError: The file cannot be read or is not YAML.
        UsageError: It is not a space: an unknown setting, a value that the setting cannot have, an empty range.
    """
    return Space(tuple(_SpaceReader(path, schema).dimensions(compose(path))))


def parse_space(text: str, source: str, schema: Schema[Any]) -> Space:
    """The space of a YAML text; see `read_space`."""
    return Space(tuple(_SpaceReader(source, schema).dimensions(composed(text, source))))


@dataclass(frozen=True)
class _SpaceReader:
    """Reads the nodes of a file.

    Attributes:
        file: Its name, for messages.
        schema: The settings of the task.
    """

    file: str
    schema: Schema[Any]

    def dimensions(self, root: yaml.MappingNode | None) -> Iterator[Dimension]:
        entries = dict(self.entries(root)) if root else {}
        for name, (node, source) in entries.items():
            if name != ROOT:
                raise UsageError(
                    f"{source}: {shortened(name)} is unknown; expected `{ROOT}:` with the settings to vary."
                )
            if not (isinstance(node, yaml.MappingNode) and node.value):
                raise UsageError(f"{source}: {ROOT} holds no settings; expected `key.path: [value, value]`.")
        if ROOT not in entries:
            raise UsageError(f"{self.file}: expected `{ROOT}:` with the settings to vary.")
        found: dict[str, Dimension] = {}
        for path, (node, source) in self.entries(entries[ROOT][0]):
            check_key(path, source, self.schema)
            if path == "training.seed":
                raise UsageError(f"{source}: {path} cannot be varied here; --seeds sets how many seeds.")
            if self.schema[path].is_list:
                raise UsageError(f"{source}: {path} holds a list of values, which cannot be searched.")
            found[path] = self.dimension(path, node, source, found)
            yield found[path]

    def entries(self, node: Any) -> Iterator[tuple[str, tuple[yaml.Node, str]]]:
        """The names in a mapping, each with its node and its place."""
        seen: set[str] = set()
        for key, value in node.value:
            source = f"{self.file}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError(f"{source}: a key must be a name.")
            if key.value in seen:
                raise UsageError(f"{source}: {shortened(key.value)} is given twice.")
            seen.add(key.value)
            yield key.value, (value, source)

    def dimension(
        self, path: str, node: yaml.Node, source: str, before: Mapping[str, Dimension]
    ) -> Dimension:
        if isinstance(node, yaml.SequenceNode):
            return Dimension(path, self.choices(path, node))
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{source}: {path} has one value; expected a list, or low and high.")
        parts = dict(self.entries(node))
        for name, (_, place) in parts.items():
            if name not in (*RANGE, CHOICES, WHEN):
                raise UsageError(
                    f"{place}: {path}.{shortened(name)} is unknown.{suggest(name, [*RANGE, CHOICES, WHEN])}"
                )
        when = self.conditions(path, parts[WHEN], before) if WHEN in parts else {}
        if CHOICES not in parts:
            return Dimension(path, self.range(path, parts, source), when)
        choices, place = parts[CHOICES]
        if len(parts) > 1 + (WHEN in parts) or not isinstance(choices, yaml.SequenceNode):
            raise UsageError(f"{place}: expected {CHOICES} as a list, without low and high.")
        return Dimension(path, self.choices(path, choices), when)

    def choices(self, path: str, node: yaml.SequenceNode) -> Choices:
        found: list[Value] = []
        if len(node.value) > MOST_VALUES:
            raise UsageError(f"{self.place(node)}: {path} has more than {MOST_VALUES:,} values.")
        for element in node.value:
            value = self.value(path, element)
            if Choices(tuple(found)).holds(value):
                raise UsageError(f"{self.place(element)}: {quoted(value)} is listed twice.")
            found.append(value)
        if not found:
            raise UsageError(f"{self.place(node)}: {path} has no value.")
        return Choices(tuple(found))

    def range(self, path: str, parts: Mapping[str, tuple[yaml.Node, str]], source: str) -> Range:
        members = members_of(self.schema[path].type)
        if int not in members and float not in members:
            raise UsageError(f"{source}: {path} is no number; expected a list of values.")
        for name in ("low", "high"):
            if name not in parts:
                raise UsageError(
                    f"{source}: {path} has no {name}; expected low and high, or a list of values."
                )
        low, high = (self.number(path, name, parts[name][0]) for name in ("low", "high"))
        whole = float not in members
        log = self.plain(*parts["log"]) if "log" in parts else False
        step = self.plain(*parts["step"]) if "step" in parts else None
        if low >= high:
            raise UsageError(f"{source}: {path}: low is {low} and high is {high}; expected a low below high.")
        if not isinstance(log, bool):
            raise UsageError(f"{parts['log'][1]}: {path}: log is {quoted(log)}; expected true or false.")
        if log and (low <= 0 or step is not None):
            raise UsageError(f"{source}: {path}: log needs a low above 0, and no step.")
        if step is not None and (
            isinstance(step, bool)
            or not isinstance(step, int if whole else int | float)
            or not 0 < step <= high - low
        ):
            kind = "a whole number" if whole else "a number"
            raise UsageError(
                f"{parts['step'][1]}: {path}: step is {quoted(step)}; expected {kind} above 0, at most high - low."
            )
        if step is not None and (high - low) / step > MOST_VALUES:
            raise UsageError(f"{parts['step'][1]}: {path} has more than {MOST_VALUES:,} values.")
        return Range(low, high, log, step, whole)

    def conditions(
        self, path: str, entry: tuple[yaml.Node, str], before: Mapping[str, Dimension]
    ) -> dict[str, tuple[Value, ...]]:
        node, source = entry
        if not isinstance(node, yaml.MappingNode):
            raise UsageError(f"{source}: {path}: expected {WHEN} as {{key.path: value}}.")
        found = {}
        for other, (values, place) in self.entries(node):
            if other not in before:
                raise UsageError(
                    f"{place}: {path} depends on {shortened(other)}, which is not varied above it."
                )
            wanted = values.value if isinstance(values, yaml.SequenceNode) else [values]
            if not wanted:
                raise UsageError(
                    f"{place}: {path} depends on no value of {other}; expected a value or a list."
                )
            found[other] = tuple(self.value(other, one) for one in wanted)
            for value in found[other]:
                if not before[other].values.holds(value):
                    raise UsageError(f"{place}: {other} is never {quoted(value)} in this space.")
        return found

    def value(self, path: str, node: yaml.Node) -> Value:
        """A value that the setting may have."""
        source = self.place(node)
        value = self.plain(node, source)
        if self.schema[path].by_corpus and value == "auto":
            return "auto"
        checked: Value = check_value(path, value, source, self.schema)
        return checked

    def number(self, path: str, name: str, node: yaml.Node) -> float:
        value = self.value(path, node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{self.place(node)}: {path}: {name} is {quoted(value)}; expected a number.")
        return value

    def plain(self, node: yaml.Node, source: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise UsageError(f"{source}: expected one value, not a list or a mapping.")
        return scalar(node, source)

    def place(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"
