"""ONNX Runtime without its telemetry.

Since 1.31 it writes the machine's identifier and a database into the user's cache folder, to be sent to its makers, on
Linux as well. A user who tags a text has not agreed to that. It looks at this variable when it is loaded.
"""

import contextlib
import os
from collections.abc import Iterator

from seqtag.support.errors import ModelError, is_out_of_memory
from seqtag.support.quoting import one_line

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["named", "onnxruntime", "open_session", "silent_run"]


def open_session(network: bytes) -> onnxruntime.InferenceSession:
    """The session of a serialised model that seqtag built, for batches that are run side by side; it prints nothing.

    ONNX Runtime's errors share no public base class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a batch a core wastes less than a batch on all cores
    # One is kept for each shape of a batch, and no two batches are alike.
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def silent_run() -> onnxruntime.RunOptions:
    """Options of a run that prints nothing."""
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    return options


@contextlib.contextmanager
def named(network: str, what: str) -> Iterator[None]:
    """Within, errors of ONNX Runtime, which share no public base class, become errors of seqtag.

    Args:
        network: What fails, for messages.
        what: What it cannot be, such as "run".

    Raises:
        ModelError: ONNX Runtime has refused something.
        MemoryError: There was too little memory.
    """
    try:
        yield
    except Exception as problem:
        if is_out_of_memory(problem):
            raise MemoryError from problem
        raise ModelError(f"{network} cannot be {what} ({one_line(problem)}).") from problem
