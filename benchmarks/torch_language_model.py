"""The same language model in PyTorch: word vectors, an LSTM for each direction, one output layer for both.

    torch_language_model.py BATCHES SIZES OUTPUT       takes some steps for each JSON line that comes in

It runs in the peers' interpreter and knows nothing of seqtag. BATCHES is a NumPy archive with `words0`, `targets0` and
`lengths0` of the first batch, and so on: `(batch, time)`, `(batch, time)` and `(batch,)`; targets are numbered by
falling frequency. SIZES is a JSON object (see `Sizes`). What it prints are JSON lines.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found]
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # type: ignore[import-not-found]

CUTOFFS = (2000, 10_000)  # of the adaptive softmax


@dataclass(frozen=True)
class Sizes:
    """The sizes of the network, and how it is trained."""

    rows: int
    words: int
    dim: int
    units: int
    dropout: float
    learning_rate: float
    clip: float


class VariationalDropout(nn.Module):  # type: ignore[misc]
    """Dropout of `(batch, time, dim)` with one mask for each sentence, the same at each step."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, features: Tensor) -> Tensor:
        return features * self.dropout(features.new_ones(features.shape[0], 1, features.shape[2]))


class Network(nn.Module):  # type: ignore[misc]
    """Predicts each token but the first from those before it, and each but the last from those after it."""

    def __init__(self, sizes: Sizes, adaptive: bool, packed: bool) -> None:
        super().__init__()
        self.packed, self.units = packed, sizes.units
        self.vectors = nn.Embedding(sizes.rows, sizes.dim)
        self.dropout = VariationalDropout(sizes.dropout)
        self.lstm = nn.LSTM(sizes.dim, sizes.units, batch_first=True, bidirectional=True)
        self.last_dropout = VariationalDropout(sizes.dropout)
        self.adaptive = adaptive
        self.output = (
            nn.AdaptiveLogSoftmaxWithLoss(sizes.units, sizes.words, list(CUTOFFS))
            if adaptive
            else nn.Linear(sizes.units, sizes.words)
        )

    def forward(self, words: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        """The mean cross entropy of all predictions, in nats."""
        vectors = self.dropout(self.vectors(words))
        if self.packed:
            packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        else:
            states, _ = self.lstm(vectors)
        states = self.last_dropout(states)
        predicted = torch.arange(words.shape[1] - 1) < lengths[:, None] - 1
        forward = states[:, :-1, : self.units][predicted]
        backward = states[:, 1:, self.units :][predicted]
        wanted = torch.cat([targets[:, 1:][predicted], targets[:, :-1][predicted]])
        both = torch.cat([forward, backward])
        if self.adaptive:
            return self.output(both, wanted).loss
        return nn.functional.cross_entropy(self.output(both), wanted)


def serve(batches: list[tuple[Tensor, Tensor, Tensor]], sizes: Sizes, given: Any) -> None:
    """Takes the steps of each request: `{"first": number of the first batch, "steps": how many}`."""
    network = Network(sizes, given.output == "adaptive", not given.unpacked)
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=sizes.learning_rate, fused=given.fused)
    greeting = {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
    print(json.dumps(greeting), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        losses = []
        started, worked = time.perf_counter(), time.process_time()
        for number in range(request["first"], request["first"] + request["steps"]):
            loss = network(*batches[number % len(batches)])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), sizes.clip)
            optimizer.step()
            losses.append(loss.item())
        answer = {
            "processor": time.process_time() - worked,
            "seconds": time.perf_counter() - started,
            "loss": losses[-1],
        }
        print(json.dumps(answer), flush=True)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("batches", metavar="BATCHES")
    made.add_argument("sizes", metavar="SIZES")
    made.add_argument("output", choices=("full", "adaptive"))
    made.add_argument("--fused", action="store_true", help="Adam in one kernel")
    made.add_argument("--unpacked", action="store_true", help="the LSTM reads padding too")
    given = made.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    torch.manual_seed(42)
    with np.load(given.batches) as arrays:
        batches = [
            tuple(
                torch.from_numpy(arrays[f"{name}{number}"].astype(np.int64))
                for name in ("words", "targets", "lengths")
            )
            for number in range(len(arrays.files) // 3)
        ]
    serve(batches, Sizes(**json.loads(given.sizes)), given)


if __name__ == "__main__":
    main()
