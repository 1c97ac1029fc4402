"""The checking stage: files in, what is in them and what to look at before they are trained on or scored against."""

from collections.abc import Sequence
from os import PathLike, fspath

from seqtag.corpora.repair import Repaired
from seqtag.settings.config import Tree
from seqtag.settings.tasks import USUAL
from seqtag.tasks.files import Checked, find


def check(
    paths: Sequence[str | PathLike[str]],
    config: Tree,
    *,
    train: str | PathLike[str] | None = None,
    task: str = USUAL,
) -> Checked:
    """Reads files and reports on each and on every two of them.

    Args:
        paths: The files.
        config: The settings of the task, which say how they are read.
        train: The file for training, which comes first.
        task: The task.

    Raises:
        UsageError: Settings that make no sense.
        DataError: A file cannot be read right.
    """
    if train is not None:
        paths = [train, *(path for path in paths if fspath(path) != fspath(train))]
    return find(task).check(config, [fspath(path) for path in paths], train is not None)


def repaired(path: str, config: Tree, *, encoding: str = "", task: str = USUAL) -> Repaired:
    """Reads a file, whatever its encoding, and repairs it.

    Args:
        path: The file.
        config: The settings of the task, which say how it is read.
        encoding: The encoding of the text where neither a byte order mark nor UTF-8 tells; "" if unknown.
        task: The task.

    Raises:
        UsageError: An unknown encoding, or settings that make no sense.
        DataError: The text cannot be decoded, or read.
    """
    return find(task).repair(config, path, encoding)
