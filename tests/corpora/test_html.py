"""Documents as notebooks show them, read back by an HTML parser."""

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.document import Document
from seqtag.corpora.tags import Span, parse_scheme

BIO, PLAIN = parse_scheme("bio"), parse_scheme("plain")


class Reader(HTMLParser):
    """The text of a document, the marked pieces with their labels, and each element that there is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.marks: list[tuple[str, str]] = []
        self.elements: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("mark", "ruby"):
            self.marks.append(("", ""))
        self.elements.append(tag)
        self.attributes.append(dict(attrs))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1] in ("span", "rt"):
            text, label = self.marks[-1]
            self.marks[-1] = text, label + data
            return
        self.text += data
        if self._open[-1] in ("mark", "ruby"):
            text, label = self.marks[-1]
            self.marks[-1] = text + data, label


def drawn(document: Document) -> Reader:
    return Reader(document._repr_html_())


def test_entities() -> None:
    text = "Ana Ruiz  left\nLisbon."
    found = drawn(
        Document(
            text, ("Ana", "Ruiz", "left", "Lisbon", "."), ("B-PER", "I-PER", "O", "B-LOC", "O"), BIO,
            (0.9, 0.9, 0.9, 0.9, 0.9), (Span(0, 2, "PER"), Span(3, 4, "LOC")), (0.875, 0.5),
        )
    )  # fmt: skip
    assert found.text == text
    assert found.marks == [("Ana Ruiz", "PER"), ("Lisbon", "LOC")]
    titles = [attributes["title"] for attributes in found.attributes if "title" in attributes]
    assert titles == ["PER, probability 0.88", "LOC, probability 0.50"]


def test_plain_tags() -> None:
    found = drawn(Document("Ana left.", ("Ana", "left", "."), ("PROPN", "VERB", "PUNCT"), PLAIN))
    assert found.text == "Ana left."
    assert found.marks == [("Ana", "PROPN"), ("left", "VERB"), (".", "PUNCT")]


@given(st.text(max_size=12), st.text("<>&\"'/a", min_size=1, max_size=8), st.text("<>&\"'/b", min_size=1))
def test_nothing_in_it_becomes_markup(text: str, word: str, label: str) -> None:
    whole = f"{word} {text}"
    spans = drawn(Document(whole, (word,), (f"B-{label}",), BIO, spans=(Span(0, 1, label),)))
    plain = drawn(Document(whole, (word,), (label,), PLAIN))
    assert spans.elements == ["div", "mark", "span"]
    assert plain.elements == ["div", "ruby", "rt"]
    for found in (spans, plain):
        assert found.text == whole
        assert found.marks == [(word, label)]
        assert [set(one) for one in found.attributes] == [
            {"class", "dir", "style"},
            {"title", "style"},
            {"style"},
        ]


def test_half_a_character() -> None:
    document = Document("a\ud800", ("a\ud800",), ("B-X",), BIO, spans=(Span(0, 1, "X"),))
    assert b"a?" in document._repr_html_().encode()


def test_labels_of_a_document_differ_in_colour() -> None:
    labels = ["PER", "LOC", "ORG", "MISC", "DATE", "X", "Y"]
    words = [str(number) for number in range(len(labels))]
    spans = [Span(number, number + 1, label) for number, label in enumerate(labels)]
    html = Document(" ".join(words), words, [f"B-{one}" for one in labels], BIO, spans=spans)._repr_html_()
    colours = re.findall(r"solid (#\w{6})", html)
    assert len(colours) == len(set(colours)) == len(labels)
    alone = Document("1", ["1"], ["B-PER"], BIO, spans=[Span(0, 1, "PER")])._repr_html_()
    assert re.findall(r"solid (#\w{6})", alone) == colours[:1]  # and stay the same from one to the next
