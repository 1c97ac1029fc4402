"""The curves of a run as events that TensorBoard shows."""

from pathlib import Path

from seqtag.network import tensorboard
from seqtag.support.errors import Error
from seqtag.training.events import Epoch, Event, Resumed, Start

FINAL = "final/"  # begins the names of the numbers of a run on train and dev


def check_place(folder: Path, *, resume: bool, force: bool) -> None:
    """Refuses a folder with the events of another run; with `force` they are removed.

    Args:
        folder: The folder.
        resume: Whether the run may be the one whose events are there.
        force: Whether they may be removed.

    Raises:
        Error: They are there, or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise Error(f"{folder}: is not a folder; choose another --tensorboard.")
    if resume:
        return
    there = [path for place in (folder, *folder.glob("seed-*")) for path in tensorboard.files(place)]
    if there and not force:
        raise Error(f"{folder}: already holds the events of a run. --force removes them.")
    for path in there:
        path.unlink()


class EventFiles:
    """A listener that writes what each epoch came to.

    Numbers are `train/loss`, `train/gradient_norm`, `train/clipped`, `train/learning_rate`, `train/tokens_per_second`
    and `dev/score`; the step is the epoch. A resumed run adds what is missing of the epochs before.

    Args:
        folder: Where the events are written.
        each: Whether each seed has a folder of its own there, such as `seed-42`.
    """

    def __init__(self, folder: Path, *, each: bool = False) -> None:
        self._folder, self._each = folder, each
        self._seed: int | None = None
        self._writer: tensorboard.ScalarWriter | None = None
        self._place = folder

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        if isinstance(event, Start) and event.config.training.seed != self._seed:
            self.close()
            self._seed = event.config.training.seed
            self._place = self._folder / f"seed-{self._seed}" if self._each else self._folder
        elif isinstance(event, Resumed):
            there = {(tag, step) for tag, step, _ in tensorboard.read(self._place)}
            for epoch in event.history:
                self._write(epoch, there)
        elif isinstance(event, Epoch):
            self._write(event, set())

    def close(self) -> None:
        """Ends the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, epoch: Epoch, there: set[tuple[str, int]]) -> None:
        """Writes what an epoch came to, but for what is there."""
        numbers = {
            "train/loss": epoch.loss,
            "train/gradient_norm": epoch.gradient_norm,
            "train/clipped": epoch.clipped,
            "train/learning_rate": epoch.learning_rate,
            "train/tokens_per_second": epoch.tokens_per_second,
            "dev/score": epoch.dev_score,
        }
        begin = FINAL if epoch.dev_score is None else ""
        if self._writer is None:
            self._writer = tensorboard.ScalarWriter(self._place)
        for name, value in numbers.items():
            if value is not None and (begin + name, epoch.number) not in there:
                self._writer.write(begin + name, value, epoch.number)
        self._writer.flush()
