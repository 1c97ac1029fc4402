"""The errors a user can meet: each says what came, what was expected, and where.

Error               exit code 1: the data or the run failed; `seqtag.Error`
├── DataError       a file that cannot be read right: FILE:LINE: problem
├── ModelError      a model folder that cannot be trusted or read
├── MissingPackage  a package that is not installed
├── Diverged        training that ran into numbers that are not finite
└── UsageError      exit code 2: a command, an argument or a setting that makes no sense

Interrupted is no error: a signal has ended the run (`seqtag.support.interrupt`).
"""

import difflib
import errno
from collections.abc import Iterable
from os import PathLike
from typing import Any


class Error(Exception):
    """Base class of everything that a user can mend; the command line prints it without a traceback."""

    exit_code = 1


class DataError(Error):
    """A corpus, vector or text file that cannot be read right.

    Args:
        path: The file, as the user named it.
        line: The line, counted from 1; None if the file as a whole is meant.
        problem: What came and what was expected.
        code: The kind of problem, as `seqtag check` lists findings.
    """

    def __init__(
        self, path: str | PathLike[str], line: int | None, problem: str, code: str = "unreadable"
    ) -> None:
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.line, self.problem, self.code)


class ModelError(Error):
    """A model folder that is incomplete, damaged, too new or not one of ours."""


class MissingPackage(Error):
    """A package that this work needs is not installed; the message has the line that installs it."""


class Diverged(Error):
    """A loss, a gradient or a weight that is not finite. After a loss or a gradient, the weights are those of the step
    before.
    """


class Finished(Error):
    """There is nothing left to do: a run that was to be resumed has ended."""

    exit_code = 0


class UsageError(Error):
    """An option, argument, setting or combination of them that makes no sense."""

    exit_code = 2


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out, by whatever name: Python's, the system's, TensorFlow's, C++'s, ONNX Runtime's, or
    the loader's.
    """
    if isinstance(problem, MemoryError) or type(problem).__name__ == "ResourceExhaustedError":
        return True
    if isinstance(problem, OSError):
        return problem.errno == errno.ENOMEM
    said = (
        "std::bad_alloc",
        "Failed to allocate memory",
        "failed to map segment from shared object",
        "can't start new thread",  # whose stack found no room, or the system has a limit
    )
    return any(words in str(problem) for words in said)


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the closest right one, then all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{hint} Known: {', '.join(names)}."
