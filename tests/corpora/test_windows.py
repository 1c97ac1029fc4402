"""Neighbouring sentences of a document that are looked at together."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.corpora.base import ReadOptions
from seqtag.corpora.reading import read_corpus
from seqtag.corpora.running_text import Splitting
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.windows import PADDED, documents, whole, windows
from seqtag.support.errors import DataError


def test_padding_is_bounded() -> None:
    sizes = windows([500, *[1] * 400], [0] * 401, 1000)
    assert sizes == [32, 369]  # 32 * 500 are 16 times 1000


def test_sentences_without_tokens_end_no_window() -> None:
    assert windows([1, *[0] * 40, 1, 1], [0] * 43, 2) == [42, 1]


DRAWN = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40)


@given(DRAWN, st.integers(1, 20))
def test_windows_are_as_long_as_they_may_be(drawn: list[tuple[int, bool]], context: int) -> None:
    found = [Sentence(("w",) * length, starts_document=starts) for length, starts in drawn]
    lengths, numbers = list(map(len, found)), documents(found)
    sizes = windows(lengths, numbers, context)
    assert sum(sizes) == len(found)
    start = 0
    for size in sizes:
        end = start + size
        assert size == 1 or sum(lengths[start:end]) <= context
        assert len({*numbers[start:end]}) == 1
        if end < len(found) and numbers[end] == numbers[start]:
            more = lengths[start : end + 1]  # not one sentence more
            assert sum(more) > context or max(more) * sum(map(bool, more)) > PADDED * context
        start = end


@given(DRAWN, st.integers(1, 20), st.integers(1, 9))
def test_windows_do_not_depend_on_chunks(drawn: list[tuple[int, bool]], context: int, size: int) -> None:
    found = [Sentence(("w",) * length, starts_document=starts) for length, starts in drawn]
    chunks = [found[at : at + size] for at in range(0, len(found), size)]
    cut = list(whole(chunks, context))
    assert [one for chunk in cut for one in chunk] == found
    assert all(cut)
    each = [size for chunk in cut for size in windows(list(map(len, chunk)), documents(chunk), context)]
    assert each == windows(list(map(len, found)), documents(found), context)
    assert all(sum(map(len, chunk)) <= 9 * size + max(context, 9) for chunk in cut)
    assert list(whole(chunks, 0)) == chunks


def test_what_came_before_an_error_comes_out_before_it() -> None:
    def broken() -> Iterator[list[Sentence]]:
        yield [Sentence(("a",))]
        raise DataError("file", 2, "broken")

    found = whole(broken(), 10)
    assert next(found) == [Sentence(("a",))]
    with pytest.raises(DataError):
        next(found)


WORD = "\t".join(["1", "a", "a", "X", *"_" * 6])


@pytest.mark.parametrize(
    ("format", "text", "expected"),
    [
        ("conll", "-DOCSTART- O\n\na O\n\nb O\n\n-DOCSTART- O\n\nc O\n\nd O\n", [1, 0, 1, 0]),
        ("conll", "a O\n-DOCSTART- O\nb O\n\nc O\n", [0, 1, 0]),  # without a blank line
        ("conll", "# newdoc id = 1\na O\n\n# newpar\nb O\n\n# newdoc\nc O\n", [1, 0, 1]),
        ("conll", "#begin document (x); part 000\na O\n\nb O\n#end document\n", [1, 0]),
        ("conll", "a O\n\nb O\n", [0, 0]),
        ("conllu", f"# newdoc id = 1\n# sent_id = 1\n{WORD}\n\n{WORD}\n\n# newdoc\n{WORD}\n", [1, 0, 1]),
        ("pipes", "-DOCSTART-|O\na|O\nb|O\n\n-DOCSTART-\nc|O\n", [1, 0, 1]),
    ],
)
def test_readers_note_where_documents_start(
    format: str, text: str, expected: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "corpus"
    path.write_text(text)
    found = read_corpus(str(path), ReadOptions(format=format)).sentences
    assert [one.starts_document for one in found] == list(map(bool, expected))


def test_the_sentences_of_a_text_are_a_document() -> None:
    pytest.importorskip("sentencex")
    text = ReadOptions(splitting=Splitting("split", "en")).raw("Ana left. She saw Oslo.")
    assert text.starts_document
    assert [part.starts_document for part in text.parts or ()] == [True, False]
