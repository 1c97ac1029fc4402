"""What a tagger is used for."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqtag.inference import language_states
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.stored import read_network, read_vocabulary
from seqtag.settings import registry
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.use import EvaluationOrder, PredictionOrder, Use

if TYPE_CHECKING:
    from seqtag.evaluation.evaluation import Evaluation


def evaluate(order: EvaluationOrder) -> "Evaluation":
    """Scores a tagger on a gold file; see `tasks.tagging.evaluate`."""
    from seqtag.tasks.tagging import evaluate as scoring  # what only tags does not wait for it

    return scoring.evaluate(order)


def predictor(order: PredictionOrder) -> SentencePredictor:
    """The tagger of a model folder, with what the answers need of it.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    tagger = SentenceTagger.load(
        order.model,
        order.threads,
        tags_only=not order.needs_probabilities,
        int8=order.precision == registry.INT8,
    )
    return SentencePredictor(tagger, order)


def networks(model: str) -> dict[str, bytes]:
    """The network of a model folder; see `Use`."""

    def read(folder: Folder) -> bytes:
        return read_network(folder, read_vocabulary(folder, language_states.of_folder))

    return {"": load_folder(Path(model), read)}


def formats() -> registry.Table:
    """The formats that hold tags, or show them."""
    found = registry.formats("writer")
    return registry.Table(found.group, {name: row for name, row in found.items() if not row.labelled})


USE = Use(
    evaluate=evaluate,
    predictor=predictor,
    formats=formats,
    networks=networks,
    scores_with=frozenset(
        {"--scheme", "--analysis", "--crosscheck", "--errors", "--output", "--calibration", "--precision"}
    ),
    predicts_with=frozenset(
        {
            "--tokenizer",
            "--sentences",
            "--language",
            "--nbest",
            "--input-format",
            "--precision",
            "--min-probability",
        }
    ),
    tagger=SentenceTagger.load,
)
