"""The Keras network of a model folder, for the stages that look into it."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.config import Config
from seqtag.errors import ModelError, UserError
from seqtag.folder import Folder
from seqtag.stored import one_line, read_config, read_weights
from seqtag.vocab import Vocabulary, legal_sequences

if TYPE_CHECKING:
    from seqtag.model.build import Network


def restore(folder: Folder, vocabulary: Vocabulary) -> "tuple[Config, Network]":
    """The settings of a model folder, and its network in Keras.

    The network takes no more memory than the folder's weights do, whatever its settings say.

    Raises:
        ModelError: Settings, vocabulary and weights do not fit.
    """
    config = read_config(folder)
    return config, build(folder.path, config, vocabulary, read_weights(folder))


def build(path: Path, config: Config, vocabulary: Vocabulary, weights: dict[str, Any]) -> "Network":
    """The network that these settings mean, with these weights; see `restore`. `path` is for messages."""
    from seqtag.model.build import Network, at_most
    from seqtag.model.heads.chain import Legal

    sizes = {name: indexer.sizes for name, indexer in vocabulary.indexers.items()}
    legal = legal_sequences(vocabulary.tags, vocabulary.train_scheme)
    try:
        with at_most(sum(math.prod(array.shape) for array in weights.values())):
            network = Network(config, sizes, len(vocabulary.tags), Legal(*legal) if legal else None)
    except (UserError, ValueError, KeyError, TypeError) as problem:
        raise ModelError(f"{path}: its network cannot be built ({one_line(problem)}).") from problem
    shapes = {name: array.shape for name, array in network.named_weights().items()}
    if shapes != {name: array.shape for name, array in weights.items()}:
        raise ModelError(f"{path}: weights.safetensors holds other weights than config.json means.")
    network.assign_weights(weights)
    return network
