"""The settings of models that label whole sentences, alone or beside the tags of their tokens."""

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar

from seqtag.settings import registry
from seqtag.settings.config import Config, DataSettings, HeadSettings, LanguageModelSettings, setting
from seqtag.settings.schema import Schema


@dataclass(frozen=True)
class LabelledFiles:
    """What files of labelled sentences are read with, whatever the labels are for."""

    format: str = setting(
        "auto",
        "corpus format (auto: by file name and first lines)",
        flag=True,
        choices=("auto",),
        table=registry.formats("reader"),
    )
    label_key: str = setting(
        "label",
        "what holds the labels of sentences: the key of comments (# KEY = X), of JSON objects, or a column of a table",
        flag=True,
    )


@dataclass(frozen=True)
class LabelledDataSettings(LabelledFiles, DataSettings):
    """How the corpus is read."""


@dataclass(frozen=True)
class LabelSettings:
    """What decides on the label of a sentence."""

    pooling: str = setting(
        "max",
        "what makes one vector of the features of all words",
        flag=True,
        table=registry.POOLINGS,
    )
    units: int = setting(
        0, "units of a hidden layer between this vector and the labels; 0: none", low=0, high=8192
    )
    dropout: float = setting(0.3, "dropout rate of this vector", low=0, below=1)
    weight: float = setting(1.0, "weight of the loss of labels beside that of tags", above=0)
    feeds_tags: str = setting(
        "none",
        "what the head of tags reads of the label: nothing, its probabilities beside the features of each word, or a "
        "gate on the features (Goo et al. 2018)",
        choices=registry.FEEDS,
    )


@dataclass(frozen=True)
class JointConfig(Config):
    """All settings of a model that tags tokens and labels sentences."""

    FIXED = MappingProxyType({"tree.labels": None})  # the root has the label, and each node its tag

    data: LabelledDataSettings = field(default_factory=LabelledDataSettings)
    label: LabelSettings = field(default_factory=LabelSettings)


_OF_TAGS = (
    "tag_column", "scheme", "train_scheme", "tag_spelling", "outside_tag", "neighbours", "misaligned", "labels",
)  # fmt: skip
_FIXED = {f"data.{entry.name}": entry.default for entry in fields(DataSettings) if entry.name in _OF_TAGS}
_FIXED |= {f"head.{entry.name}": entry.default for entry in fields(HeadSettings)}
_FIXED |= {f"language_model.{entry.name}": entry.default for entry in fields(LanguageModelSettings)}
_FIXED |= {"data.scheme": "plain", "head.name": "softmax", "language_model.weight": 0.0}
_FIXED |= {"training.metric": "auto", "training.class_weights": "none"}
_FIXED |= {"label.weight": 1.0, "label.feeds_tags": "none"}


@dataclass(frozen=True)
class ClassificationConfig(JointConfig):
    """All settings of a model that labels sentences and has no tags."""

    DEFAULTS = MappingProxyType(
        {
            "embeddings.dropout": 0.3,
            "encoder.units": 100,
            "encoder.layers": 1,
            "encoder.dropout": 0.3,
            "training.learning_rate": 0.003,
        }
    )
    FIXED = MappingProxyType(_FIXED)
    PATHS: ClassVar[tuple[str, ...]] = (
        "embeddings.vectors.file",
        "embeddings.lm.file",
        "embeddings.lists.files",
    )

    def to_json(self) -> dict[str, Any]:
        values = super().to_json()
        return {name: section for name, section in values.items() if section}


CLASSIFICATION = Schema(ClassificationConfig, "seqtag init-config --task classification")
JOINT = Schema(JointConfig, "seqtag init-config --task joint")
