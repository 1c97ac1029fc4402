"""How far back a cell remembers: the tag of the last token is told by the first one, so many tokens before it.

Between both stand words that mean nothing. Each cell and each remedy against vanishing and exploding gradients trains
at each distance, with some seeds, on sentences made anew for each step, until it has learnt the task (0.99 of fresh
sentences right) or its steps are used up; the figure is the accuracy on the last tokens of further sentences, and a
guess is right once in four times. Beside it is the rate at which a gradient goes back a step through the cell
(Pascanu et al. 2013), before and after training, with the steps after which 1 % is left. A remedy that has learnt
nothing at one distance, with any seed, is not tried at longer ones.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Any

import common

TAGS = 4
WORDS = 8  # that mean nothing
VOCABULARY = TAGS + WORDS + 1  # and the last token
DISTANCES = (5, 10, 20, 50, 100, 200)
LEARNT = 0.4  # an accuracy above a guess
DONE = 0.99  # an accuracy at which training ends
LOOKS = 50  # steps between two looks at the accuracy
TESTED = 512  # sentences
SGD_RATE = 20  # times the rate that Adam has


@dataclass(frozen=True)
class Remedy:
    """A cell, settings of the encoder, and how it is trained.

    Attributes:
        cell: The cell.
        clipnorm: The global norm that gradients are clipped at; 0 for none.
        settings: Of the encoder.
        optimizer: `adam` or `sgd`.
    """

    cell: str
    clipnorm: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict)
    optimizer: str = "adam"


def plain(
    activation: str, recurrent: str = "glorot_uniform", clipnorm: float = 1.0, optimizer: str = "adam"
) -> Remedy:
    """A SimpleRNN."""
    settings = {"activation": activation, "recurrent_initializer": recurrent}
    return Remedy("simplernn", clipnorm, settings, optimizer)


REMEDIES = {
    "simplernn sigmoid": plain("sigmoid"),
    "simplernn tanh, small (normal, 0.05)": plain("tanh", "random_normal"),
    "simplernn tanh, glorot": plain("tanh"),
    "simplernn tanh, glorot, no clipping": plain("tanh", clipnorm=0.0),
    "simplernn tanh, orthogonal": plain("tanh", "orthogonal"),
    "simplernn tanh, large (he)": plain("tanh", "he_normal"),
    "simplernn tanh, large (he), no clipping": plain("tanh", "he_normal", 0.0),
    "simplernn relu, identity (IRNN)": plain("relu", "identity"),
    "lstm": Remedy("lstm"),
    "lstm, forget bias 0": Remedy("lstm", settings={"forget_bias": 0.0}),
    "lstm, forget bias 5": Remedy("lstm", settings={"forget_bias": 5.0}),
    "gru": Remedy("gru"),
    "gru, update bias 5": Remedy("gru", settings={"update_bias": 5.0}),
    "jordan": Remedy("jordan"),
    "simplernn relu, large (he)": plain("relu", "he_normal"),
    "simplernn relu, large (he), no clipping": plain("relu", "he_normal", 0.0),
    "IRNN by SGD": plain("relu", "identity", optimizer="sgd"),
    "IRNN by SGD, no clipping": plain("relu", "identity", 0.0, "sgd"),
    "simplernn tanh, orthogonal, by SGD": plain("tanh", "orthogonal", optimizer="sgd"),
    "lstm, forget bias 5, by SGD": Remedy("lstm", settings={"forget_bias": 5.0}, optimizer="sgd"),
    "peephole_lstm": Remedy("peephole_lstm"),
    "cifg_lstm": Remedy("cifg_lstm"),
    "peephole_cifg_lstm": Remedy("peephole_cifg_lstm"),
}


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        accuracy: On fresh sentences; None if loss or gradient became infinite or no number.
        steps: Training steps made.
        largest: The largest norm of all gradients together, before clipping.
        before: The rate of a gradient before training, and the steps after which 1 % is left (None: never).
        after: The same after it.
    """

    accuracy: float | None
    steps: int
    largest: float
    before: tuple[float, int | None]
    after: tuple[float, int | None] | None


