"""How far back a cell remembers: the tag of the last token is told by the first one, so many tokens before it.

Between both stand words that mean nothing. Each cell and each remedy against vanishing and exploding gradients trains
for the same number of steps at each distance, on sentences made anew for each step from a seed; the figure is the
accuracy on the last tokens of fresh sentences, and a guess is right once in four times. Beside it is the rate at which
a gradient goes back a step through the trained cell (Pascanu et al. 2013), and the steps after which 1 % is left.
A remedy that has learnt nothing at one distance is not tried at longer ones.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import common

TAGS = 4
WORDS = 8  # that mean nothing
VOCABULARY = TAGS + WORDS + 1  # and the last token
DISTANCES = (5, 10, 20, 50, 100, 200)
LEARNT = 0.4  # an accuracy above a guess
TESTED = 512  # sentences


@dataclass(frozen=True)
class Remedy:
    """A cell, settings of the encoder, and how its gradients are clipped."""

    cell: str
    clipnorm: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict)


PLAIN = {"recurrent_initializer": "glorot_uniform"}
REMEDIES = {
    "simplernn tanh, no clipping": Remedy("simplernn", 0.0, PLAIN),
    "simplernn tanh, clipped": Remedy("simplernn", 1.0, PLAIN),
    "simplernn tanh, orthogonal": Remedy("simplernn"),
    "simplernn relu, identity (IRNN)": Remedy(
        "simplernn", settings={"activation": "relu", "recurrent_initializer": "identity"}
    ),
    "jordan": Remedy("jordan"),
    "gru": Remedy("gru"),
    "lstm": Remedy("lstm"),
    "lstm, forget bias 0": Remedy("lstm", settings={"forget_bias": 0.0}),
    "peephole_lstm": Remedy("peephole_lstm"),
    "cifg_lstm": Remedy("cifg_lstm"),
    "peephole_cifg_lstm": Remedy("peephole_cifg_lstm"),
}


class Memory:
    """A cell with a dense layer on its last state, trained on the task.

    Args:
        remedy: The cell and how it is trained.
        distance: Tokens from the first to the last.
        given: The options of the program.
    """

    def __init__(self, remedy: Remedy, distance: int, given: argparse.Namespace) -> None:
        common.start_tensorflow(given.seed)
        import keras
        import numpy as np
        import tensorflow as tf

        from seqtag.config import Encoder as Settings
        from seqtag.config import Training
        from seqtag.model.encoder import Encoder
        from seqtag.model.fit import Clipping

        self.batch, self.distance = given.batch, distance
        self.random = np.random.default_rng([given.seed, distance])
        self.encoder = Encoder(
            Settings(cell=remedy.cell, units=given.units, bidirectional=False, dropout=0.0, **remedy.settings)
        )
        self.encoder.build((None, None, VOCABULARY))
        self.dense = keras.layers.Dense(TAGS)
        self.dense.build((None, given.units))
        weights = [*self.encoder.trainable_variables, *self.dense.trainable_variables]
        optimizer = keras.optimizers.Adam(given.rate)
        optimizer.build(weights)
        clip = Clipping(Training(global_clipnorm=remedy.clipnorm))

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
            return loss

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

    def train(self, steps: int) -> float:
        """Trains, and returns the accuracy on fresh sentences; nan if the loss was not finite."""
        import numpy as np

        for _ in range(steps):
            if not np.isfinite(float(self.step(*self.sentences(self.batch)))):
                return float("nan")
        tokens, tags = self.sentences(TESTED)
        return float((np.argmax(self.graph(tokens).numpy(), axis=1) == tags).mean())

    def rate(self) -> str:
        """The rate at which a gradient goes back a step, and after how many 1 % is left."""
        import numpy as np
        import tensorflow as tf

        from seqtag.gradients import Fit
        from seqtag.model.gradients import Trace, profile, walk

        tokens, _ = self.sentences(4)
        inputs = tf.one_hot(tokens, VOCABULARY)
        cell = self.encoder.stack[0][0].cell
        states = walk(cell, inputs)
        trace = Trace(1, "forward", cell, inputs, states, tf.zeros_like(states[0]))
        steps = min(self.distance, 30)
        found = profile(trace, np.full(4, self.distance), steps, self.random)
        fit = Fit.of(found.jacobians.mean(axis=0).tolist())
        return f"{fit.rate:.3f} ({fit.memory if fit.memory is not None else 'no end'})"


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--distances", default=",".join(map(str, DISTANCES)), help="separated by commas")
    made.add_argument("--only", default="", help="only the remedies whose name holds this")
    made.add_argument("--steps", type=int, default=400, help="training steps (400)")
    made.add_argument("--batch", type=int, default=32, help="sentences a step (32)")
    made.add_argument("--units", type=int, default=32, help="units of the cell (32)")
    made.add_argument("--rate", type=float, default=0.005, help="learning rate of Adam (0.005)")
    made.add_argument("--seed", type=int, default=42, help="seed of weights and sentences (42)")
    made.add_argument("--all", action="store_true", help="try longer distances where nothing was learnt")
    made.add_argument("--threads", type=int, default=len(common.cores()), help="threads (all)")
    made.add_argument("--output", type=Path, metavar="FILE", help="write the table as Markdown")
    given = made.parse_args()
    common.limit(given.threads)
    distances = [int(word) for word in given.distances.split(",")]
    names = [name for name in REMEDIES if given.only in name]
    rows: list[list[str]] = []
    for name in names:
        row, rate = [name], "-"
        for distance in distances:
            if not given.all and len(row) > 1 and row[-1] != "diverged" and float(row[-1] or 0) < LEARNT:
                row.append("")
                continue
            memory = Memory(REMEDIES[name], distance, given)
            accuracy = memory.train(given.steps)
            row.append("diverged" if accuracy != accuracy else f"{accuracy:.2f}")
            rate = memory.rate() if accuracy == accuracy else rate
            common.say(f"{name}, distance {distance}: accuracy {row[-1]}, rate {rate}")
        rows.append([*row, rate])
    head = ["cell and remedy", *(f"at {distance}" for distance in distances), "rate (1 % left after)"]
    title = (
        f"Accuracy on the last token, told by the first; {given.steps} steps of {given.batch} sentences, "
        f"{given.units} units; the rate is that at the last distance tried"
    )
    common.show(f"{title}\n{common.machine(given.threads)}", head, rows)
    if given.output:
        given.output.write_text(f"{title}.\n\n{markdown(head, rows)}", encoding="utf-8")


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """The table as Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
