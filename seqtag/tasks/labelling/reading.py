"""How files of labelled sentences are read, and what a sentence with labels lacks. No NumPy."""

from collections.abc import Iterator
from dataclasses import replace

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.findings import Finding
from seqtag.corpora.reading import Corpus
from seqtag.settings.labelled import ClassificationConfig, JointConfig
from seqtag.support.errors import DataError, UsageError
from seqtag.support.quoting import quoted
from seqtag.tasks.tagging.options import read_options

MOST_NAMED = 10  # keys that a message names
OF_TAGS = frozenset({"tag_column", "tag_spelling", "outside_tag", "neighbours", "misaligned", "labels"})


def options_of(config: JointConfig) -> ReadOptions:
    """How the settings say that corpora are read."""
    with_tags = not isinstance(config, ClassificationConfig)
    return replace(read_options(config), label_key=config.data.label_key, with_tags=with_tags)


def check_given(options: ReadOptions, task: str) -> None:
    """UsageError if an option of tags was given for a model that reads none."""
    for name, option in options.given:
        if name in OF_TAGS:
            raise UsageError(f"{option}: a model of task {task} reads no tags.")


def problems(corpus: Corpus, key: str) -> Iterator[Finding]:
    """Each sentence that has no label, and each label that has no sentence; where no sentence has one, a single finding
    that names the keys of the file.
    """
    if key not in corpus.keys and not any(one.labels for one in corpus.sentences):
        problem = f"no sentence has a label under the key {quoted(key)}{_keys(corpus)}"
        yield Finding("error", "no-label", corpus.path, None, problem)
        return
    for sentence in corpus.sentences:
        line = sentence.lines[0] if sentence.lines else None
        if not sentence.labels:
            problem = f"the sentence has no label; expected one under the key {quoted(key)}"
            yield Finding("error", "no-label", corpus.path, line, problem)
        elif not sentence.tokens:
            problem = f"the label {quoted(sentence.labels[0])} has no tokens"
            yield Finding("error", "no-tokens", corpus.path, line, problem)


def check(corpus: Corpus, key: str) -> None:
    """DataError if a sentence has no label, or a label no sentence."""
    for found in problems(corpus, key):
        raise DataError(found.file, found.line, found.message, found.code)


def _keys(corpus: Corpus) -> str:
    """The keys that a file has, as the end of a message."""
    keys = sorted(corpus.keys)
    if not keys:
        header = "a table of texts needs a header such as text,label"
        return f"; the file has no comments or keys that could hold one ({header})"
    more = f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else ""
    listed = ", ".join(map(quoted, keys[:MOST_NAMED])) + more
    return f"; keys of the file: {listed} (--label-key or the setting label_key chooses one)"
