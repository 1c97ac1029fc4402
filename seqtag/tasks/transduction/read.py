"""The pairs that a transducer is trained and scored on."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqtag.corpora.findings import Finding
from seqtag.corpora.pairs import PairOptions, TextPair, chosen_columns, read_pairs, resolved
from seqtag.evaluation.trained_on import BOTH, digest
from seqtag.settings.merging import for_corpus
from seqtag.settings.transduction import TransductionConfig
from seqtag.support.errors import DataError, Error
from seqtag.support.lines import shown
from seqtag.tasks.base import FinalData
from seqtag.tasks.transduction.vocabulary import cut

MOST_FINDINGS = 1000
COPIED = 0.75  # share of the target symbols in their source from which on a decoder copies where nobody says so ...
MOST_COPIED = 2000  # ... if there are so many different ones at most


@dataclass(frozen=True)
class PairCorpora:
    """What was read.

    Attributes:
        train: The pairs to learn, without what was held out.
        dev: Pairs to choose the best epoch on.
        test: Pairs to score in the end; empty if there is no test file.
        options: How the files were read, with the format of the training file.
        rows: How many rows the training file has.
        held_out: The seed by which dev was drawn from the training file; None where it is a file of its own.
        path: The training file, for messages.
        findings: What is odd about the files.
    """

    train: Sequence[TextPair]
    dev: Sequence[TextPair]
    test: Sequence[TextPair]
    options: PairOptions
    rows: int
    held_out: int | None
    path: str
    findings: Sequence[Finding] = ()

    def digests(self) -> dict[str, str]:
        """The sha256 of the pairs by their role."""
        roles = {"train": self.train, "dev": self.dev, "test": self.test}
        return {role: _digest(pairs) for role, pairs in roles.items() if pairs}


def final(data: PairCorpora) -> FinalData[PairCorpora]:
    """The pairs as a run uses them that ends with one on train and dev."""
    both = replace(
        data,
        train=[*data.train, *data.dev],
        rows=data.rows + (0 if data.held_out is not None else len(data.dev)),
    )
    parts = (("dev", data.dev), (BOTH, both.train))
    sentences = {name: digest(pair.source for pair in pairs) for name, pairs in parts}
    return FinalData(replace(data, test=()), both, sentences)


def _digest(pairs: Iterable[TextPair]) -> str:
    found = hashlib.sha256()
    for pair in pairs:
        row = [pair.source, pair.target, pair.features]
        found.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return found.hexdigest()


def options_of(config: TransductionConfig, path: str) -> PairOptions:
    """How the settings say that files are read; the format is that of a training file of this name."""
    data = config.data
    options = PairOptions(data.format, data.source, data.target, chosen_columns(data.source_features))
    return resolved(options, path)


def read(config: TransductionConfig, paths: Mapping[str, Sequence[str]]) -> PairCorpora:
    """The pairs of files by role: `train` and, where there are any, `dev` and `test`.

    Raises:
        DataError: A file cannot be read, or holds no pair.
        Error: The training file has too few pairs to hold some out.
    """
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        if len(findings) < MOST_FINDINGS:
            findings.append(finding)

    data = config.data
    (path,) = paths["train"]
    options = options_of(config, path)

    def pairs(role: str) -> list[TextPair]:
        found = [pair for path in paths.get(role, ()) for pair in read_whole(path, options, report)]
        return found

    every = pairs("train")
    rows, dev, held_out = every, pairs("dev"), None
    if "dev" not in paths:
        held_out = config.training.seed
        rows, dev = _hold_out(every, data.dev_fraction, held_out, shown(path))
    train = REPEATS[data.repeats](rows)
    return PairCorpora(train, dev, pairs("test"), options, len(every), held_out, shown(path), findings)


def read_whole(path: str, options: PairOptions, report: Callable[[Finding], None]) -> list[TextPair]:
    """All pairs of a file, of which there must be some."""
    found = list(read_pairs(path, options, report))
    check_pairs(found, path)
    return found


def check_pairs(pairs: Sequence[TextPair], path: str) -> None:
    """DataError if there is no pair."""
    if not pairs:
        raise DataError(shown(path), None, "holds no pairs; expected a source, a tab and its target per line")


def _key(pair: TextPair) -> tuple[Any, ...]:
    return pair.source, pair.target, pair.features


def _once(pairs: Sequence[TextPair]) -> list[TextPair]:
    return list({_key(pair): pair for pair in reversed(pairs)}.values())[::-1]


def _damped(pairs: Sequence[TextPair]) -> list[TextPair]:
    """Each different pair 1 + log2(n) times if it occurs n times, rounded."""
    counts = Counter(map(_key, pairs))
    return [pair for pair in _once(pairs) for _ in range(1 + round(math.log2(counts[_key(pair)])))]


def _majority(pairs: Sequence[TextPair]) -> list[TextPair]:
    """Of each source the most frequent target, of equal ones the first."""
    counts: dict[tuple[Any, ...], Counter[str]] = {}
    for pair in pairs:
        counts.setdefault((pair.source, pair.features), Counter())[pair.target] += 1
    best = {source: found.most_common(1)[0][0] for source, found in counts.items()}
    return [pair for pair in _once(pairs) if best[pair.source, pair.features] == pair.target]


REPEATS: dict[str, Callable[[Sequence[TextPair]], list[TextPair]]] = {
    "all": list,
    "log": _damped,
    "once": _once,
    "majority": _majority,
}


def _hold_out(
    pairs: Sequence[TextPair], fraction: float, seed: int, path: str
) -> tuple[list[TextPair], list[TextPair]]:
    """The pairs without a random part of the different ones, and each of that part once; in the file's order."""
    different = _once(pairs)
    count = len(different)
    if count < 2:
        raise Error(f"{path}: one pair is too few to hold some out for dev; give a --dev file.")
    size = min(max(round(count * fraction), 1), count - 1)
    chosen = np.random.default_rng([seed, 0]).permutation(count)[:size]
    held = {_key(different[number]) for number in chosen.tolist()}
    left = [pair for pair in pairs if _key(pair) not in held]
    return left, [pair for pair in different if _key(pair) in held]


