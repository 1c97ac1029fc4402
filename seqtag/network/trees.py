"""Networks over trees, computed level by level for all sentences of a batch at once."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import tensorflow as tf

from seqtag.network.cells.activations import activation_of
from seqtag.network.embeddings.base import Input
from seqtag.settings import registry
from seqtag.settings.config import UNGATED_ACTIVATIONS, EncoderSettings
from seqtag.support.errors import UsageError


class TreePass(keras.layers.Layer):  # type: ignore[misc]
    """One direction of a network over trees: a node's state from its vector and the states of its neighbours, which are
    its children on the way up, and its parent on the way down.

    Args:
        settings: The `encoder` section of the configuration.
        way: `up` or `down`.

    Attributes:
        gates: How many blocks of `units` the weights of a node's vector have.
        memories: How many blocks of `units` a node hands on; the first is its output.
    """

    gates: ClassVar[int]
    memories: ClassVar[int]

    def __init__(self, settings: EncoderSettings, way: str) -> None:
        super().__init__(name=f"tree_{way}")
        self.settings, self.way = settings, way
        self.units, self.slots = settings.units, settings.tree_slots
        name = settings.activation or "tanh"
        if name in UNGATED_ACTIVATIONS:
            raise UsageError(
                f"encoder.activation: {name} is for cells without gates, and for no tree. "
                f"Received: encoder.tree {settings.tree}"
            )
        self.activation = activation_of(name)
        self.recurrent_activation = activation_of(settings.recurrent_activation or "sigmoid")
        self.forgotten = keras.layers.Dropout(settings.recurrent_dropout, name="forgotten")

    def build(self, vectors_shape: Any) -> None:
        """Makes the weights."""
        self.kernel = self.add_weight(
            shape=(vectors_shape[-1], self.gates * self.units),
            initializer=self.settings.kernel_initializer,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.slots * self.units, self.recurrent_gates * self.units),
            initializer=self.settings.recurrent_initializer,
            name="recurrent_kernel",
        )
        self.bias = None
        if self.settings.use_bias:
            self.bias = self.add_weight(
                shape=(self.gates * self.units,), initializer=self.first_bias, name="bias"
            )
        self.built = True

    @property
    def recurrent_gates(self) -> int:
        """How many blocks of `units` the recurrent weights have."""
        return self.gates

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        """The bias before training."""
        return tf.zeros(shape, dtype)

    def call(self, vectors: Any, tree: Mapping[str, Any], training: bool = False) -> Any:
        """States `(batch, time, units)` from vectors `(batch, time, dim)`; zeros at padding."""
        shape = tf.shape(vectors)
        nodes, levels, neighbours = (
            tree[f"tree_{self.way}_{name}"] for name in ("nodes", "levels", "neighbours")
        )
        own = tf.gather(tf.reshape(vectors, [-1, vectors.shape[-1]]), nodes)
        total = tf.matmul(own, self.kernel.value)  # (nodes, gates * units)
        if self.bias is not None:
            total += self.bias.value
        masks = self.forgotten(tf.ones([shape[0], self.units]), training=training)  # one a sentence
        kept = tf.gather(masks, nodes // shape[1]) if training and self.forgotten.rate else None
        states = self._levels(total, levels, neighbours, kept)
        output = states[1:, : self.units]  # row 0 is nothing
        flat = tf.scatter_nd(nodes[:, None], output, [shape[0] * shape[1], self.units])
        return tf.reshape(flat, [shape[0], shape[1], self.units])

    def _levels(self, total: Any, levels: Any, neighbours: Any, kept: Any) -> Any:
        """The states of all nodes, after a row of zeros, `(1 + nodes, memories * units)`."""
        width = self.memories * self.units

        def step(level: Any, start: Any, first: Any, states: Any) -> tuple[Any, ...]:
            count, most = levels[level, 0], levels[level, 1]
            end, last = start + count, first + count * most
            rows = tf.reshape(neighbours[first:last], [count, most, self.slots])
            # With an axis more than it needs: so its gradient is a tensor, and no list of rows.
            found = tf.gather_nd(states, rows[..., None])  # (count, most, slots, width)
            found = tf.ensure_shape(found, [None, None, self.slots, width])
            mask = None if kept is None else kept[start:end]
            new = self.step(total[start:end], found, mask)
            return level + 1, end, last, tf.concat([states, new], axis=0)

        zero = tf.constant(0)
        return tf.while_loop(
            lambda level, *_: level < tf.shape(levels)[0],
            step,
            (zero, zero, zero, tf.zeros([1, width])),
            shape_invariants=(*[tf.TensorShape([])] * 3, tf.TensorShape([None, width])),
        )[-1]

    def step(self, total: Any, found: Any, kept: Any) -> Any:
        """What the nodes of a level hand on, `(nodes, memories * units)`.

        Args:
            total: What comes from their vectors, `(nodes, gates * units)`.
            found: What their neighbours handed on, `(nodes, neighbours, slots, memories * units)`, zeros for none.
            kept: The mask of the outputs that are read, `(nodes, units)`; None outside of training.
        """
        raise NotImplementedError


class TreeLSTM(TreePass):
    """The child-sum Tree-LSTM (Tai, Socher and Manning 2015, "Improved Semantic Representations From Tree-Structured
    Long Short-Term Memory Networks", equations 2 to 8): h' = sum of the children's h; i, o and u from x and h', as in
    an LSTM; a forget gate for each child k, f_k = sigmoid(W x + U h_k + b); c = i u + sum of f_k c_k; h = o tanh(c).

    The weights are side by side as in Keras's LSTM: input, forget, candidate, output.
    """

    gates = 4
    memories = 3  # output, memory, and the output times the weights of the forget gate

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        return forget_bias(self.units, self.settings.forget_bias)

    def step(self, total: Any, found: Any, kept: Any) -> Any:
        outputs, memories, forgets = tf.split(found[:, :, 0], 3, axis=-1)  # (nodes, neighbours, units)
        before = tf.reduce_sum(outputs, axis=1)
        if kept is not None:
            before *= kept
        enter, forget, candidate, leave = tf.split(total, 4, axis=1)
        inner, own, new, out = tf.split(self.recurrent_kernel.value, 4, axis=1)
        sums = tf.matmul(before, tf.concat([inner, new, out], axis=1))
        more, changed, left = tf.split(sums, 3, axis=1)
        forgets = self.recurrent_activation(forget[:, None] + forgets)
        memory = self.recurrent_activation(enter + more) * self.activation(candidate + changed)
        memory += tf.reduce_sum(forgets * memories, axis=1)
        output = self.recurrent_activation(leave + left) * self.activation(memory)
        read = output if kept is None else output * kept
        return tf.concat([output, memory, tf.matmul(read, own)], axis=1)


class NaryTreeLSTM(TreePass):
    """The N-ary Tree-LSTM (Tai et al. 2015, equations 9 to 14): each slot l has weights of its own, in every gate: the
    forget gate of slot k is sigmoid(W x + sum of U_kl h_l + b). Children that share a slot are summed.
    """

    gates = 4
    memories = 2

    @property
    def recurrent_gates(self) -> int:
        return 3 + self.slots

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        return forget_bias(self.units, self.settings.forget_bias)

    def step(self, total: Any, found: Any, kept: Any) -> Any:
        slots, units = self.slots, self.units
        outputs, memories = tf.split(tf.reduce_sum(found, axis=1), 2, axis=-1)  # (nodes, slots, units)
        if kept is not None:
            outputs *= kept[:, None]
        sums = tf.matmul(tf.reshape(outputs, [-1, slots * units]), self.recurrent_kernel.value)
        more, forgets, changed, left = tf.split(sums, [units, slots * units, units, units], axis=1)
        enter, forget, candidate, leave = tf.split(total, 4, axis=1)
        forgets = self.recurrent_activation(forget[:, None] + tf.reshape(forgets, [-1, slots, units]))
        memory = self.recurrent_activation(enter + more) * self.activation(candidate + changed)
        memory += tf.reduce_sum(forgets * memories, axis=1)
        output = self.recurrent_activation(leave + left) * self.activation(memory)
        return tf.concat([output, memory], axis=1)


class Recursive(TreePass):
    """The plain recursive network (Goller and Küchler 1996, "Learning Task-Dependent Distributed Representations by
    Backpropagation Through Structure"; Socher et al. 2011): h = f(W x + U [h_1 ... h_N] + b), with the outputs of the
    slots side by side; children that share a slot are summed.
    """

    gates = 1
    memories = 1

    def step(self, total: Any, found: Any, kept: Any) -> Any:
        outputs = tf.reduce_sum(found, axis=1)  # (nodes, slots, units)
        if kept is not None:
            outputs *= kept[:, None]
        read = tf.reshape(outputs, [-1, self.slots * self.units])
        return self.activation(total + tf.matmul(read, self.recurrent_kernel.value))


def forget_bias(units: int, bias: float) -> Any:
    """The bias of a cell whose second gate is the forget gate, `(4 * units,)`."""
    return tf.concat([tf.zeros(units), tf.fill([units], bias), tf.zeros(2 * units)], axis=0)


class TreeEncoder(keras.layers.Layer):  # type: ignore[misc]
    """Features `(batch, time, width)` of words in their tree, from what stands below, `(batch, time, dim)`.

    On the way up a word sees all words below it. On the way down it sees those above it; where the tree is read in both
    directions the way down reads what the way up gave, beside the vectors, so that each word sees the whole tree. The
    outputs of both are put side by side.

    Args:
        settings: The `encoder` section of the configuration.
        dropout: Dropout of the outputs.
    """

    def __init__(self, settings: EncoderSettings, dropout: keras.layers.Layer) -> None:
        super().__init__(name="tree")
        kind = registry.load(registry.TREES, settings.tree)
        self.passes = [kind(settings, way) for way in settings.tree_passes]
        self.dropout = dropout

    def build(self, vectors_shape: Any) -> None:
        """Builds both directions."""
        dim = vectors_shape[-1]
        for part in self.passes:
            part.build((*vectors_shape[:-1], dim))
            dim += part.units
        self.built = True

    def call(self, vectors: Any, tree: Mapping[str, Any], training: bool = False) -> Any:
        """The features; `tree` holds the inputs of `tree_inputs`."""
        outputs: list[Any] = []
        for part in self.passes:
            outputs.append(part(tf.concat([vectors, *outputs], axis=-1), tree, training=training))
        return self.dropout(tf.concat(outputs, axis=-1), training=training)


def tree_inputs(settings: EncoderSettings) -> dict[str, Input]:
    """The arrays that an encoder reads of trees, by name; see `seqtag.features.indexers.trees`."""
    found = {}
    for way in settings.tree_passes:
        found[f"tree_{way}_nodes"] = Input("int32", (None,))
        found[f"tree_{way}_levels"] = Input("int32", (None, 2))
        found[f"tree_{way}_neighbours"] = Input("int32", (None, settings.tree_slots))
    return found
