"""The recurrent layer alone: seqtag's, Keras's own and PyTorch's, and how near each comes to the machine's peak.

Forward, and a training step (forward, and backward to input and weights), in milliseconds. All sentences are as long
as the batch. The peak is a large float32 matrix product by TensorFlow in the same run with the same threads; the work
of a layer is that of its matrix products, three times as much with the backward pass.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import common

GATES = {"lstm": 4, "gru": 3, "simplernn": 1}
MATRIX = 2048


@dataclass(frozen=True)
class Case:
    """A layer and what it reads."""

    cell: str
    bidirectional: bool
    batch: int
    time: int
    dim: int
    units: int
    training: bool

    @property
    def operations(self) -> int:
        """Multiplications and additions of its matrix products."""
        steps = 2 * self.batch * self.time * (self.dim + self.units) * GATES[self.cell] * self.units
        return steps * (1 + self.bidirectional) * (3 if self.training else 1)


SHAPES = ((32, 25, 130, 100), (32, 25, 130, 200), (32, 25, 200, 100), (8, 100, 100, 100))


def functions(case: Case) -> dict[str, Callable[[], object]]:
    """Seqtag's layer and Keras's as functions that wait for their result."""
    import keras
    import numpy as np
    import tensorflow as tf

    from seqtag.network.encoder import Encoder
    from seqtag.settings.config import EncoderSettings

    random = np.random.default_rng(42)
    directions = 1 + case.bidirectional
    features = tf.constant(random.normal(size=(case.batch, case.time, case.dim)).astype(np.float32))
    upstream = random.normal(size=(case.batch, case.time, directions * case.units)).astype(np.float32)
    upstream = tf.constant(upstream)
    lengths = tf.fill([case.batch], case.time)
    signature = [tf.TensorSpec((None, None, case.dim), tf.float32)]

    settings = EncoderSettings(
        cell=case.cell, units=case.units, bidirectional=case.bidirectional, dropout=0.0
    )
    encoder = Encoder(settings)
    encoder.build((None, None, case.dim))
    layer = encoder.stack[0][0]

    def seqtag(array: Any) -> Any:
        if case.bidirectional:
            return encoder(array, lengths, training=case.training)
        return encoder.cell.run(layer, array, case.training)

    kinds = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simplernn": keras.layers.SimpleRNN}
    plain = kinds[case.cell](case.units, return_sequences=True)
    reference = keras.layers.Bidirectional(plain) if case.bidirectional else plain
    reference.build((None, None, case.dim))

    def timed(layer: Callable[[Any], Any], variables: list[Any]) -> Callable[[], object]:
        def step(array: Any) -> Any:
            if not case.training:
                return layer(array)
            weights = [variable.value for variable in variables]
            with tf.GradientTape() as tape:
                tape.watch(array)
                output = layer(array)
            return tape.gradient(output, [array, *weights], upstream)

        graph = tf.function(step, input_signature=signature)
        graph(features)

        def wait() -> object:
            found = graph(features)
            return [array.numpy() for array in (found if case.training else [found])]

        return wait

    weights = encoder.trainable_variables if case.bidirectional else layer.trainable_variables
    return {
        "seqtag": timed(seqtag, weights),
        "Keras": timed(partial(reference, training=case.training), reference.trainable_variables),
    }


def typical(function: Callable[[], object], runs: int) -> float:
    """The median of some runs, in seconds."""
    return common.median([common.clock(function) for _ in range(runs)])


def main() -> None:
    made = common.parser(__doc__)
    made.add_argument("--runs", type=int, default=20, help="runs in a turn, of which the median counts")
    made.add_argument("--cells", default=",".join(GATES), help="cells, separated by commas")
    given = made.parse_args()
    common.limit(given.threads)
    common.start_tensorflow()
    import keras
    import numpy as np
    import tensorflow as tf

    matrix = tf.constant(np.random.default_rng(42).normal(size=(MATRIX, MATRIX)).astype(np.float32))
    cases = [
        Case(cell, bidirectional, *shape, training)
        for cell in given.cells.split(",")
        for bidirectional in (False, True)
        for shape in SHAPES
        for training in (False, True)
    ]
    rows: list[list[str | float]] = []
    peaks: list[float] = []
    with common.Peer("torch_layer.py", threads=given.threads) as peer:

        def torch(request: dict[str, Any], runs: int) -> float:
            return common.median(peer.ask(**request, runs=runs)["seconds"])

        def peak() -> float:
            best = min(common.clock(lambda: tf.matmul(matrix, matrix).numpy()) for _ in range(5))
            return float(2 * MATRIX**3 / best)

        peak()
        for case in cases:
            own = {name: partial(typical, function, given.runs) for name, function in functions(case).items()}
            sides = own | {"PyTorch": partial(torch, dataclasses.asdict(case), given.runs)}
            common.interleaved(sides, 1)
            found = common.interleaved(sides, given.rounds)
            peaks.append(peak())
            seconds = {name: common.median(values) for name, values in found.items()}
            rows.append(
                [
                    f"{case.cell}{', both ways' if case.bidirectional else ''}",
                    f"{case.batch} x {case.time} x {case.dim} -> {case.units}",
                    "training" if case.training else "forward",
                    *(1000 * value for value in seconds.values()),
                    common.ratios(found["Keras"], found["seqtag"]),
                    common.ratios(found["PyTorch"], found["seqtag"]),
                    *(f"{case.operations / value / peaks[-1]:.0%}" for value in seconds.values()),
                ]
            )
            common.say(" ".join(cell if isinstance(cell, str) else common.figure(cell) for cell in rows[-1]))
        theirs = 2 * MATRIX**3 / min(peer.ask(matmul=MATRIX, runs=5)["seconds"])
        version = peer.greeting["version"]
    names = ["seqtag", "Keras", "PyTorch"]
    common.show(
        f"Recurrent layers, median of {given.rounds} turns of {given.runs} runs\n{common.machine(given.threads)}\n"
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, PyTorch {version}\nPeak: "
        f"{common.median(peaks) / 1e9:.0f} GFLOP/s ({MATRIX} x {MATRIX} by TensorFlow; PyTorch {theirs / 1e9:.0f})",
        [
            "layer",
            "batch x time x dim -> units",
            "pass",
            *(f"{name}, ms" for name in names),
            "Keras : seqtag",
            "PyTorch : seqtag",
            *(f"{name}, of peak" for name in names),
        ],
        rows,
    )


if __name__ == "__main__":
    main()
