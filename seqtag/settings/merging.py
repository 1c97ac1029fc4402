"""Settings from several sources: which one holds, what excludes what, and what the corpus decides."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqtag.settings import registry
from seqtag.settings.config import Config, RunSettings
from seqtag.settings.plugins import Plugin
from seqtag.settings.schema import SETTINGS, AnyTree, Schema, check_key, check_value, schema_of
from seqtag.support.errors import UsageError
from seqtag.support.quoting import quoted

# Settings of which at most one holds: the one from the strongest source takes the place of the others.
EXCLUSIVE = (("training.global_clipnorm", "training.clipnorm", "training.clipvalue"),)


Layer = Mapping[str, tuple[Any, str]]


def merge(*layers: Layer) -> Config:
    """The settings of a tagger; see `merge_into`."""
    return merge_into(SETTINGS, *layers)


def merge_into(schema: Schema[AnyTree], *layers: Layer) -> AnyTree:
    """The settings from layers of {path: (value, source)}, weakest first, over the defaults.

    Raises:
        UsageError: An unknown path, a bad value, or two settings of one layer that exclude each other.
    """
    values = {path: entry.default for path, entry in schema.items()}
    automatic = {path for path, entry in schema.items() if entry.by_corpus}
    for layer in layers:
        checked = {}
        for path, (value, source) in layer.items():
            check_key(path, source, schema)
            if schema[path].by_corpus and value == "auto":
                checked[path] = schema[path].default
                automatic.add(path)
            else:
                checked[path] = check_value(path, value, source, schema)
                automatic.discard(path)
        _check_exclusive(checked, {path: source for path, (_, source) in layer.items()})
        for group in EXCLUSIVE:
            if any(checked.get(path) is not None for path in group):
                values.update(dict.fromkeys(group))
        values.update(checked)
    _check_parts(values, {path: source for layer in layers for path, (_, source) in layer.items()})
    return _config(schema, values, frozenset(automatic))


def _check_parts(values: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    if values.get("encoder.layers") == 0 and values.get("encoder.tree", "none") == "none":
        source = sources.get("encoder.layers", "encoder")
        raise UsageError(f"{source}: encoder.layers is 0; expected at least 1, or a tree (encoder.tree).")
    if values.get("encoder.context") and values.get("encoder.attention") != "mentions":
        source = sources.get("encoder.context", "encoder")
        raise UsageError(
            f"{source}: encoder.context is {values['encoder.context']}; expected encoder.attention mentions with it, "
            "which is what reads other sentences."
        )
    if values.get("tree.labels") == "root" and "label.pooling" not in values:
        source = sources.get("tree.labels", "tree")
        raise UsageError(
            f"{source}: tree.labels is root; task tagging learns the label of every node, and task classification that "
            "of the root."
        )
    if values.get("label.pooling") == "root" and (
        values["encoder.tree"] == "none" or values["encoder.tree_direction"] == "down"
    ):
        source = sources.get("label.pooling", "label")
        raise UsageError(
            f"{source}: label.pooling is root; expected a tree that is read up or in both directions (encoder.tree, "
            "encoder.tree_direction)."
        )


def _check_exclusive(checked: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    for group in EXCLUSIVE:
        chosen = [path for path in group if checked.get(path)]
        if len(chosen) > 1:
            names = " and ".join(chosen)
            raise UsageError(f"{sources[chosen[-1]]}: {names} exclude each other; set one of them.")


def continued(
    schema: Schema[AnyTree],
    there: RunSettings,
    base: str,
    changeable: tuple[str, ...],
    layers: Sequence[Layer],
) -> AnyTree:
    """The settings of a run that goes on from a model: those of the model, with the changes of some layers.

    Args:
        schema: The schema of the settings.
        there: The settings of the model.
        base: The model, for messages.
        changeable: What the paths of the settings begin with that may differ from those of the model.
        layers: Further settings as {path: (value, source)}, weakest first.

    Raises:
        UsageError: One is unknown, out of bounds, or differs from that of the model and may not.
    """
    kept = dict(flatten(there.to_json(), schema=schema))
    changes = []
    for layer in layers:
        for path, (value, source) in layer.items():
            check_key(path, source, schema)
            if path.startswith(changeable) or (schema[path].by_corpus and value == "auto"):
                continue
            given, own = (check_value(path, one, source, schema) for one in (value, kept[path]))
            if given != own and path in schema.kind.PATHS:
                raise UsageError(
                    f"{source}: {path} is {quoted(given)}; training continues from {base}, which holds all that it "
                    "reads and can read nothing else. Leave it out."
                )
            if given != own:
                raise UsageError(
                    f"{source}: {path} is {quoted(given)}, and {quoted(own)} in {base}, from which training continues; "
                    "it cannot be changed there."
                )
        changes.append({path: entry for path, entry in layer.items() if path.startswith(changeable)})
    return merge_into(schema, {path: (value, base) for path, value in kept.items()}, *changes)


def from_values(tree: Mapping[str, Any], source: str) -> Config:
    """The settings of a tagger; see `values_into`."""
    return values_into(SETTINGS, tree, source)


def values_into(schema: Schema[AnyTree], tree: Mapping[str, Any], source: str) -> AnyTree:
    """The settings from nested values, as `to_json` writes them: each key must be there and no other.

    Raises:
        UsageError: A key is missing or unknown, or a value is out of bounds.
    """
    leaves = dict(flatten(tree, schema=schema))
    missing = [path for path in schema if path not in leaves]
    if missing:
        raise UsageError(f"{source}: the setting {missing[0]!r} is missing.")
    for path in leaves:
        check_key(path, source, schema)
    checked = {path: check_value(path, value, source, schema) for path, value in leaves.items()}
    _check_exclusive(checked, dict.fromkeys(checked, source))
    _check_parts(checked, dict.fromkeys(checked, source))
    return _config(schema, checked)


def for_corpus(config: AnyTree, *, spans: bool = True, word_vectors: bool = False) -> AnyTree:
    """The settings for a corpus of spans or of plain tags, with or without pretrained vectors of whole words: all
    are decided.
    """
    schema: Schema[AnyTree] = schema_of(config)
    decided = {
        path: schema[path].default_for(spans=spans, word_vectors=word_vectors) for path in config.automatic
    }
    return _config(schema, dict(flatten(config.to_json(), schema=schema)) | decided)


def foreign(config: RunSettings) -> list[Plugin]:
    """The parts of other packages that the settings name."""
    schema = schema_of(config)
    values = dict(flatten(config.to_json(), schema=schema))
    found = [
        registry.plugin(entry.metadata["table"], values[path])
        for path, entry in schema.items()
        if entry.metadata["table"] and values[path] not in entry.metadata["choices"]
    ]
    return [plugin for plugin in found if plugin is not None]


def flatten(
    tree: Mapping[str, Any], prefix: str = "", schema: Schema[Any] = SETTINGS
) -> Iterator[tuple[str, Any]]:
    """(path, value) of each leaf of nested mappings."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and prefix + str(key) not in schema:
            yield from flatten(value, f"{prefix}{key}.", schema)
        else:
            yield prefix + str(key), value


