"""The information stage: what a model folder says of itself, without loading the model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqtag.corpora.tags import Scheme, types
from seqtag.model_folder.folder import Folder, load
from seqtag.model_folder.layout import LANGUAGE_MODEL, MEMBERS, MODEL, MODELS, format_of
from seqtag.model_folder.recorded import PRIVACY, RecordedScore, data_of, scores_of
from seqtag.model_folder.stored import config_into, read_config
from seqtag.settings.merging import changed
from seqtag.settings.tasks import schema_for
from seqtag.support.errors import ModelError
from seqtag.support.quoting import reason
from seqtag.tasks.folders import task_of


@dataclass(frozen=True)
class ModelInfo:
    """What a model folder says of itself.

    Attributes:
        model: The folder.
        task: The name of its task in `registry.TASKS`, or the kind of a language model.
        format: The name and the version of the folder's format.
        written_by: The version of seqtag that wrote it.
        scheme: The tag scheme; empty for a model without tags.
        tags: The types of its spans, or its tags where they are plain.
        labels: The labels that it gives to whole sentences.
        members: How many models it was merged from; 1 for any other.
        parameters: How many weights were trained; None where the folder does not say.
        data: What each corpus held, by its role.
        epochs: How many epochs were run, and which one was kept; None where the folder does not say.
        seed: The seed; None likewise.
        scores: The recorded scores.
        base: What `report.json` says of the model from which training continued; None for a model that began anew, and
            `from` in JSON.
        settings: The settings that differ from the defaults: of each path the value and the default. Of a language
            model of n-grams all settings, each with None.
        files: The size of each file in bytes.
        plugins: The packages that the model needs, with their versions.
        versions: The versions of the packages that it was trained with.
    """

    model: str
    task: str
    format: tuple[str, int]
    written_by: str
    scheme: str
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    members: int
    parameters: int | None
    data: Mapping[str, Mapping[str, int]]
    epochs: tuple[int, int] | None
    seed: int | None
    scores: tuple[RecordedScore, ...]
    base: Mapping[str, Any] | None
    settings: Mapping[str, tuple[Any, Any]]
    files: Mapping[str, int]
    plugins: Mapping[str, str]
    versions: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        kept, default = "value", "default"
        values = {"from" if name == "base" else name: value for name, value in asdict(self).items()}
        return values | {
            "format": {"name": self.format[0], "version": self.format[1]},
            "epochs": self.epochs and {"run": self.epochs[0], "best": self.epochs[1]},
            "settings": {path: {kept: pair[0], default: pair[1]} for path, pair in self.settings.items()},
            "privacy": PRIVACY,
        }


def info(model: str) -> ModelInfo:
    """What a model folder of any kind says of itself; the weights are not read.

    Raises:
        ModelError: It is not a complete model folder, or one that this version does not read.

    Example:
        >>> info("model").tags  # doctest: +SKIP
        ('LOC', 'MISC', 'ORG', 'PER')
    """
    path = Path(model)
    found = format_of(path)
    kind = next((kind for kind in MODELS if kind.format == found), MODEL)
    return load(path, partial(_info, model), kind)


def _info(model: str, folder: Folder) -> ModelInfo:
    try:
        return _read(model, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ModelError(f"{model}: report.json or vocab.json: {reason(problem)}.") from problem


def _read(model: str, folder: Folder) -> ModelInfo:
    report, vocabulary = folder.read_json("report.json"), folder.read_json("vocab.json")
    is_language = folder.kind is LANGUAGE_MODEL
    config = folder.read_json("config.json") if is_language else {}
    scheme = None if "scheme" not in vocabulary else Scheme.from_json(vocabulary["scheme"])
    tags = vocabulary.get("tags", [])
    history = report.get("history") or []
    return ModelInfo(
        model=model,
        task=f"language model ({config['kind']})" if is_language else task_of(folder.path),
        format=(folder.kind.format, folder.version),
        written_by=folder.writer,
        scheme=scheme.title if scheme and tags else "",
        tags=tuple(types(tags, Scheme.from_json(vocabulary["train_scheme"]))) if tags else (),
        labels=tuple(vocabulary.get("sentence_labels", [])),
        members=len(folder.read_json(MEMBERS)["members"]) if MEMBERS in folder.files else 1,
        parameters=report.get("parameters"),
        data=data_of(report),
        epochs=(len(history), report["best_epoch"]) if history and "best_epoch" in report else None,
        seed=report.get("seed"),
        scores=tuple(scores_of(report)),
        base=_base(report.get("from")),
        settings=_settings(folder, config, spans=scheme is None or scheme.is_spans),
        files=_sizes(folder),
        plugins={plugin.distribution: plugin.version for plugin in folder.plugins},
        versions=dict(report.get("versions") or {}),
    )


def _sizes(folder: Folder) -> dict[str, int]:
    """The size of each file in bytes; the card may have been removed."""
    paths = {name: folder.path / folder.chosen(name) for name in folder.files}
    return {name: path.lstat().st_size for name, path in paths.items() if path.exists()}


def _base(value: Any) -> Mapping[str, Any] | None:
    """What a report says of the model from which training continued; ValueError if it is not what seqtag writes."""
    match value:
        case None:
            return None
        case {"sha256": str(), "tables": dict(tables), "dev": {"measure": str(), "score": float()}}:
            names = [name for what in ("tags", "labels") for name in value.get(what, {"new": []})["new"]]
            counts = [table["new"] for table in tables.values()]
            if all(type(count) is int for count in counts) and all(isinstance(name, str) for name in names):
                return dict(value)
    raise ValueError("the model from which training continued is not described as seqtag does it")


def _settings(folder: Folder, config: Mapping[str, Any], *, spans: bool) -> dict[str, tuple[Any, Any]]:
    """The settings that differ from the defaults; see `ModelInfo`."""
    word_vectors = "vectors.bin" in folder.files
    if folder.kind is not LANGUAGE_MODEL:
        settings = read_config(folder, schema_for(task_of(folder.path)))
        return changed(settings, spans=spans, word_vectors=word_vectors)
    if "settings" not in config:
        return {name: (value, None) for name, value in config.items() if not isinstance(value, dict | list)}
    from seqtag.tasks.language.recurrent.stored import schema_of

    settings = config["settings"]
    where = f"{folder.path}: config.json"
    return changed(config_into(schema_of(settings), settings, where), word_vectors=word_vectors)
