"""Model folders read: the list of files is checked when a folder is opened, each file when it is read."""

import contextlib
import copy
import hashlib
import mmap
import os
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import seqtag
from seqtag.model_folder.layout import (
    CHECKPOINT,
    MANIFEST,
    MODEL,
    MODELS,
    MOST,
    TOLERATED,
    Kind,
    drafts,
    parsed,
)
from seqtag.settings.plugins import Plugin
from seqtag.settings.plugins import find as find_plugin
from seqtag.support.errors import ModelError
from seqtag.support.json_decoder import DecodeError, decode
from seqtag.support.quoting import one_line, printable, shortened

STATE = CHECKPOINT.files[0]
WAITS = 20  # of 10 ms each, for a folder that is to come


class Folder:
    """A folder whose list of files has been checked; each file is checked when it is read.

    Args:
        path: The folder.
        kind: What is expected there.

    Attributes:
        digest: The sha256 of its manifest, which has that of each file.

    Raises:
        ModelError: It is not a complete folder of this kind, of a format that this version reads.
    """

    def __init__(self, path: Path, kind: Kind = MODEL) -> None:
        self.path = path
        self.kind = kind
        self._prefix = ""
        self._chosen: Mapping[str, str] | None = None
        if not path.is_dir():
            found = "is not a folder" if path.exists() else "no such folder"
            raise ModelError(f"{path}: {found}; expected a {kind.title} folder.")
        if not (path / MANIFEST).exists():
            raise ModelError(
                f"{path}: holds no {MANIFEST}, so it is not a {kind.title} folder (or was not copied whole)."
            )
        self._manifest = self._read_manifest()
        # A few more than there can be are enough to find one that does not belong.
        entries = islice(path.iterdir(), len(kind.files) + len(kind.optional) + len(kind.former) + 4)
        present = {entry.name for entry in entries if entry.name != MANIFEST}
        listed = {*self._manifest["files"]}
        for name in sorted(present - listed - TOLERATED):
            raise ModelError(
                f"{path}: {printable(name)} does not belong to the {kind.title}; move it elsewhere."
            )
        for name in sorted(listed - present - TOLERATED):
            raise ModelError(f"{path}: {name} is missing.")
        self.plugins = self._read_plugins()
        for name in listed.intersection(kind.former):
            self.read(name)

    def _read_manifest(self) -> dict[str, Any]:
        content = self._bytes(MANIFEST, MOST[MANIFEST])
        self.digest = hashlib.sha256(content).hexdigest()
        manifest = self._json(MANIFEST, content)
        if manifest.get("format") != self.kind.format:
            raise ModelError(f"{self.path}: {self._what(manifest)}.")
        version = manifest.get("format_version")
        if type(version) is not int or version < 1:
            raise ModelError(
                f"{self.path}: {MANIFEST}: format_version is {version!r:.40}; expected a whole number."
            )
        if version > self.kind.version:
            writer = printable(str(manifest.get("seqtag"))[:40])
            raise ModelError(
                f"{self.path}: its format is {str(version)[:20]}, written by seqtag {writer}; this is seqtag "
                f"{seqtag.__version__}, which reads formats up to {self.kind.version}. Upgrade seqtag."
            )
        files = manifest.get("files")
        needed, optional = self.kind.files, self.kind.optional
        if version < self.kind.version:
            optional = (*optional, *self.kind.former)
        if not isinstance(files, dict) or not set(needed) <= set(files) <= {*needed, *optional}:
            raise ModelError(f"{self.path}: {MANIFEST} lists other files than {', '.join(needed)}.")
        for name, entry in files.items():
            if (
                not isinstance(entry, dict)
                or sorted(entry) != ["sha256", "size"]
                or type(entry["size"]) is not int
                or entry["size"] < 0
                or not isinstance(entry["sha256"], str)
            ):
                raise ModelError(f"{self.path}: {MANIFEST}: the entry of {name} has no size and sha256.")
            if entry["size"] > MOST[name]:
                raise ModelError(f"{self.path}: {name} is larger than seqtag can have written it.")
        return manifest

    def _what(self, manifest: dict[str, Any]) -> str:
        """What a folder of another kind is."""
        found = manifest.get("format")
        for kind in (*MODELS, CHECKPOINT):
            if found == kind.format:
                reader = self._resumed_by() if kind is CHECKPOINT else f"`{kind.reader}`"
                return f"is a {kind.title}, which {reader} reads; expected a {self.kind.title} folder"
        if isinstance(found, str) and found.startswith("seqtag-"):
            shown, writer = printable(found[:40]), printable(str(manifest.get("seqtag"))[:40])
            return (
                f"its format is {shown}, written by seqtag {writer}; this is seqtag {seqtag.__version__}, which does "
                "not know it. Upgrade seqtag"
            )
        return f"{MANIFEST} is not that of a seqtag {self.kind.title}"

    def _resumed_by(self) -> str:
        """The command that reads this checkpoint, told by the settings of its run."""
        with contextlib.suppress(ModelError, TypeError, KeyError):
            values = self._json(STATE, self._bytes(STATE, MOST[STATE]))
            if "text" in values["run"]["settings"]:
                return "`seqtag lm train --resume`"
        return f"`{CHECKPOINT.reader}`"

    def _read_plugins(self) -> tuple[Plugin, ...]:
        """The parts of other packages that the model needs; a model whose package is not installed is refused. Nothing
        of it is imported.
        """
        try:
            needed = decode(list[Plugin], self._manifest.get("plugins", []), "plugins")
        except DecodeError as problem:
            raise ModelError(f"{self.path}: {MANIFEST}: {one_line(problem)}.") from problem
        for plugin in needed:
            found = find_plugin(plugin.group, plugin.name)
            if found is None or found.distribution != plugin.distribution:
                group, name, package, version = (printable(shortened(text)) for text in astuple(plugin))
                raise ModelError(
                    f"{self.path}: needs {name} of {group} from the package {package} {version}, which is not "
                    "installed."
                )
        return tuple(needed)

    @property
    def version(self) -> int:
        """The version of the format."""
        return int(self._manifest["format_version"])

    @property
    def writer(self) -> str:
        """The version of seqtag that wrote it."""
        return str(self._manifest.get("seqtag"))

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the folder's files, without the manifest and what only earlier versions hold."""
        if self._chosen is not None:
            return tuple(self._chosen)
        names = (name for name in self._manifest["files"] if name not in self.kind.former)
        return tuple(name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix))

    def view(self, prefix: str) -> "Folder":
        """The files whose names begin with `prefix`, as a folder where they have the rest of their names."""
        view = copy.copy(self)
        view._prefix = self._prefix + prefix
        return view

    def choose(self, names: Mapping[str, str]) -> "Folder":
        """Some of the files, as a folder where they have other names: those of its files by the names there."""
        view = copy.copy(self)
        view._chosen = dict(names)
        return view

    def chosen(self, name: str) -> str:
        """The name of one of the files in the folder that is written."""
        return self._listed(name)[0]

    def _listed(self, name: str) -> tuple[str, dict[str, Any]]:
        """The name of a file as the manifest has it, and what the manifest says of the file."""
        name = self._prefix + name if self._chosen is None else self._chosen.get(name, name)
        if name not in self._manifest["files"] or (
            self._chosen is not None and name not in self._chosen.values()
        ):
            raise ModelError(f"{self.path}: {name} is missing.")
        return name, self._manifest["files"][name]

    def map(self, name: str) -> mmap.mmap:
        """A file's content as `read` gives it, mapped into memory instead of copied."""
        name, entry = self._listed(name)
        with self._open(name, entry["size"]) as file:
            size = os.fstat(file.fileno()).st_size
            if size != entry["size"] or size == 0:
                raise ModelError(f"{self.path}: {name} has {size} bytes; the manifest says {entry['size']}.")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise ModelError(f"{self.path}: {name} is damaged: its checksum is not the manifest's.")
        return content

    def read(self, name: str) -> bytes:
        """The content of a file, which is what the manifest promises.

        Raises:
            ModelError: Size or checksum differ, or there is no such file.
        """
        name, entry = self._listed(name)
        content = self._bytes(name, entry["size"])
        if len(content) != entry["size"]:
            raise ModelError(
                f"{self.path}: {name} has {len(content)} bytes; the manifest says {entry['size']}."
            )
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise ModelError(f"{self.path}: {name} is damaged: its checksum is not the manifest's.")
        return content

    def read_json(self, name: str) -> dict[str, Any]:
        """The content of a JSON file, an object."""
        return self._json(self._prefix + name, self.read(name))

    def _bytes(self, name: str, limit: int) -> bytes:
        with self._open(name, limit) as file:
            # What is read is bounded by what is there: a manifest's word would be enough to fill the memory.
            return file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)

    def _open(self, name: str, limit: int) -> BinaryIO:
        """A regular file, not a link, of at most `limit` bytes."""
        try:
            descriptor = os.open(self.path / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
        except OSError as problem:
            raise ModelError(f"{self.path}: {name} cannot be read: {problem.strerror}.") from problem
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            os.close(descriptor)
            what = f"has {status.st_size} bytes; expected {limit} at most"
            raise ModelError(
                f"{self.path}: {name} {what if stat.S_ISREG(status.st_mode) else 'is not a regular file'}."
            )
        return open(descriptor, "rb")

    def _json(self, name: str, content: bytes) -> dict[str, Any]:
        try:
            return parsed(content)
        except ValueError as problem:
            raise ModelError(f"{self.path}: {name} {one_line(problem)}.") from problem


def holds(target: Path, files: Mapping[str, bytes], kind: Kind = MODEL) -> bool:
    """Whether these files, and no others, are what the folder holds."""
    with contextlib.suppress(ModelError):
        opened = Folder(target, kind)
        return {*opened.files} == {*files} and all(opened.read(name) == files[name] for name in files)
    return False


Loaded = TypeVar("Loaded")


def load(path: Path, make: Callable[[Folder], Loaded], kind: Kind = MODEL) -> Loaded:
    """What `make` reads from a folder of a kind, all of it from one model, even if another is put there meanwhile.

    Raises:
        ModelError: The folder cannot be read, and nobody is writing it.
    """
    waits = 0
    while True:
        before = _identity(path)
        try:
            return make(Folder(path, kind))
        except (ModelError, OSError):
            # Where two folders cannot be swapped in one step there is a moment without any.
            absent = before is None and waits < WAITS and _being_replaced(path)
            if _identity(path) == before and not absent:
                raise
            if absent:
                waits += 1
                time.sleep(0.01)


def _being_replaced(path: Path) -> bool:
    """Whether beside the folder's place lies another that is to come there, or that was there just now."""
    with contextlib.suppress(OSError):
        return bool(drafts(path))
    return False


def _identity(path: Path) -> tuple[int, int, int] | None:
    """What tells a folder from another one of the same name; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
