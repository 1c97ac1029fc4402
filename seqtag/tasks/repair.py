"""A corpus file -> a copy of it with what can be repaired safely."""

from seqtag.corpora import tags
from seqtag.corpora.base import AUTO, ReadOptions, Source
from seqtag.corpora.repair import Repaired, repair
from seqtag.settings import registry
from seqtag.support.errors import DataError
from seqtag.support.lines import content, shown


def repaired(
    path: str, *, scheme: str = "auto", options: ReadOptions | None = AUTO, encoding: str = ""
) -> Repaired:
    """Reads a corpus file, whatever its encoding, and repairs it.

    Args:
        path: The file.
        scheme: Its tag scheme; "auto" finds it.
        options: How it is read; None for a file without tags, of which the text alone is repaired.
        encoding: The encoding of the text where neither a byte order mark nor UTF-8 tells; "" if unknown.

    Raises:
        UsageError: An unknown scheme or encoding, or columns that make no sense.
        DataError: The text cannot be decoded, or read as a corpus.
    """
    if options is not None:
        _check_text(path, options)
    given = tags.parse_scheme(scheme) if tags.is_named(scheme) else None
    return repair(content(path), shown(path), options, given, encoding)


def _check_text(path: str, options: ReadOptions) -> None:
    """DataError for a corpus that is not one file of text; such formats are told by the name of the file."""
    for name, row in registry.FORMATS.items():
        if row.exporter and (
            options.format == name
            or (
                options.format == "auto" and registry.load(registry.FORMATS, name, "recogniser")(Source(path))
            )
        ):
            problem = f"is not one file of text ({name}); expected one to repair"
            raise DataError(shown(path), None, problem, "other-format")
