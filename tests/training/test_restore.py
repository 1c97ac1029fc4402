"""What a folder's weights are held to, before memory is taken for them."""

import json
import resource
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from seqtag.model_folder import folder
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import check_weights, read_vocabulary
from seqtag.support.errors import ModelError
from seqtag.training.restore import Stored

GOLDEN = Path(__file__).parents[1] / "golden" / "models" / "format_1"
WEIGHTS = safetensors.numpy.save({"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.float32)})
SIZE = int.from_bytes(WEIGHTS[:8], "little")


def changed(**entries: Any) -> bytes:
    header = json.loads(WEIGHTS[8 : 8 + SIZE]) | entries
    encoded = json.dumps({name: entry for name, entry in header.items() if entry is not None}).encode()
    return struct.pack("<Q", len(encoded)) + encoded + WEIGHTS[8 + SIZE :]


def entry(**values: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | values


def test_weights_as_they_are_written() -> None:
    check_weights(WEIGHTS)
    check_weights(changed())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "its header says"),
        (WEIGHTS[:7], "its header says"),
        (struct.pack("<Q", 2**63) + WEIGHTS[8:], "its header says"),
        (struct.pack("<Q", 2) + b"[]", "no object"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "nested too deep"),
        (
            changed(c={"dtype": "F32", "shape": [1] * 300_000, "data_offsets": [40, 44]}),
            "the shape of c is none",
        ),
        (changed(c={"dtype": "F32", "shape": [10**400], "data_offsets": [40, 44]}), "the shape of c is none"),
        (WEIGHTS[:-1], "do not fill it"),
        (WEIGHTS + b"\0", "do not fill it"),
        (changed(a=entry(shape=[2**40, 2**24])), "the shape of a is none"),
        (changed(a=entry(shape=[3, 3])), "a has 24 bytes"),
        (changed(a=entry(shape=[-2, -3])), "the shape of a is none"),
        (changed(a=entry(shape=[2.0, 3])), "the shape of a is none"),
        (changed(a=entry(dtype="F64")), "a is not what seqtag writes"),
        (changed(a=entry(extra=1)), "a is not what seqtag writes"),
        (changed(a=entry(data_offsets=[16, 40])), "overlap, or leave a gap"),
        (changed(a=None), "overlap, or leave a gap"),
        (changed(c=entry()), "overlap, or leave a gap"),
        (changed(__metadata__={"a": "b"}), "__metadata__ is not what seqtag writes"),
    ],
    ids=range(19),
)
def test_weights_that_nobody_wrote(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_weights(content)


def signed(tmp_path: Path, **files: bytes) -> Folder:
    whole = {name: (GOLDEN / name).read_bytes() for name in Folder(GOLDEN).files}
    folder.write(
        tmp_path / "model", whole | {name.replace("_", "."): content for name, content in files.items()}
    )
    return Folder(tmp_path / "model")


def test_a_network_takes_no_more_memory_than_its_weights(tmp_path: Path) -> None:
    """Settings of 200 GB beside weights of 30 kB."""
    settings = json.loads((GOLDEN / "config.json").read_bytes())
    settings["encoder"] |= {"units": 8192, "layers": 32}
    opened = signed(tmp_path, config_json=folder.dump_json(settings))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match="it has more weights than there are"):
        Stored.of(opened, read_vocabulary(opened)).network()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 << 10


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    weights = safetensors.numpy.load((GOLDEN / "weights.safetensors").read_bytes())
    weights[next(iter(weights))].flat[0] = np.nan
    opened = signed(tmp_path, weights_safetensors=safetensors.numpy.save(weights))
    with pytest.raises(ModelError, match="weights that are no numbers"):
        Stored.of(opened, read_vocabulary(opened)).network()
