"""CoNLL-U, the format of Universal Dependencies, and CoNLL-U Plus: columns with names, separated by tabs.

CoNLL-U has ten columns; a file of CoNLL-U Plus names its own above the first row: ``# global.columns = ID FORM NER``.
Comments but ``# newdoc``, multiword ranges (``8-9``) and empty nodes (``8.1``) are skipped; the words that remain count
1, 2, 3 in each sentence, which is checked. Where a column holds attributes (``Case=Nom|Number=Sing``), each of them can
be read like a column: ``feats:Number``. See https://universaldependencies.org/format.html and .../ext-format.html.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from sys import intern

from seqtag.corpora.base import LONE_MARK, ReadOptions, Source
from seqtag.corpora.conllu_columns import (
    BLANK,
    ConlluTable,
    check_attributes,
    find_table,
    is_range_or_empty,
    other_spans,
)
from seqtag.corpora.conllu_text import Texts
from seqtag.corpora.first_rows import FirstRows
from seqtag.corpora.heads import read_heads
from seqtag.corpora.rows import DOCUMENT
from seqtag.corpora.sentence import Sentence, line_numbers
from seqtag.corpora.sentence_labels import LabelComments
from seqtag.corpora.spacing import Spacing
from seqtag.support.errors import DataError, UsageError
from seqtag.support.lines import MARK
from seqtag.support.quoting import counted


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Columns are named by the file or else by ``FIELDS``, or numbered from 1, or from -1 backwards; ``feats:Number`` is
    an attribute. Tokens are in "form" and tags in "upos" where nothing else is said. A word without an attribute has
    "_", or "O" where the attribute holds span tags. Heads are in "head".

    Raises:
        UsageError: Columns that make no sense.
        DataError: A row is malformed, no word has an attribute, or the heads that are wanted form no tree.
    """
    table = find_table(source)
    token = table.place(options.token_column, "form", "--token-column")
    tag = table.place(options.tag_column, "upos", "--tag-column") if options.with_tags else None
    if token == tag:
        raise UsageError(f"The token column and the tag column are both {table.names[token]!r}.")
    features = [table.place(column) for column in options.extra_columns]
    if options.with_tags:
        check_attributes(source, table, {token, tag})
        source.first_rows = FirstRows(attribute=other_spans(source, table, {token, tag}))
    misc = table.names.index("misc") if "misc" in table.names else None
    texts = Texts(source, token, misc) if options.with_text else None
    head = _head_place(table) if options.with_heads else None
    labels = LabelComments(options.label_key, source)
    return _parse(
        source.lines(), table, token, tag, features, Spacing(source, token, misc), texts, head, labels
    )


def _head_place(table: ConlluTable) -> int:
    """The position of the column of heads; DataError if there is none."""
    columns = table.names[: table.width]
    if "head" not in columns:
        problem = f"there is no column HEAD, which trees are read from; there are {', '.join(columns)}"
        raise DataError(table.name, table.line, problem)
    return columns.index("head")


def _parse(
    numbered: Iterable[tuple[int, str]],
    table: ConlluTable,
    token: int,
    tag: int | None,
    features: Sequence[int],
    spacing: Spacing,
    texts: Texts | None,
    head: int | None,
    labels: LabelComments,
) -> Iterator[Sentence]:
    width, id_at, attributes = table.width, table.id_at or 0, table.attributes
    second = token if tag is None else tag
    wanted = (token, second, *features)
    # Cells by column, since rows take more time to keep; rows only as long as somebody looks at their other columns.
    tokens: list[str] = []
    tags: list[str] = []
    rows: list[list[str]] = []
    places: list[int] = []
    always = bool(features) or texts is not None or head is not None
    whole, expected = always or not spacing.is_done, "1"
    starts = False  # whether a document has been marked to start
    made = partial(_sentence, features=features, texts=texts, head=head, name=table.name, labels=labels)
    for number, row in numbered:
        if not row or not row.strip(BLANK):
            if places:
                if rows:
                    spacing.add(rows)
                    whole = always or not spacing.is_done
                yield made(tokens, tags if tag is not None else None, places, rows, starts=starts)
                tokens, tags, rows, places, expected, starts = [], [], [], [], "1", False
            else:
                labels.end()
            continue
        if row[0] == "#" and table.is_comment(row):
            labels.add(number, row, begins=not places)
            starts = starts or (not places and row.startswith(DOCUMENT))
            if texts is not None:
                texts.meet_comment(number, row)
            continue
        columns = row.split("\t")
        if (len(columns) != width or columns[id_at] != expected) and _is_skipped(
            columns, len(places), table, number
        ):
            if texts is not None and "-" in columns[id_at]:
                texts.meet_range()
            continue
        if attributes:
            found = [(attribute.find(columns), attribute.missing) for attribute in attributes]
            columns += [missing if value is None else value for value, missing in found]
        for at in wanted:
            if columns[at] < "!" and not columns[at].strip(BLANK):  # most begin with a higher character
                raise DataError(table.name, number, f"the field {table.names[at]} is empty")
        tokens.append(columns[token])
        tags.append(columns[second])
        places.append(number)
        if whole:
            rows.append(columns)
        expected = str(len(places) + 1)
    if places:
        if rows:
            spacing.add(rows)
        yield made(tokens, tags if tag is not None else None, places, rows, starts=starts)
    labels.end()
    spacing.report()


def _is_skipped(columns: Sequence[str], words: int, table: ConlluTable, number: int) -> bool:
    """Whether a row that does not look like the next word is a multiword range or an empty node; it is a word all the
    same where rows have no ID. DataError for any other.
    """
    if columns == [MARK]:
        raise DataError(table.name, number, LONE_MARK)
    if len(columns) != table.width:
        found = counted(len(columns), "column")
        raise DataError(table.name, number, f"the row has {found}; expected {table.expected}")
    if table.id_at is None:
        return False
    identifier = columns[table.id_at]
    if not is_range_or_empty(identifier, words):
        raise DataError(
            table.name,
            number,
            f"the ID is {identifier!r}; expected {words + 1} (a blank line ends a sentence)",
        )
    return True


def _sentence(
    tokens: Iterable[str],
    tags: Iterable[str] | None,
    places: list[int],
    rows: Sequence[Sequence[str]],
    *,
    starts: bool,
    features: Sequence[int],
    texts: Texts | None,
    head: int | None,
    name: str,
    labels: LabelComments,
) -> Sentence:
    heads = None if head is None else read_heads([row[head] for row in rows], places, name)
    return Sentence(
        tuple(map(intern, tokens)),
        None if tags is None else tuple(map(intern, tags)),
        line_numbers(places),
        tuple(tuple(intern(row[at]) for row in rows) for at in features),
        None if texts is None else texts.take(rows),
        heads=heads,
        labels=labels.take(),
        starts_document=starts,
    )
