"""Files of events that TensorBoard shows: written and read with TensorFlow alone."""

from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".seqtag"  # ends the name of each file of ours


def files(folder: Path) -> list[Path]:
    """The files of events of ours in a folder, in the order of their names, which is that of their times."""
    return sorted(folder.glob(f"events.out.tfevents.*{SUFFIX}"))


class ScalarWriter:
    """Writes numbers by name and step to a new file of events.

    Args:
        folder: Its folder; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        self._writer = tf.summary.create_file_writer(str(folder), filename_suffix=SUFFIX)
        # What `tf.summary.scalar` writes, which only works where TensorBoard is installed.
        self._metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        )

    def write(self, tag: str, value: float, step: int) -> None:
        """Writes a number."""
        import tensorflow as tf

        with self._writer.as_default():
            tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=self._metadata)

    def flush(self) -> None:
        """Sees to it that what was written can be read."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


def read(folder: Path) -> Iterator[tuple[str, int, float]]:
    """The name, the step and the value of each number in the files of a folder. A file that was cut short is read as
    far as it goes.
    """
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    for path in files(folder):
        try:
            for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
                event = event_pb2.Event.FromString(record)
                for value in event.summary.value:
                    yield value.tag, int(event.step), float(tf.make_ndarray(value.tensor))
        except tf.errors.DataLossError:
            continue
