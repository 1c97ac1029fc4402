"""The checkpoint of a training run: all that the rest of the run depends on, so that a run which was killed ends with
the bytes of one that never was.

It is the folder `MODEL.checkpoint`, written and checked as a model folder is (`seqtag.model_folder`):

    manifest.json       format, format_version, seqtag's version, and size and sha256 of every other file
    state.json          what run this is, where it stands, and what each epoch and each finished seed came to
    state.safetensors   weights, optimizer, averages, the state of what is random, the norms of all gradients
    the model's files   of the best of the seeds that are finished, where several are trained
"""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import seqtag
from seqtag.features.vectors import Vectors
from seqtag.model_folder import folder, layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import CHECKPOINT, SUFFIX, Kind
from seqtag.model_folder.replacing import what_is_foreign
from seqtag.settings.config import RunSettings
from seqtag.settings.merging import foreign
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error, ModelError
from seqtag.support.json_decoder import decode

VALUES, ARRAYS = CHECKPOINT.files
VECTORS = "vectors.bin"  # of a model; a run reads its vectors anew, and a checkpoint does without
ROLES = {
    "train": "the training file",
    "dev": "the dev file",
    "test": "the test file",
    "vectors": "the vectors",
    "from": "the model to continue from",
    "lm": "the language model",
    "lists": "the word lists",
}
FIRST = "first"  # in the values of a run on train and dev: what the one before it came to
OTHERWISE = "Remove it, or leave out --resume and add --force, to train from the beginning."
# What comes of values that are not what they should be.
UNFIT = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
SHOWN = 5  # so many differences are named


