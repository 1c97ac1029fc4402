"""fastText: a sentence a line, with its labels before it, ``__label__PlayMusic play a song``."""

import re
from collections.abc import Iterator

from seqtag.corpora.base import ReadOptions, Source
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError
from seqtag.support.quoting import quoted

MARK = "__label__"
LOOKED_AT = 10  # lines
_LABELS = re.compile(rf"[ \t]*(?:{MARK}\S+(?:[ \t]+|$))+")
_LABEL = re.compile(rf"{MARK}(\S+)")
_LATE = re.compile(rf"(?<!\S){MARK}(\S+)")


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """A text a line; the words before it that begin with ``__label__`` are its labels.

    Raises:
        DataError: A label follows a word, and labels are wanted.
    """
    for number, line in source.lines():
        found = _LABELS.match(line)
        text = line[found.end() :] if found else line
        if options.label_key is not None and (late := _LATE.search(text)) is not None:
            problem = f"the label {quoted(late[1])} follows a word; expected labels at the start of the line"
            raise DataError(source.name, number, problem)
        labels = tuple(dict.fromkeys(_LABEL.findall(found[0]))) if found else ()
        yield Sentence(tuple(options.tokenizer.words(text)), lines=(number,), text=text, labels=labels)


def recognise(source: Source) -> bool:
    """Whether each of the first lines begins with a label."""
    lines = [line for _, line in source.head(LOOKED_AT) if line.strip()]
    return bool(lines) and all(map(_LABELS.match, lines))
