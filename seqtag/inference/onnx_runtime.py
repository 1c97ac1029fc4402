"""ONNX Runtime without its telemetry.

Since 1.31 it writes the machine's identifier and a database into the user's cache folder, to be sent to its makers, on
Linux as well. A user who tags a text has not agreed to that. It looks at this variable when it is loaded.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
