"""PyTorch's recurrent layers, one turn for each JSON line that comes in; runs in the peers' interpreter.

A request is `{"cell", "bidirectional", "batch", "time", "dim", "units", "training", "runs"}`, or `{"matmul": SIZE,
"runs"}`; the answer is `{"seconds": [...]}`, one number a run.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import torch  # type: ignore[import-not-found]
from torch import nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "simplernn": nn.RNN}


def product(size: int) -> Callable[[], object]:
    """A product of two square matrices."""
    left, right = torch.randn(size, size), torch.randn(size, size)
    return lambda: left @ right


def layer(request: dict[str, Any]) -> Callable[[], object]:
    """A layer's forward pass, or forward and backward to input and weights."""
    built = CELLS[request["cell"]](
        request["dim"], request["units"], batch_first=True, bidirectional=request["bidirectional"]
    )
    directions = 1 + request["bidirectional"]
    features = torch.randn(
        request["batch"], request["time"], request["dim"], requires_grad=request["training"]
    )
    upstream = torch.randn(request["batch"], request["time"], directions * request["units"])
    wanted = [features, *built.parameters()]

    def forward() -> object:
        with torch.inference_mode():
            return built(features)[0]

    def both() -> object:
        return torch.autograd.grad(built(features)[0], wanted, upstream)

    return both if request["training"] else forward


def main() -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    torch.manual_seed(42)
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    made: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        runs = request.pop("runs")
        name = json.dumps(request)
        if name not in made:
            made[name] = product(request["matmul"]) if "matmul" in request else layer(request)
            made[name]()
        seconds = []
        for _ in range(runs):
            started = time.perf_counter()
            made[name]()
            seconds.append(time.perf_counter() - started)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
