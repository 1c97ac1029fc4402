"""What a head is."""

from typing import Any, ClassVar, Self

import keras
import tensorflow as tf
from numpy.typing import NDArray

from seqtag.graph.heads.base import Legal
from seqtag.graph.heads.chain import Chain, decoding_bias
from seqtag.network.heads import chain
from seqtag.settings.config import Config


class Head(keras.layers.Layer):  # type: ignore[misc]
    """Turns features `(batch, time, dim)` into a loss and into tags.

    A mask `(batch, time)` is true on words and false on padding; padding is on the right, and every sentence
    holds at least one word. What stands at padding never changes a result.

    Attributes:
        searches: Whether the decoder keeps some beginnings and drops others, so that it may miss the best sequence.
        potentials: The weights, by their names within the head, of which all scores of sequences of tags are a linear
            function: dividing all of them by a number divides each score, and leaves the order of the sequences as it
            is. Empty if there are none such.
    """

    searches: ClassVar[bool] = False
    potentials: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_config(
        cls, config: Config, tags: int, legal: Legal | None, frequencies: NDArray[Any] | None = None
    ) -> Self:
        """The head as the configuration wants it.

        Args:
            config: The settings.
            tags: Number of tags.
            legal: What the tag scheme allows; None if everything.
            frequencies: How often each tag stands in the training file, `(tags,)`.
        """
        raise NotImplementedError

    def progress(self, epochs: float) -> None:
        """Told before each training step how many epochs have passed, for heads whose training changes with time."""

    def loss(self, features: Any, tags: Any, mask: Any, training: bool = False) -> Any:
        """The batch's loss, a scalar: the mean over its words. `tags` is `(batch, time)` int32."""
        raise NotImplementedError

    def decode(self, features: Any, mask: Any) -> tuple[Any, Any]:
        """Tags `(batch, time)` int32 and the probability of each `(batch, time)`; zero at padding."""
        raise NotImplementedError

    def logits(self, features: Any, tags: Any, mask: Any) -> Any:
        """The score of each tag of each word before any normalisation, `(batch, time, tags)`, where the sentence has
        these tags `(batch, time)` int32.
        """
        raise NotImplementedError

    def logs(self, features: Any, tags: Any, mask: Any) -> Any:
        """The share of each word in the score of a sentence's tags, `(batch, time)` both. Between two sequences, the
        difference of the sums is how far the decoder prefers the one: the logarithm of how much more probable it is,
        and what its search adds. Undefined at padding.
        """
        logs = tf.nn.log_softmax(self.logits(features, tags, mask))
        return tf.gather(logs, tags, batch_dims=2)


class ChainHead(Head):
    """A head whose decoder is a chain over the tags: what CRF and constrained softmax have in common.

    Attributes:
        outside_bias: What the search for the best sequence takes off the score of the tag O.
    """

    outside_bias: float = 0.0

    def scores(self, features: Any) -> Any:
        """The score of each tag of each word by itself, `(batch, time, tags)`."""
        raise NotImplementedError

    def chain(self) -> Chain:
        """The scores between tags."""
        raise NotImplementedError

    def decode(self, features: Any, mask: Any) -> tuple[Any, Any]:
        scores = self.scores(features)
        best = chain.best_path(self.chain(), self._biased(scores), mask)
        probabilities = tf.gather(chain.marginals(self.chain(), scores, mask), best, batch_dims=2)
        return best * tf.cast(mask, tf.int32), probabilities * tf.cast(mask, probabilities.dtype)

    def logs(self, features: Any, tags: Any, mask: Any) -> Any:
        return chain.path_logs(self.chain(), self._biased(self.scores(features)), tags, mask)

    def _biased(self, scores: Any) -> Any:
        """Scores `(batch, time, tags)` as the search for the best sequence sees them."""
        return scores + decoding_bias(scores.shape[-1], self.outside_bias)
