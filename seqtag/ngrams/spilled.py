"""Arrays that lie in files, so that they take memory only while they are looked at."""

import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def spilled(pieces: Iterable[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """The pieces one after the other, as an array in a file that goes with it.

    Raises:
        OSError: The folder for temporary files is full.
    """
    with tempfile.TemporaryFile() as file:
        count = 0
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, dtype).data)
            count += len(piece)
        file.flush()
        if not count:
            return np.empty(0, dtype)
        return np.memmap(file, dtype, "r", shape=(count,))
