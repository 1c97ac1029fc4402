"""The cell of docs/adding-a-cell.md, from the code on the page: it is its formula, and both halves agree."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from seqtag.settings import registry

PAGE = Path(__file__).parent.parent.parent / "docs" / "adding-a-cell.md"
HALVES = ("seqtag.network.cells.mgu", "seqtag.graph.cells.mgu")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    """The Keras half, the ONNX half, the line of the registry and the formula."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def cell(blocks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts both halves where the page says, and the line into the registry."""
    for name, code in zip(HALVES, blocks, strict=False):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(code, f"{PAGE}:{name}", "exec"), vars(module))
    row = eval("{" + blocks[2] + "}", {"Part": registry.Part})
    assert [*row] == ["mgu"]
    monkeypatch.setitem(registry.CELLS._rows, "mgu", row["mgu"])


def test_it_is_its_formula(blocks: list[str], encoder_settings: Any) -> None:
    names: dict[str, Any] = {"np": np, "Array": Any, "Function": Any}
    exec(blocks[3], names)
    cell = registry.load(registry.CELLS, "mgu")(encoder_settings())
    layer = cell.layer("layer")
    layer.build((None, None, 3))
    random = np.random.default_rng(4)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    x = random.normal(0, 1, (2, 7, 3))
    found = cell.run(layer, x.astype(np.float32), False).numpy()
    wanted = [names["zhou"](sentence, layer.get_weights(), np.tanh, sigmoid) for sentence in x]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_both_halves_agree(make: Any, run_onnx: Any) -> None:
    from seqtag.network.build import Network

    other = make(("word",), encoder__cell="gru", head__name="softmax")
    config = replace(other.config, encoder=replace(other.config.encoder, cell="mgu"))
    plan = replace(other.plan, config=config)
    toy = replace(other, network=Network(plan), config=config, plan=plan).shake(0.6)
    inputs, _ = toy.batch([5, 3, 1])
    tags, probabilities = (np.asarray(one) for one in toy.network.decode(inputs))
    others, other_probabilities = run_onnx(toy.export(), inputs)[:2]
    words = np.arange(tags.shape[1]) < inputs["lengths"][:, None]
    assert (tags == others)[words].all()
    np.testing.assert_allclose(probabilities[words], other_probabilities[words], atol=1e-5)
