"""What networks without a state, with one direction and with both make of the textbook's examples.

Each network is trained on a sample corpus with that sample's settings but for its cell, its direction and its head, and
tags `textbook.conll`, sentences of which no part is in the training files.
"""

import argparse
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import common

SAMPLES = common.HERE.parent / "sample_data"
HEADS = ("softmax", "crf", "feedback")
BOTH_DIRECTIONS = "encoder.bidirectional"
NETWORKS: dict[str, dict[str, Any]] = {
    "dense": {"encoder.cell": "dense"},
    "cnn, width 3": {"encoder.cell": "cnn", "encoder.width": 3},
    "cnn, width 5": {"encoder.cell": "cnn", "encoder.width": 5},
    "lstm, one direction": {"encoder.cell": "lstm", BOTH_DIRECTIONS: False},
    "lstm, both": {"encoder.cell": "lstm"},
}
# Pairs of characters would let each network see one character more than its width. The rest makes training short.
ALONE = {
    "embeddings.bigrams.enabled": "no",
    "encoder.units": 50,
    "training.averaging": "none",
    "training.batch_size": 32,
    "training.epochs": 6,
    "training.learning_rate": 0.01,
    "training.schedule": "cosine",
}


@dataclass
class Figures:
    """What the seeds of one network brought.

    Attributes:
        whole: Sentences of the textbook with each tag right.
        textbook: Span F1 on these sentences.
        test: Span F1 on the test file.
        seconds: Processor time of training.
        missed: The sentences that are not whole, for each seed.
    """

    whole: list[int] = field(default_factory=list)
    textbook: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def last(self) -> str:
        """The figures of the last seed, to be said while others are to come."""
        return (
            f"{self.whole[-1]} whole, F1 {self.textbook[-1]:.4f}, on test {self.test[-1]:.4f}, "
            f"{self.seconds[-1]:.1f} CPU s"
        )

    def row(self, name: str, head: str, sentences: int) -> list[str | float | int]:
        """A row of the table: means, and the figures of each seed where they are whole sentences."""
        return [
            name,
            head,
            f"{statistics.mean(self.whole):.1f} of {sentences}",
            ", ".join(map(str, self.whole)),
            f"{statistics.mean(self.textbook):.4f}",
            f"{statistics.mean(self.test):.4f}",
            round(statistics.mean(self.seconds), 1),
        ]


@dataclass(frozen=True)
class Sample:
    """A sample corpus and its settings."""

    folder: Path
    settings: dict[str, Any]

    @classmethod
    def read(cls, name: str, changes: list[str]) -> "Sample":
        """The sample of a name, with the changes `KEY.PATH=VALUE` to its settings."""
        import yaml

        folder = SAMPLES / name
        settings = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        for change in changes:
            key, _, value = change.partition("=")
            settings |= {key: yaml.safe_load(value)}
        return cls(folder, settings)

    def train(self, output: Path, changes: dict[str, Any], figures: Figures) -> None:
        """Trains one network, scores it, and adds its figures."""
        import seqtag

        started = time.process_time()
        seqtag.train(
            train=self.folder / "train.conll",
            dev=self.folder / "dev.conll",
            output=output,
            settings=flat(self.settings) | changes,
            force=True,
        )
        figures.seconds.append(time.process_time() - started)
        figures.test.append(seqtag.evaluate(output, self.folder / "test.conll").f1)
        figures.textbook.append(seqtag.evaluate(output, self.folder / "textbook.conll").f1)
        sentences = self.sentences
        answers = seqtag.load(output).tag([tokens for tokens, _ in sentences])
        wrong = [
            ("" if max(map(len, tokens)) == 1 else " ").join(tokens)
            for (tokens, gold), answer in zip(sentences, answers, strict=True)
            if list(answer.tags) != gold
        ]
        figures.whole.append(len(sentences) - len(wrong))
        figures.missed.extend(wrong)

    @property
    def sentences(self) -> list[tuple[list[str], list[str]]]:
        """The tokens and tags of each sentence of the textbook."""
        blocks = (self.folder / "textbook.conll").read_text(encoding="utf-8").split("\n\n")
        rows = [[line.split("\t") for line in block.splitlines()] for block in blocks if block.strip()]
        return [([token for token, _ in each], [tag for _, tag in each]) for each in rows]


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with dotted keys."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def parsed() -> argparse.Namespace:
    made = common.parser(__doc__, rounds=3)
    made.add_argument("--sample", default="chinese_addresses", help="the sample corpus")
    made.add_argument("--seed", type=int, default=1, help="the first seed; --rounds says how many")
    made.add_argument("--only", action="append", choices=list(NETWORKS), help="a network (repeatable)")
    made.add_argument("--heads", default=",".join(HEADS), help="heads")
    made.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="another setting")
    made.add_argument("--missed", action="store_true", help="also print the sentences that are not whole")
    return made.parse_args()


def main() -> None:
    given = parsed()
    os.environ.update(common.environment(given.threads))
    sample = Sample.read(given.sample, given.set)
    sides: dict[tuple[str, str], dict[str, Any]] = {
        (name, head): {**ALONE, **NETWORKS[name], "head.name": head}
        for name in given.only or NETWORKS
        for head in given.heads.split(",")
    }
    if not given.only:
        sides["config.yaml", "as it is"] = {}
    found = {side: Figures() for side in sides}
    with common.scratch() as folder:
        for seed in range(given.seed, given.seed + given.rounds):
            for side, changes in sides.items():
                sample.train(folder / "model", {**changes, "training.seed": seed}, found[side])
                common.say(f"seed {seed}, {', '.join(side)}: {found[side].last}")
    common.show(
        f"{given.sample}, seeds {given.seed} to {given.seed + given.rounds - 1}\n{common.machine(given.threads)}",
        ["network", "head", "whole", "each seed", "F1 on these", "F1 on test", "training, CPU s"],
        [found[side].row(*side, len(sample.sentences)) for side in sides],
    )
    for side, figures in found.items():
        for sentence in sorted(set(figures.missed)) if given.missed else []:
            print(f"{', '.join(side)}: {figures.missed.count(sentence)} x {sentence}")


if __name__ == "__main__":
    main()
