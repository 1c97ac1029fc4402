"""What files of pairs hold, what is odd about them, and how they are divided."""

from collections import Counter

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.findings import Report
from seqtag.corpora.pairs import PairOptions, read_pairs
from seqtag.corpora.reading import Corpus
from seqtag.corpora.repair import Repaired
from seqtag.settings.transduction import TransductionConfig
from seqtag.support.lines import lines, shown
from seqtag.tasks.division import Divisible, of_corpus
from seqtag.tasks.files import Files
from seqtag.tasks.repair import repaired
from seqtag.tasks.transduction.check import check
from seqtag.tasks.transduction.read import check_pairs, options_of


def _repair(config: TransductionConfig, path: str, encoding: str) -> Repaired:
    return repaired(path, options=None, encoding=encoding)


def _divisible(config: TransductionConfig, path: str, report: Report) -> Divisible:
    """CoNLL-U is divided by sentences, other files by pairs: all of a source stand in one part, and each part has its
    share of each value of a source feature.
    """
    options = options_of(config, path)
    if options.format == "conllu":
        return of_corpus(path, ReadOptions("conllu", with_tags=False), report, _nothing)
    return _of_rows(path, options, report)


def _nothing(corpus: Corpus) -> list[Counter[str]]:
    return [Counter() for _ in corpus.sentences]


def _of_rows(path: str, options: PairOptions, report: Report) -> Divisible:
    numbered = list(lines(path))
    pairs = list(read_pairs(Source(path, numbered, report), options, report))
    check_pairs(pairs, path)
    rows = dict(numbered)
    return Divisible(
        name=shown(path),
        what="pair",
        header=[row for number, row in numbered if number < pairs[0].line and row.strip(" \t")],
        blocks=[[rows[pair.line]] for pair in pairs],
        keys=[pair.source for pair in pairs],
        lengths=[len(pair.source) for pair in pairs],
        contents=[Counter(pair.features) for pair in pairs],
        gap="",
    )


FILES = Files(check, _repair, _divisible)
