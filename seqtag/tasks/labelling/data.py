"""The corpora of a run that learns labels of sentences, read and checked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.brackets import phrases
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.tags import parse_scheme
from seqtag.settings.labelled import JointConfig
from seqtag.support.errors import UsageError
from seqtag.tasks.labelling.reading import check, options_of
from seqtag.tasks.tagging.base_model import BaseModel
from seqtag.tasks.tagging.splits import Corpora, hold_out, read_corpora, with_inputs

BRACKETS = "brackets"


def read(config: JointConfig, paths: Mapping[str, Sequence[str]], base: BaseModel | None = None) -> Corpora:
    """The corpora of these files, one for each role; without `dev` a part of `train` is held out. `base` is the model
    from which training continues.

    Raises:
        DataError: A file cannot be read, or a sentence has no label.
    """
    found: dict[str, str | None] = {role: path for role, (path,) in paths.items()}
    files = paths["train"][0], found.get("dev"), found.get("test")
    options = options_of(config)
    if options.with_tags:
        corpora = read_corpora(config, *files, options=options, base=base)
        for corpus in corpora.by_role.values():
            check(corpus, config.data.label_key)
    else:
        corpora = replace(_without_tags(config, *files, options=options), base=base)
    return with_inputs(corpora, config)


def _without_tags(
    config: JointConfig, train: str, dev: str | None, test: str | None, *, options: ReadOptions
) -> Corpora:
    of_phrases = config.tree.labels == "all"
    first = read_corpus(train, _of_nodes(options) if of_phrases else options)
    second, third = (None if path is None else read_corpus(path, options) for path in (dev, test))
    findings = tuple(finding for corpus in (first, second, third) if corpus for finding in corpus.findings)
    for corpus in (None if of_phrases else first, second, third):
        if corpus is not None:  # before some are held out: a file that is misread is one sentence
            check(corpus, config.data.label_key)
    seed = None
    if second is None:
        seed = config.training.seed
        first, second = hold_out(first, config.data.dev_fraction, seed)
    if of_phrases:
        first = replace(
            first, sentences=tuple(phrase for tree in first.sentences for phrase in phrases(tree))
        )
        check(first, config.data.label_key)
    return Corpora(first, second, third, seed, parse_scheme("plain"), findings)


def _of_nodes(options: ReadOptions) -> ReadOptions:
    """How a training file is read of which each phrase is an example."""
    if options.format not in ("auto", BRACKETS):
        raise UsageError(
            f"tree.labels: all is for bracketed trees (--format {BRACKETS}). Received: --format {options.format}."
        )
    return replace(options, format=BRACKETS, with_tags=True, with_heads=True)


def labels_of(corpora: Corpora) -> tuple[tuple[str, ...], bool]:
    """The labels of the training file, sorted, and whether a sentence has several."""
    sentences = corpora.train.sentences
    known = {label for sentence in sentences for label in sentence.labels}
    return tuple(sorted(known)), any(len(sentence.labels) > 1 for sentence in sentences)


def unseen(corpora: Corpora, labels: Sequence[str]) -> dict[str, int]:
    """Labels of dev that training never saw, with their counts."""
    counts = Counter(label for sentence in corpora.dev.sentences for label in sentence.labels)
    return {label: count for label, count in sorted(counts.items()) if label not in {*labels}}
