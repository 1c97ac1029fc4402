"""The model folder: written beside its place and put there in one move; checked when read.

    manifest.json       format, format_version, seqtag's version, size and sha256 of every other file, and the parts
                        from other installed packages that the settings name
    config.json         every setting, as the run used it
    vocab.json          tables of words and tags, the tag scheme, the tokenizer
    weights.safetensors the weights by their Keras paths; the network is built from them and the settings
    known.json          words and entities of the training file, for evaluations
    report.json         data, history, scores, versions
    vectors.bin         pretrained vectors, where the network reads some

Nothing in it is code, a pickle, a path or a URL. Format 1 also held `model.onnx`, a graph that is no longer read.

A checkpoint (`seqtag.training.checkpoint`) is a folder that is written and checked in the same way, with other files.
"""

import contextlib
import ctypes
import errno
import hashlib
import mmap
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import seqtag
from seqtag.settings.plugins import Plugin
from seqtag.settings.plugins import find as find_plugin
from seqtag.support.errors import ModelError, UserError
from seqtag.support.json_decoder import DecodeError, decode
from seqtag.support.json_reader import parse_json
from seqtag.support.quoting import json_text, one_line, printable, shortened

FORMAT = "seqtag-model"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
FILES = ("config.json", "vocab.json", "weights.safetensors", "known.json", "report.json")
OPTIONAL_FILES = ("vectors.bin",)
FORMER_FILES = ("model.onnx",)
ATTEMPTS = 20  # to read a model while others are put in its place
# Bytes that a file may have: a manifest needs less than a thousandth of it, a vocabulary of ten million words has as
# many, and no ONNX file can have more.
MOST = {
    MANIFEST: 1 << 20,
    "config.json": 1 << 20,
    "vocab.json": 1 << 28,
    "known.json": 1 << 28,
    "report.json": 1 << 26,
    "model.onnx": (1 << 31) - 1,
    "weights.safetensors": (1 << 31) - 1,
    "vectors.bin": 1 << 40,
    "state.json": 1 << 28,
    "state.safetensors": 1 << 40,
}
MOST_DEPTH = 32  # of lists and objects in each other; what is deeper stops a reader that calls itself
SUFFIX = ".checkpoint"  # ends the name of a folder that is a checkpoint
DRAFT = "seqtag-"  # begins the last part of the name of a folder that is not in its place yet
FORMER = ".former"  # ends a folder that has left its place for a new one


@dataclass(frozen=True)
class Kind:
    """A kind of folder.

    Attributes:
        title: What it is, for messages.
        format: What the manifest says it is.
        version: The newest version of the format that is read.
        files: The files that it must hold.
        optional: Those that it may hold.
        former: Those that folders of earlier versions hold as well: compared with the manifest, and not used.
    """

    title: str
    format: str
    version: int
    files: tuple[str, ...]
    optional: tuple[str, ...] = ()
    former: tuple[str, ...] = ()


MODEL = Kind("model", FORMAT, FORMAT_VERSION, FILES, OPTIONAL_FILES, FORMER_FILES)


def tidy(target: Path) -> None:
    """Removes what a killed run left of this folder beside its place, where nobody else may be writing now.

    Raises:
        UserError: A folder that such a run had moved aside cannot be put back.
    """
    for entry in _drafts(target):
        if entry.name.endswith(FORMER) and not target.exists():
            try:
                entry.rename(target)  # the run was killed between two renames
            except OSError as problem:
                raise UserError(f"{entry}: cannot be put back to {target}: {problem.strerror}.") from problem
        else:
            shutil.rmtree(entry, ignore_errors=True)


def _drafts(target: Path) -> list[Path]:
    """What lies beside a folder's place to come there, or was there just now."""
    draft = re.compile(rf"\.{re.escape(target.name)}\.{DRAFT}[a-z0-9_]{{8,}}({re.escape(FORMER)})?")
    return sorted(entry for entry in target.absolute().parent.iterdir() if draft.fullmatch(entry.name))


def check_target(target: Path, *, force: bool) -> None:
    """Says before a run whether a model can be put at `target` after it.

    Raises:
        UserError: The target exists and `force` is false, is not a model folder, or its parent cannot be
        written.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UserError(f"{target}: is in the way: not a folder. Choose another -o.")
    if target.is_mount():
        raise UserError(
            f"{target}: is a mount point, which cannot be replaced. Choose a folder in it for -o."
        )
    if target.name.endswith(SUFFIX):
        raise UserError(
            f"{target}: a name that ends in {SUFFIX} is for the checkpoint of a run. Choose another -o."
        )
    if target.is_dir() and any(target.iterdir()):
        if (foreign := what_is_foreign(target, MODEL)) is not None:
            raise UserError(f"{target}: {foreign}, so it is not replaced. Choose another -o.")
        if not force:
            raise UserError(
                f"{target}: a model is there already. Use --force to replace it, or choose another -o."
            )
    for parent in target.absolute().parents:
        if _format(parent) == MODEL.format:
            raise UserError(
                f"{target}: lies in a model folder, {parent}, which is refused then. Choose another -o."
            )
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(f"{target}: cannot be written: {problem.strerror}.") from problem
    check_room(target)


def check_room(target: Path) -> None:
    """Says before a run whether a folder of this name can be made beside its place.

    Raises:
        UserError: It cannot.
    """
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}.{DRAFT}", suffix="_" * len(FORMER), dir=target.absolute().parent
        ):
            pass
    except OSError as problem:
        raise UserError(f"{target}: cannot be written: {problem.strerror}.") from problem


def what_is_foreign(path: Path, kind: Kind) -> str | None:
    """What makes a folder one that seqtag may not replace or remove; None if it holds this kind's files alone."""
    if _format(path) != kind.format:
        return f"exists and is not a {kind.title} folder"
    known = {MANIFEST, *kind.files, *kind.optional, *kind.former}
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in known)
    return f"holds {foreign[0]}, which is no part of a {kind.title}" if foreign else None


