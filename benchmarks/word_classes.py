"""Perplexity and speed of a language model by its number of word classes (the table of Mikolov et al. 2011).

Networks that differ in their output layer alone, from the same seed, learn the same batches, some steps each in turn,
and are scored on the same text after the last epoch. Speeds are by processor time, which other work on the machine
changes little.
"""

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import common

SLICE = 20  # steps of a turn
SETTINGS = (
    "reading.direction=forward",
    "embeddings.characters.encoder=none",
    "embeddings.shape.dim=0",
)


class Side:
    """A language model in training.

    Args:
        config: The settings.
        texts: What it learns, and what it is scored on.
    """

    def __init__(self, config: Any, texts: Any) -> None:
        import keras

        from seqtag.network.fit import Trainer
        from seqtag.tasks.language.recurrent.job import LanguageJob

        keras.utils.set_random_seed(config.training.seed)
        self.settings = config.training
        self.job = LanguageJob(config, texts, None)
        self.trainer = Trainer(self.job.network, self.settings)
        self.trainer.trace()
        self.words = self.tokens = 0
        self.seconds = 0.0
        epochs = range(1, self.settings.epochs + 1)
        self._batches: Iterator[Any] = itertools.chain.from_iterable(map(self.job.batches, epochs))

    @property
    def speed(self) -> float:
        """Words that it has learnt for each second of the processor."""
        return self.words / self.seconds

    def turn(self) -> bool:
        """Some steps; whether there are more."""
        from seqtag.training.schedules import learning_rate

        steps = list(itertools.islice(self._batches, SLICE))
        started = time.process_time()
        for batch in steps:
            rate = learning_rate(self.settings, self.tokens / self.job.tokens, ())
            self.trainer.step(batch.inputs, batch.targets, rate)
            lengths = batch.inputs["lengths"]
            self.tokens += int(lengths.sum())
            self.words += int((lengths - 1).sum())
        self.seconds += time.process_time() - started
        return bool(steps)

    def score(self, sentences: Sequence[Sequence[str]]) -> tuple[float, float]:
        """The perplexity of a text, and its words for a second of the processor."""
        from seqtag.tasks.language.recurrent.job import score

        self.trainer.settle()
        model = self.job.model()
        score(model, sentences[:100])  # ONNX Runtime starts
        started = time.process_time()
        found = score(model, sentences).forward
        if found is None:
            raise SystemExit("there is no perplexity of a text that is read forward")
        return found.perplexity, found.tokens / (time.process_time() - started)


def beginning(path: str, words: int, target: Path) -> Path:
    """The first lines of a text that have so many words, as a file."""
    from seqtag.support.lines import lines

    left = words
    with target.open("w", encoding="utf-8") as copy:
        for _, line in lines(path):
            if left <= 0:
                break
            copy.write(f"{line}\n")
            left -= len(line.split())
    return target


def settings_of(given: Any, classes: int | str) -> Any:
    """The settings of a network with so many classes."""
    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.language import LANGUAGE
    from seqtag.settings.merging import for_corpus, merge_into

    own = (
        f"output.classes={classes}",
        f"text.vocabulary={given.vocabulary}",
        f"encoder.units={given.units}",
        f"training.epochs={given.epochs}",
        f"training.seed={given.seed}",
    )
    return for_corpus(merge_into(LANGUAGE, parse_assignments([*SETTINGS, *own, *given.set])))


def train(sides: dict[str, Side]) -> None:
    """All epochs of all sides, some steps each in turn."""
    turns = 0
    while all(
        more[0] for more in common.interleaved({n: side.turn for n, side in sides.items()}, 1).values()
    ):
        turns += 1
        if turns % 10 == 0:
            speeds = ", ".join(f"{name} {side.speed:,.0f}" for name, side in sides.items())
            common.say(f"{SLICE * turns} steps, words/CPU s: {speeds}")


def rows_of(
    sides: dict[str, Side], scored: dict[str, list[tuple[float, float]]]
) -> list[list[str | float | int]]:
    """The rows of the table."""
    perplexities = {name: found[0][0] for name, found in scored.items()}
    speeds = {name: [speed for _, speed in found] for name, found in scored.items()}
    return [
        [
            name,
            len(side.job.vocabulary.sizes),
            f"{perplexities[name]:.2f}",
            f"{100 * (perplexities[name] / perplexities['full'] - 1):+.2f}%",
            round(side.speed),
            side.speed / sides["full"].speed,
            round(common.median(speeds[name])),
            common.ratios(speeds[name], speeds["full"]),
        ]
        for name, side in sides.items()
    ]


def main() -> None:
    made = common.parser(__doc__, "train", "valid", rounds=3)
    made.add_argument(
        "--words", type=int, default=1_000_000, help="words of the training text, from its start"
    )
    made.add_argument("--vocabulary", type=int, default=10_000, help="words that are predicted")
    made.add_argument("--classes", default="30,100,400", help="numbers of classes")
    made.add_argument("--units", type=int, default=128, help="units of the LSTM")
    made.add_argument("--epochs", type=int, default=2, help="epochs of each network")
    made.add_argument("--seed", type=int, default=42, help="seed of each network")
    made.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="any other setting"
    )
    given = made.parse_args()
    # Threads, not cores: others may be at work on any of them.
    os.environ.update(common.environment(given.threads))
    # NumPy's: two threads lose more than they gain in products so small.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    common.start_tensorflow(given.seed)
    import tensorflow as tf

    from seqtag.tasks.language.recurrent import texts

    wanted = {"full": 1, **{number: int(number) for number in given.classes.split(",")}, "sqrt(V)": "sqrt"}
    configs = {name: settings_of(given, classes) for name, classes in wanted.items()}
    with common.scratch() as folder:
        text = beginning(given.train, given.words, folder / "train.txt")
        data = texts.read(configs["full"], {"train": [str(text)], "dev": [given.valid]})
    sides = {name: Side(config, data) for name, config in configs.items()}
    common.say(f"{data.train.tokens:,} tokens, {given.epochs} epochs")
    train(sides)
    scored = common.interleaved(
        {name: partial(side.score, data.dev) for name, side in sides.items()}, given.rounds
    )
    common.show(
        f"LSTM of {given.units} units, {data.train.tokens:,} tokens, {given.epochs} epochs, "
        f"{given.vocabulary:,} words\n"
        f"{common.machine(given.threads)}\nTensorFlow {tf.__version__}",
        [
            "output",
            "classes",
            "perplexity",
            "against full",
            "training, words/CPU s",
            "full = 1",
            "scoring, words/CPU s",
            "full = 1",
        ],
        rows_of(sides, scored),
    )


if __name__ == "__main__":
    main()
