"""What a folder's weights are held to, before memory is taken for them."""

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import read_vocabulary
from seqtag.support.errors import ModelError
from seqtag.tasks.tagging.restore import Stored

GOLDEN = Path(__file__).parents[2] / "golden" / "models" / "format_2"


def signed(tmp_path: Path, **files: bytes) -> Folder:
    whole = {name: (GOLDEN / name).read_bytes() for name in Folder(GOLDEN).files}
    replacing.write(
        tmp_path / "model", whole | {name.replace("_", "."): content for name, content in files.items()}
    )
    return Folder(tmp_path / "model")


def test_a_network_takes_no_more_memory_than_its_weights(tmp_path: Path) -> None:
    """Settings of 200 GB beside weights of 30 kB."""
    settings = json.loads((GOLDEN / "config.json").read_bytes())
    settings["encoder"] |= {"units": 8192, "layers": 32}
    opened = signed(tmp_path, config_json=layout.dump_json(settings))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match="the weight encoder/forward_1/lstm_cell/kernel has the shape"):
        Stored.of(opened, read_vocabulary(opened)).network()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 << 10


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    weights = safetensors.numpy.load((GOLDEN / "weights.safetensors").read_bytes())
    weights[next(iter(weights))].flat[0] = np.nan
    opened = signed(tmp_path, weights_safetensors=safetensors.numpy.save(weights))
    with pytest.raises(ModelError, match="contains NaN or infinite numbers"):
        Stored.of(opened, read_vocabulary(opened)).network()