def _format(path: Path) -> Any:
    """What the manifest of a folder says that it is; None if it has none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        if (path / MANIFEST).is_file():
            with (path / MANIFEST).open("rb") as file:
                return parsed(file.read(MOST[MANIFEST])).get("format")
    return None


def write(
    target: Path, files: Mapping[str, bytes], kind: Kind = MODEL, plugins: Sequence[Plugin] = ()
) -> None:
    """Puts a folder with these files at `target`: at every moment the former folder is there or the new one.

    Args:
        target: Its place.
        files: The content of each file by name.
        kind: What it is.
        plugins: The parts of other packages without which it cannot be read.

    Raises:
        UserError: It cannot be written; what was there before is untouched.
    """
    target = target.absolute()
    try:
        for name, content in files.items():
            check_size(name, len(content))
    except ValueError as problem:
        raise UserError(f"{target}: the {kind.title} cannot be written: {problem}.") from problem
    manifest = {
        "format": kind.format,
        "format_version": kind.version,
        "seqtag": seqtag.__version__,
        "files": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    if plugins:
        manifest["plugins"] = [asdict(plugin) for plugin in plugins]
    try:
        with _beside(target) as draft:
            for name, content in sorted({**files, MANIFEST: dump_json(manifest)}.items()):
                _write_file(draft / name, content, former=target / MANIFEST)
            make_alike(draft, target)
            _sync_folder(draft)
            if target.is_dir() and any(target.iterdir()) and (foreign := what_is_foreign(target, kind)):
                raise UserError(f"{target}: {foreign}, so it is not replaced. Move it elsewhere.")
            _put_in_place(draft, target)
    except OSError as problem:
        reason = problem.strerror or problem
        raise UserError(f"{target}: the {kind.title} cannot be written: {reason}.") from problem
    with contextlib.suppress(OSError):  # the folder is there; not every file system can sync its place
        _sync_folder(target.parent)


def check_size(name: str, size: int) -> None:
    """Raises ValueError for a file of more bytes than would be read again."""
    if size > MOST[name]:
        raise ValueError(f"{name} would have {size:,} bytes; expected {MOST[name]:,} at the most")


def holds(target: Path, files: Mapping[str, bytes], kind: Kind = MODEL) -> bool:
    """Whether these files, and no others, are what the folder holds."""
    with contextlib.suppress(ModelError):
        opened = Folder(target, kind)
        return {*opened.files} == {*files} and all(opened.read(name) == files[name] for name in files)
    return False


def remove(target: Path, kind: Kind) -> None:
    """Removes a folder that `write` made: at every moment it is whole or gone.

    Raises:
        UserError: It cannot be removed, or holds something else as well.
    """
    target = target.absolute()
    try:
        if foreign := what_is_foreign(target, kind):
            raise UserError(f"{target}: {foreign}, so it is not removed.")
        with _beside(target) as draft:
            target.rename(draft)  # POSIX puts a folder over an empty one
    except OSError as problem:
        raise UserError(f"{target}: cannot be removed: {problem.strerror}.") from problem


def dump_json(value: Any) -> bytes:
    """The value as JSON with one key a line, UTF-8."""
    return (json_text(value, indent=1) + "\n").encode()


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new folder on the target's file system that is gone at the end, unless it has been moved."""
    draft = target.with_name(f".{target.name}.{DRAFT}{os.urandom(4).hex()}")
    draft.mkdir()  # as its place and the umask say who may read a folder there
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_file(path: Path, content: bytes, former: Path) -> None:
    with path.open("wb") as file:
        make_alike(file.fileno(), former)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def make_alike(new: Path | int, former: Path | str) -> None:
    """Gives a file or folder, by its path or descriptor, the owner and the mode of the one that it is to replace, if
    there is one.
    """
    with contextlib.suppress(OSError):
        status = os.stat(former)
        with contextlib.suppress(OSError):
            os.chown(new, status.st_uid, status.st_gid)
        os.chmod(new, stat.S_IMODE(status.st_mode))


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(draft: Path, target: Path) -> None:
    """Moves the draft to the target; a former folder takes the draft's place and goes with it."""
    if not target.exists():
        draft.rename(target)
    elif not any(target.iterdir()):
        draft.rename(target)  # POSIX puts a folder over an empty one
    elif not swap(draft, target):
        former = draft.with_name(draft.name + FORMER)
        target.rename(former)
        try:
            draft.rename(target)
        except BaseException:
            former.rename(target)
            raise
        with contextlib.suppress(OSError):  # then it stays, and the next run removes it
            former.rename(draft)  # half removed it must not be taken for one that was whole


