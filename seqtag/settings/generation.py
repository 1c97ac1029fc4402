"""The settings of a recurrent language model that is conditioned on the label of each sentence."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from seqtag.settings.labelled import LabelledFiles
from seqtag.settings.language import LanguageConfig, TextSettings
from seqtag.settings.schema import Schema


@dataclass(frozen=True)
class LabelledTextSettings(LabelledFiles, TextSettings):
    """How the labelled text is read."""


_FIXED = {path: value for path, value in LanguageConfig.FIXED.items() if path != "embeddings.columns.dim"}
_FIXED |= {"reading.continuous": False, "reading.bptt": 35, "output.class_file": None}


@dataclass(frozen=True)
class GenerationConfig(LanguageConfig):
    """All settings of a run that learns to write text for a label.

    The label is read at each step, as an extra column that has the same value for all tokens of a sentence; the
    dimension of its learnt vector is `embeddings.columns.dim`.
    """

    PATHS: ClassVar[tuple[str, ...]] = ("embeddings.vectors.file",)
    READING: ClassVar[tuple[str, ...]] = ("text",)
    DEFAULTS: ClassVar = MappingProxyType(
        {
            **LanguageConfig.DEFAULTS,
            "reading.direction": "forward",
            "embeddings.word.dim": 100,
            "embeddings.columns.dim": 32,
            "encoder.units": 128,
            "encoder.dropout": 0.3,
            "embeddings.dropout": 0.3,
            "training.epochs": 20,
            "training.patience": 4,
            "training.batch_size": 32,
        }
    )
    FIXED: ClassVar = MappingProxyType(_FIXED)

    text: LabelledTextSettings = field(default_factory=LabelledTextSettings)


GENERATION = Schema(GenerationConfig, "seqtag init-config --task generation")
