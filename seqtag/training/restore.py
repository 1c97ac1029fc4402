"""The Keras network of a model folder, for the stages that look into it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seqtag.features.vocabulary import Vocabulary, legal_sequences
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import read_config, read_weights
from seqtag.settings.config import Config
from seqtag.support.errors import ModelError, UserError
from seqtag.support.quoting import one_line

if TYPE_CHECKING:
    from seqtag.network.build import Network


@dataclass(frozen=True)
class Stored:
    """What a model folder holds of its network: read all at once, for another model may be put there meanwhile.

    Attributes:
        path: The folder, for messages.
        config: The settings.
        vocabulary: The vocabulary.
        weights: The weights by name.
    """

    path: Path
    config: Config
    vocabulary: Vocabulary
    weights: dict[str, Any]

    @classmethod
    def of(cls, folder: Folder, vocabulary: Vocabulary) -> Self:
        """Reads a model folder whose vocabulary is read already.

        Raises:
            ModelError: Settings or weights are not what seqtag writes.
        """
        return cls(folder.path, read_config(folder), vocabulary, read_weights(folder))

    def network(self) -> "Network":
        """Builds the network; it takes no more memory than the weights do, whatever the settings say.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit.
        """
        from seqtag.network.build import Network, at_most
        from seqtag.network.heads.chain import Legal

        sizes = {name: indexer.sizes for name, indexer in self.vocabulary.indexers.items()}
        legal = legal_sequences(self.vocabulary.tags, self.vocabulary.train_scheme)
        count = len(self.vocabulary.tags)
        try:
            with at_most(sum(math.prod(array.shape) for array in self.weights.values())):
                network = Network(self.config, sizes, count, Legal(*legal) if legal else None)
        except (UserError, ValueError, KeyError, TypeError) as problem:
            raise ModelError(f"{self.path}: its network cannot be built ({one_line(problem)}).") from problem
        shapes = {name: array.shape for name, array in network.named_weights().items()}
        if shapes != {name: array.shape for name, array in self.weights.items()}:
            raise ModelError(f"{self.path}: weights.safetensors holds other weights than config.json means.")
        network.assign_weights(self.weights)
        return network
