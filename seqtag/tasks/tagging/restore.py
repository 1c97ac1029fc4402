"""The Keras network of a model folder, for the stages that look into it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seqtag.features.vocabulary import Vocabulary
from seqtag.graph.weights import Weights
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.members import refuse_merged
from seqtag.model_folder.stored import checked_network, plan_of, read_config, read_weights
from seqtag.settings.config import Config
from seqtag.settings.schema import Schema

if TYPE_CHECKING:
    from seqtag.network.build import Network


@dataclass(frozen=True)
class Stored:
    """What a model folder holds of its network: read all at once, for another model may be put there meanwhile.

    Attributes:
        path: The folder, for messages.
        config: The settings.
        vocabulary: The vocabulary.
        weights: The weights.
    """

    path: Path
    config: Config
    vocabulary: Vocabulary
    weights: Weights

    @classmethod
    def of(cls, folder: Folder, vocabulary: Vocabulary, schema: Schema[Any] | None = None) -> Self:
        """Reads a model folder whose vocabulary is read already; `schema` is that of its settings, if not a tagger's.

        Raises:
            ModelError: Settings or weights are not what seqtag writes.
            UsageError: The model is merged from several.
        """
        refuse_merged(folder, "this command looks into")
        return cls(folder.path, read_config(folder, schema), vocabulary, read_weights(folder))

    def network(self) -> "Network":
        """Builds the network; it takes no more memory than the weights do, whatever the settings say.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit.
        """
        from seqtag.network.build import Network

        # The shapes are compared with the weights here, before Keras takes memory for them.
        checked_network(self.config, self.vocabulary, self.weights, name=str(self.path))
        network = Network(plan_of(self.config, self.vocabulary))
        network.assign_weights(self.weights.take_all())
        return network
