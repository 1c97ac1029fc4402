"""The settings of a transducer, an encoder-decoder: sections of its own, and those that it shares with taggers."""

from dataclasses import dataclass, field
from types import MappingProxyType

from seqtag.settings import registry
from seqtag.settings.config import (
    LATER_OF_TRAINING,
    OF_SENTENCES,
    EmbeddingSettings,
    EncoderSettings,
    TrainingSettings,
    Tree,
    setting,
)
from seqtag.settings.schema import Schema

FORMATS = ("tsv", "conllu")
CUTS = ("characters", "spaces")
REPEATS = ("all", "log", "once", "majority")
ATTENTIONS = ("none", "bahdanau", "luong")
METRICS = ("exact_match", "symbol_error_rate")


@dataclass(frozen=True)
class PairSettings:
    """How pairs of a source and a target are read."""

    format: str = setting(
        "auto",
        "format of the pairs: a source, a tab and its target per line, or columns of CoNLL-U (auto: by file name)",
        flag=True,
        choices=("auto", *FORMATS),
    )
    source: int | str | None = setting(
        None,
        "column of the source: a number (1 first, -1 last) or a name (field, header); default: the first, or form",
        flag=True,
    )
    target: int | str | None = setting(
        None,
        "column of the target, likewise; default: the second, or lemma",
        flag=True,
    )
    source_features: int | str | None = setting(
        None,
        "further columns that are read with the source, such as upos or upos,feats; each value is one symbol",
        flag=True,
    )
    source_cut: str = setting(
        "auto",
        "what the symbols of a source are (auto: parts between spaces if most sources have spaces, else characters)",
        flag=True,
        choices=("auto", *CUTS),
    )
    target_cut: str = setting("auto", "likewise of a target", flag=True, choices=("auto", *CUTS))
    repeats: str = setting(
        "log",
        "training pairs that repeat others: learn all, each different pair 1 + log2(n) times if there are n of it, "
        "each once, or of each source only the most frequent target",
        choices=REPEATS,
    )
    dev_fraction: float = setting(
        0.1, "fraction of the training file held out if --dev is not given", above=0, below=1
    )


@dataclass(frozen=True)
class SourceSettings:
    """In which order the encoder reads a source."""

    reversed: bool = setting(False, "read it from its last symbol to its first (Sutskever et al. 2014)")
    doubled: bool = setting(False, "read it twice (Zaremba and Sutskever 2014)")


@dataclass(frozen=True)
class DecoderSettings:
    """The recurrent network that writes the target."""

    cell: str = setting(
        "lstm", "cell of the decoder, one with a state: not dense or cnn", table=registry.CELLS
    )
    units: int = setting(256, "units per layer", low=1, high=8192)
    layers: int = setting(1, "number of layers", low=1, high=32)
    dim: int = setting(64, "dimension of the vector of the previous symbol", low=1, high=4096)
    attention: str = setting(
        "luong",
        "attention to the source: after each step by the new state, general (Luong et al. 2015), before it by the last "
        "state, additive (Bahdanau et al. 2015), which takes longer, or none",
        choices=ATTENTIONS,
    )
    copy: str = setting(
        "auto",
        "mix the decoder's symbols with those of the source that the attention is on (See et al. 2017; auto: if "
        "three quarters of the target symbols occur in their source)",
        choices=("auto", "yes", "no"),
    )
    dropout: float = setting(
        0.3, "dropout rate of the previous symbols' vectors and of each layer's outputs", low=0, below=1
    )
    tied: bool = setting(
        False,
        "let the encoder's forward layers be those of the decoder as well: one network reads and writes",
    )
    sampling_rate: float = setting(
        0.0,
        "final rate of scheduled sampling (Bengio et al. 2015): share of steps that read a predicted symbol",
        low=0,
        high=1,
    )
    sampling_epochs: float = setting(10.0, "epochs over which this rate rises from 0; 0: constant", low=0)


@dataclass(frozen=True)
class DecodingSettings:
    """How the best target is searched for."""

    beam: int = setting(
        5, "beam width, also the upper limit of --nbest; 1: greedy", flag=True, low=1, high=100
    )
    length_penalty: float = setting(
        0.6,
        "exponent of the length by which the score of a target is divided (Wu et al. 2016); 0: none",
        low=0,
        high=10,
    )
    max_length_factor: float = setting(
        3.0,
        "longest target: this factor times the symbols of the source, and ten more; what is cut there is reported",
        above=0,
        high=1000,
    )
    metric: str = setting("exact_match", "score on dev by which the best epoch is kept", choices=METRICS)


@dataclass(frozen=True)
class TransductionConfig(Tree):
    """All settings of a transducer's run."""

    DEFAULTS = MappingProxyType(
        {
            "embeddings.word.dim": 64,
            "embeddings.dropout": 0.3,
            "encoder.units": 128,
            "encoder.layers": 1,
            "encoder.dropout": 0.3,
            "training.learning_rate": 0.002,
            "training.epochs": 50,
            "training.patience": 15,
            "training.batch_size": 64,
            "training.schedule": "cosine",
        }
    )
    LATER = LATER_OF_TRAINING
    FIXED = MappingProxyType(
        {
            **OF_SENTENCES,
            "embeddings.word.normalize_digits": False,
            "embeddings.word.trainable": True,
            "embeddings.vectors.file": None,
            "embeddings.vectors.trainable": False,
            "embeddings.characters.encoder": "none",
            "embeddings.characters.dim": 30,
            "embeddings.characters.units": 100,
            "embeddings.characters.width": 3,
            "embeddings.characters.dropout": 0.0,
            "embeddings.shape.dim": 0,
            "training.max_sentence_length": 500,
        }
    )

    data: PairSettings = field(default_factory=PairSettings)
    embeddings: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    source: SourceSettings = field(default_factory=SourceSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    decoder: DecoderSettings = field(default_factory=DecoderSettings)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


TRANSDUCTION = Schema(TransductionConfig, "seqtag init-config --task transduction")
