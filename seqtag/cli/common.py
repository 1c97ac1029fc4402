"""What several commands ask for and check in the same way."""

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, BinaryIO, TextIO

import typer

from seqtag import parts
from seqtag.errors import UsageError, UserError, suggest

STDIN = STDOUT = "-"

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model folder.")]
Format = Annotated[str, typer.Option(help="Format of the corpus: auto, conll, conllu.")]
Scheme = Annotated[
    str, typer.Option(help="Tag scheme of the corpus: auto, iob1, bio, bioes, bmes, bilou, plain.")
]
TokenColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of tokens: from 1, or a CoNLL-U field."),
]
TagColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of tags: from 1, negative from the end, or a field."),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="|".join(parts.INPUTS),
        help="How the input is written; by the file's ending if not given, else text.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads that tag; as many as there are cores to use if not given.",
        show_default=False,
    ),
]
# Names of what is open already; behind them may be a regular file, which is not to be exchanged for another.
_OPEN_ALREADY = ("/dev/fd/", "/dev/std", "/proc/")
_CANNOT_MOVE = (
    errno.EBUSY,
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
)  # says what is mounted, as in a container
_ENDINGS = {
    "conll": "conll",
    "conllu": "conll",
    "iob": "conll",
    "bio": "conll",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
}


def check_name(option: str, name: str | None, known: Iterable[str]) -> None:
    """Refuses what an option does not know; None is what was not given."""
    if name is not None and name not in known:
        raise UsageError(f"{option} {name}:{suggest(name, known)}")


def input_format(given: str | None, paths: Sequence[str]) -> str:
    """The format of the files: as given, else as their endings tell.

    Raises:
        UsageError: There is no such format, or the endings tell different ones.
    """
    check_name("--input-format", given, parts.INPUTS)
    if given is not None:
        return given
    found = {_ENDINGS.get(path.lower().removesuffix(".gz").rpartition(".")[2], "text") for path in paths}
    if len(found) > 1:
        raise UsageError(
            f"the files look like {' and '.join(sorted(found))}; say --input-format for all of them."
        )
    return found.pop()


def invite(paths: Sequence[str]) -> None:
    """Tells whoever has named no file, and sends none, that sentences can be typed."""
    if list(paths) == [STDIN] and sys.stdin.isatty():
        print("seqtag: reading sentences from the terminal, one a line; end with Ctrl-D", file=sys.stderr)


def place(path: str) -> str:
    """The path to write to; STDOUT if stdout goes to that same file or pipe, as by the name of /dev/stdout: two that
    write there would write over each other.
    """
    with contextlib.suppress(OSError, ValueError):  # it is not there yet, or stdout has no descriptor
        own = os.fstat(sys.stdout.fileno())
        if not stat.S_ISCHR(own.st_mode) and os.path.samestat(os.stat(path), own):
            return STDOUT
    return path


def check_outputs(outputs: Iterable[str | None], inputs: Sequence[str]) -> None:
    """Refuse before the work what could not be written after it, or would overwrite what is read."""
    for path in outputs:
        if path is None or path == STDOUT:
            continue
        for other in inputs:
            if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
                raise UsageError(f"{path}: this is read; expected another file to write to.")
            if os.path.realpath(path).startswith(os.path.join(os.path.realpath(other), "")):
                raise UsageError(
                    f"{path}: a model folder with another file in it is refused; expected a file elsewhere."
                )
        if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or "."):
            what = "is a folder" if os.path.isdir(path) else "has no folder to stand in"
            raise UserError(f"{path}: {what}; expected a file to write to")


@contextlib.contextmanager
def written(path: str) -> Iterator[TextIO]:
    """A stream of text whose content stands at the path once all of it is there; see `written_bytes`."""
    with written_bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as stream:
        yield stream


@contextlib.contextmanager
def written_bytes(path: str) -> Iterator[BinaryIO]:
    """A stream whose content stands at the path once all of it is there: a run that fails or is stopped leaves what
    was there before. What is no regular file, and what cannot be replaced, is written as it is.

    Raises:
        OSError: It cannot be written; the error names the path.
    """
    place = os.path.realpath(path)
    draft = _draft(place) if _is_replaceable(path, place) else None
    try:
        with open(draft or path, "xb" if draft else "wb") as stream:
            if draft is not None:
                _make_alike(stream.fileno(), place)
            yield stream
        if draft is not None:
            _put(draft, place)
    except OSError as problem:
        if problem.filename is None or problem.filename == draft:
            problem.filename = path  # a full disk says nothing of what it was for
        raise
    finally:
        if draft is not None:
            with contextlib.suppress(OSError):
                os.unlink(draft)


def _draft(place: str) -> str:
    """A name beside the place that nobody else has; it is no longer than a file system takes."""
    folder, name = os.path.split(place)
    return os.path.join(folder, f".{name[:40]}.seqtag-{os.urandom(4).hex()}")


def _is_replaceable(path: str, place: str) -> bool:
    """Whether another file may take the place of what is there, if anything is."""
    if os.path.abspath(path).startswith(_OPEN_ALREADY) or not os.access(
        os.path.dirname(place), os.W_OK | os.X_OK
    ):
        return False
    try:
        former = os.stat(place)
    except OSError:
        return True
    owned = os.geteuid() in (0, former.st_uid)  # a new file of somebody else's would be ours
    return stat.S_ISREG(former.st_mode) and owned and os.access(place, os.W_OK)


def _make_alike(descriptor: int, place: str) -> None:
    """Gives a file the owner and the mode of the one that it is to replace, if there is one."""
    with contextlib.suppress(OSError):
        former = os.stat(place)
        with contextlib.suppress(OSError):
            os.fchown(descriptor, former.st_uid, former.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(former.st_mode))


def _put(draft: str, place: str) -> None:
    try:
        os.replace(draft, place)
    except OSError as problem:
        if problem.errno not in _CANNOT_MOVE or not os.path.exists(place):
            raise
        from shutil import copyfile

        copyfile(draft, place)
