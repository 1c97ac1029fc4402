"""How seqtag's speed and memory change with the size of what it is given.

Training and prediction in tokens a second against tokens in the training file, length of the sentences, units and
cores; then time and memory of `seqtag predict` for files of growing size. Each point is a process of its own.
"""

import dataclasses
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import common

SHARES = (0.125, 0.25, 0.5, 1.0)
LENGTHS = (5, 10, 20, 50, 100, 200)
UNITS = (50, 100, 200, 400)
LONGER_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True)
class Point:
    """What a process is asked: how it trains and predicts.

    Attributes:
        threads: The cores that it may use.
        share: The share of the training file that it reads.
        length: Tokens of every sentence; 0 for sentences as they are.
        units: Units of the LSTM in each direction.
    """

    threads: int
    share: float = 1.0
    length: int = 0
    units: int = 100


@dataclass(frozen=True)
class Found:
    """What a point came to: the training tokens, tokens a second, and the process's memory."""

    tokens: int
    training: float
    prediction: float
    megabytes: float


def regrouped(sentences: Sequence[Any], length: int) -> Iterator[Any]:
    """The same tokens in sentences of one length; the last one may be shorter."""
    from seqtag.corpora.reading import Sentence

    pairs = [pair for s in sentences for pair in zip(s.tokens, s.tags, s.lines, strict=True)]
    for start in range(0, len(pairs), length):
        tokens, tags, lines = zip(*pairs[start : start + length], strict=True)
        yield Sentence(tokens, tags, lines)


def work(point: Point, train: str, dev: str, epochs: int) -> dict[str, Any]:
    """The point's figures; runs in its own process."""
    from seqtag.corpora.reading import Corpus

    corpora, config = common.corpora_of(
        common.config_of(f"encoder.units={point.units}", "training.max_sentence_length=500"), train, dev
    )
    every = corpora.train.sentences
    count = max(round(len(every) * point.share), 2)
    sentences = tuple(every[number * len(every) // count] for number in range(count))
    if point.length:
        sentences = tuple(regrouped(sentences, point.length))
    corpora = dataclasses.replace(corpora, train=Corpus(corpora.train.path, sentences))
    common.start_tensorflow()
    training = common.Epochs(config, corpora)
    speeds = [training.next() for _ in range(1 + epochs)][1:]
    tagger = training.run.job.tagger()
    tokens = sum(map(len, sentences))

    def predict() -> float:
        started = time.perf_counter()
        for _ in tagger.tag(sentences):
            pass
        return tokens / (time.perf_counter() - started)

    predict()
    predicted = [predict() for _ in range(epochs)]
    return {
        "tokens": tokens,
        "training": common.median(speeds),
        "prediction": common.median(predicted),
    }


def measure(point: Point, train: str, dev: str, epochs: int) -> Found:
    """The point's figures, from a process of its own."""
    options = ["--train", train, "--dev", dev, "--epochs", str(epochs)]
    asked = json.dumps(dataclasses.asdict(point))
    ran = common.run([sys.executable, __file__, *options, "--point", asked], point.threads)
    return Found(**ran.json(), megabytes=ran.megabytes)


def points(threads: int) -> dict[str, dict[str, Point]]:
    """What is asked, by question and by what changes."""
    own = Point(threads)
    replace = partial(dataclasses.replace, own)
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64) if count < threads]
    return {
        "share of the file": {f"{share:.3g}": replace(share=share) for share in SHARES},
        "tokens in a sentence": {"as they are": own} | {str(n): replace(length=n) for n in LENGTHS},
        "units": {str(units): replace(units=units) for units in UNITS},
        "cores": {str(count): replace(threads=count) for count in [*counts, threads]},
    }


