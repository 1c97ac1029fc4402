"""What files of labelled sentences hold, what is odd about them, and how they are divided. No NumPy."""

from collections import Counter
from collections.abc import Sequence

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.findings import Report
from seqtag.corpora.reading import Corpus
from seqtag.corpora.repair import Repaired
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.settings.generation import GenerationConfig
from seqtag.settings.labelled import ClassificationConfig, JointConfig
from seqtag.tasks.division import Contents, Divisible, of_corpus
from seqtag.tasks.files import Files
from seqtag.tasks.labelling.check import LabelReport, check
from seqtag.tasks.labelling.reading import check as check_labels
from seqtag.tasks.labelling.reading import options_of
from seqtag.tasks.repair import repaired
from seqtag.tasks.tagging.files import entities


def _classification(config: ClassificationConfig, paths: Sequence[str], train: bool) -> LabelReport:
    return check("classification", options_of(config), None, paths, train)


def _joint(config: JointConfig, paths: Sequence[str], train: bool) -> LabelReport:
    return check("joint", options_of(config), config.data.scheme, paths, train)


def _generation(config: GenerationConfig, paths: Sequence[str], train: bool) -> LabelReport:
    return check("generation", _text_options(config), None, paths, train)


def _text_options(config: GenerationConfig) -> ReadOptions:
    text = config.text
    return ReadOptions(
        text.format, with_tags=False, tokenizer=Tokenizer(text.tokenizer), label_key=text.label_key
    )


def _repair(config: JointConfig, path: str, encoding: str) -> Repaired:
    return repaired(path, scheme=config.data.scheme, options=options_of(config), encoding=encoding)


def _repair_text(config: GenerationConfig, path: str, encoding: str) -> Repaired:
    return repaired(path, scheme="plain", options=_text_options(config), encoding=encoding)


def _divisible(config: JointConfig, path: str, report: Report) -> Divisible:
    options = options_of(config)

    def tagged(corpus: Corpus) -> list[Counter[str]]:
        return entities(config.data.scheme, report, corpus)

    return _labelled(path, options, report, tagged if options.with_tags else _nothing)


def _divisible_text(config: GenerationConfig, path: str, report: Report) -> Divisible:
    return _labelled(path, _text_options(config), report, _nothing)


def _nothing(corpus: Corpus) -> list[Counter[str]]:
    return [Counter() for _ in corpus.sentences]


def _labelled(path: str, options: ReadOptions, report: Report, more: Contents) -> Divisible:
    """A file whose parts have their share of each label, and of what else there is."""
    key = options.label_key or ""

    def contents(corpus: Corpus) -> list[Counter[str]]:
        check_labels(corpus, key)
        labels = [Counter(f"{key} = {label}" for label in one.labels) for one in corpus.sentences]
        return [own + other for own, other in zip(labels, more(corpus), strict=True)]

    return of_corpus(path, options, report, contents)


CLASSIFICATION_FILES = Files(_classification, _repair, _divisible)
JOINT_FILES = Files(_joint, _repair, _divisible)
GENERATION_FILES = Files(_generation, _repair_text, _divisible_text)
