"""Self-attention as a graph, on its own."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from seqtag.graph import outputs
from seqtag.graph.attention import SelfAttention
from seqtag.graph.builder import Graph
from seqtag.graph.weights import Floats, Weights

# What a sentence of a thousand words takes more memory than one of ten, in MB.
MEMORY = """
import numpy as np, onnxruntime, re, sys
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
def peak(words):
    states = np.ones((1, words, 64), np.float32)
    session.run(None, {"lengths": np.array([words], np.int32), "states": states})
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
few = peak(10)
print(peak(1000) - few)
"""


def weights_of(heads: int, dim: int) -> dict[str, Floats]:
    random, inside = np.random.default_rng(1), heads * max(1, dim // heads)
    shapes = {"query": (dim, inside), "key": (dim, inside), "value": (dim, inside), "output": (inside, dim)}
    return {
        f"encoder/attention/{name}/{part}": random.normal(0, 0.5, size).astype(np.float32)
        for name, shape in shapes.items()
        for part, size in (("kernel", shape), ("bias", shape[1:]))
    }


def attention(heads: int, dim: int, wanted: str = "features") -> bytes:
    """A graph of an attention alone, with one output."""
    graph = Graph()
    layer = SelfAttention(heads, dim, Weights.of_arrays(weights_of(heads, dim)))
    lengths = graph.input("lengths", "int32", ("batch",))
    states = graph.input("states", "float32", ("batch", "time", dim))
    features, looks = layer.write(graph, states, lengths)
    graph.output(features, outputs.Output("features", "float32", ("batch", "time", "width")), width=2 * dim)
    graph.output(looks, outputs.ATTENTION, heads=heads)
    return graph.finish([wanted])


@pytest.mark.parametrize(("heads", "dim"), [(1, 4), (2, 8), (3, 8), (8, 4)])
def test_it_is_the_formula(heads: int, dim: int) -> None:
    lengths, states = np.array([5, 3], np.int32), np.random.default_rng(1).normal(size=(2, 5, dim))
    size, weights = max(1, dim // heads), weights_of(heads, dim)
    found = {}
    for name in ("features", "attention"):
        session = onnxruntime.InferenceSession(
            attention(heads, dim, name), providers=["CPUExecutionProvider"]
        )
        (found[name],) = session.run(None, {"lengths": lengths, "states": states.astype(np.float32)})

    def project(array: np.ndarray, name: str) -> np.ndarray:  # type: ignore[type-arg]
        kernel, bias = (weights[f"encoder/attention/{name}/{part}"] for part in ("kernel", "bias"))
        return np.asarray(array @ kernel + bias)

    for row, length in enumerate(lengths):
        words = states[row, :length]
        query, key, value = (project(words, name) for name in ("query", "key", "value"))
        seen = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            powers = np.exp(query[:, part] @ key[:, part].T / math.sqrt(size))
            looks = powers / powers.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found["attention"][row, head, :length, :length], looks, atol=1e-5)
            seen.append(looks @ value[:, part])
        wanted = np.concatenate([words, project(np.concatenate(seen, axis=1), "output")], axis=1)
        np.testing.assert_allclose(found["features"][row, :length], wanted, atol=1e-4)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_heads(tmp_path: Path) -> None:
    """All heads at once would take 64 tables of a million numbers, 244 MB, several times over."""
    (tmp_path / "model.onnx").write_bytes(attention(64, 64))
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 60
