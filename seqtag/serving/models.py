"""Loaded models and their names."""

import contextlib
import io
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock

from seqtag.corpora.spacing import UNLIKE
from seqtag.settings import registry
from seqtag.support.errors import ModelError, UsageError
from seqtag.tasks.use import Abilities, Given, PredictionOrder, Predictor, use_of

FORMAT = "jsonl"
_NAME = re.compile(r"[\w.-]{1,100}")
_MOST_FILES = 1000  # of a folder that are compared
_MOST_KEPT = 16  # values of nbest whose predictors are kept

Answer = tuple[str, int]
"""The line of `predict --format jsonl` for a sentence, and its tokens, of a transducer its characters."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What is added to answers.

    Attributes:
        nbest: How many of the best taggings or targets; 0 for none.
        alignment: Whether the attention of a transducer is added.
    """

    nbest: int = 0
    alignment: bool = False


class LoadedModel:
    """The model of a folder. It may be used by several threads at once.

    Args:
        path: The folder.
        precision: A name in `registry.PRECISIONS`.

    Attributes:
        task: A name in `registry.TASKS`.
        abilities: What its answers contain.

    Raises:
        Error: The folder cannot be read, or the model needs more than text or tokens.
    """

    def __init__(self, path: str, precision: str) -> None:
        self.task, use = use_of(path)
        order = PredictionOrder(path, FORMAT, threads=1, precision=precision)
        self._first = use.predictor(order)
        self.abilities: Abilities = self._first.abilities
        if self.abilities.lacking:
            raise ModelError(
                f"{path}: reads {self.abilities.lacking}, which requests do not have; use seqtag predict."
            )
        self._others: dict[int, Predictor] = {}
        self._begins = (
            Lock()
        )  # tables of words that were seen are shared; the network itself may run in parallel
        features = ("_",) * len(self.abilities.features)
        self.answers([Given("Warm up.", features=features)], Extras())  # builds what is built at first use

    @property
    def is_whole(self) -> bool:
        """Whether all sentences of a request must be in one batch, because the model reads neighbouring sentences."""
        return self._first.context > 0

    def predictor(self, nbest: int) -> Predictor:
        """The predictor for this many answers per sentence.

        Raises:
            UsageError: The model cannot give so many.
        """
        if not nbest:
            return self._first
        if nbest not in self._others:
            if nbest > self.abilities.most:
                raise UsageError(f"nbest: this model gives at most {self.abilities.most:g}.")
            if len(self._others) >= _MOST_KEPT:
                self._others = {}
            self._others[nbest] = self._first.with_nbest(nbest)
        return self._others[nbest]

    def answers(self, given: Sequence[Given], extras: Extras) -> list[Answer]:
        """An answer for each sentence, in order.

        Raises:
            UsageError: The model cannot read a sentence, or cannot give such answers.
        """
        predictor = self.predictor(extras.nbest)
        items = [predictor.item(one) for one in given]
        with self._begins:
            found = predictor.begin(items)
        stream = io.StringIO()
        writer = predictor.writer(stream)
        sizes = []
        alignments = []
        for answer in found:
            writer.write(answer)
            sizes.append(len(answer))
            if extras.alignment:
                alignments.append(predictor.align(answer))
        lines = stream.getvalue().split("\n")[:-1]
        for place, alignment in enumerate(alignments):
            row = json.loads(lines[place]) | {"alignment": alignment}
            lines[place] = json.dumps(row, ensure_ascii=False)
        return list(zip(lines, sizes, strict=True))


class NamedModel:
    """A model folder under the name that requests have for it.

    Args:
        name: The name.
        path: The folder.
        precision: A name in `registry.PRECISIONS`.
        tell: Receives warnings, a line each.

    Attributes:
        current: The model that answers new requests.
        state: The state of the folder when it was last loaded.

    Raises:
        Error: The folder cannot be read.
    """

    current: LoadedModel

    def __init__(
        self,
        name: str,
        path: str,
        precision: str = registry.FLOAT32,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self.path = Path(path)
        self.state: State | None = None
        self._precision = precision
        self._tell = tell
        self.read()

    def read(self) -> None:
        """Loads the folder.

        Raises:
            Error: It cannot be read; `current` stays as it was.
        """
        self.state = state(self.path)
        self.current = LoadedModel(str(self.path), self._precision)
        if not self.current.abilities.cuts_raw_text:
            self._tell(f"{self.name}: {UNLIKE}: send tokens")


State = tuple[tuple[str, int, int, int], ...]


def state(path: Path) -> State | None:
    """Name, inode, modification time and size of each file in a folder; None if there is no folder."""
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        found = [(entry.name, entry.stat()) for entry in islice(entries, _MOST_FILES)]
        return tuple(sorted((name, one.st_ino, one.st_mtime_ns, one.st_size) for name, one in found))
    return None


def names_of(models: Sequence[str]) -> dict[str, str]:
    """The folders of models by name, from arguments of the form FOLDER or NAME=FOLDER.

    >>> names_of(["models/english", "pos=models/english-pos"])
    {'english': 'models/english', 'pos': 'models/english-pos'}

    Raises:
        UsageError: A name is invalid, or two models have the same name.
    """
    found: dict[str, str] = {}
    for model in models:
        name, sign, path = model.partition("=")
        if not sign or Path(model).is_dir():
            name, path = Path(model).resolve().name, model
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{model}: expected a name of letters, digits, `.`, `_` and `-`; NAME=FOLDER gives a model another one."
            )
        if name in found:
            raise UsageError(f"{model}: another model has the name {name}; NAME=FOLDER gives it another one.")
        found[name] = path
    return found
