"""Ways round a layer, so that deep stacks can be learnt."""

from typing import Any

import keras
import numpy as np

from seqtag.network.cells.base import affine
from seqtag.network.export import Graph


class Residual(keras.layers.Layer):  # type: ignore[misc]
    """y = x + F(x) (He et al. 2016, "Deep Residual Learning for Image Recognition").

    Where F changes the width, as the first layer does, x goes through a projection without bias. The dropout is
    that of F(x): the shortcut itself stays whole (He et al. 2016, "Identity Mappings in Deep Residual Networks").

    Args:
        width: The width of F(x).
        name: The layer's name.
    """

    def __init__(self, width: int, name: str) -> None:
        super().__init__(name=name)
        self.width = width
        self.projection: Any = None

    def build(self, features_shape: Any) -> None:
        """Makes the projection where one is needed."""
        if features_shape[-1] != self.width:
            self.projection = keras.layers.Dense(self.width, use_bias=False, name="projection")
            self.projection.build(features_shape)
        self.built = True

    def call(self, features: Any, outputs: Any) -> Any:
        """What goes on, `(batch, time, width)`, from the layer's features and outputs."""
        return self.carried(features) + outputs

    def carried(self, features: Any) -> Any:
        """The features in the outputs' width."""
        return features if self.projection is None else self.projection(features)

    def export(self, graph: Graph, features: str, outputs: str) -> str:
        """Writes the shortcut; returns the name of what goes on."""
        return str(graph.node("Add", self.export_carried(graph, features), outputs))

    def export_carried(self, graph: Graph, features: str) -> str:
        """Writes `carried`."""
        return (
            features if self.projection is None else affine(graph, features, *self.projection.get_weights())
        )


class Highway(Residual):
    """y = T F(x) + (1 - T) x with a gate T = s(W x + b) (Srivastava et al. 2015, "Highway Networks").

    b starts at -1, so that at first most of x is carried on. Where F changes the width, x is projected first.
    """

    def build(self, features_shape: Any) -> None:
        super().build(features_shape)
        closed = keras.initializers.Constant(-1.0)
        self.gate = keras.layers.Dense(self.width, activation="sigmoid", bias_initializer=closed, name="gate")
        self.gate.build(features_shape)

    def call(self, features: Any, outputs: Any) -> Any:
        gate = self.gate(features)  # (batch, time, width)
        return gate * outputs + (1 - gate) * self.carried(features)

    def export(self, graph: Graph, features: str, outputs: str) -> str:
        gate = graph.node("Sigmoid", affine(graph, features, *self.gate.get_weights()))
        rest = graph.node("Sub", graph.constant(np.array(1, np.float32)), gate)
        carried = graph.node("Mul", rest, self.export_carried(graph, features))
        return str(graph.node("Add", graph.node("Mul", gate, outputs), carried))
