"""The model card: metadata for the Hub, numbers of the run, and nothing that a corpus could make Markdown of."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqtag.model_folder.card import card, with_card
from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import (
    CARD,
    CLASSIFICATION_MODEL,
    JOINT_MODEL,
    LANGUAGE_MODEL,
    MODEL,
    TRANSDUCER,
)
from seqtag.model_folder.replacing import write
from seqtag.support.errors import ModelError


def files_of(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name != "manifest.json"}


def test_training_writes_the_card_of_its_model(spans: Any) -> None:
    text = (spans.folder / CARD).read_text("utf-8")
    empty, head, body = text.split("---\n", 2)
    assert empty == ""
    metadata = yaml.safe_load(head)
    score = spans.result.dev
    assert metadata["pipeline_tag"] == "token-classification"
    assert metadata["library_name"] == "seqtag"
    (model,) = metadata["model-index"]
    (result,) = model["results"]
    assert result["task"] == {"type": "token-classification"}
    assert result["metrics"] == [{"type": "f1", "name": "F1", "value": round(score.main, 6)}]
    assert f"| dev | F1 | {score.main:.4f} | `{score.signature.replace('|', chr(92) + '|')}` |" in body
    assert "| `encoder.units` | `12` | `200` |" in body
    assert "`LOC`, `PER`." in body
    assert "holds the words of its training text" in body
    for place in (spans.folder, spans.train, spans.dev):
        assert str(place) not in text


def test_it_is_in_the_manifest_and_a_folder_without_it_is_read(spans: Any, tmp_path: Path) -> None:
    manifest = json.loads((spans.folder / "manifest.json").read_text())
    assert CARD in manifest["files"]
    files = files_of(spans.folder)
    del files[CARD]
    write(tmp_path / "model", files)
    assert CARD not in Folder(tmp_path / "model").files


def test_the_card_is_made_of_the_files_alone(spans: Any) -> None:
    files = files_of(spans.folder)
    given = files.pop(CARD)
    assert with_card(files, MODEL) == {**files, CARD: given}
    assert with_card(files, LANGUAGE_MODEL) == files


def test_every_kind_of_model_may_have_one() -> None:
    for kind in (MODEL, CLASSIFICATION_MODEL, JOINT_MODEL, TRANSDUCER):
        assert CARD in kind.optional


def test_names_of_tags_are_no_markdown(spans: Any) -> None:
    files = files_of(spans.folder)
    text = files["vocab.json"].decode()
    changed = text.replace("-PER", "-a|b`<i>\\n")
    assert changed != text
    assert "`` a\\|b`<i>\\n ``" in card(files | {"vocab.json": changed.encode()}, "tagging")


def test_a_card_may_be_edited_and_the_hub_may_add_its_file(tmp_path: Path) -> None:
    """Nothing of a model depends on them; any other file is refused as before."""
    golden = Path(__file__).parents[1] / "golden" / "models" / "format_2"
    files = files_of(golden)
    write(tmp_path / "model", with_card(files, MODEL))
    card_file = tmp_path / "model" / CARD
    card_file.write_text(card_file.read_text() + "licence: MIT\n")
    (tmp_path / "model" / ".gitattributes").write_text("* filter=lfs\n")
    opened = Folder(tmp_path / "model")
    assert {name: opened.read(name) for name in files} == files
    card_file.unlink()
    Folder(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").touch()
    with pytest.raises(ModelError, match=r"notes\.txt does not belong to the model"):
        Folder(tmp_path / "model")
