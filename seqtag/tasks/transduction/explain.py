"""Where a transducer's attention was while it wrote each symbol of its targets."""

from dataclasses import replace
from itertools import islice

from seqtag.corpora.pairs import BLANK, TextPair, read_pairs
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.explanation import Explained, ExplainOrder, Explanation
from seqtag.tasks.transduction import stored
from seqtag.tasks.transduction.alignment import align
from seqtag.tasks.transduction.model import TransducerModel
from seqtag.tasks.transduction.use import options_of

LONGEST = 200  # symbols of a source that are looked at


def explain(order: ExplainOrder) -> Explanation:
    """Answers the first sources of a file and says where the attention was.

    Raises:
        Error: The model or the file cannot be read, or the file holds no source.
        UsageError: The decoder has no attention.
    """
    model = stored.load(order.model)
    if not model.session.attends:
        raise UsageError(f"{order.model}: its decoder has no attention, so there is no alignment to show.")
    options = replace(options_of(model.vocabulary, order.path), with_target=False)
    read = (pair for pair in read_pairs(order.path, options, order.report) if pair.source.strip(BLANK))
    found = list(islice(read, order.limit + 1))
    source = "standard input" if order.path == "-" else order.path
    if not found:
        raise Error(f"{source}: holds no source; expected one to explain.")
    settings = model.config.decoder
    return Explanation(
        model=order.model,
        source=source,
        spans=False,
        description=f"{settings.cell} {settings.layers} x {settings.units}, {settings.attention} attention",
        sentences=[_explained(pair, model) for pair in found[: order.limit]],
        more=len(found) > order.limit,
    )


def _explained(pair: TextPair, model: TransducerModel) -> Explained:
    (answer,) = model.answers([pair])
    found = align(model, pair, answer.best.text)
    return Explained(
        tokens=found.source[:LONGEST],
        cut=max(len(found.source) - LONGEST, 0),
        tags=[],
        targets=[],
        attention={"decoder": found.weights[None, :, :LONGEST]},
        written=found.target,
        answer=(" ".join((*pair.features, pair.source)), answer.best.text, answer.best.probability),
    )
