"""How the settings of a tagger say that corpora are read."""

from dataclasses import replace

from seqtag.corpora import labels, tokenizers
from seqtag.corpora.base import ReadOptions
from seqtag.settings.config import Config


def read_options(config: Config) -> ReadOptions:
    """How the settings say that corpora are read."""
    data = config.data
    tokenizer = tokenizers.USUAL if data.tokenizer == "auto" else tokenizers.Tokenizer(data.tokenizer)
    options = ReadOptions(
        data.format,
        data.token_column,
        data.tag_column,
        _columns(data.feature_columns),
        numeric_columns=_columns(data.numeric_columns),
        skip_rows=data.skip_rows or None,
        tag_spelling=data.tag_spelling,
        outside_tag=data.outside_tag,
        neighbours=data.neighbours,
        misaligned=data.misaligned,
        labels=labels.names(data.labels),
    )
    # The tokenizer is for raw text, too.
    return replace(options.as_given(), tokenizer=tokenizer, with_heads=config.encoder.tree != "none")


def _columns(named: int | str | None) -> tuple[str, ...]:
    """The columns that a setting names."""
    return () if named is None else tuple(column.strip() for column in str(named).split(","))
