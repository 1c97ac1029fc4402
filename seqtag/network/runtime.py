"""TensorFlow's start: its seed, its determinism and its silence. Importing this module is free; `start` is
not.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from seqtag.support.interrupt import postponed
from seqtag.support.silence import silent_stderr


def start(seed: int, *, debug: bool = False) -> None:
    """Imports TensorFlow and Keras, quietly unless `debug`, and makes what follows a function of the seed.

    It may be called again, for another run in the same process.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if not debug:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with contextlib.nullcontext() if debug else silent_stderr():
        with postponed(), _with_a_temporary_folder():
            with _without_a_home():
                import keras
            import tensorflow as tf

        if not debug:
            tf.get_logger().setLevel("ERROR")
        keras.config.set_floatx("float32")  # whatever Keras was told where it had been loaded before
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
        keras.config.set_epsilon(1e-7)
        tf.config.experimental.enable_op_determinism()
        _forget_gradients()
        keras.backend.clear_session()  # names of layers start anew, so that a second run equals a first one
        keras.utils.set_random_seed(seed)
        tf.constant(0.0) + 1.0  # the first operation prints what the processor can do


@contextlib.contextmanager
def _without_a_home() -> Iterator[None]:
    """Keeps Keras, while it is imported, from reading the user's configuration, which may be damaged, and from writing
    one; and from importing matplotlib, which it would for pictures alone, and which writes a cache of fonts.
    """
    if "keras" in sys.modules:
        yield
        return
    home = os.environ.get("KERAS_HOME")
    os.environ["KERAS_HOME"] = os.devnull  # no folder, so there is nothing in it
    hidden = "matplotlib" not in sys.modules
    if hidden:
        # Keras has no option for this; a None here is Python's documented way to make an import fail.
        sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules["matplotlib"]
        if home is None:
            del os.environ["KERAS_HOME"]
        else:
            os.environ["KERAS_HOME"] = home


@contextlib.contextmanager
def _with_a_temporary_folder() -> Iterator[None]:
    """TensorFlow, while it is imported, asks for the name of the folder for temporary files, and fails where none can
    be written to, though it puts nothing there. Then it is told of one that does not exist.
    """
    try:
        tempfile.gettempdir()
    except OSError:
        tempfile.tempdir = os.devnull
        try:
            yield
        finally:
            tempfile.tempdir = None
    else:
        yield


def _forget_gradients() -> None:
    """Frees the networks of earlier runs. TensorFlow keeps each gradient that a function with `tf.custom_gradient` has
    in a graph for as long as the process lives, and with it the graph and its weights.

    Nothing public removes a gradient: `tf.RegisterGradient` only adds one, and neither `clear_session` of Keras nor
    `tf.compat.v1.reset_default_graph` touches this registry (TensorFlow 2.21).
    """
    from tensorflow.python.framework import ops

    registry = ops.gradient_registry._registry
    for name in [name for name in registry if name.startswith("CustomGradient")]:
        del registry[name]
