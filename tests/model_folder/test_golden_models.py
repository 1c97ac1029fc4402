"""A model folder of each format that there has been: it loads, and gives what it gave when it was written."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtag.cli import run
from seqtag.inference.tagger import SentenceTagger
from seqtag.model_folder import layout, replacing
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.stored import read_config
from seqtag.support.errors import ModelError

MODELS = Path(__file__).parents[1] / "golden" / "models"
FORMATS = range(1, layout.FORMAT_VERSION + 1)


@pytest.mark.parametrize("number", FORMATS)
def test_what_it_gave(number: int) -> None:
    tagger = SentenceTagger.load(MODELS / f"format_{number}")
    wanted = json.loads((MODELS / f"format_{number}.json").read_bytes())
    answers = list(tagger.tag([case["tokens"] for case in wanted], entities=True, nbest=2))
    assert len(answers) == len(wanted) > 4
    for answer, case in zip(answers, wanted, strict=True):
        assert answer.tags == case["tags"]
        np.testing.assert_allclose(answer.probabilities, case["probabilities"], atol=1e-5)
        assert [[e.start_token, e.end_token, e.label] for e in answer.entities] == [
            e[:3] for e in case["entities"]
        ]
        np.testing.assert_allclose(
            [e.probability for e in answer.entities], [e[3] for e in case["entities"]], atol=1e-5
        )
        assert [a.tags for a in answer.alternatives] == [a[0] for a in case["nbest"]]
        np.testing.assert_allclose(
            [a.probability for a in answer.alternatives], [a[1] for a in case["nbest"]], atol=1e-5
        )


@pytest.mark.parametrize("number", FORMATS)
def test_it_is_explained(number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its weights in Keras, which are those of the exported network."""
    from seqtag.tasks.tagging.restore import Stored

    path = MODELS / f"format_{number}"
    tagger = SentenceTagger.load(path)
    network = Stored.of(Folder(path), tagger.vocabulary).network()
    for case in json.loads((MODELS / f"format_{number}.json").read_bytes()):
        inputs = tagger.vocabulary.collate([tagger.vocabulary.index(case["tokens"])])
        np.testing.assert_allclose(np.asarray(network.decode(inputs)[1])[0], case["probabilities"], atol=1e-5)
    if number == layout.FORMAT_VERSION:
        return  # the tests of these commands have models of today's format
    (tmp_path / "in.txt").write_text("Marta Lindqvist of Halvorsen met Officials in Oslo .\n")
    (tmp_path / "in.conll").write_text("Marta\tB-PER\nLindqvist\tI-PER\nmet\tO\nthem\tO\n.\tO\n")
    assert run(["explain", str(path), str(tmp_path / "in.txt"), "-o", str(tmp_path / "page.html")]) == 0
    assert "Lindqvist" in (tmp_path / "page.html").read_text()
    assert run(["gradients", str(path), str(tmp_path / "in.conll"), "--steps", "2"]) == 0
    assert "in.conll: grad" in capsys.readouterr().out


def with_settings(tmp_path: Path, change: Any) -> Folder:
    shutil.copytree(MODELS / "format_1", tmp_path / "model")
    files = {name: (MODELS / "format_1" / name).read_bytes() for name in Folder(MODELS / "format_1").files}
    settings = json.loads(files["config.json"])
    change(settings)
    replacing.write(tmp_path / "model", files | {"config.json": layout.dump_json(settings)})
    return Folder(tmp_path / "model")


def test_a_setting_newer_than_the_model_has_its_default(tmp_path: Path) -> None:
    found = read_config(with_settings(tmp_path, lambda s: (s["head"].pop("beam"), s.pop("training"))))
    assert (found.head.beam, found.training.batch_size) == (5, 32)
    assert found.encoder.units == 10  # what is there holds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["head"].update(beams=3), "no setting 'head.beams'"),
        (lambda s: s.update(evil={"a": 1}), "no setting 'evil.a'"),
        (lambda s: s["encoder"].update(units=2**40), "encoder.units is 1099511627776"),
        (lambda s: s["encoder"].update(cell="os.system"), "encoder.cell is 'os.system'"),
    ],
)
def test_settings_that_there_are_not(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_config(with_settings(tmp_path, change))
