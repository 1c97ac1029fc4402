"""A transducer as the files of a folder."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seqtag.graph.transducer import TransducerGraphs
from seqtag.graph.weights import Floats, Weights
from seqtag.model_folder import folder as folders
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import TRANSDUCER, dump_json, parsed
from seqtag.model_folder.stored import config_into
from seqtag.settings.transduction import TRANSDUCTION, TransductionConfig
from seqtag.support.errors import Error, ModelError
from seqtag.support.quoting import one_line
from seqtag.tasks.transduction.model import TransducerModel, plan_of
from seqtag.tasks.transduction.vocabulary import SymbolVocabulary

if TYPE_CHECKING:
    from seqtag.network.transducer import TransducerNetwork

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class StoredTransducer:
    """What the folder of a transducer holds: read all at once, for another may be put there meanwhile.

    Attributes:
        name: The folder, for messages.
        config: The settings.
        vocabulary: The symbols.
        weights: The network's.
    """

    name: str
    config: TransductionConfig
    vocabulary: SymbolVocabulary
    weights: Weights

    @classmethod
    def of(cls, folder: Folder) -> Self:
        """Reads a folder.

        Raises:
            ModelError: The files are not what seqtag writes, each by itself.
        """
        config = settings_of(folder)
        with _refusing(str(folder.path)):
            vocabulary = SymbolVocabulary.from_json(folder.read_json("vocab.json"))
            weights = Weights.of_file(folder.read(WEIGHTS))
        return cls(str(folder.path), config, vocabulary, weights)

    def model(self, threads: int = 0) -> TransducerModel:
        """The model that answers.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit each other.
        """
        with _refusing(self.name):
            return TransducerModel(
                self.config, self.vocabulary, self.weights, threads=threads, name=self.name
            )

    def networks(self) -> dict[str, bytes]:
        """The serialised ONNX models: `encoder` reads a source, and `decoder` takes one step.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit each other.
        """
        with _refusing(self.name):
            graphs = TransducerGraphs(plan_of(self.config, self.vocabulary), self.weights)
            self.weights.check_finite()
            return {"encoder": graphs.reader(), "decoder": graphs.step()}

    def network(self) -> "TransducerNetwork":
        """The Keras network; it takes no more memory than the weights do, whatever the settings say.

        Raises:
            ModelError: Settings, vocabulary and weights do not fit each other.
        """
        self.model()  # the shapes are compared with the weights here, before Keras takes memory for them
        from seqtag.network.transducer import TransducerNetwork

        network = TransducerNetwork(plan_of(self.config, self.vocabulary))
        network.assign_weights(self.weights.take_all())
        return network


def load(path: str, threads: int = 0) -> TransducerModel:
    """The model of a folder.

    Raises:
        ModelError: The folder cannot be read.
    """
    return folders.load(Path(path), StoredTransducer.of, TRANSDUCER).model(threads)


def networks(path: str) -> dict[str, bytes]:
    """The networks of a model folder; see `seqtag.tasks.use.Use`.

    Raises:
        ModelError: The folder cannot be read.
    """
    return folders.load(Path(path), StoredTransducer.of, TRANSDUCER).networks()


def settings_of(folder: Folder) -> TransductionConfig:
    """The settings of a model folder.

    Raises:
        ModelError: They are not those of a transducer.
    """
    found = config_into(TRANSDUCTION, folder.read_json("config.json"), f"{folder.path}: config.json")
    _check_decided(found, f"{folder.path}: config.json")
    return found


def _check_decided(config: TransductionConfig, where: str) -> None:
    decided = (config.data.source_cut, config.data.target_cut, config.decoder.copy)
    if "auto" in decided:
        raise ModelError(f"{where}: a setting is auto that a training decides.")


def files(
    config: TransductionConfig,
    vocabulary: SymbolVocabulary,
    weights: Mapping[str, Floats],
    report: Mapping[str, Any],
) -> dict[str, bytes]:
    """The files of a model's folder."""
    import safetensors.numpy

    return {
        "config.json": dump_json(config.portable()),
        "vocab.json": dump_json(vocabulary.to_json()),
        "report.json": dump_json(report),
        WEIGHTS: safetensors.numpy.save(dict(weights)),
    }


def check(found: Mapping[str, bytes]) -> None:
    """Refuses the files of a model that could not be read where they are going to be put."""
    config = config_into(TRANSDUCTION, parsed(found["config.json"]), "config.json")
    _check_decided(config, "config.json")
    vocabulary = SymbolVocabulary.from_json(parsed(found["vocab.json"]))
    TransducerModel(config, vocabulary, Weights.of_file(found[WEIGHTS]))
    parsed(found["report.json"])


@contextlib.contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Within, what is not as seqtag writes it becomes a ModelError that names the folder."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, Error) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(f"{name}: does not hold what a transducer holds ({one_line(problem)}).") from problem
