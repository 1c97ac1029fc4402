"""What is said of the training of a transducer before its first epoch."""

from dataclasses import replace
from typing import Any

import pytest

from seqtag.settings.transduction import TransductionConfig
from seqtag.tasks.transduction.job import TransductionStart, introduction
from seqtag.tasks.transduction.score import MEASURES


@pytest.mark.parametrize(
    ("encoder", "decoder", "wanted"),
    [
        ({}, {}, "bidirectional lstm 1 x 128 -> lstm 1 x 256 (luong attention)"),
        ({"bidirectional": False}, {"copy": "yes"}, "lstm 1 x 128 -> lstm 1 x 256 (luong attention, copies)"),
        ({"cell": "cnn"}, {"attention": "none"}, "cnn 1 x 128 -> lstm 1 x 256 (no attention)"),
    ],
)
def test_the_introduction(encoder: dict[str, Any], decoder: dict[str, Any], wanted: str) -> None:
    usual = TransductionConfig()
    config = replace(
        usual,
        data=replace(usual.data, source_cut="characters", target_cut="spaces"),
        encoder=replace(usual.encoder, **({"cell": "lstm", "layers": 1, "units": 128} | encoder)),
        decoder=replace(usual.decoder, **decoder),
    )
    start = TransductionStart(config, next(iter(MEASURES.values())), 1234, 90, 80, 1, 0, 7, 30, 26, 0.125)
    assert introduction(start) == [
        "train  80 pairs of 90 rows; 30 source symbols (characters), 26 target symbols (spaces)",
        "dev    1 pair (held out); 12.5% of the source symbols unknown",
        f"model  {wanted}; 1,234 parameters",
    ]