def fill_in(config: TransductionConfig, data: PairCorpora) -> TransductionConfig:
    """The settings with all decided that go by the training pairs."""
    config = for_corpus(config)
    source, target = cuts_of(config, data.train)
    config = replace(config, data=replace(config.data, source_cut=source, target_cut=target))
    if config.decoder.copy != "auto":
        return config
    copies = config.decoder.attention != "none" and _are_copied(data.train, source, target)
    return replace(config, decoder=replace(config.decoder, copy="yes" if copies else "no"))


def cuts_of(config: TransductionConfig, pairs: Sequence[TextPair]) -> tuple[str, str]:
    """What the symbols of sources and of targets are, found in training pairs where the settings do not say it."""
    section = config.data
    source = _cut_of(section.source_cut, (pair.source for pair in pairs))
    return source, _cut_of(section.target_cut, (pair.target for pair in pairs))


def _cut_of(setting: str, texts: Iterable[str]) -> str:
    if setting != "auto":
        return setting
    spaced = [" " in text.strip() for text in texts]
    return "spaces" if 2 * sum(spaced) > len(spaced) else "characters"


def _are_copied(pairs: Sequence[TextPair], source_cut: str, target_cut: str) -> bool:
    """Whether enough target symbols stand in their source, and there are few enough different ones."""
    symbols: set[str] = set()
    copied = total = 0
    for pair in pairs:
        target, source = cut(pair.target, target_cut), set(cut(pair.source, source_cut))
        symbols.update(target)
        copied += sum(symbol in source for symbol in target)
        total += len(target)
    return copied > COPIED * total and len(symbols) <= MOST_COPIED
