"""Settings as YAML: a file of them, and `key.path=value` on the command line."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from seqtag.settings.schema import SETTINGS, Schema, check_key, check_value
from seqtag.settings.tasks import KEY, every_path, holds_list
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import opened
from seqtag.support.quoting import quoted, shortened

Layer = dict[str, tuple[Any, str]]

MAX_BYTES = 1 << 20
MAX_DEPTH = 20  # of lists and mappings in each other; settings are three deep
MOST_VALUES = 10_000  # of a setting in a grid

# What PyYAML raises for a value that is not what it looks like (2001-99-99) or says it is (!!bool maybe).
UNREADABLE = (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError)


def read(path: str) -> Layer:
    """The settings of a YAML file, of whatever task: {path: (value, "FILE:LINE")}.

    Raises:
        DataError: The file cannot be read or is not YAML.
        UsageError: It is not a tree of settings: a key given twice, a list, an alias, a nesting without end.
    """
    root = compose(path)
    if root is None:
        return {}
    layer: Layer = {}
    for name, (value, source) in _leaves(root, "", path):
        if name in layer:  # once as `a.b: ...` and once as `a: {b: ...}`
            raise UsageError(f"{source}: {shortened(name)} is given twice.")
        layer[name] = (value, source)
    return layer


def compose(path: str) -> yaml.MappingNode | None:
    """The nodes of a YAML file that holds a mapping; None for an empty one.

    Raises:
        DataError: The file cannot be read or is not YAML.
        UsageError: It holds something else, an alias or a nesting without end.
    """
    return composed(_text(path), path)


def composed(text: str, path: str) -> yaml.MappingNode | None:
    """The nodes of a YAML text; see `compose`."""
    try:
        if found := _refused(text):
            problem_found, line = found
            raise UsageError(f"{path}:{line}: {problem_found} in settings.")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as problem:
        line = text[: problem.position].count("\n") + 1
        raise DataError(path, line, f"is not YAML: it holds U+{int(problem.character):04X}") from problem
    except (yaml.YAMLError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        words = getattr(problem, "problem", None) or "cannot be read as YAML"
        raise DataError(path, mark.line + 1 if mark else None, f"is not YAML: {words}") from problem
    if root is None or _is_empty(root):
        return None
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{path}:{root.start_mark.line + 1}: expected settings as `key: value`.")
    return root


def _text(path: str) -> str:
    """The text of a file of settings."""
    try:
        with opened(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise DataError(path, None, f"cannot be read: {problem.strerror}") from problem
    if len(content) > MAX_BYTES:
        raise DataError(path, None, f"has more than {MAX_BYTES} bytes; expected a file of settings")
    try:
        return str(content.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise DataError(path, line, "is not UTF-8") from problem


def _refused(text: str) -> tuple[str, int] | None:
    """What no settings need, and its line. Found in time that grows as the text does: PyYAML takes minutes for some
    thousand brackets that stand in each other, if it is let.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            return "aliases are not allowed", line
        if depth > MAX_DEPTH:
            return f"more than {MAX_DEPTH} lists and mappings in each other are not allowed", line
    return None


def _value(text: str) -> Any:
    """The value of a text on the command line.

    Raises:
        YAMLError: It is not YAML, or holds what no settings need.
        ValueError: It is not what it looks like; so do the others of `UNREADABLE`.
    """
    if text.strip() == "-":  # to YAML a list of nothing, here a tag or standard input
        return "-"
    if found := _refused(text):
        raise yaml.YAMLError(found[0])
    return yaml.safe_load(text)


def _leaves(node: yaml.MappingNode, prefix: str, path: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        source = f"{path}:{key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            raise UsageError(f"{source}: a key must be a name.")
        name = prefix + key_node.value
        if name in seen:
            raise UsageError(f"{source}: {shortened(name)} is given twice.")
        seen.add(name)
        if isinstance(value_node, yaml.MappingNode):
            yield from _leaves(value_node, name + ".", path)
        elif _is_empty(value_node) and any(known.startswith(name + ".") for known in every_path()):
            continue  # a section of which every line has been made a comment
        elif isinstance(value_node, yaml.ScalarNode):
            yield name, (scalar(value_node, source), source)
        elif isinstance(value_node, yaml.SequenceNode) and holds_list(name):
            yield name, ([_element(node, name, path) for node in value_node.value], source)
        else:
            raise UsageError(f"{source}: {shortened(name)} is a list; expected one value.")


def _element(node: yaml.Node, name: str, path: str) -> Any:
    source = f"{path}:{node.start_mark.line + 1}"
    if not isinstance(node, yaml.ScalarNode):
        raise UsageError(f"{source}: {shortened(name)} holds a list; expected values.")
    return scalar(node, source)


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and not node.value


def scalar(node: yaml.ScalarNode, source: str) -> Any:
    """The value of a scalar.

    Raises:
        UsageError: It cannot be read; the message names the source.
    """
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except UNREADABLE as problem:
        raise UsageError(f"{source}: {quoted(node.value)} cannot be read as a value.") from problem
    finally:
        loader.dispose()


def parse_assignments(assignments: Sequence[str]) -> Layer:
    """The settings of `--set key.path=value` options; the last one of a path holds."""
    layer: Layer = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        source = f"--set {shortened(assignment)}"
        if not equals or not path.strip():
            raise UsageError(f"{source}: expected key.path=value, such as encoder.units=200.")
        try:
            parsed = _value(value)
        except UNREADABLE as problem:
            raise UsageError(f"{source}: {quoted(value)} cannot be read as a value.") from problem
        layer[path.strip()] = (parsed, source)
    return layer


def parse_grid(assignments: Sequence[str], schema: Schema[Any] = SETTINGS) -> dict[str, list[Any]]:
    """The values of `--grid key.path=v1,v2` options by path, each checked by itself; a value that holds a comma is
    written in a YAML list, as in `key=["2,3", "2"]`.

    Args:
        assignments: What the options were given.
        schema: The settings of the task.

    Raises:
        UsageError: An unknown key, one that is given twice, a bad value or none, or one that stands there twice.
    """
    grid: dict[str, list[Any]] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        path, source = path.strip(), f"--grid {shortened(assignment)}"
        if not equals or not path or not text.strip():
            raise UsageError(f"{source}: expected key.path=value,value, such as encoder.cell=lstm,gru.")
        if path == KEY:
            raise UsageError(f"{source}: cannot be varied here; --task chooses it.")
        check_key(path, source, schema)
        if path == "training.seed":
            raise UsageError(
                f"{source}: cannot be varied here; --seeds sets how many seeds, training.seed the first."
            )
        if path in grid:
            raise UsageError(f"{source}: {path} is given twice.")
        if text.count(",") > MOST_VALUES:
            raise UsageError(f"{source}: has more than {MOST_VALUES:,} values.")
        try:
            whole = text.lstrip().startswith("[")
            found = _value(text) if whole else [_value(one) for one in text.split(",")]
        except UNREADABLE as problem:
            raise UsageError(f"{source}: {quoted(text)} cannot be read as values.") from problem
        if not found:
            raise UsageError(f"{source}: has no value.")
        grid[path] = []
        for value in found:
            automatic = schema[path].by_corpus and value == "auto"
            checked = value if automatic else check_value(path, value, source, schema)
            if checked in grid[path]:
                raise UsageError(f"{source}: {quoted(value)} is listed twice.")
            grid[path].append(checked)
    return grid
