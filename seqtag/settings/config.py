"""Every setting once: its name, type, default, bounds and help.

A field here is the YAML key, the `--set` path, the command-line option (where it has a flag), the line in
`seqtag init-config`, and the row in the reference. Names are Keras's own where Keras has one.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import getitem
from typing import Any

from seqtag.settings import registry


def setting(
    default: Any,
    help: str,
    *,
    flag: bool = False,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
    table: Mapping[str, Any] | None = None,
    plain: Any = None,
    word_vectors: Any = None,
) -> Any:
    """A dataclass field that knows its help, its bounds and whether the command line has an option for it.

    Args:
        default: The value where nobody says another.
        help: One sentence for `--help`, the YAML comment and the README.
        flag: Whether `seqtag train` has an option of this name.
        low: Smallest value allowed.
        high: Largest value allowed.
        above: The value must be greater than this.
        below: The value must be less than this.
        choices: The names allowed, for a setting that is one of a few names.
        table: The table of the registry whose names are allowed as well.
        plain: The value for a corpus of plain tags, where it is not the one for spans; such a setting may also be
            written `auto`.
        word_vectors: The value beside pretrained vectors of whole words, likewise.
    """
    named = {"help": help, "flag": flag, "plain": plain, "word_vectors": word_vectors}
    named |= {"choices": (*choices, *(table or ())), "table": table}
    bounds = {"low": low, "high": high, "above": above, "below": below}
    return field(default=default, metadata=named | bounds)


ACTIVATIONS = (
    "tanh",
    "sigmoid",
    "relu",
    "elu",
    "leaky_relu",
    "prelu",
    "hard_sigmoid",
    "hard_tanh",
    "softsign",
    "linear",
)
GATE_ACTIVATIONS = tuple(name for name in ACTIVATIONS if name != "prelu")  # a gate has no slope to learn
INITIALIZERS = (
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "identity", "random_normal", "random_uniform", "zeros",
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """How the corpus is read."""

    format: str = setting(
        "auto",
        "corpus format (auto goes by the file)",
        flag=True,
        choices=("auto",),
        table=registry.formats("tagged"),
    )
    token_column: int | str | None = setting(
        None,
        "column of the tokens: from 1, negative from the end, or a CoNLL-U field; the first if not given",
        flag=True,
    )
    tag_column: int | str | None = setting(
        None,
        "column of the tags: from 1, negative from the end, or a CoNLL-U field; the last if not given",
        flag=True,
    )
    feature_columns: int | str | None = setting(
        None,
        "further columns to use as features, such as 2,3 or xpos,feats; text to tag must have them too",
        flag=True,
    )
    character_places: str = setting(
        "auto",
        "what to do with tokens that are a character and a digit for its place in the word, as in 科0 技1 "
        "(auto: drop the digit if all are so)",
        choices=("auto", "keep", "drop"),
    )
    scheme: str = setting(
        "auto",
        "tag scheme of the corpus (auto finds it in the training file)",
        flag=True,
        choices=("auto",),
        table=registry.SCHEMES,
    )
    train_scheme: str = setting(
        "auto", "tag scheme to train in (auto: BIOES for spans; predictions are always in the corpus's own)",
        flag=True, choices=("auto",), table=registry.SCHEMES,
    )  # fmt: skip
    dev_fraction: float = setting(
        0.1, "share of the training file held out when there is no --dev", above=0, below=1
    )
    tokenizer: str = setting(
        "auto", "tokenizer for raw text, stored with the model (auto goes by the training corpus)",
        flag=True, choices=("auto",), table=registry.TOKENIZERS,
    )  # fmt: skip


@dataclass(frozen=True)
class Word:
    """Word embeddings, learnt from the training file."""

    dim: int = setting(
        50, "size of a word's learnt vector; 0 for none", flag=True, low=0, high=4096, word_vectors=0
    )
    min_count: int = setting(1, "words seen less often than this are unknown words", low=1)
    normalize_digits: bool = setting(True, "read every digit as 0 when looking a word up")
    unknown_rate: float = setting(
        0.5,
        "chance that a word seen once in training is shown as the unknown word, so that this vector is learnt",
        low=0,
        high=1,
    )
    trainable: bool = setting(True, "whether training changes the vectors")


@dataclass(frozen=True)
class Vectors:
    """Pretrained word vectors."""

    file: str | None = setting(
        None, "pretrained vectors: GloVe or word2vec text, plain or .gz, or word2vec .bin", flag=True
    )
    trainable: bool = setting(True, "whether training changes the vectors of the training file's words")


@dataclass(frozen=True)
class Characters:
    """Features of a word from its characters."""

    encoder: str = setting(
        "auto",
        "network over a word's characters (auto: cnn, or none where tokens are single characters)",
        flag=True,
        choices=("auto", "none"),
        table=registry.CHARACTER_ENCODERS,
    )
    dim: int = setting(30, "size of a character's vector", low=1, high=1024)
    units: int = setting(
        100, "filters of the cnn, or units of lstm and gru in each direction", low=1, high=2048
    )
    width: int = setting(3, "characters that a filter of the cnn sees", low=1, high=16)
    dropout: float = setting(0.0, "share of a character vector's components dropped", low=0, below=1)


@dataclass(frozen=True)
class Shape:
    """The casing of a word: lower, upper, initial, with digits, ..."""

    dim: int = setting(10, "size of a shape's vector; 0 for none", low=0, high=256)


@dataclass(frozen=True)
class Bigrams:
    """Pairs of neighbouring tokens, for corpora whose tokens are single characters."""

    enabled: str = setting(
        "auto",
        "whether they are used (auto: where tokens are single characters)",
        choices=("auto", "yes", "no"),
    )
    dim: int = setting(50, "size of a pair's learnt vector; 0 for pretrained vectors alone", low=0, high=1024)


@dataclass(frozen=True)
class Columns:
    """Extra columns of the corpus as features."""

    dim: int = setting(20, "size of a value's vector, for each column", low=1, high=1024)


@dataclass(frozen=True)
class Embeddings:
    """What a token looks like to the network."""

    word: Word = field(default_factory=Word)
    vectors: Vectors = field(default_factory=Vectors)
    characters: Characters = field(default_factory=Characters)
    shape: Shape = field(default_factory=Shape)
    bigrams: Bigrams = field(default_factory=Bigrams)
    columns: Columns = field(default_factory=Columns)
    word_dropout: float = setting(0.0, "share of tokens of which nothing is seen in training", low=0, below=1)
    dropout: float = setting(
        0.5,
        "share of the embedding's components dropped, the same at each token (variational)",
        low=0,
        below=1,
        plain=0.3,
    )


@dataclass(frozen=True)
class Encoder:
    """The recurrent network between the embeddings and the head."""

    cell: str = setting("lstm", "recurrent cell, or dense or cnn", flag=True, table=registry.CELLS)
    units: int = setting(200, "units of a layer, in each direction", flag=True, low=1, high=8192, plain=100)
    layers: int = setting(1, "layers, one upon the other", flag=True, low=1, high=32, plain=2)
    bidirectional: bool = setting(True, "read the sentence in both directions", flag=True)
    merge_mode: str = setting(
        "concat",
        "what becomes of the outputs of both directions",
        choices=("concat", "sum", "mul", "ave"),
    )
    residual: str = setting(
        "none", "way round each layer: none, its input added, or a gate between both",
        choices=("none",), table=registry.SHORTCUTS,
    )  # fmt: skip
    attention: str = setting(
        "none", "attention of each word to all words of the sentence, beside the states",
        choices=("none",), table=registry.ATTENTIONS,
    )  # fmt: skip
    attention_heads: int = setting(1, "heads of the attention", low=1, high=256)
    width: int = setting(3, "cnn: words that a filter sees, an odd number", low=1, high=101)
    dilation: int = setting(
        1, "cnn: the gap between these words grows by this factor a layer", low=1, high=16
    )
    activation: str | None = setting(
        None, "activation; tanh if not given (prelu: not for lstm and gru)", choices=ACTIVATIONS
    )
    recurrent_activation: str | None = setting(
        None, "activation of the gates (lstm, gru); sigmoid if not given", choices=GATE_ACTIVATIONS
    )
    forget_bias: float = setting(1.0, "first bias of the forget gate (lstm)")
    update_bias: float = setting(
        0.0, "first bias of the update gate (gru); the more, the longer it remembers"
    )
    kernel_initializer: str = setting(
        "glorot_uniform", "first values of the input weights", choices=INITIALIZERS
    )
    recurrent_initializer: str = setting(
        "orthogonal", "first values of the recurrent weights", choices=INITIALIZERS
    )
    dropout: float = setting(
        0.5,
        "share of each layer's outputs dropped, the same at each token (variational)",
        flag=True,
        low=0,
        below=1,
        plain=0.4,
    )
    recurrent_dropout: float = setting(
        0.0, "share of the state dropped between steps (slow: rules out fused GPU kernels)", low=0, below=1
    )


@dataclass(frozen=True)
class Head:
    """What turns the encoder's features into tags."""

    name: str = setting(
        "auto",
        "head (auto: crf for spans, softmax for plain tags)",
        flag=True,
        choices=("auto",),
        table=registry.HEADS,
    )
    units: int = setting(100, "feedback: units of the decoder", low=1, high=8192)
    tag_dim: int = setting(30, "feedback: size of the vector of the previous tag", low=1, high=1024)
    attention: bool = setting(
        False,
        "feedback: let the decoder look at all words (Bahdanau et al. 2015), in time and memory their square",
    )
    beam: int = setting(
        5,
        "feedback: sequences kept while decoding, the most that --nbest can give; 1: greedy",
        low=1,
        high=100,
    )
    sampling_rate: float = setting(
        0.25,
        "feedback: share of words that read the decoder's own last tag in training (Bengio et al. 2015), in the end",
        low=0,
        high=1,
    )
    sampling_epochs: float = setting(
        10.0, "feedback: epochs in which this share rises from 0; 0: from the start", low=0
    )


