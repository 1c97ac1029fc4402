"""One training step: loss, gradients, clipping by true norms, update."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from seqtag.network.adam import FusedAdam
from seqtag.network.build import Arrays, Network, weight_name
from seqtag.network.deferred import CAPACITY, BatchRows, Clock, DeferredAdam
from seqtag.settings import registry
from seqtag.settings.config import TrainingSettings


@dataclass(frozen=True)
class Step:
    """What a training step did.

    Attributes:
        loss: The batch's loss before the update.
        gradient_norm: The true global norm of the gradient before clipping.
        clipped: Whether clipping changed the gradient.
        norms: The norm of each weight's gradient before clipping, `(weights,)`, an embedding's rows summed.
        clipped_norms: The same after clipping.
    """

    loss: float
    gradient_norm: float
    clipped: bool
    norms: NDArray[Any]
    clipped_norms: NDArray[Any]


class Trainer:
    """A network, an optimizer and a rule for clipping.

    Args:
        network: The network.
        settings: The `training` section of the configuration.
    """

    def __init__(self, network: Network, settings: TrainingSettings) -> None:
        self.network = network
        self.clip = Clipping(settings)
        self.optimizer = registry.load(registry.OPTIMIZERS, settings.optimizer)(
            learning_rate=settings.learning_rate
        )
        self.decay = settings.averaging_decay if settings.averaging == "ema" else None
        self.steps = tf.Variable(0.0, trainable=False)
        self.ticks = 0  # steps since all rows of all tables were up to date
        self.tables: dict[int, DeferredAdam] = {}
        if settings.optimizer == "adam":
            self.clock = Clock(self.optimizer)
            self.tables = {
                number: DeferredAdam(variable, source, self.clock, averaged=self.decay is not None)
                for number, variable in enumerate(network.trainable_variables)
                if (source := network.lookups.get(variable.path)) is not None
            }
        dense = {
            number: variable
            for number, variable in enumerate(network.trainable_variables)
            if number not in self.tables
        }
        self.others = list(dense.values())
        self.fused: dict[int, FusedAdam] = {}
        if settings.optimizer == "adam":
            self.fused = {number: FusedAdam(variable, self.optimizer) for number, variable in dense.items()}
        else:
            self.optimizer.build(self.others)
        self.averages = [tf.Variable(v.value, trainable=False) for v in self.others if self.decay is not None]
        needed = network.inputs_needed | network.targets_needed
        inputs = {name: tf.TensorSpec(entry.shape, entry.dtype) for name, entry in needed.items()}
        tags = tf.TensorSpec((None, None), tf.int32)
        # One graph for all shapes: batches differ in length, and tracing anew for each would cost seconds. Without
        # AutoGraph, which would translate Keras's own code for seconds to the same graph.
        self._step = tf.function(self._step_in_graph, input_signature=[inputs, tags], autograph=False)
        self._settle = tf.function(self._settle_in_graph, autograph=False)

    def trace(self) -> None:
        """Makes the graph of the step, which takes seconds; the first step does it otherwise."""
        self._step.get_concrete_function()

    def step(self, inputs: Arrays, tags: Any, learning_rate: float | None = None) -> Step:
        """Trains on a batch; `tags` is `(batch, time)` int32."""
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate
        if self.tables and self.ticks == CAPACITY:
            self.settle()
        loss, norm, clipped, norms, clipped_norms = self._step(inputs, tags)
        self.ticks += 1
        return Step(float(loss), float(norm), bool(clipped), norms.numpy(), clipped_norms.numpy())

    @property
    def names(self) -> list[str]:
        """The weights' names, in the order of a step's norms: from the network's input to its loss."""
        return [weight_name(variable) for variable in self.network.trainable_variables]

    @property
    def variables(self) -> dict[str, Any]:
        """Everything that further steps depend on, by a name of its own: weights, the state of what is random in the
        network, and what optimizer, tables and averages remember; `ticks` is the rest.
        """
        parts = {"network": self.network.variables, "optimizer": self.optimizer.variables}
        found = {
            f"{part}/{number}/{variable.path}": variable
            for part, variables in parts.items()
            for number, variable in enumerate(variables)
        }
        found["trainer/steps"] = self.steps
        found |= {f"trainer/average/{number}": average for number, average in enumerate(self.averages)}
        for number, part in (self.tables | self.fused).items():
            found |= {f"table/{number}/{name}": variable for name, variable in part.variables.items()}
        return found | (
            {f"clock/{name}": each for name, each in self.clock.variables.items()} if self.tables else {}
        )

    def settle(self) -> None:
        """Brings all rows of all tables up to date; before that, the network's weights are not what they should be."""
        if self.tables and self.ticks:
            self._settle()
        self.ticks = 0

    def _settle_in_graph(self) -> None:
        for table in self.tables.values():
            table.settle()
        self.clock.reset()

    def _step_in_graph(self, inputs: Arrays, tags: Any) -> tuple[Any, ...]:
        variables = self.network.trainable_variables
        rows = {number: table.read(inputs[table.source]) for number, table in self.tables.items()}
        with tf.GradientTape() as tape:
            loss = self.network.loss_of(inputs, tags, training=True)
        found = tape.gradient(loss, [v.value for v in variables])
        gradients = [
            self.tables[number].summed(gradient, rows[number]) if number in rows else summed(gradient)
            for number, gradient in enumerate(found)
        ]
        norms = norms_of(gradients)
        norm = tf.norm(norms)
        gradients, clipped = self.clip(gradients, norm)

        def leave() -> None:
            for number, table in self.tables.items():
                table.write(rows[number], self.clock.now)

        # A gradient that is not finite must not reach the weights; the caller stops on the norm that it
        # reads.
        tf.cond(tf.math.is_finite(norm), lambda: self._apply(gradients, rows), leave)
        return loss, norm, clipped, norms, norms_of(gradients)

    def _apply(self, gradients: list[Any], rows: dict[int, BatchRows]) -> None:
        decay = tf.constant(1.0)
        if self.decay is not None:
            # The average must not remember the first values, so its memory grows with the steps.
            self.steps.assign_add(1.0)
            decay = tf.minimum(self.decay, (1 + self.steps) / (10 + self.steps))
        if self.tables:
            rate = self.clock.rate
            for number, table in self.tables.items():
                table.apply(gradients[number], rows[number], rate, decay)
            self.clock.tick(rate, decay)
        if self.fused or self.tables:
            for number, weight in self.fused.items():
                weight.apply(gradients[number])
            self.optimizer.iterations.assign_add(1)
        else:
            self.optimizer.apply(gradients, self.others)
        if self.decay is not None:
            for average, variable in zip(self.averages, self.others, strict=True):
                # average * decay + value * (1 - decay), in two passes over memory
                tf.raw_ops.ResourceApplyGradientDescent(
                    var=average.handle, alpha=1 - decay, delta=average - variable.value
                )

    def averaged(self) -> dict[str, NDArray[Any]]:
        """The network's weights with the moving average in place of each trainable one."""
        self.settle()
        weights = self.network.named_weights()
        if self.decay is not None:
            tables = [(table.average, table.variable) for table in self.tables.values()]
            for average, variable in [*zip(self.averages, self.others, strict=True), *tables]:
                if weight_name(variable) in weights:
                    weights[weight_name(variable)] = average.numpy()
        return weights


