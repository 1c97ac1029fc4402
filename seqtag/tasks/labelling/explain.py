"""What each label of a sentence depends on, by gradients and by what the pooling looks at."""

from dataclasses import replace
from typing import Any

from seqtag.inference.labels import SCHEMAS, LabelTagger
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import Kind
from seqtag.tasks.explanation import Explained, ExplainOrder, Explanation, Target
from seqtag.tasks.tagging import explain as of_tags
from seqtag.tasks.tagging.restore import Stored

MOST = 3  # labels of a sentence, beside those that are given


def explain(kind: Kind, order: ExplainOrder) -> Explanation:
    """Labels the first sentences of a text and says what each label, and each tag, depends on.

    Raises:
        Error: The model or the text cannot be read, or the text holds no sentence.
    """

    def read(folder: Folder) -> tuple[LabelTagger, Stored]:
        tagger = LabelTagger.of(folder)
        return tagger, Stored.of(folder, tagger.vocabulary, SCHEMAS[kind.format])

    return of_tags.explained(order, read, kind, _explained)


def _explained(sentence: Any, cut: int, tagger: LabelTagger, network: Any, saliency: Any) -> Explained:
    """A sentence with its labels explained, and with its tags, where there are any."""
    from seqtag.network.saliency import label_attention, label_saliency

    if tagger.has_tags:
        found = of_tags.explained_sentence(sentence, cut, tagger, network, saliency)
    else:
        found = Explained(sentence.tokens, cut, [], [])
    (answer,) = tagger.tag([sentence])
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(sentence)])
    names = tagger.vocabulary.labels
    shown = list(answer.label_probabilities)[: max(MOST, len(answer.labels))]
    values = label_saliency(network, inputs, [names.index(name) for name in shown])
    labels = [
        Target(0, len(sentence), name, answer.label_probabilities[name], row)
        for name, row in zip(shown, values, strict=True)
    ]
    looks = label_attention(network, inputs)
    return replace(found, labels=labels, looks=looks)
