"""What the files of a tagger hold, what is odd about them, and how they are divided. No NumPy."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from seqtag.corpora import tags
from seqtag.corpora.doubts import doubts
from seqtag.corpora.findings import Report
from seqtag.corpora.reading import Corpus, check_tags
from seqtag.corpora.repair import Repaired
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tags import Scheme
from seqtag.settings.config import Config
from seqtag.tasks.division import Divisible, of_corpus
from seqtag.tasks.files import Files
from seqtag.tasks.repair import repaired
from seqtag.tasks.tagging import check
from seqtag.tasks.tagging.options import read_options


def _check(config: Config, paths: Sequence[str], train: bool) -> check.Report:
    return check.report(check.read_all(paths, read_options(config)), train=train, scheme=config.data.scheme)


def _repair(config: Config, path: str, encoding: str) -> Repaired:
    return repaired(path, scheme=config.data.scheme, options=read_options(config), encoding=encoding)


def _divisible(config: Config, path: str, report: Report) -> Divisible:
    return of_corpus(path, read_options(config), report, partial(entities, config.data.scheme, report))


def entities(scheme: str, report: Report, corpus: Corpus) -> list[Counter[str]]:
    """The entities of each sentence by their types, or its tags where these are plain.

    Args:
        scheme: The tag scheme; "auto" finds it.
        report: Receives what is odd about the corpus.
        corpus: The corpus.

    Raises:
        UsageError: An unknown scheme.
        DataError: A tag that the scheme lacks.
    """
    named = tags.is_named(scheme)
    own = tags.parse_scheme(scheme) if named else tags.detect(one.tags or () for one in corpus.sentences)
    check_tags(corpus, own)
    for finding in doubts(corpus, own, named=named):
        report(finding)
    return [_entities(sentence, own) for sentence in corpus.sentences]


def _entities(sentence: Sentence, scheme: Scheme) -> Counter[str]:
    own = sentence.tags or ()
    if not scheme.is_spans:
        return Counter(own)
    return Counter(span.label or "(no label)" for span in tags.spans(own, scheme))


FILES = Files(_check, _repair, _divisible)
