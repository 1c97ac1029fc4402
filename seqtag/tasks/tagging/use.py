"""What a tagger is used for."""

from seqtag.inference.tagger import SentenceTagger
from seqtag.settings import registry
from seqtag.tasks.sentences import SentencePredictor
from seqtag.tasks.tagging.evaluate import evaluate
from seqtag.tasks.use import PredictionOrder, Use


def predictor(order: PredictionOrder) -> SentencePredictor:
    """The tagger of a model folder, with what the answers need of it.

    Raises:
        Error: The model cannot be read, or cannot give so many sequences.
    """
    written = registry.load(registry.FORMATS, order.output_format, "writer")
    probabilities = written.probabilities or order.nbest > 0
    tagger = SentenceTagger.load(order.model, order.threads, tags_only=not probabilities)
    return SentencePredictor(tagger, order)


USE = Use(
    evaluate=evaluate,
    predictor=predictor,
    formats=registry.formats("writer"),
    scores_with=frozenset({"--scheme", "--analysis", "--crosscheck", "--errors", "--output"}),
    predicts_with=frozenset({"--tokenizer", "--sentences", "--language", "--nbest", "--input-format"}),
    tagger=SentenceTagger.load,
)
