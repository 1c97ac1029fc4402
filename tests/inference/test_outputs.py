"""A network with fewer outputs: the same tags, and nothing else is worked out."""

import contextlib
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtag.inference.outputs import with_outputs
from seqtag.inference.tagger import Tagger


def bytes_of(spans: Any) -> bytes:
    content: bytes = (spans.folder / "model.onnx").read_bytes()
    return content


@pytest.mark.parametrize("names", [("tags",), ("probabilities", "tags"), ("transitions",), ()])
def test_what_is_left_is_as_it_was(spans: Any, names: tuple[str, ...]) -> None:
    whole = onnx.load_from_string(bytes_of(spans))
    found = onnx.load_from_string(with_outputs(bytes_of(spans), names))
    onnx.checker.check_model(found, full_check=bool(names))
    assert list(found.graph.output) == [output for output in whole.graph.output if output.name in names]
    made = {name for node in found.graph.node for name in node.output}
    assert list(found.graph.node) == [node for node in whole.graph.node if made & set(node.output)]
    for network in (found, whole):
        del network.graph.output[:], network.graph.node[:]
    assert found == whole


def test_all_outputs_are_the_same_bytes(spans: Any) -> None:
    names = [output.name for output in onnx.load_from_string(bytes_of(spans)).graph.output]
    assert with_outputs(bytes_of(spans), names) == bytes_of(spans)


def test_what_nobody_asks_for_is_not_worked_out(spans: Any) -> None:
    def operators(network: bytes) -> list[str]:
        return [node.op_type for node in onnx.load_from_string(network).graph.node]

    every, few = operators(bytes_of(spans)), operators(with_outputs(bytes_of(spans), ("tags",)))
    assert few.count("Scan") == every.count("Scan") - 2  # the sums over all sequences, from both sides
    assert few.count("LSTM") == every.count("LSTM") == 1
    assert "Softmax" in every
    assert "Softmax" not in few


def test_a_tagger_of_tags_only(spans: Any) -> None:
    sentences = [["Ana", "Ruiz", "saw", "New", "York", "."], ["Bo"], []]
    whole, quick = Tagger.load(spans.folder), Tagger.load(spans.folder, tags_only=True)
    assert [answer.tags for answer in quick.tag(sentences)] == [
        answer.tags for answer in whole.tag(sentences)
    ]
    assert [answer.probabilities for answer in quick.tag(sentences)] == [[], [], []]
    for asked in ({"entities": True}, {"nbest": 1}):
        with pytest.raises(ValueError, match="gives tags only"):
            list(quick.tag(sentences, **asked))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_network(content: bytes) -> None:
    """They come to an end, with an error or with no more than came in."""
    with contextlib.suppress(ValueError):
        assert len(with_outputs(content, ("tags",))) <= len(content) + 9


@pytest.mark.parametrize("cut", [1, 5, 100, -1])
def test_a_network_that_was_cut_off(spans: Any, cut: int) -> None:
    with pytest.raises(ValueError, match="it ends within"):
        with_outputs(bytes_of(spans)[:cut], ("tags",))


def test_numbers_of_several_bytes(spans: Any) -> None:
    """The graph is larger than seven bits can say, and so is what is left of it."""
    found = with_outputs(bytes_of(spans), ("tags",))
    assert len(found) > 1 << 14
    session = onnxruntime.InferenceSession(found, providers=["CPUExecutionProvider"])
    tagger = Tagger.load(spans.folder)
    inputs = tagger.vocabulary.collate([tagger.vocabulary.index(["Ana", "left"])])
    np.testing.assert_array_equal(session.run(None, inputs)[0], tagger.run(inputs)["tags"])
