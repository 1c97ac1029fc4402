"""Model folders put in their place, and taken away, in one move: written beside it, swapped in when they are whole."""

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import seqtag
from seqtag.model_folder.layout import (
    DRAFT,
    FORMER,
    MANIFEST,
    MODEL,
    MODELS,
    SUFFIX,
    TOLERATED,
    Kind,
    check_size,
    drafts,
    dump_json,
    format_of,
)
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error
from seqtag.support.quoting import one_line


def tidy(target: Path) -> None:
    """Removes what a killed run left of this folder beside its place, where nobody else may be writing now.

    Raises:
        Error: A folder that such a run had moved aside cannot be put back.
    """
    for entry in drafts(target):
        if entry.name.endswith(FORMER) and not target.exists():
            try:
                entry.rename(target)  # the run was killed between two renames
            except OSError as problem:
                raise Error(f"{entry}: cannot be put back to {target}: {problem.strerror}.") from problem
        else:
            shutil.rmtree(entry, ignore_errors=True)


def check_target(target: Path, *, force: bool, kind: Kind = MODEL) -> None:
    """Says before a run whether a model of a kind can be put at `target` after it.

    Raises:
        Error: The target exists and `force` is false, is not a model folder, or its parent cannot be
        written.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Error(f"{target}: already exists and is not a folder. Choose another -o.")
    if target.absolute().is_mount():
        raise Error(f"{target}: is a mount point, which cannot be replaced. Choose a folder in it for -o.")
    if target.name.endswith(SUFFIX):
        raise Error(
            f"{target}: a name that ends in {SUFFIX} is for the checkpoint of a run. Choose another -o."
        )
    if target.is_dir() and any(target.iterdir()):
        if (foreign := what_is_foreign(target, kind)) is not None:
            raise Error(f"{target}: {foreign}, so it is not replaced. Choose another -o.")
        if not force:
            raise Error(
                f"{target}: already contains a {kind.title}. Use --force to replace it, or choose another -o."
            )
    for parent in target.absolute().parents:
        if format_of(parent) in [one.format for one in MODELS]:
            raise Error(f"{target}: is inside the model folder {parent}. Choose another -o.")
    check_room(target)


def check_room(target: Path) -> None:
    """Says before a run whether a folder of this name can be made beside its place; makes the folders above it.

    Raises:
        Error: It cannot.
    """
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name}.{DRAFT}", suffix="_" * len(FORMER), dir=target.absolute().parent
        ):
            pass
    except OSError as problem:
        raise Error(f"{target}: cannot be written: {problem.strerror}.") from problem


def what_is_foreign(path: Path, kind: Kind) -> str | None:
    """What makes a folder one that seqtag may not replace or remove; None if it holds this kind's files alone."""
    if format_of(path) != kind.format:
        return f"exists and is not a {kind.title} folder"
    known = {MANIFEST, *kind.files, *kind.optional, *kind.former, *TOLERATED}
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in known)
    return f"holds {foreign[0]}, which is not part of a {kind.title}" if foreign else None


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
        Error: It cannot be written; what was there before is untouched.
    """
    target = target.absolute()
    try:
        for name, content in files.items():
            check_size(name, len(content))
    except ValueError as problem:
        raise Error(f"{target}: the {kind.title} cannot be written: {one_line(problem)}.") from problem
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
                raise Error(f"{target}: {foreign}, so it is not replaced. Move it elsewhere.")
            _put_in_place(draft, target)
    except OSError as problem:
        reason = problem.strerror or one_line(problem)
        raise Error(f"{target}: the {kind.title} cannot be written: {reason}.") from problem
    with contextlib.suppress(OSError):  # the folder is there; not every file system can sync its place
        _sync_folder(target.parent)


def remove(target: Path, kind: Kind) -> None:
    """Removes a folder that `write` made: at every moment it is whole or gone.

    Raises:
        Error: It cannot be removed, or holds something else as well.
    """
    target = target.absolute()
    try:
        if foreign := what_is_foreign(target, kind):
            raise Error(f"{target}: {foreign}, so it is not removed.")
        with _beside(target) as draft:
            target.rename(draft)  # POSIX puts a folder over an empty one
    except OSError as problem:
        raise Error(f"{target}: cannot be removed: {problem.strerror}.") from problem


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
