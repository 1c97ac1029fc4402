"""Files of pairs -> what is in them, and what to look at before they are trained on or scored against."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from seqtag.corpora import headers
from seqtag.corpora.findings import Finding, Level
from seqtag.corpora.pairs import PairOptions, TextPair
from seqtag.evaluation.figures import Figures
from seqtag.inference.transducer import Search
from seqtag.settings.transduction import TransductionConfig
from seqtag.support.lines import shown
from seqtag.support.quoting import counted, quoted
from seqtag.tasks.files import numbered, shared_table
from seqtag.tasks.transduction.read import cuts_of, options_of, read_whole
from seqtag.tasks.transduction.vocabulary import cut

SHARED = 0.01  # the share of a file that another one may hold by chance
MIXED = 0.05  # the share of texts that may be cut in another way by chance
MOST_NAMED = 10  # symbols that a message names
EXAMPLES = 5

Key = tuple[str, tuple[str, ...]]  # a source and its features
Side = Callable[[TextPair], str]
SIDES: dict[str, Side] = {"source": lambda pair: pair.source, "target": lambda pair: pair.target}


@dataclass(frozen=True)
class LongestText:
    """The longest text of one side of a file, in symbols, and where it stands."""

    symbols: int
    line: int


@dataclass(frozen=True)
class PairFile:
    """What is in one file.

    Attributes:
        path: The file, as messages name it.
        pairs: How many there are.
        different: How many different ones.
        sources: How many different sources, features included.
        several_targets: Those with more than one target.
        best: The share of the pairs that an answer by source and features alone can have right.
        longest_source: The longest source.
        longest_target: The longest target.
        source_symbols: The symbols of sources with their counts, the most frequent first.
        target_symbols: Those of targets.
        features: The values of each source feature with their counts, likewise.
        unknown_symbols: Pairs whose source has a symbol that the training file lacks there; None for this one itself,
            and where none was named.
    """

    path: str
    pairs: int
    different: int
    sources: int
    several_targets: int
    best: float
    longest_source: LongestText
    longest_target: LongestText
    source_symbols: dict[str, int]
    target_symbols: dict[str, int]
    features: tuple[dict[str, int], ...]
    unknown_symbols: int | None


@dataclass(frozen=True)
class SharedPairs:
    """What two files have in common.

    Attributes:
        first: One file.
        second: The other.
        shared_sources: The pairs of the second whose source, features included, stands in the first.
        other_targets: Those of them whose target does not stand there with it.
    """

    first: str
    second: str
    shared_sources: int
    other_targets: int


@dataclass(frozen=True)
class PairReport:
    """What is in all files, and in every two of them; and what is odd about them.

    Attributes:
        source_cut: What the symbols of sources are.
        target_cut: Those of targets.
        found: Whether this was found out, not said.
        files: What is in each.
        shared: What every two of them have in common.
        findings: What is odd.
    """

    source_cut: str
    target_cut: str
    found: bool
    files: tuple[PairFile, ...]
    shared: tuple[SharedPairs, ...]
    findings: tuple[Finding, ...]

    @property
    def paths(self) -> list[str]:
        """The files, as messages name them."""
        return [file.path for file in self.files]

    def heading(self) -> list[str]:
        """How both sides are cut."""
        found = " (found in file 1)" if self.found else ""
        return [f"Symbols: sources {_AT[self.source_cut]}, targets {_AT[self.target_cut]}{found}"]

    def figures(self) -> list[Figures]:
        """Tables of the files, of their symbols, and of what every two files share."""
        rated = any(file.unknown_symbols is not None for file in self.files)
        columns = ("", "pairs", "different", "several targets", "at best", *["unknown"] * rated)
        rows = []
        titles = numbered(len(self.files))
        for title, file in zip(titles, self.files, strict=True):
            unknown = "" if file.unknown_symbols is None else f"{file.unknown_symbols / file.pairs:.1%}"
            row = (title, f"{file.pairs:,}", f"{file.different:,}", f"{file.several_targets:,}")
            rows.append((*row, f"{file.best:.1%}", *[unknown] * rated))
        tables = [Figures(columns, rows), self._symbols()]
        return [*tables, self._shared()] if self.shared else tables

    def _symbols(self) -> Figures:
        counts: dict[str, list[int]] = {
            "source symbols": [len(file.source_symbols) for file in self.files],
            "longest source": [file.longest_source.symbols for file in self.files],
            "target symbols": [len(file.target_symbols) for file in self.files],
            "longest target": [file.longest_target.symbols for file in self.files],
        }
        for number in range(len(self.files[0].features)):
            counts[f"values of source feature {number + 1}"] = [
                len(file.features[number]) for file in self.files
            ]
        rows = [(name, *(f"{count:,}" for count in row)) for name, row in counts.items()]
        return Figures(("", *numbered(len(self.files))), rows)

    def _shared(self) -> Figures:
        heads = ("sources shared", "pairs", "share", "with other targets")
        shared = ((pair.shared_sources, pair.other_targets) for pair in self.shared)
        return shared_table(heads, [file.pairs for file in self.files], shared)

    def remarks(self) -> Iterator[tuple[str, str]]:
        """Nothing."""
        return iter(())

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "task": "transduction",
            "source_cut": self.source_cut,
            "target_cut": self.target_cut,
            "files": [_with_lists(asdict(file)) for file in self.files],
            "pairs": list(map(asdict, self.shared)),
            "findings": list(map(asdict, self.findings)),
        }


_AT = {"characters": "are cut into characters", "spaces": "are cut at spaces"}


def _with_lists(values: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


class _Pairs:
    """The pairs of a file, and its findings.

    Args:
        path: The file.
        options: How it is read.
    """

    def __init__(self, path: str, options: PairOptions) -> None:
        self.findings: list[Finding] = []
        self.pairs: Sequence[TextPair] = read_whole(path, options, self.findings.append)
        self.targets: dict[Key, Counter[str]] = {}
        for pair in self.pairs:
            self.targets.setdefault((pair.source, pair.features), Counter())[pair.target] += 1


def check(config: TransductionConfig, paths: Sequence[str], train: bool) -> PairReport:
    """Reads files of pairs and reports on each and on every two of them; see `seqtag.tasks.files.Files`."""
    options = options_of(config, paths[0])
    read = [_Pairs(path, options) for path in paths]
    cuts = dict(zip(SIDES, cuts_of(config, read[0].pairs), strict=True))
    files: list[PairFile] = []
    findings: list[Finding] = []
    for path, one in zip(paths, read, strict=True):
        file = _file(one, shown(path), cuts, files[0] if train and files else None)
        findings += [*one.findings, *_odd(config, one, file, cuts, options)]
        if train and files:
            findings += _unknown(one, file, files[0], cuts)
        files.append(file)
    if train or len(files) == 1:
        findings += _rare(files[0])
    shared = []
    for first, second in combinations(range(len(files)), 2):
        found = _sharing(read[first], files[first], read[second], files[second])
        shared.append(found)
        findings += _overlap(found, files[second], options)
    named = config.data.source_cut != "auto" and config.data.target_cut != "auto"
    return PairReport(cuts["source"], cuts["target"], not named, tuple(files), tuple(shared), tuple(findings))


def _file(read: _Pairs, name: str, cuts: dict[str, str], train: PairFile | None) -> PairFile:
    pairs = read.pairs
    symbols = {side: Counter[str]() for side in SIDES}
    longest = dict.fromkeys(SIDES, LongestText(0, 0))
    unknown = 0
    for pair in pairs:
        for side, text in SIDES.items():
            own = cut(text(pair), cuts[side])
            symbols[side].update(own)
            if len(own) > longest[side].symbols:
                longest[side] = LongestText(len(own), pair.line)
            if side == "source" and train is not None:
                unknown += not train.source_symbols.keys() >= set(own)
    features = [Counter(values) for values in zip(*(pair.features for pair in pairs), strict=True)]
    best = sum(max(targets.values()) for targets in read.targets.values())
    return PairFile(
        path=name,
        pairs=len(pairs),
        different=sum(map(len, read.targets.values())),
        sources=len(read.targets),
        several_targets=sum(len(targets) > 1 for targets in read.targets.values()),
        best=best / len(pairs),
        longest_source=longest["source"],
        longest_target=longest["target"],
        source_symbols=_by_count(symbols["source"]),
        target_symbols=_by_count(symbols["target"]),
        features=tuple(map(_by_count, features)),
        unknown_symbols=None if train is None else unknown,
    )


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _odd(
    config: TransductionConfig, read: _Pairs, file: PairFile, cuts: dict[str, str], options: PairOptions
) -> Iterator[Finding]:
    """What is odd about a file by itself."""
    finding = partial(Finding, file=file.path)
    first = read.pairs[0]
    if options.format == "tsv" and first.line and headers.are_names((first.source, first.target)):
        problem = f"the row looks like a header: {quoted(first.source)}, {quoted(first.target)}"
        option = f"--source {first.source} --target {first.target}"
        yield finding("warning", "header-row", line=first.line, message=problem, option=option)
    if file.pairs > 1 and all(pair.source == pair.target for pair in read.pairs):
        problem = "every target is its source; do --source and --target name the same column?"
        yield finding("warning", "same-columns", line=None, message=problem)
    yield from _several_targets(read, file)
    if repeats := file.pairs - file.different:
        first_places = {_key(pair): number for number, pair in reversed(list(enumerate(read.pairs)))}
        again = next(pair for number, pair in enumerate(read.pairs) if first_places[_key(pair)] != number)
        problem = (
            f"{_share(repeats, file.pairs)} stood in the file before; data.repeats says which are learnt"
        )
        yield finding("note", "duplicate-pairs", line=again.line, message=problem)
    for side, text in SIDES.items():
        asked = getattr(config.data, f"{side}_cut")
        yield from _of_texts(read.pairs, file, side, text, cuts[side], found=asked == "auto")
    yield from _too_long(config, read.pairs, file, cuts)


def _key(pair: TextPair) -> tuple[Any, ...]:
    return pair.source, pair.features, pair.target


def _several_targets(read: _Pairs, file: PairFile) -> Iterator[Finding]:
    """Sources with several targets, of which a model gives one."""
    several = {key for key, targets in read.targets.items() if len(targets) > 1}
    if not several:
        return
    level: Level = "warning" if file.best < 1 - SHARED else "note"
    problem = (
        f"{_share(len(several), file.sources, 'source')} have several targets; a model gives one, so that at most "
        f"{file.best:.1%} of the pairs can be right"
    )
    yield Finding(level, "several-targets", file.path, None, problem)
    lines: dict[Key, dict[str, int]] = {}
    for pair in read.pairs:
        key = pair.source, pair.features
        if key in several:
            lines.setdefault(key, {}).setdefault(pair.target, pair.line)
    for source, features in sorted(lines, key=lambda key: -read.targets[key].total())[:EXAMPLES]:
        found = lines[source, features]
        listed = ", ".join(f"{quoted(target)} (line {line})" for target, line in found.items())
        more = "".join(f" {quoted(value)}" for value in features)
        problem = f"the source {quoted(source)}{more} has {len(found)} targets: {listed}"
        yield Finding("note", "several-targets", file.path, min(found.values()), problem)


def _of_texts(
    pairs: Sequence[TextPair], file: PairFile, side: str, text: Side, how: str, *, found: bool
) -> Iterator[Finding]:
    """What is odd about the texts of one side."""
    others = [pair for pair in pairs if (" " in text(pair).strip()) != (how == "spaces")]
    if found and len(others) > MIXED * len(pairs):
        hold = "have no space" if how == "spaces" else "hold a space"
        problem = f"{_share(len(others), len(pairs), side)} {hold}, and the {side}s {_AT[how]}"
        other = "characters" if how == "spaces" else "spaces"
        yield Finding("note", "mixed-cut", file.path, others[0].line, problem, f"--{side}-cut {other}")
    if how == "characters":
        framed = [pair for pair in pairs if text(pair) != text(pair).strip()]
        if framed:
            problem = (
                f"{_share(len(framed), len(pairs), side)} begin or end with white space, which is a symbol"
            )
            yield Finding("warning", "outer-space", file.path, framed[0].line, problem)
    known = {text(pair) for pair in pairs}
    twice = [pair for pair in pairs if (one := _composed(text(pair))) != text(pair) and one in known]
    if twice:
        problem = f"the {side} {quoted(text(twice[0]))} also occurs in the normal form NFC, as another one"
        yield Finding("warning", "normal-form", file.path, twice[0].line, problem)


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _too_long(
    config: TransductionConfig, pairs: Sequence[TextPair], file: PairFile, cuts: dict[str, str]
) -> Iterator[Finding]:
    """Targets that are longer than any that the search finds."""
    search = Search(factor=config.decoding.max_length_factor)
    again = 2 if config.source.doubled else 1
    lengths = [again * (len(cut(pair.source, cuts["source"])) + 1) + len(pair.features) for pair in pairs]
    limits = search.limits(np.array(lengths)).tolist()
    found = [
        pair
        for pair, limit in zip(pairs, limits, strict=True)
        if len(cut(pair.target, cuts["target"])) >= limit  # the end counts, too
    ]
    if found:
        problem = (
            f"{_share(len(found), file.pairs, 'target')} are longer than any that the search may write, "
            f"{search.factor:g} times what is read of the source and {search.more} more (decoding.max_length_factor)"
        )
        yield Finding("warning", "length-limit", file.path, found[0].line, problem)


def _rare(train: PairFile) -> Iterator[Finding]:
    """Symbols that are hardly learnt."""
    for side, counts in (("source", train.source_symbols), ("target", train.target_symbols)):
        once = [symbol for symbol, count in counts.items() if count == 1]
        if once:
            problem = f"{counted(len(once), f'{side} symbol')} occur once: {_listed(once)}"
            yield Finding("note", "rare-symbols", train.path, None, problem)


def _unknown(read: _Pairs, file: PairFile, train: PairFile, cuts: dict[str, str]) -> Iterator[Finding]:
    """Symbols and values that the training file lacks."""
    for side, text in SIDES.items():
        name = f"{side}_symbols"
        new = [symbol for symbol in getattr(file, name) if symbol not in getattr(train, name)]
        if new:
            having = [pair for pair in read.pairs if not set(new).isdisjoint(cut(text(pair), cuts[side]))]
            problem = (
                f"{_share(len(having), file.pairs, side)} hold symbols that no {side} of {train.path} has: "
                f"{_listed(new)}"
            )
            level: Level = "warning" if len(having) > SHARED * file.pairs else "note"
            yield Finding(level, "unknown-symbols", file.path, having[0].line, problem)
    for number, (own, known) in enumerate(zip(file.features, train.features, strict=True)):
        if new := [value for value in own if value not in known]:
            line = next(pair.line for pair in read.pairs if pair.features[number] in new)
            problem = f"values of source feature {number + 1} that {train.path} lacks: {_listed(new)}"
            yield Finding("warning", "unknown-symbols", file.path, line, problem)


def _sharing(one: _Pairs, first: PairFile, other: _Pairs, second: PairFile) -> SharedPairs:
    shared = [pair for pair in other.pairs if (pair.source, pair.features) in one.targets]
    differ = sum(pair.target not in one.targets[pair.source, pair.features] for pair in shared)
    return SharedPairs(first.path, second.path, len(shared), differ)


def _overlap(shared: SharedPairs, second: PairFile, options: PairOptions) -> Iterator[Finding]:
    """Sources of a file that stand in another one; in running text most words do."""
    if shared.shared_sources:
        few = options.format == "conllu" or shared.shared_sources < SHARED * second.pairs
        level: Level = "note" if few else "warning"
        problem = f"{shared.first} also has the sources of {_share(shared.shared_sources, second.pairs)}"
        if shared.other_targets:
            problem += f", {shared.other_targets:,} with other targets"
        yield Finding(level, "overlap", second.path, None, problem)


def _share(count: int, of: int, what: str = "pair") -> str:
    return f"{count:,} of {counted(of, what)} ({count / of:.1%})"


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    return ", ".join(map(quoted, found[:MOST_NAMED])) + more
