"""Adam for dense weights, each updated in one pass over memory."""

from typing import Any

import keras
import tensorflow as tf


class FusedAdam:
    """Adam on one dense weight, by TensorFlow's own operation: Keras's update, in a pass over memory where Keras
    takes a dozen.

    Args:
        variable: The weight, a Keras variable.
        optimizer: Keras's Adam, which has the rates and counts the steps.
    """

    def __init__(self, variable: Any, optimizer: keras.optimizers.Adam) -> None:
        self.variable = variable
        self.optimizer = optimizer
        self.momentum = tf.Variable(tf.zeros_like(variable.value), trainable=False)
        self.velocity = tf.Variable(tf.zeros_like(variable.value), trainable=False)

    @property
    def variables(self) -> dict[str, Any]:
        """What it remembers beside the weight, by name."""
        return {"momentum": self.momentum, "velocity": self.velocity}

    def apply(self, gradient: Any) -> None:
        """The step under way; `gradient` has the weight's shape."""
        optimizer = self.optimizer
        step = tf.cast(optimizer.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=self.variable.value.handle,
            m=self.momentum.handle,
            v=self.velocity.handle,
            beta1_power=tf.pow(optimizer.beta_1, step),
            beta2_power=tf.pow(optimizer.beta_2, step),
            lr=optimizer.learning_rate.value,
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=gradient,
        )
