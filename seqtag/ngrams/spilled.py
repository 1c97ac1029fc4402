"""Arrays that lie in files, so that they take memory only while they are looked at."""

import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.support.errors import Error


def spilled(pieces: Iterable[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """The pieces one after the other, as an array in a file that goes with it.

    Raises:
        Error: The folder for temporary files cannot be written, or is full.
    """
    try:
        with tempfile.TemporaryFile() as file:
            count = 0
            for piece in pieces:
                file.write(np.ascontiguousarray(piece, dtype).data)
                count += len(piece)
            file.flush()
            return np.memmap(file, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)
    except OSError as problem:
        raise Error(
            f"a temporary file cannot be written: {problem.strerror}. Set TMPDIR to a folder with more room."
        ) from problem