def summed(gradient: Any) -> Any:
    """The gradient as a tensor of the weight's shape.

    An embedding's gradient comes as `IndexedSlices` in which a row stands once for each place of the word in
    the batch; any norm taken before these are summed is not the gradient's norm (Keras and
    `tf.linalg.global_norm` do take it).
    """
    if isinstance(gradient, tf.IndexedSlices):
        return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, gradient.dense_shape[0])
    return gradient


def norms_of(gradients: list[Any]) -> Any:
    """The norm of each, `(weights,)`."""
    return tf.sqrt(2 * tf.stack([tf.nn.l2_loss(gradient) for gradient in gradients]))  # no squares in memory


class Clipping:
    """Clips gradients as the settings say, with Keras's meaning of each.

    `global_clipnorm` rescales all gradients together to the norm (Pascanu et al. 2013, "On the difficulty of
    training recurrent neural networks"), `clipnorm` rescales each weight's own gradient, `clipvalue` cuts
    each component. At most one is set; 0 or None is no clipping.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        self.global_clipnorm = settings.global_clipnorm or None
        self.clipnorm = settings.clipnorm or None
        self.clipvalue = settings.clipvalue or None

    def __call__(self, gradients: list[Any], norm: Any) -> tuple[list[Any], Any]:
        """The clipped gradients, and whether any of them changed; `norm` is their global norm."""
        if self.global_clipnorm:
            clipped, _ = tf.clip_by_global_norm(gradients, self.global_clipnorm, use_norm=norm)
            return clipped, norm > self.global_clipnorm
        if self.clipnorm:
            return [tf.clip_by_norm(gradient, self.clipnorm) for gradient in gradients], tf.reduce_any(
                norms_of(gradients) > self.clipnorm
            )
        if self.clipvalue:
            largest = tf.stack([tf.reduce_max(tf.abs(gradient)) for gradient in gradients])
            return [
                tf.clip_by_value(gradient, -self.clipvalue, self.clipvalue) for gradient in gradients
            ], tf.reduce_any(largest > self.clipvalue)
        return gradients, tf.constant(False)