def kind_of(model: Kind) -> Kind:
    """The checkpoint of a run that ends in a folder of this kind."""
    kept = tuple(name for name in (*model.files, *model.optional) if name != VECTORS)
    return dataclasses.replace(CHECKPOINT, optional=kept, former=model.former)


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        values: What JSON can hold.
        arrays: Everything else, by name.
    """

    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        epoch, steps = self.values["under_way"]["number"], len(self.values["under_way"]["losses"])
        place = f"in epoch {epoch} after step {steps}" if steps else f"after epoch {epoch - 1}"
        return f"{place} of the run on train and dev" if FIRST in self.values else place


@dataclass(frozen=True)
class Seeds:
    """What the seeds that are finished came to.

    Attributes:
        results: A table for each.
        files: The model folder of the best, but for the vectors.
    """

    results: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """What makes two runs the same: nothing else changes what they come to.

    Attributes:
        settings: All settings; of the file of vectors and of the language model only the content counts.
        seeds: How many seeds are trained.
        content: The sha256 of what was read, by its role.
        versions: Of seqtag and of what computes.
        keep_seeds: Whether the models of all seeds are kept: those of finished seeds are not in the checkpoint.
    """

    settings: dict[str, Any]
    seeds: int
    content: dict[str, str]
    versions: dict[str, str]
    keep_seeds: bool = False

    @classmethod
    def of(
        cls,
        config: RunSettings,
        seeds: int,
        content: Mapping[str, str],
        vectors: Vectors | None,
        keep_seeds: bool = False,
    ) -> "Identity":
        """The identity of a run on files of this content."""
        content = dict(content)
        if vectors is not None:
            content["vectors"] = hashlib.sha256(vectors.packed()).hexdigest()
        packages = ("keras", "tensorflow", "onnxruntime", "numpy")
        versions = {"seqtag": seqtag.__version__, "python": platform.python_version()}
        versions |= {name: _version(name) for name in packages}
        versions |= {plugin.distribution: plugin.version for plugin in foreign(config)}
        return cls(config.portable(), seeds, content, versions, keep_seeds)

    def differences(self, then: "Identity") -> list[str]:
        """In words, what this run has other than the one of the checkpoint."""
        now, was = _flat(self.settings), _flat(then.settings)
        found = [
            f"{path} is {json.dumps(now.get(path))} now and {json.dumps(was.get(path))} there"
            for path in dict.fromkeys([*now, *was])
            if now.get(path) != was.get(path)
        ]
        if self.seeds != then.seeds:
            found.append(f"--seeds is {self.seeds} now and {then.seeds} there")
        if self.keep_seeds != then.keep_seeds:
            given = ("now", "there") if self.keep_seeds else ("there", "now")
            found.append("--keep-seeds is given {} and not {}".format(*given))
        for role, words in ROLES.items():
            if self.content.get(role) != then.content.get(role):
                missing = [
                    what for what, held in (("now", self), ("there", then)) if role not in held.content
                ]
                found.append(
                    f"{words} {'are' if role in ('vectors', 'lists') else 'is'} "
                    + (f"not given {missing[0]}" if missing else "another")
                )
        for name in dict.fromkeys([*self.versions, *then.versions]):
            now_, was_ = self.versions.get(name), then.versions.get(name)
            if now_ != was_:
                found.append(f"{name} is {now_} now and {was_} there")
        return found


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # such as a TensorFlow of another name
        return "unknown"


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else {above + name: value}
    return found


class Checkpoint:
    """The checkpoint of the run that ends in a model folder.

    Args:
        target: The model folder.
        model: What kind of folder it is.
    """

    def __init__(self, target: Path, model: Kind = layout.MODEL) -> None:
        named = target if target.name else target.absolute()
        self.target = target
        self.model = model
        self.kind = kind_of(model)
        self.path = named.parent / (named.name + SUFFIX)
        self.identity: Identity | None = None
        self.seeds = Seeds()
        self.plugins: list[Plugin] = []  # what the model needs of other packages
        self.kept = ""  # where the state stands that this run has saved or read

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.is_symlink() or self.path.exists()

    def check_place(self) -> None:
        """Refuses a place where something else lies, or where nothing can be put.

        Raises:
            Error: It is one.
        """
        foreign = what_is_foreign(self.path, self.kind) if self.path.is_dir() else "is not a folder"
        if self.path.is_symlink() or (self.exists and foreign):
            raise Error(f"{self.path}: already exists and is not a checkpoint. Move it elsewhere.")
        if self.path.is_mount():
            raise Error(f"{self.path}: is a mount point, which cannot be replaced. Choose another -o.")
        replacing.check_room(self.path)

    def check_free(self, *, force: bool, resuming: str = "--resume") -> str:
        """What becomes of the checkpoint of an earlier run when a run does not go on from it; empty if there is none.

        Args:
            force: Whether it may be replaced or removed.
            resuming: The options that go on from it.

        Raises:
            Error: There is one, and nobody has said what shall become of it.
        """
        if not self.exists:
            return ""
        if not force:
            raise Error(
                f"{self.path}: left by a run that was stopped. Use {resuming} to continue it, or --force to discard it "
                "and train from the beginning."
            )
        return f"{self.path}, left by a run that was stopped, is replaced (--force without --resume)"

    def read(self) -> State:
        """The state that was saved last, by a run of the same identity; `seeds` are those that were finished.

        Raises:
            Error: The checkpoint is damaged, or of another run.
        """
        import safetensors.numpy

        with self.trusted():
            opened = Folder(self.path, self.kind)
            values = opened.read_json(VALUES)
            then = decode(Identity, values["run"])
            if self.identity is not None and (differences := self.identity.differences(then)):
                more = f"; and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
                raise Error(
                    f"{self.path}: belongs to another run: {'; '.join(differences[:SHOWN])}{more}. Resume "
                    f"with the command that started it. {OTHERWISE}"
                )
            arrays = safetensors.numpy.load(opened.read(ARRAYS))
            files = {name: opened.read(name) for name in opened.files if name not in self.kind.files}
            results = values["seeds"]
            whole = set(self.model.files) <= set(files) if results else not files
            if not isinstance(results, list) or not whole:
                raise ValueError("the model of the seeds that are finished is not whole")
            state = State(values["state"], arrays)
            self.seeds, self.kept = Seeds(results, files), state.place
            return state

    @contextlib.contextmanager
    def trusted(self) -> Iterator[None]:
        """Within, what the checkpoint holds is taken as what it should be.

        Raises:
            Error: It is something else.
        """
        import safetensors

        try:
            yield
        except ModelError as problem:
            raise Error(f"{problem} The checkpoint cannot be used. {OTHERWISE}") from problem
        except (*UNFIT, safetensors.SafetensorError) as problem:
            raise Error(f"{self.path}: does not hold what a checkpoint holds. {OTHERWISE}") from problem

    def save(self, state: State) -> None:
        """Puts a state in place of the one before.

        Raises:
            Error: It cannot be written; the one before is untouched.
        """
        import safetensors.numpy

        if self.identity is None:
            raise ValueError("a checkpoint needs the identity of its run before it is saved")
        values = {
            "run": dataclasses.asdict(self.identity),
            "state": state.values,
            "seeds": self.seeds.results,
        }
        arrays = {
            name: np.asarray(array, order="C") for name, array in state.arrays.items()
        }  # single numbers too
        files = {VALUES: layout.dump_json(values), ARRAYS: safetensors.numpy.save(arrays)}
        replacing.write(self.path, files | self.seeds.files, self.kind)
        self.kept = state.place

    def finish(self, files: Mapping[str, bytes], *, force: bool) -> str:
        """Puts the model in its place, which hours after it was looked at may be another's, and removes the checkpoint.

        Returns:
            Why the checkpoint is there still; empty if it is not.

        Raises:
            Error: The place is taken, or cannot be written; the checkpoint is there still.
        """
        if not folder.holds(self.target, files, self.model):
            try:
                replacing.check_target(self.target, force=force, kind=self.model)
                replacing.write(self.target, files, self.model, plugins=self.plugins)
            except Error as problem:
                if not self.kept:
                    raise
                going_on = f"{self.path} has all of it: run the same command with --resume to continue."
                raise Error(f"{problem} {going_on}") from problem
        left = self.remove()
        return left and f"the model is written, but {left}"

    def remove(self) -> str:
        """Removes it, if there is one; returns why it cannot be removed, empty if it can."""
        try:
            if self.exists:
                replacing.remove(self.path, self.kind)
        except Error as problem:
            return str(problem)
        return ""
