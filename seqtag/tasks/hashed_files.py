"""Files that are hashed first, and read only as long as they are what was hashed."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqtag.features.vector_files import read as read_vectors
from seqtag.features.vectors import Vectors
from seqtag.features.word_lists import named
from seqtag.model_folder.layout import MANIFEST
from seqtag.support.errors import DataError, Error
from seqtag.support.lines import opened, shown
from seqtag.tasks.base import Task

BLOCK = 1 << 20  # bytes of a file that are hashed at once
AGAIN = "Finished runs are kept; the same command goes on once the file is as it was, and begins anew with another"


class Changed(DataError):
    """A file that is no longer what rows would say of it; it ends the comparison."""


class HashedFiles:
    """The files of a comparison, read once as long as the settings read them alike.

    Args:
        task: What reads them.
        paths: The files by their role: `train`, `dev` and, where there is one, `test`.

    Raises:
        DataError: One cannot be read.
    """

    def __init__(self, task: Task[Any, Any], paths: Mapping[str, str]) -> None:
        self.task = task
        self._paths = paths
        self._digests = {path: digest_of(path) for path in paths.values()}
        self._read: tuple[Any, Any] | None = None
        self._vectors: tuple[str, Vectors] | None = None

    def digests(
        self, vectors: str | None = None, model: str | None = None, lists: Sequence[str] | None = None
    ) -> dict[str, str]:
        """The sha256 of each file by its role, with those of a file of vectors, of a language model and of word lists,
        where there are such.
        """
        paths = dict(self._paths)
        if vectors:
            paths["vectors"] = vectors
        if model:
            paths["lm"] = _manifest(model)
        for number, (name, path) in enumerate(named(lists or ()).items()):  # their order counts
            paths[f"list {number} {name}"] = path
        for path in paths.values():
            if path not in self._digests:
                self._digests[path] = digest_of(path)
        return {role: self._digests[path] for role, path in paths.items()}

    def data(self, config: Any) -> Any:
        """What the task reads from the files with these settings."""
        model, lists = config.embeddings.lm.file, config.embeddings.lists.files
        read_by = (*(getattr(config, section) for section in config.READING), model, lists)
        if self._read is None or self._read[0] != read_by:
            self.digests(None, model, lists)
            others = [*([_manifest(model)] if model else []), *named(lists or ()).values()]
            with self._as_hashed([*self._paths.values(), *others]):
                read = self.task.read(config, {role: [path] for role, path in self._paths.items()})
            self._read = (read_by, read)
        return self._read[1]

    def vectors(self, path: str | None) -> Vectors | None:
        """The pretrained vectors of a file."""
        if path is None:
            return None
        if self._vectors is None or self._vectors[0] != path:
            with self._as_hashed([path]):
                self._vectors = (path, read_vectors(path))
        return self._vectors[1]

    @contextmanager
    def _as_hashed(self, paths: Iterable[str]) -> Iterator[None]:
        """Within, files are read; it checks before and after that they are what was hashed.

        Raises:
            Changed: One is not.
        """
        self._check(paths)
        try:
            yield
        except Error:  # which may come of the change
            self._check(paths)
            raise
        self._check(paths)

    def _check(self, paths: Iterable[str]) -> None:
        for path in paths:
            problem = "has changed since this command began"
            try:
                if digest_of(path) == self._digests[path]:
                    continue
            except DataError as found:
                problem = found.problem
            raise Changed(shown(path), None, f"{problem}. {AGAIN}.")


def _manifest(model: str) -> str:
    """The file of a model folder that lists the content of all others."""
    return str(Path(model) / MANIFEST)


def digest_of(path: str) -> str:
    """The sha256 of a file; only of one that can be read again, as this is not the last time."""
    found = hashlib.sha256()
    if path == "-" or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)):
        problem = "is not a regular file, and compare reads a file more than once; write it to a file first"
        raise DataError(shown(path), None, problem)
    try:
        with opened(path) as file:
            while block := file.read(BLOCK):
                found.update(block)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    return found.hexdigest()
