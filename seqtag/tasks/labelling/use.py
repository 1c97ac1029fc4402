"""What models that label sentences are used for."""

from functools import partial

from seqtag.inference.labels import LabelTagger
from seqtag.model_folder.layout import CLASSIFICATION_MODEL, JOINT_MODEL, Kind
from seqtag.settings import registry
from seqtag.tasks.labelling.evaluate import evaluate
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.use import PredictionOrder, Use


def predictor(kind: Kind, order: PredictionOrder) -> SentencePredictor:
    """The model of a folder, with what the answers need of it.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    written = registry.load(registry.FORMATS, order.output_format, "writer")
    probabilities = written.probabilities or order.nbest > 0
    model = LabelTagger.load(
        order.model, order.threads, tags_only=not probabilities, kind=kind, vectors=order.vectors
    )
    return SentencePredictor(model, order)


CLASSIFICATION_USE = Use(
    evaluate=partial(evaluate, "classification", CLASSIFICATION_MODEL),
    predictor=partial(predictor, CLASSIFICATION_MODEL),
    formats=("jsonl", "conll", "text"),
    scores_with=frozenset({"--errors", "--output"}),
    predicts_with=frozenset({"--tokenizer", "--input-format", "--vectors"}),
    tagger=partial(LabelTagger.load, kind=CLASSIFICATION_MODEL),
)
JOINT_USE = Use(
    evaluate=partial(evaluate, "joint", JOINT_MODEL),
    predictor=partial(predictor, JOINT_MODEL),
    formats=("conll", "jsonl", "text"),
    scores_with=frozenset({"--errors", "--output"}),
    predicts_with=frozenset({"--tokenizer", "--input-format", "--nbest", "--vectors"}),
    tagger=partial(LabelTagger.load, kind=JOINT_MODEL),
)
