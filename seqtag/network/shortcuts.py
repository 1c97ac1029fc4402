"""Ways round a layer, so that deep stacks can be learnt."""

from typing import Any

import keras


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