class Memory:
    """A cell with a dense layer on its last state, trained on the task.

    Args:
        remedy: The cell and how it is trained.
        distance: Tokens from the first to the last.
        seed: Of weights and sentences.
        given: The options of the program.
    """

    def __init__(self, remedy: Remedy, distance: int, seed: int, given: argparse.Namespace) -> None:
        common.start_tensorflow(seed)
        import keras
        import numpy as np
        import tensorflow as tf

        from seqtag.network.encoder import Encoder
        from seqtag.network.fit import Clipping
        from seqtag.settings.config import EncoderSettings, TrainingSettings

        self.batch, self.distance = given.batch, distance
        self.random = np.random.default_rng([seed, distance])
        self.encoder = Encoder(
            EncoderSettings(
                cell=remedy.cell, units=given.units, bidirectional=False, dropout=0.0, **remedy.settings
            )
        )
        self.encoder.build((None, None, VOCABULARY))
        self.dense = keras.layers.Dense(TAGS)
        self.dense.build((None, given.units))
        weights = [*self.encoder.trainable_variables, *self.dense.trainable_variables]
        optimizer = (
            keras.optimizers.Adam(given.rate)
            if remedy.optimizer == "adam"
            else keras.optimizers.SGD(given.rate * SGD_RATE)
        )
        optimizer.build(weights)
        clip = Clipping(TrainingSettings(global_clipnorm=remedy.clipnorm))

        def step(tokens: Any, tags: Any) -> Any:
            with tf.GradientTape() as tape:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=tags, logits=self.scores(tokens)
                )
                loss = tf.reduce_mean(losses)
            gradients = tape.gradient(loss, [weight.value for weight in weights])
            norm = tf.linalg.global_norm(gradients)
            gradients, _ = clip(gradients, norm)
            optimizer.apply(gradients, weights)
            return loss, norm

        signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)]
        self.step = tf.function(step, input_signature=signature)
        self.graph = tf.function(self.scores, input_signature=signature[:1])

    def sentences(self, count: int) -> tuple[Any, Any]:
        """Tokens `(count, distance + 1)`, and the tag of the last one of each `(count,)`."""
        import numpy as np

        tokens = self.random.integers(TAGS, TAGS + WORDS, (count, self.distance + 1)).astype(np.int32)
        tags = self.random.integers(0, TAGS, count).astype(np.int32)
        tokens[:, 0], tokens[:, -1] = tags, VOCABULARY - 1
        return tokens, tags

    def scores(self, tokens: Any) -> Any:
        """The score of each tag of the last token, `(batch, tags)`."""
        import tensorflow as tf

        lengths = tf.fill([tf.shape(tokens)[0]], tf.shape(tokens)[1])
        return self.dense(self.encoder(tf.one_hot(tokens, VOCABULARY), lengths)[:, -1])

    def accuracy(self) -> float:
        """The share of fresh sentences whose last token gets its tag."""
        import numpy as np

        tokens, tags = self.sentences(TESTED)
        return float((np.argmax(self.graph(tokens).numpy(), axis=1) == tags).mean())

    def train(self, steps: int) -> Row:
        """Trains until the task is learnt, or for so many steps."""
        import numpy as np

        before, largest = self.rate(), 0.0
        for number in range(1, steps + 1):
            loss, norm = map(float, self.step(*self.sentences(self.batch)))
            if not np.isfinite([loss, norm]).all():
                return Row(None, number, largest, before, None)
            largest = max(largest, norm)
            if number % LOOKS == 0 and self.accuracy() >= DONE:
                break
        return Row(self.accuracy(), number, largest, before, self.rate())

    def rate(self) -> tuple[float, int | None]:
        """The rate at which a gradient goes back a step, and after how many 1 % is left."""
        import numpy as np
        import tensorflow as tf

        from seqtag.network.gradients import Trace, profile, walk
        from seqtag.training.reach import Fit

        tokens, _ = self.sentences(4)
        inputs = tf.one_hot(tokens, VOCABULARY)
        cell = self.encoder.stack[0][0].cell
        states = walk(cell, inputs)
        trace = Trace(1, "forward", cell, inputs, states, tf.zeros_like(states[0]))
        steps = min(self.distance, 30)
        found = profile(trace, np.full(4, self.distance), steps, self.random)
        fit = Fit.of(found.jacobians.mean(axis=0).tolist())
        return fit.rate, fit.memory


