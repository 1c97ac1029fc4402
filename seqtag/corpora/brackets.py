r"""Bracketed trees, one a line: ``(3 (2 It) (4 (2 is) (4 good)))``. A node is a label and either one word or nodes.

Each node is a token whose tag is its label. A word is the token of its leaf; an inner node is the token ``()``, which
stands between its children: after the first half of them, rounded up. So the words keep their order, and the children
of a node of two stand on either side of it. The label of the sentence is that of the root. A line may also hold leaves
alone, ``(DET The) (NOUN end)``, as far as nobody asks for trees. Spaces and tabs separate; U+00A0 and the like are
data. A bracket in a word is written ``\(``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from sys import intern
from typing import Any, NamedTuple, TextIO

from seqtag.corpora.base import ReadOptions, Source, Unwritable
from seqtag.corpora.document import Document
from seqtag.corpora.heads import ROOT, find_cycle
from seqtag.corpora.sentence import Sentence, cut
from seqtag.support.errors import DataError
from seqtag.support.quoting import counted, printable, quoted

INNER = "()"  # the token of a node that has nodes
HEADS = "heads"  # what else the file says of a sentence, by name: the head of each token
LOOKED_AT = 10  # lines that decide on the format of a file
LOOKED_IN = 10_000  # characters of each of them
_BLANK = " \t\r"
_PIECE = re.compile(r"[()]|(?:\\[()]|[^() \t\r])+")
_ESCAPED, _BRACKET = re.compile(r"\\([()])"), re.compile(r"[()]")
_UNWRITABLE = re.compile(r"[ \t\r\n\0]")


class _Node(NamedTuple):
    """A node: its label, its word, which is None of an inner node, and its children's numbers."""

    label: str
    word: str | None
    children: list[int]


def read(source: Source, options: ReadOptions) -> Iterator[Sentence]:
    """The trees of a file, one at a time, as sentences of nodes.

    Raises:
        DataError: A line is no tree.
    """
    for number, line in source.lines():
        if not line.strip(_BLANK):
            continue
        try:
            nodes, roots = _parse(line)
            if options.with_heads and len(roots) > 1:
                raise ValueError(f"the line holds {len(roots)} trees; expected one")
        except ValueError as problem:
            raise DataError(source.name, number, str(problem)) from None
        yield _sentence(nodes, roots, number, options)


def recognise(source: Source) -> bool:
    """Whether the first lines are trees, and one of them has more than one node."""
    lines = [line for _, line in source.head(1 if source.is_stream else 10 * LOOKED_AT) if line.strip(_BLANK)]
    most = 0
    for line in islice(lines, LOOKED_AT):
        if line.lstrip(_BLANK)[0] != "(":
            return False
        if len(line) > LOOKED_IN:  # which would take time
            most = 2
            continue
        try:
            nodes, _ = _parse(line)
        except ValueError:
            return False
        most = max(most, len(nodes))
    return most > 1


def phrases(tree: Sentence) -> Iterator[Sentence]:
    """The phrase below each node of a tree, without tags, and labelled as the node is; the tree has tags and heads.

    Example:
        >>> tree = Sentence(("not", "()", "good"), ("0", "-", "+"), heads=(2, 0, 2))
        >>> [(phrase.tokens, phrase.labels) for phrase in phrases(tree)]
        [(('not',), ('0',)), (('not', '()', 'good'), ('-',)), (('good',), ('+',))]
    """
    tags, heads = tree.tags or (), tree.heads or ()
    first, last = [*range(len(tree))], [*range(len(tree))]
    for place, head in enumerate(heads):
        above = head
        while above != ROOT:
            first[above - 1] = min(first[above - 1], place)
            last[above - 1] = max(last[above - 1], place)
            above = heads[above - 1]
    for start, end, tag in zip(first, last, tags, strict=True):
        lines = tree.lines[start : end + 1]
        yield replace(cut(tree, start, end + 1), tags=None, lines=lines, labels=(tag,))


def _parse(line: str) -> tuple[list[_Node], list[int]]:
    """The nodes of a line, each before its children, and the numbers of those without a parent.

    Raises:
        ValueError: The line is no tree.
    """
    nodes: list[_Node] = []
    roots: list[int] = []
    path: list[int] = []  # the nodes that are open
    pieces = _PIECE.findall(line)
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece == "(":
            label = pieces[at + 1] if at + 1 < len(pieces) else ""
            if label in ("(", ")", ""):
                raise ValueError("a node has no label; expected (label word) or (label node ...)")
            word = pieces[at + 2] if at + 2 < len(pieces) and pieces[at + 2] not in "()" else None
            (nodes[path[-1]].children if path else roots).append(len(nodes))
            path.append(len(nodes))
            nodes.append(_Node(_plain(label), None if word is None else _plain(word), []))
            at += 2 if word is None else 3
        elif piece == ")":
            if not path:
                raise ValueError("a bracket is closed that is not open; expected one tree per line")
            node = nodes[path.pop()]
            if node.word is None and not node.children:
                raise ValueError(f"the node {quoted(node.label)} is empty; expected a word or nodes in it")
            at += 1
        else:
            raise ValueError(f"{quoted(piece)} stands outside of a leaf; expected (label word)")
        if path and nodes[path[-1]].word is not None and at < len(pieces) and pieces[at] != ")":
            raise ValueError(
                f"{quoted(pieces[at])} follows the word {quoted(nodes[path[-1]].word)}; expected a closing bracket"
            )
    if path:
        raise ValueError(f"{counted(len(path), 'bracket')} not closed; expected one tree per line")
    return nodes, roots