def show_points(given: Any) -> None:
    """Measures and shows all points."""
    asked = points(given.threads)
    distinct = list(dict.fromkeys(point for group in asked.values() for point in group.values()))
    sides = {point: partial(measure, point, given.train, given.dev, given.epochs) for point in distinct}
    common.say(f"{len(distinct)} points, {given.rounds} rounds")
    found = common.interleaved(sides, given.rounds)
    for question, group in asked.items():
        base = found[next(iter(group.values()))]
        rows: list[list[str | float]] = []
        for label, point in group.items():
            own = found[point]
            row: list[str | float] = [label, own[0].tokens]
            for name in ("training", "prediction", "megabytes"):
                values = [float(getattr(one, name)) for one in own]
                row += [
                    common.median(values),
                    common.ratios(values, [float(getattr(one, name)) for one in base]),
                ]
            rows.append(row)
        first = next(iter(group))
        common.show(
            f"By {question}, median of {given.rounds}\n{common.machine(given.threads)}",
            [
                question,
                "tokens",
                "training, tokens/s",
                f"against {first}",
                "prediction, tokens/s",
                f"against {first}",
                "MB, both",
                f"against {first}",
            ],
            rows,
        )


def write_text(path: Path, lines: Sequence[str], megabytes: float) -> int:
    """Writes a file of that size from the lines again and again, each time with other endings of the longer words, for
    new words come as long as a real text goes on; returns its tokens.
    """
    size = tokens = 0
    with path.open("w", encoding="utf-8") as file:
        for turn, line in ((turn, line) for turn in itertools.count() for line in lines):
            if size >= megabytes * 1e6:
                return tokens
            if turn:
                line = LONGER_WORD.sub(rf"\g<0>{chr(ord('a') + turn % 26) * (1 + turn // 26)}", line)
            file.write(line)
            size += len(line.encode())
            tokens += line.count(" ") + 1
    return tokens


def show_files(given: Any) -> None:
    """Measures and shows `seqtag predict` over files of growing size."""
    corpora, _ = common.corpora_of(common.config_of(), given.train, given.dev)
    lines = [" ".join(sentence.tokens) + "\n" for sentence in corpora.train.sentences]
    with common.scratch() as folder:
        model, out = folder / "model", folder / "out"
        settings = ["--set", "training.epochs=1"]
        common.run(
            [*common.SEQTAG, "train", "--train", given.train, "--dev", given.dev, "-o", model, *settings]
        )
        texts = {size: folder / f"{size}.txt" for size in given.megabytes.split(",")}
        tokens = {size: write_text(path, lines, float(size)) for size, path in texts.items()}
        sides = {
            size: partial(common.run, [*common.SEQTAG, "predict", model, path, "-o", out], given.threads)
            for size, path in texts.items()
        }
        common.say(f"files of {given.megabytes} MB, {given.rounds} rounds")
        ran = common.interleaved(sides, given.rounds)
    base = [side.megabytes for side in next(iter(ran.values()))]
    rows: list[list[str | float]] = []
    for size, found in ran.items():
        seconds = common.median([side.seconds for side in found])
        memory = [side.megabytes for side in found]
        speed = tokens[size] / seconds
        rows.append([size, tokens[size], seconds, speed, common.median(memory), common.ratios(memory, base)])
    common.show(
        f"`seqtag predict` over a file, median of {given.rounds}\n{common.machine(given.threads)}",
        ["MB of text", "tokens", "s", "tokens/s", "memory, MB", f"against {next(iter(ran))} MB of text"],
        rows,
    )


def main() -> None:
    made = common.parser(__doc__, "train", "dev", rounds=3)
    made.add_argument("--epochs", type=int, default=2, help="epochs that count, after the first")
    made.add_argument("--megabytes", default="1,10,100", help="sizes of the files to tag")
    made.add_argument(
        "--only", choices=("points", "files"), help="one of the two parts: training and prediction, or files"
    )
    made.add_argument("--point", help="one point, as JSON, in this process")
    given = made.parse_args()
    if given.point:
        answer = work(Point(**json.loads(given.point)), given.train, given.dev, given.epochs)
        print(json.dumps(answer))
        return
    if given.only != "files":
        show_points(given)
    if given.only != "points":
        show_files(given)


if __name__ == "__main__":
    main()
