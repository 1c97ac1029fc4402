"""Warnings about input files, on stderr."""

from collections.abc import Iterable

from seqtag.cli.stderr import say
from seqtag.corpora.findings import Finding, Report, gravest
from seqtag.support.quoting import printable

MOST = 5  # lines before the answer


def warn(findings: Iterable[Finding]) -> None:
    """Prints the errors and warnings among findings, a line for each kind."""
    for level, text in gravest(findings, MOST):
        _say(f"{level}: {text}")


def warner() -> Report:
    """What prints the first error or warning of each kind of a file as soon as it comes."""
    said = set()

    def report(finding: Finding) -> None:
        if finding.level != "note" and (finding.file, finding.code) not in said:
            said.add((finding.file, finding.code))
            _say(f"{finding.level}: {finding}")

    return report


def _say(line: str) -> None:
    say(f"seqtag: {printable(line)}")