def _plain(piece: str) -> str:
    """A word or a label without the signs before its brackets."""
    return intern(_ESCAPED.sub(r"\1", piece))


def _leaf(label: str, word: str) -> str:
    """A leaf as it is written; ValueError if it would be read as something else."""
    if not (word and label) or _UNWRITABLE.search(word + label):
        raise ValueError(f"the token {word!r} with the tag {label!r} cannot be written in brackets")
    space = " " if word.endswith("\\") else ""  # which would belong to the bracket
    return f"({_escaped(label)} {_escaped(word)}{space})"


def _escaped(text: str) -> str:
    return _BRACKET.sub(r"\\\g<0>", text)


def _in_order(nodes: Sequence[_Node], roots: Sequence[int]) -> list[int]:
    """The numbers of nodes in the order of their tokens."""
    found: list[int] = []
    left = [(root, False) for root in reversed(roots)]  # what is to come, the next one last
    while left:
        number, is_token = left.pop()
        children = nodes[number].children
        if is_token or not children:
            found.append(number)
            continue
        before = (len(children) + 1) // 2
        order = [*((one, False) for one in children[:before]), (number, True)]
        order += ((one, False) for one in children[before:])
        left += reversed(order)
    return found


def _sentence(nodes: Sequence[_Node], roots: Sequence[int], line: int, options: ReadOptions) -> Sentence:
    order = _in_order(nodes, roots)
    places = {number: place for place, number in enumerate(order, 1)}
    heads = [ROOT] * len(order)
    for number, node in enumerate(nodes):
        for child in node.children:
            heads[places[child] - 1] = places[number]
    words = (nodes[number].word for number in order)
    return Sentence(
        tuple(INNER if word is None else word for word in words),
        tuple(nodes[number].label for number in order) if options.with_tags else None,
        (line,) * len(order),
        # Who looks for labels would take them for some; nobody else reads them but the writer.
        extra={HEADS: heads} if len(roots) == 1 and len(nodes) > 1 and not options.label_key else None,
        heads=tuple(heads) if options.with_heads else None,
        labels=(nodes[roots[0]].label,) if options.label_key and len(roots) == 1 else (),
    )


class BracketsWriter:
    """Writes a tree per line, with the tags as labels; a sentence without a tree as leaves alone.

    Args:
        stream: Where it goes.
    """

    probabilities = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._safe = printable if stream.isatty() else str

    def write(self, document: Document) -> None:
        heads = _heads_of(document)
        try:
            line = (
                _bracketed(document, heads) if heads else " ".join(map(_leaf, document.tags, document.words))
            )
        except ValueError as problem:
            raise Unwritable(document.lines[0] if document.lines else None, str(problem)) from None
        self._stream.write(self._safe(line) + "\n")


def _heads_of(document: Document) -> list[int] | None:
    """The heads of a document that was read as a tree; None of any other."""
    heads: Any = document.extra.get(HEADS)
    if not isinstance(heads, list) or len(heads) != len(document.words):
        return None
    if not all(type(head) is int and 0 <= head <= len(heads) for head in heads) or heads.count(ROOT) != 1:
        return None
    inner = {head for head in heads if head != ROOT}
    if find_cycle(heads) or any(document.words[at - 1] != INNER for at in inner):
        return None
    return heads


def _bracketed(document: Document, heads: Sequence[int]) -> str:
    children: dict[int, list[int]] = {}
    for place, head in enumerate(heads, 1):
        children.setdefault(head, []).append(place)
    parts: list[str] = []
    left: list[int | str] = [children[ROOT][0]]  # what is to come, the next one last
    while left:
        now = left.pop()
        if isinstance(now, str):
            parts.append(now)
            continue
        tag, word = document.tags[now - 1], document.words[now - 1]
        space = " " if parts else ""
        if now in children:
            parts.append(f"{space}({_escaped(tag)}")
            left += [")", *reversed(children[now])]
        else:
            parts.append(space + _leaf(tag, word))
    return "".join(parts)