class Rows:
    """The rows of a file, a JSON object a line: what is there is not trained again.

    Args:
        path: The file; None keeps the rows in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.found: dict[str, Row] = {}
        if path and path.exists():
            for line in path.read_text("utf-8").splitlines():
                values = json.loads(line)
                key = values.pop("key")
                self.found[key] = Row(**values)

    def of(self, remedy: Remedy, distance: int, seed: int, given: argparse.Namespace) -> Row:
        """The row of a training, which is made if it is not there."""
        own = asdict(remedy) | {"distance": distance, "seed": seed}
        own |= {name: getattr(given, name) for name in ("steps", "batch", "units", "rate")}
        key = json.dumps(own, sort_keys=True)
        if key not in self.found:
            row = Memory(remedy, distance, seed, given).train(given.steps)
            self.found[key] = row
            if self.path:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key} | asdict(row)) + "\n")
        return self.found[key]


def cell_of(rows: Sequence[Row]) -> str:
    """A distance's cell of the table: the mean accuracy, and the steps (median) or how many seeds have learnt it."""
    if all(row.accuracy is None for row in rows):
        return "diverged"
    mean = fmean(row.accuracy or 0.0 for row in rows)
    learnt = [row.steps for row in rows if row.accuracy and row.accuracy >= DONE - 0.01]
    if len(learnt) == len(rows):
        return f"{mean:.2f} ({median(learnt):.0f})"
    lost = sum(row.accuracy is None for row in rows)
    notes = [f"{len(learnt)} of {len(rows)}"] * bool(learnt) + [f"{lost} diverged"] * bool(lost)
    return f"{mean:.2f}" + f" ({', '.join(notes)})" * bool(notes)


def rate_of(found: Sequence[tuple[float, int | None] | None]) -> str:
    """The median rate over the seeds, and the memory that goes with it."""
    known = sorted((rate for rate in found if rate is not None), key=lambda rate: rate[0])
    if not known:
        return "-"
    rate, memory = known[len(known) // 2]
    return f"{rate:.3f} ({'no end' if memory is None else memory})"


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--distances", default=",".join(map(str, DISTANCES)), help="separated by commas")
    made.add_argument("--only", default="", help="only the remedies whose name holds one of these, by commas")
    made.add_argument("--steps", type=int, default=1000, help="training steps at most (1000)")
    made.add_argument("--batch", type=int, default=32, help="sentences a step (32)")
    made.add_argument("--units", type=int, default=32, help="units of the cell (32)")
    made.add_argument("--rate", type=float, default=0.005, help="learning rate of Adam (0.005)")
    made.add_argument("--seed", type=int, default=42, help="first seed of weights and sentences (42)")
    made.add_argument("--seeds", type=int, default=1, help="how many seeds (1)")
    made.add_argument("--all", action="store_true", help="try longer distances where nothing was learnt")
    made.add_argument("--threads", type=int, default=len(common.cores()), help="threads (all)")
    made.add_argument("--rows", type=Path, metavar="FILE", help="keep each training here, and repeat none")
    made.add_argument("--output", type=Path, metavar="FILE", help="write the table as Markdown")
    given = made.parse_args()
    common.limit(given.threads)
    distances = [int(word) for word in given.distances.split(",")]
    names = [name for name in REMEDIES if any(word.strip() in name for word in given.only.split(","))]
    rows = Rows(given.rows)
    head = ["cell and remedy", *(f"at {distance}" for distance in distances)]
    head += ["rate before", "rate after", "largest gradient"]
    seeds = range(given.seed, given.seed + given.seeds)
    title = (
        f"Accuracy on the last token, told by the first, mean of {given.seeds} seeds, and the steps until "
        f"{DONE} was right (median); at most {given.steps} steps of {given.batch} sentences, {given.units} "
        "units; the rates (1 % left after) are those of the last distance tried, median"
    )
    table: list[list[str]] = []
    for name in names:
        line = [name]
        found: list[Row] = []
        for distance in distances:
            if found and not given.all and all((row.accuracy or 0) < LEARNT for row in found):
                line.append("")
                continue
            found = [rows.of(REMEDIES[name], distance, seed, given) for seed in seeds]
            line.append(cell_of(found))
            common.say(f"{name}, distance {distance}: {line[-1]}")
        line += [rate_of([row.before for row in found]), rate_of([row.after for row in found])]
        table.append([*line, f"{max(row.largest for row in found):.3g}"])
        if given.output:
            given.output.write_text(f"{title}.\n\n{markdown(head, table)}", encoding="utf-8")
    common.show(f"{title}\n{common.machine(given.threads)}", head, table)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """The table as Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
