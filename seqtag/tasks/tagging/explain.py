"""What each tag of a tagger depends on: its tokens, by gradients, and what its attention looks at."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from seqtag.corpora.document import offsets
from seqtag.corpora.recognition import sentences_to_tag
from seqtag.corpora.sentence import Sentence, cut
from seqtag.corpora.tags import types
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.folder import load as load_folder
from seqtag.model_folder.layout import MODEL, Kind
from seqtag.network import runtime
from seqtag.support.errors import Error
from seqtag.tasks.explanation import Explained, ExplainOrder, Explanation, Target
from seqtag.tasks.tagging.restore import Stored

LONGEST = 512  # tokens of a sentence that are looked at: attention grows with their square


def explain(order: ExplainOrder) -> Explanation:
    """Tags the first sentences of a text and says what each tag depends on.

    Raises:
        Error: The model or the text cannot be read, or the text holds no sentence.
    """
    return explained(order, _read, MODEL, explained_sentence)


def explained(
    order: ExplainOrder,
    read: Callable[[Folder], tuple[Any, Stored]],
    kind: Kind,
    each: Callable[[Sentence, int, Any, Any, Any], Explained],
) -> Explanation:
    """Explains the first sentences of a text.

    Args:
        order: What is to be explained.
        read: Reads the model of a folder, and what it holds of its network.
        kind: The kind of the folder.
        each: Explains a sentence, of which a number of tokens was cut, by the model, the network and saliency.

    Raises:
        Error: The model or the text cannot be read, or the text holds no sentence.
    """
    model, path, limit = order.model, order.path, order.limit
    tagger, stored = load_folder(Path(model), read, kind)
    vocabulary = tagger.vocabulary
    text = sentences_to_tag(path, vocabulary.reading, order.input_format, vocabulary.tokenizer, order.report)
    found = list(islice((sentence for sentence in text if len(sentence)), limit + 1))
    if not found:
        source = "standard input" if path == "-" else path
        raise Error(f"{source}: holds no sentence; expected one to explain.")
    runtime.start(0, debug=order.debug)
    network = stored.network()
    from seqtag.network.saliency import Saliency

    saliency = Saliency(network)
    sentences = []
    for whole in found[:limit]:
        sentence = _start(whole)
        one = each(sentence, len(whole) - len(sentence), tagger, network, saliency)
        sentences.append(replace(one, joined=_joined(whole)))
    return Explanation(
        model=model,
        source="standard input" if path == "-" else path,
        spans=tagger.scheme.is_spans,
        description=stored.config.encoder.described,
        sentences=sentences,
        more=len(found) > limit,
        types=types(tagger.tags, tagger.scheme) if tagger.scheme.is_spans else (),
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


def explained_sentence(
    sentence: Sentence, cut: int, tagger: SentenceTagger, network: Any, saliency: Any
) -> Explained:
    """A sentence, of which `cut` tokens more are not looked at."""
    from seqtag.network.saliency import attentions

    (tagged,) = tagger.tag([sentence], entities=True)
    tagged = tagged.spelt(tagger.spelling)
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(sentence)])
    numbers = tagger.decode([sentence])["tags"][0]
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
