"""Training speed of a language model of both directions, against PyTorch with a full and with an adaptive softmax.

All sides take the same number of steps on the same batches, which are made before any clock runs: learnt word vectors
alone, an LSTM for each direction, one output layer for both, Adam, clipping by the global norm. Words are those of the
text, each of which is predicted twice; speed is by processor time.
"""

import itertools
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import common

SETTINGS = ("embeddings.characters.encoder=none", "embeddings.shape.dim=0", "output.classes=100")
# PyTorch as it is usually written, and with what makes it faster, by a short name: title and options.
FAST = ["--fused", "--unpacked"]
PEERS: dict[str, tuple[str, list[str]]] = {
    "full": ("PyTorch, full softmax", ["full"]),
    "full-fast": ("PyTorch, full softmax, fused Adam, padding read", ["full", *FAST]),
    "adaptive": ("PyTorch, adaptive softmax", ["adaptive"]),
    "adaptive-fast": ("PyTorch, adaptive softmax, fused Adam, padding read", ["adaptive", *FAST]),
}


@dataclass(frozen=True)
class Turn:
    """What a side did in a turn.

    Attributes:
        processor: Seconds of all its threads.
        seconds: Seconds by the clock.
        loss: That of its last step.
    """

    processor: float
    seconds: float
    loss: float


class Side:
    """seqtag's training loop on batches that are there already.

    Args:
        config: The settings.
        data: The text.
        batches: How many batches, the first of an epoch.
    """

    def __init__(self, config: Any, data: Any, batches: int) -> None:
        from seqtag.network.fit import Trainer
        from seqtag.tasks.language.recurrent.job import LanguageJob

        self.job = LanguageJob(config, data, None)
        self.rate = config.training.learning_rate
        self.trainer = Trainer(self.job.network, config.training)
        self.trainer.trace()
        self.batches = list(itertools.islice(self.job.batches(1), batches))

    def steps(self, first: int, count: int) -> Turn:
        """Takes some steps, from the batch with this number on."""
        started, worked = time.perf_counter(), time.process_time()
        for number in range(first, first + count):
            batch = self.batches[number % len(self.batches)]
            loss = self.trainer.step(batch.inputs, batch.targets, self.rate).loss
        return Turn(time.process_time() - worked, time.perf_counter() - started, loss)

    def words(self, first: int, count: int) -> int:
        """The words of these steps, with the end of each sentence."""
        found = (self.batches[number % len(self.batches)] for number in range(first, first + count))
        return sum(int((batch.inputs["lengths"] - 1).sum()) for batch in found)

    def save(self, path: Path) -> None:
        """Writes the batches for the peers."""
        import numpy as np

        (source,) = self.job.network.lookups.values()
        arrays = {}
        for number, batch in enumerate(self.batches):
            arrays[f"words{number}"] = batch.inputs[source]
            arrays[f"targets{number}"] = batch.targets
            arrays[f"lengths{number}"] = batch.inputs["lengths"]
        np.savez(path, **arrays)

    def sizes(self) -> str:
        """What the peers build the same network from."""
        config, vocabulary = self.job.config, self.job.vocabulary
        return json.dumps(
            {
                "rows": vocabulary.sizes_of_indexers["word"]["rows"],
                "words": len(vocabulary.words),
                "dim": config.embeddings.word.dim,
                "units": config.encoder.units,
                "dropout": config.encoder.dropout,
                "learning_rate": self.rate,
                "clip": config.training.global_clipnorm,
            }
        )


def measured(own: Side, given: Any, folder: Path) -> tuple[dict[str, list[Turn]], str]:
    """The turns of each side, the first of which warms up, and PyTorch's version."""
    own.save(folder / "batches.npz")
    files = (folder / "batches.npz", own.sizes())
    with ExitStack() as stack:
        peers = {
            title: stack.enter_context(
                common.Peer("torch_language_model.py", *files, *options, threads=given.threads)
            )
            for title, options in (PEERS[name] for name in given.peers)
        }

        def of_peer(peer: common.Peer, first: int) -> Turn:
            return Turn(**peer.ask(first=first, steps=given.steps))

        found: dict[str, list[Turn]] = {"seqtag": [], **{title: [] for title in peers}}
        for number in range(given.rounds + 1):
            first = number * given.steps
            sides: dict[str, Callable[[], Turn]] = {"seqtag": partial(own.steps, first, given.steps)}
            sides |= {title: partial(of_peer, peer, first) for title, peer in peers.items()}
            for title in list(sides)[:: -1 if number % 2 else 1]:
                found[title].append(sides[title]())
            shown = ", ".join(f"{title} {turns[-1].processor:.2f}" for title, turns in found.items())
            common.say(f"round {number}, CPU s: {shown}")
        return found, str(next(iter(peers.values())).greeting["version"])


def main() -> None:
    made = common.parser(__doc__, "train")
    made.add_argument("--vocabulary", type=int, default=30_000, help="words that are predicted")
    made.add_argument("--units", type=int, default=256, help="units of each LSTM")
    made.add_argument("--steps", type=int, default=4, help="training steps of a turn")
    made.add_argument(
        "--peers", nargs="+", choices=PEERS, default=[*PEERS], help="which sides of PyTorch take part"
    )
    made.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="any other setting"
    )
    given = made.parse_args()
    # Threads, not cores: others may be at work on any of them.
    os.environ.update(common.environment(given.threads))
    # PyTorch's threads sleep while they wait for each other: on a busy machine they would use up several times the
    # processor's time by polling, which is no work.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    common.start_tensorflow()
    import tensorflow as tf

    from seqtag.settings.config_files import parse_assignments
    from seqtag.settings.language import LANGUAGE
    from seqtag.settings.merging import for_corpus, merge_into
    from seqtag.tasks.language.recurrent import texts

    own = (f"text.vocabulary={given.vocabulary}", f"encoder.units={given.units}")
    config = for_corpus(merge_into(LANGUAGE, parse_assignments([*SETTINGS, *own, *given.set])))
    side = Side(config, texts.read(config, {"train": [given.train]}), given.steps * (given.rounds + 1))
    with common.scratch() as folder:
        found, version = measured(side, given, folder)
    found = {name: turns[1:] for name, turns in found.items()}
    words = [side.words(number * given.steps, given.steps) for number in range(1, given.rounds + 1)]
    speeds = {
        name: [n / turn.processor for n, turn in zip(words, turns, strict=True)]
        for name, turns in found.items()
    }
    common.show(
        f"Language model of {given.units} units both ways, {given.vocabulary:,} words, "
        f"{given.steps * given.rounds} steps\n"
        f"{common.machine(given.threads)}\nTensorFlow {tf.__version__}, PyTorch {version}",
        ["side", "words/CPU s", "seqtag : side", "fastest", "slowest", "words/s", "loss"],
        [
            [
                name,
                round(common.median(speeds[name])),
                common.ratios(speeds["seqtag"], speeds[name]),
                round(max(speeds[name])),
                round(min(speeds[name])),
                round(sum(words) / sum(turn.seconds for turn in turns)),
                turns[-1].loss,
            ]
            for name, turns in found.items()
        ],
    )


if __name__ == "__main__":
    main()