def swap(first: Path, second: Path) -> bool:
    """Swaps two folders in one step (Linux); false where system or file system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if renameat2 is None:
        return False
    at_working_folder, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if (
        renameat2(at_working_folder, os.fsencode(first), at_working_folder, os.fsencode(second), exchange)
        == 0
    ):
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EXDEV):
        return False
    raise OSError(number, os.strerror(number))


class Folder:
    """A folder whose list of files has been checked; each file is checked when it is read.

    Args:
        path: The folder.
        kind: What is expected there.

    Raises:
        ModelError: It is not a complete folder of this kind, of a format that this version reads.
    """

    def __init__(self, path: Path, kind: Kind = MODEL) -> None:
        self.path = path
        self.kind = kind
        if not path.is_dir():
            found = "is not a folder" if path.exists() else "no such folder"
            raise ModelError(f"{path}: {found}; expected a {kind.title} folder.")
        if not (path / MANIFEST).exists():
            raise ModelError(
                f"{path}: holds no {MANIFEST}, so it is not a {kind.title} folder (or was not copied whole)."
            )
        self._manifest = self._read_manifest()
        # A few more than there can be are enough to find one that does not belong.
        entries = islice(path.iterdir(), len(kind.files) + len(kind.optional) + len(kind.former) + 2)
        present = {entry.name for entry in entries if entry.name != MANIFEST}
        listed = {*self._manifest["files"]}
        for name in sorted(present - listed):
            raise ModelError(
                f"{path}: {printable(name)} does not belong to the {kind.title}; move it elsewhere."
            )
        for name in sorted(listed - present):
            raise ModelError(f"{path}: {name} is missing.")
        self._check_plugins()
        for name in listed.intersection(kind.former):
            self.read(name)

    def _read_manifest(self) -> dict[str, Any]:
        manifest = self._json(MANIFEST, self._bytes(MANIFEST, MOST[MANIFEST]))
        if manifest.get("format") != self.kind.format:
            raise ModelError(f"{self.path}: {MANIFEST} is not that of a seqtag {self.kind.title}.")
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

    def _check_plugins(self) -> None:
        """Refuses a model whose parts are in a package that is not installed; nothing of it is imported."""
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

    @property
    def version(self) -> int:
        """The version of the format."""
        return int(self._manifest["format_version"])

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the folder's files, without the manifest and what only earlier versions hold."""
        return tuple(name for name in self._manifest["files"] if name not in self.kind.former)

    def map(self, name: str) -> mmap.mmap:
        """A file's content as `read` gives it, mapped into memory instead of copied."""
        entry = self._manifest["files"][name]
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
            ModelError: Size or checksum differ.
        """
        entry = self._manifest["files"][name]
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
        return self._json(name, self.read(name))

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
            what = f"has {status.st_size} bytes; expected {limit} at the most"
            raise ModelError(
                f"{self.path}: {name} {what if stat.S_ISREG(status.st_mode) else 'is not a regular file'}."
            )
        return open(descriptor, "rb")

    def _json(self, name: str, content: bytes) -> dict[str, Any]:
        try:
            return parsed(content)
        except ValueError as problem:
            raise ModelError(f"{self.path}: {name} {problem}.") from problem


def parsed(content: bytes) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        ValueError: It holds none, or one that seqtag does not write.
    """
    value = parse_json(content, depth=MOST_DEPTH, surrogates=True)
    if not isinstance(value, dict):
        raise ValueError("holds no JSON object")
    return value


Loaded = TypeVar("Loaded")


def load(path: Path, make: Callable[[Folder], Loaded]) -> Loaded:
    """What `make` reads from a model folder, all of it from one model, even if another is put there meanwhile.

    Raises:
        ModelError: The folder cannot be read, and nobody is writing it.
    """
    for _ in range(ATTEMPTS):
        before = _identity(path)
        try:
            return make(Folder(path))
        except (ModelError, OSError):
            # Where two folders cannot be swapped in one step there is a moment without any.
            absent = before is None and _being_replaced(path)
            if _identity(path) == before and not absent:
                raise
            if absent:
                time.sleep(0.01)
    return make(Folder(path))


def _being_replaced(path: Path) -> bool:
    """Whether beside the folder's place lies another that is to come there, or that was there just now."""
    with contextlib.suppress(OSError):
        return bool(_drafts(path))
    return False


def _identity(path: Path) -> tuple[int, int, int] | None:
    """What tells a folder from another one of the same name; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
