"""Streams against the text that they are cut from."""

from typing import Any

import numpy as np
import pytest

from seqtag.ngrams.text import read
from seqtag.tasks.language.recurrent.streams import Streams

LINES = [
    ["Ems", "in", "June"], ["Mira"], ["it", "rains", "in", "Bad", "Ems", "of", "Mira"], ["in", "it"], ["June"] * 4,
    ["of"], ["Bad", "news", "in", "Ems"], ["Mira", "in", "Ems"],
]  # fmt: skip
BORDER = "</s>"


def flat(lines: Any) -> list[str]:
    """The text as it is read, one border between two lines."""
    return [BORDER, *(token for line in lines for token in (*line, BORDER))]


def made(pair: Any, lines: Any, most: int, chunk: int, limit: int = 1 << 20) -> Streams:
    return Streams(read(lines, limit=limit), pair.vocabulary, most, chunk)


def read_whole(streams: Streams) -> list[list[str]]:
    """What each stream reads in an epoch, from its chunks."""
    found: list[list[str]] = [[] for _ in range(streams.count)]
    for numbers in streams.order(0, 0, 1):
        for stream, number in enumerate(numbers.tolist()):
            words = streams.words(number)
            assert not found[stream] or found[stream][-1] == words[0] or words == [BORDER]
            found[stream] += words[1:] if found[stream] else words
    return found


@pytest.mark.parametrize("limit", [1 << 20, 6])
@pytest.mark.parametrize(("most", "chunk"), [(1, 3), (2, 4), (3, 2), (4, 100), (5, 1)])
def test_streams_are_the_text(most: int, chunk: int, limit: int, pair: Any) -> None:
    streams = made(pair, LINES, most, chunk, limit)
    found = read_whole(streams)
    assert len(found) == streams.count == min(most, max(1, 33 // chunk))
    assert [BORDER, *(token for one in found for token in one[1:])] == flat(LINES)
    assert {one[0] for one in found} == {BORDER}  # each begins with a line
    longest = max(len(one) for one in found)
    assert streams.steps == -(-(longest - 1) // chunk)
    assert longest - 1 <= 33 / streams.count + max(len(line) for line in LINES) + 1


def test_every_token_is_predicted_once(pair: Any) -> None:
    streams, vocabulary = made(pair, LINES, 3, 4), pair.vocabulary
    predicted, tokens = [], 0
    for step, numbers in enumerate(streams.order(0, 0, 1)):
        inputs, targets = streams.batch(numbers.tolist(), np.random.default_rng(1))
        assert inputs["fresh"].tolist() == [int(step == 0)] * 3
        assert inputs["words"].shape == targets.shape
        assert targets.shape[1] == inputs["lengths"].max() <= 5
        tokens += int(inputs["lengths"].sum())
        predicted += [row[1:length] for row, length in zip(targets, inputs["lengths"], strict=True)]
        if step < streams.steps - 2:  # no padding before the end: a state would pass through it
            assert inputs["lengths"].tolist() == [5] * 3
    assert tokens == streams.tokens
    wanted = np.concatenate([vocabulary.targets(line)[1:] for line in LINES])
    assert sorted(np.concatenate(predicted).tolist()) == sorted(wanted.tolist())


def test_a_line_longer_than_a_stream(pair: Any) -> None:
    """It is cut where the equal parts are, and a stream within it begins with the word before; the last part has a
    border to begin with.
    """
    line = [f"w{number}" for number in range(40)]
    found = read_whole(made(pair, [["Ems"], line, ["Mira"]], 4, 5))
    assert [one[0] for one in found] == [BORDER, line[8], line[19], BORDER]
    assert [token for one in found for token in one[1:]] == flat([["Ems"], line, ["Mira"]])[1:]


def test_little_text(pair: Any) -> None:
    assert made(pair, [["Ems"]], 100, 35).count == 1
    assert made(pair, LINES, 100, 10).count == 3


def test_the_order_is_the_same_in_every_epoch(pair: Any) -> None:
    streams = made(pair, LINES, 2, 4)
    first, second = (np.stack(streams.order(9, 5, epoch)).tolist() for epoch in (1, 2))
    assert first == second == np.arange(2 * streams.steps).reshape(-1, 2).tolist()
