"""The output layer of a language model alone: the full softmax against classes of equal frequency mass.

Training: forward, backward to states and weights, and a step of plain SGD, on batches of words that follow Zipf's law.
Scoring: the log-probabilities of the words in NumPy on one core, as a model that is used computes them.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import common

BATCHES = 8


@dataclass(frozen=True)
class Turn:
    """What a side did in a turn.

    Attributes:
        seconds: For a word.
        processor: Seconds of all threads, for a word.
    """

    seconds: float
    processor: float


class Side:
    """An output layer and its batches.

    Args:
        words: The size of the vocabulary.
        classes: How many classes.
        given: The options.
    """

    def __init__(self, words: int, classes: int, given: Any) -> None:
        import numpy as np
        import tensorflow as tf

        from seqtag.features.word_classes import equal_mass
        from seqtag.graph.weights import Weights
        from seqtag.inference.word_softmax import WordSoftmax
        from seqtag.network.heads.word_softmax import word_softmax

        random = np.random.default_rng(42)
        counts = (1e9 / np.arange(1, words + 1)).astype(np.int64)
        sizes = equal_mass(counts, classes).sizes
        self.seconds, self.batch = given.seconds, given.batch
        self.states = random.normal(size=(given.batch, given.units)).astype(np.float32)
        self.targets = [
            random.choice(words, given.batch, p=counts / counts.sum()).astype(np.int32)
            for _ in range(BATCHES)
        ]
        layer = word_softmax(sizes)
        layer.build((None, given.units))

        def step(states: Any, targets: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(states)
                loss = -tf.reduce_mean(layer(states, targets))
            *gradients, onward = tape.gradient(loss, [weight.value for weight in layer.weights] + [states])
            for weight, gradient in zip(layer.weights, gradients, strict=True):
                weight.value.assign_sub(0.1 * gradient)
            return loss, tf.convert_to_tensor(onward)

        signature = [tf.TensorSpec((None, given.units), tf.float32), tf.TensorSpec((None,), tf.int32)]
        graph = tf.function(step, autograph=False, input_signature=signature)
        self.tracing = common.clock(graph.get_concrete_function)
        self.train = lambda targets: [array.numpy() for array in graph(self.states, targets)]
        weights = Weights.of_arrays({weight.path: weight.numpy() for weight in layer.weights})
        own = WordSoftmax.of_weights(weights, sizes, given.units)
        self.score = lambda targets: own.log_probabilities(self.states, targets)
        for function in (self.train, self.score):
            function(self.targets[0])

    def timed(self, function: Callable[[Any], object]) -> Turn:
        """Batches until the turn is over, one at least."""
        steps, started, worked = 0, time.perf_counter(), time.process_time()
        while not steps or time.perf_counter() - started < self.seconds:
            function(self.targets[steps % BATCHES])
            steps += 1
        words = steps * self.batch
        return Turn((time.perf_counter() - started) / words, (time.process_time() - worked) / words)

    def turn(self) -> tuple[Turn, Turn]:
        """A turn of training and one of scoring."""
        return self.timed(self.train), self.timed(self.score)


def table_of(words: int, given: Any) -> list[list[str | float]]:
    """The rows of a vocabulary."""
    from seqtag.features.word_classes import square_root

    root = square_root(words)
    numbers = {"full": 1, **{str(number): number for number in given.classes}, f"sqrt(V), {root}": root}
    sides = {name: Side(words, number, given) for name, number in numbers.items()}
    found = common.interleaved({name: side.turn for name, side in sides.items()}, given.rounds)
    rows = []
    for name, turns in found.items():
        row: list[str | float] = [f"{words:,}", name]
        for kind in (0, 1):
            own, full = ([turn[kind] for turn in some] for some in (turns, found["full"]))
            row += [
                round(1 / common.median([turn.seconds for turn in own])),
                round(1 / common.median([turn.processor for turn in own])),
                common.ratios([turn.seconds for turn in full], [turn.seconds for turn in own]),
                common.ratios([turn.processor for turn in full], [turn.processor for turn in own]),
            ]
        rows.append([*row, sides[name].tracing])
        common.say(" ".join(cell if isinstance(cell, str) else common.figure(cell) for cell in rows[-1]))
    return rows


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def main() -> None:
    made = common.parser(__doc__)
    made.add_argument("--words", type=numbers, default="10000,30000,100000", help="sizes of the vocabulary")
    made.add_argument("--classes", type=numbers, default="30,100,400", help="numbers of classes")
    made.add_argument("--units", type=int, default=256, help="width of the states")
    made.add_argument("--batch", type=int, default=1500, help="words in a batch")
    made.add_argument("--seconds", type=float, default=1.0, help="seconds of a turn, one batch at least")
    given = made.parse_args()
    common.limit(given.threads)
    os.environ["OPENBLAS_NUM_THREADS"] = (
        "1"  # NumPy's: two threads lose more than they gain in products so small
    )
    common.start_tensorflow()
    import tensorflow as tf

    rows = [row for words in given.words for row in table_of(words, given)]
    common.show(
        f"Output layers over {given.units} units, batches of {given.batch:,} words, median of {given.rounds} turns\n"
        f"{common.machine(given.threads)}\nTensorFlow {tf.__version__}",
        [
            "words",
            "classes",
            "training, words/s",
            "words/CPU s",
            "full = 1",
            "by CPU",
            "scoring, words/s",
            "words/CPU s",
            "full = 1",
            "by CPU",
            "graph, s",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