def _config(
    schema: Schema[AnyTree], values: Mapping[str, Any], automatic: frozenset[str] = frozenset()
) -> AnyTree:
    """The settings from the value of each path."""
    whole = {**schema.kind.FIXED, **values}
    sections = {
        entry.name: _section(entry.type, entry.name + ".", whole)
        for entry in dataclasses.fields(schema.kind)
        if dataclasses.is_dataclass(entry.type)
    }
    return schema.kind(**sections, automatic=automatic)


def _section(kind: Any, prefix: str, values: Mapping[str, Any]) -> Any:
    arguments = {}
    for entry in dataclasses.fields(kind):
        path = prefix + entry.name
        inner = dataclasses.is_dataclass(entry.type)
        arguments[entry.name] = _section(entry.type, path + ".", values) if inner else values[path]
    return kind(**arguments)


def changed(
    config: RunSettings, *, spans: bool = True, word_vectors: bool = False
) -> dict[str, tuple[Any, Any]]:
    """The settings that differ from the defaults: of each path the value and the default.

    Args:
        config: The settings of a run, or those that a model folder holds.
        spans: Whether the corpus has spans, for which some defaults are others than for plain tags.
        word_vectors: Whether the network reads pretrained vectors of whole words.
    """
    schema = schema_of(config)
    found = {}
    for path, value in flatten(config.to_json(), schema=schema):
        default = schema[path].default_for(spans=spans, word_vectors=word_vectors)
        if value != default and [*_items(value)] != [*_items(default)]:
            found[path] = (value, default)
    return found


def _items(value: Any) -> Iterator[Any]:
    """The items of a list or a tuple, which JSON does not tell apart; of any other value, itself."""
    yield from value if isinstance(value, list | tuple) else [value]
