"""What models that label sentences are used for."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seqtag.corpora.base import Source
from seqtag.corpora.sentence import Sentence
from seqtag.inference.labels import SCHEMAS, LabelTagger, vocabulary_of
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, Kind
from seqtag.model_folder.stored import checked_network, read_config, read_weights
from seqtag.settings import registry
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.use import EvaluationOrder, PredictionOrder, Use

if TYPE_CHECKING:
    from seqtag.tasks.labelling.evaluate import LabelEvaluation


def evaluate(task: str, kind: Kind, order: EvaluationOrder) -> "LabelEvaluation":
    """Scores a model of a kind on a gold file; see `tasks.labelling.evaluate`."""
    from seqtag.tasks.labelling import evaluate as scoring  # what only labels does not wait for it

    return scoring.evaluate(task, kind, order)


class LabelPredictor(SentencePredictor):
    """As `SentencePredictor`, but a text that is split gets an answer for each of its sentences, with labels of its
    own.
    """

    def read(self, path: str | Source, format: str | None = None) -> Iterator[Sentence]:
        for text in super().read(path, format):
            if not text.parts:
                yield replace(text, parts=None)
            for part in text.parts or ():
                yield replace(part, text=(part.text or "").strip(), lines=text.lines, extra=text.extra)


def predictor(kind: Kind, order: PredictionOrder) -> LabelPredictor:
    """The model of a folder, with what the answers need of it.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    model = LabelTagger.load(
        order.model,
        order.threads,
        tags_only=not order.needs_probabilities,
        kind=kind,
        vectors=order.vectors,
        int8=order.precision == registry.INT8,
    )
    return LabelPredictor(model, order)


def networks(kind: Kind, model: str) -> dict[str, bytes]:
    """The network of a model folder; see `Use`."""
    return {"": load_folder(Path(model), _network, kind)}


def _network(folder: Folder) -> bytes:
    config = read_config(folder, SCHEMAS[folder.kind.format])
    return checked_network(config, vocabulary_of(folder), read_weights(folder), name=str(folder.path))


CLASSIFICATION_USE = Use(
    evaluate=partial(evaluate, "classification", CLASSIFICATION_MODEL),
    predictor=partial(predictor, CLASSIFICATION_MODEL),
    formats=lambda: ("jsonl", "conll", "text"),
    networks=partial(networks, CLASSIFICATION_MODEL),
    scores_with=frozenset({"--errors", "--output", "--label-key", "--calibration", "--precision"}),
    predicts_with=frozenset(
        {"--tokenizer", "--sentences", "--language", "--input-format", "--vectors", "--precision"}
    ),
    tagger=partial(LabelTagger.load, kind=CLASSIFICATION_MODEL),
)
JOINT_USE = Use(
    evaluate=partial(evaluate, "joint", JOINT_MODEL),
    predictor=partial(predictor, JOINT_MODEL),
    formats=lambda: ("conll", "jsonl", "text"),
    networks=partial(networks, JOINT_MODEL),
    scores_with=frozenset({"--errors", "--output", "--label-key", "--calibration", "--precision"}),
    predicts_with=frozenset(
        {
            "--tokenizer",
            "--sentences",
            "--language",
            "--input-format",
            "--nbest",
            "--vectors",
            "--precision",
            "--min-probability",
        }
    ),
    tagger=partial(LabelTagger.load, kind=JOINT_MODEL),
)
