"""A layer for each word by itself."""

import keras

from seqtag.network.cells.local import LocalCell


class Dense(LocalCell):
    """y_t = f(W x_t + b): no word sees another, which is what a tagger without context can do."""

    def linear(self, number: int) -> keras.layers.Layer:
        return keras.layers.Dense(
            self.wide,
            use_bias=self.settings.use_bias,
            kernel_initializer=self.settings.kernel_initializer,
            name="linear",
        )
