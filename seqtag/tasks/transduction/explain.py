"""Where a transducer's attention was while it wrote each symbol of its targets."""

from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.pairs import BLANK, TextPair, read_pairs
from seqtag.support.errors import Error, UsageError
from seqtag.tasks.explanation import Explained, ExplainOrder, Explanation
from seqtag.tasks.transduction import stored
from seqtag.tasks.transduction.model import TransducerModel
from seqtag.tasks.transduction.use import options_of
from seqtag.tasks.transduction.vocabulary import cut

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
    vocabulary = model.vocabulary
    (answer,) = model.answers([pair])
    symbols = cut(answer.best.text, vocabulary.target_cut)
    (looks,) = model.alignment([pair], [vocabulary.targets.index(symbols).tolist()])
    read, places = vocabulary.symbols(pair)
    tokens, weights = _columns(read, places, looks)
    return Explained(
        tokens=tuple(tokens[:LONGEST]),
        cut=max(len(tokens) - LONGEST, 0),
        tags=[],
        targets=[],
        attention={"decoder": weights[None, :, :LONGEST]},
        written=(*symbols, "end"),
        answer=(" ".join((*pair.features, pair.source)), answer.best.text, answer.best.probability),
    )


def _columns(
    read: list[str], places: list[int], looks: NDArray[np.float32]
) -> tuple[list[str], NDArray[np.float32]]:
    """The symbols of a source in its own order, after its features and before its end, and the weights on each; those
    of a source that is read twice are added up.
    """
    count = max(places, default=-1) + 1
    features = sum(symbol.startswith("\t") for symbol in read)
    names = [symbol.rpartition("\t")[2] for symbol in read[:features]] + [""] * count + ["end"]
    weights = np.zeros((len(looks), len(names)), np.float32)
    for number, (symbol, place) in enumerate(zip(read, places, strict=True)):
        at = features + place if place >= 0 else number if symbol.startswith("\t") else len(names) - 1
        if place >= 0:
            names[at] = symbol
        weights[:, at] += looks[:, number]
    return names, weights