@dataclass(frozen=True)
class LanguageModel:
    """Learning to predict the neighbouring words, beside the tags (Rei 2017)."""

    weight: float = setting(
        0.1,
        "weight of its loss beside that of the tags; 0 for none (it takes a recurrent cell)",
        low=0,
        plain=0.0,
    )
    words: int = setting(
        7500, "words that are predicted, the most frequent ones of the training file", low=1, high=1_000_000
    )
    units: int = setting(50, "units between state and words", low=1, high=4096)


@dataclass(frozen=True)
class Training:
    """How the network is trained."""

    optimizer: str = setting("adam", "optimizer", flag=True, table=registry.OPTIMIZERS)
    learning_rate: float = setting(0.003, "learning rate", flag=True, above=0, plain=0.002)
    epochs: int = setting(50, "at most this many passes over the training file", flag=True, low=1)
    metric: str = setting(
        "auto",
        "score on dev by which the best epoch is kept (auto: f1 for spans, accuracy for plain tags)",
        choices=("auto",),
        table=registry.METRICS,
    )
    patience: int = setting(
        5, "stop after so many epochs without a better dev score; 0 never stops early", flag=True, low=0
    )
    batch_size: int = setting(32, "sentences in a batch", flag=True, low=1)
    max_sentence_length: int = setting(
        500,
        "longer training sentences are learnt in pieces of this many tokens (none is dropped; tagging has no limit)",
        low=2,
    )
    global_clipnorm: float | None = setting(
        1.0,
        "rescale all gradients together to at most this norm (Pascanu et al. 2013); 0: no clipping",
        flag=True,
        low=0,
    )
    clipnorm: float | None = setting(
        None, "rescale the gradient of each weight to at most this norm; 0: no clipping", flag=True, low=0
    )
    clipvalue: float | None = setting(
        None, "cut each component of the gradient to +-this; 0: no clipping", flag=True, low=0
    )
    schedule: str = setting(
        "constant",
        "how the learning rate goes on after the warm-up",
        flag=True,
        table=registry.SCHEDULES,
    )
    warmup: float = setting(0.0, "epochs in which the learning rate rises from 0", low=0)
    decay: float = setting(
        0.05, "inverse_time: the rate in epoch n is 1 / (1 + decay (n - 1)) of the first", low=0
    )
    plateau_factor: float = setting(0.5, "plateau: what the rate is multiplied with", above=0, below=1)
    plateau_patience: int = setting(2, "plateau: after so many epochs without a better dev score", low=1)
    averaging: str = setting(
        "ema",
        "weights to use: the last ones, their moving average (ema), or their mean over epochs (swa)",
        choices=("none", "ema", "swa"),
    )
    averaging_decay: float = setting(0.995, "ema: weight of the past at each step", above=0, below=1)
    averaging_epochs: int = setting(5, "swa: how many of the last epochs", low=2)
    label_smoothing: float = setting(
        0.0, "share of the target that is spread over all tags (softmax, feedback)", low=0, below=1
    )
    class_weights: str = setting(
        "none",
        "weights of tags in the loss (softmax, feedback); balanced: by the inverse of their frequency",
        choices=("none", "balanced"),
    )
    seed: int = setting(42, "seed of everything random", flag=True, low=0, high=2**31 - 1)


@dataclass(frozen=True)
class Config:
    """All settings of a run.

    Attributes:
        automatic: The settings, by path, that go by the corpus and that nobody chose: they hold the default for spans
            until `for_corpus` has decided them.
    """

    data: Data = field(default_factory=Data)
    embeddings: Embeddings = field(default_factory=Embeddings)
    encoder: Encoder = field(default_factory=Encoder)
    head: Head = field(default_factory=Head)
    language_model: LanguageModel = field(default_factory=LanguageModel)
    training: Training = field(default_factory=Training)
    automatic: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """The settings as nested plain values, `auto` for one that is not decided; `from_values` reads them back once
        all are.
        """
        values = dataclasses.asdict(self)
        del values["automatic"]
        for path in self.automatic:
            *sections, name = path.split(".")
            reduce(getitem, sections, values)[name] = "auto"
        return values

    def portable(self) -> dict[str, Any]:
        """The settings as `to_json` gives them, but without the path of a file: its content is kept elsewhere."""
        values = self.to_json()
        values["embeddings"]["vectors"]["file"] = None
        return values
