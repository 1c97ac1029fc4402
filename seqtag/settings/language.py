"""The settings of a recurrent language model: sections of its own, and those that it shares with taggers."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from seqtag.settings import registry
from seqtag.settings.config import (
    LATER_OF_ENCODERS,
    OF_SENTENCES,
    EmbeddingSettings,
    EncoderSettings,
    TrainingSettings,
    Tree,
    setting,
)
from seqtag.settings.schema import Schema

DIRECTIONS = ("forward", "backward", "both")
CLASS_KINDS = ("mass", "size")


@dataclass(frozen=True)
class TextSettings:
    """How the text is read."""

    format: str = setting(
        "auto",
        "format of the text (auto: by file name and first lines)",
        choices=("auto",),
        table=registry.formats("reader"),
    )
    unit: str = setting("word", "what the tokens are", choices=registry.UNITS)
    tokenizer: str = setting(
        "whitespace", "tokenizer that cuts lines into words", choices=(), table=registry.TOKENIZERS
    )
    vocabulary: int = setting(
        30000, "number of words to predict, the most frequent; all others are <unk>", low=1, high=10_000_000
    )


@dataclass(frozen=True)
class ReadingSettings:
    """In which direction the network reads, and how far it remembers."""

    direction: str = setting(
        "both",
        "predict each word from those before it, from those after it, or both (with one output layer)",
        flag=True,
        choices=DIRECTIONS,
    )
    continuous: bool = setting(
        False,
        "carry the state from line to line, as for books (forward only); otherwise each line starts from a fresh state",
        flag=True,
    )
    bptt: int = setting(
        35,
        "continuous: tokens after which gradients are cut (truncated back-propagation through time)",
        flag=True,
        low=1,
        high=10_000,
    )


@dataclass(frozen=True)
class OutputSettings:
    """What turns states into probabilities of words."""

    classes: int | str | None = setting(
        None,
        "number of word classes (a class is predicted first, then a word of it; 1: a full softmax); default: 100, or 1 "
        "for up to 2,000 words; for the square root of the vocabulary's size",
        flag=True,
        low=1,
        choices=("sqrt",),
    )
    class_kind: str = setting(
        "mass",
        "how words are divided into classes: of equal frequency mass (Mikolov et al. 2011) or of equal size",
        choices=CLASS_KINDS,
    )
    class_file: str | None = setting(
        None, "file of classes to use instead: a word, a tab and its class per line"
    )
    tied: bool = setting(
        False,
        "use the learnt word vectors of the input as those of the output (Press and Wolf 2017)",
        flag=True,
    )


@dataclass(frozen=True)
class LanguageConfig(Tree):
    """All settings of a recurrent language model's run."""

    PATHS: ClassVar[tuple[str, ...]] = ("embeddings.vectors.file", "output.class_file")
    READING: ClassVar[tuple[str, ...]] = ("text", "reading")
    LATER = LATER_OF_ENCODERS
    DEFAULTS = MappingProxyType(
        {
            "embeddings.word.dim": 200,
            "embeddings.vectors.trainable": False,
            "embeddings.dropout": 0.1,
            "encoder.units": 256,
            "encoder.layers": 1,
            "encoder.dropout": 0.1,
            "training.learning_rate": 0.0025,
            "training.epochs": 6,
            "training.patience": 2,
            "training.batch_size": 100,
            "training.schedule": "cosine",
            "training.averaging": "none",
            "training.max_sentence_length": 100,
        }
    )
    FIXED = MappingProxyType(
        {
            **OF_SENTENCES,
            "encoder.bidirectional": False,
            "encoder.merge_mode": "concat",
            "encoder.attention": "none",
            "encoder.attention_heads": 1,
            "encoder.width": 3,
            "encoder.dilation": 1,
            "training.label_smoothing": 0.0,
            "training.final": False,
        }
    )

    text: TextSettings = field(default_factory=TextSettings)
    reading: ReadingSettings = field(default_factory=ReadingSettings)
    embeddings: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions in which the network reads."""
        return ("forward", "backward") if self.reading.direction == "both" else (self.reading.direction,)


LANGUAGE = Schema(LanguageConfig, "seqtag init-config --lm")
