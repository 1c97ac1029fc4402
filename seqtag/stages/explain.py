"""The explaining stage: a tagger and some text in; for each sentence its tags and what each depends on out."""

from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtag.corpora.document import offsets
from seqtag.corpora.findings import Report, ignore
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.sentence import Sentence, cut
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.network import runtime
from seqtag.support.errors import Error
from seqtag.tasks.tagging.restore import Stored

LONGEST = 512  # tokens of a sentence that are looked at: attention grows with their square


@dataclass(frozen=True)
class Target:
    """A tag or an entity that is explained.

    Attributes:
        start: Its first token.
        end: The token after its last.
        label: The tag, or the entity's label.
        probability: The probability that the model gives it.
        saliency: How much each token of the sentence speaks for it (above 0) or against it, `(time,)`.
    """

    start: int
    end: int
    label: str
    probability: float
    saliency: NDArray[np.float32]


@dataclass(frozen=True)
class Explained:
    """A sentence.

    Attributes:
        tokens: Its tokens, the first `LONGEST` at most.
        cut: How many tokens more it has.
        tags: The tag of each token.
        targets: What is explained: the entities, or each token's tag where tags are plain.
        attention: The weights of each attention `(heads, time, time)` by where it is; row t is where token t looks.
        joined: The tokens that follow the one before without a space, by their number.
    """

    tokens: tuple[str, ...]
    cut: int
    tags: list[str]
    targets: list[Target]
    attention: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    joined: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Explanation:
    """What the page shows.

    Attributes:
        model: The model folder, as the user named it.
        source: Where the text is from.
        spans: Whether the tags are of spans.
        description: The network in a few words.
        sentences: The sentences.
        more: Whether the text holds more sentences than were asked for.
    """

    model: str
    source: str
    spans: bool
    description: str
    sentences: list[Explained]
    more: bool


def explain(
    model: str,
    path: str,
    *,
    input_format: str | None = None,
    limit: int = 20,
    debug: bool = False,
    report: Report = ignore,
) -> Explanation:
    """Tags the first sentences of a text and says what each tag depends on.

    Args:
        model: The model folder.
        path: The text; "-" is standard input.
        input_format: A format in `registry.FORMATS`, where "conll" stands for that of the training corpus; None to go
            by the name and the first lines of the text.
        limit: At most so many sentences; those without tokens do not count.
        debug: Whether TensorFlow may print.
        report: Receives what is odd about the text, while it is read.

    Raises:
        Error: The model or the text cannot be read, or the text holds no sentence.
    """
    tagger, stored = load_folder(Path(model), _read)
    vocabulary = tagger.vocabulary
    read = sentences_to_tag(path, vocabulary.reading, input_format, vocabulary.tokenizer, report)
    found = list(islice((sentence for sentence in read if len(sentence)), limit + 1))
    if not found:
        source = "standard input" if path == "-" else path
        raise Error(f"{source}: holds no sentence; expected one to explain.")
    runtime.start(0, debug=debug)
    network = stored.network()
    from seqtag.network.saliency import Saliency

    saliency = Saliency(network)
    explained = []
    for whole in found[:limit]:
        sentence = _start(whole)
        one = _explained(sentence, len(whole) - len(sentence), tagger, network, saliency)
        explained.append(replace(one, joined=_joined(whole)))
    encoder = stored.config.encoder
    description = f"{encoder.cell} {encoder.layers} x {encoder.units}"
    return Explanation(
        model=model,
        source="standard input" if path == "-" else path,
        spans=tagger.scheme.is_spans,
        description=description,
        sentences=explained,
        more=len(found) > limit,
    )


def _start(whole: Sentence) -> Sentence:
    """The first `LONGEST` tokens, with their text."""
    if len(whole) <= LONGEST:
        return whole
    sentence = cut(whole, 0, LONGEST)
    if whole.text is None:
        return sentence
    return replace(sentence, text=whole.text[: offsets(whole.text, sentence.tokens)[-1][1]])


def _joined(sentence: Sentence) -> frozenset[int]:
    """The tokens, among the first, that follow the one before without a space."""
    if sentence.text is None:
        return frozenset()
    pairs = pairwise(offsets(sentence.text, sentence.tokens)[:LONGEST])
    return frozenset(at for at, ((_, end), (start, _)) in enumerate(pairs, start=1) if end == start)


def _read(source: Folder) -> tuple[SentenceTagger, Stored]:
    tagger = SentenceTagger.of(source)
    return tagger, Stored.of(source, tagger.vocabulary)


def _explained(
    sentence: Sentence, cut: int, tagger: SentenceTagger, network: Any, saliency: Any
) -> Explained:
    from seqtag.network.saliency import attentions

    (tagged,) = tagger.tag([sentence], entities=True)
    tagged = tagged.spelt(tagger.spelling)
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(sentence)])
    numbers = tagger.run(inputs)["tags"][0]
    if tagger.scheme.is_spans:
        found = zip(tagged.spans, tagged.span_probabilities, strict=True)
        wanted = [(span.start, span.end, span.label, probability) for span, probability in found]
    else:
        pairs = zip(tagged.tags, tagged.probabilities, strict=True)
        wanted = [(place, place + 1, tag, probability) for place, (tag, probability) in enumerate(pairs)]
    held = np.zeros((len(wanted), len(sentence)), np.float32)
    for row, (start, end, _, _) in zip(held, wanted, strict=True):
        row[start:end] = 1
    values = saliency(inputs, numbers, held)
    targets = [Target(*entry, row) for entry, row in zip(wanted, values, strict=True)]
    return Explained(sentence.tokens, cut, list(tagged.tags), targets, attentions(network, inputs, numbers))
