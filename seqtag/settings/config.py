"""Every setting once: its name, type, default, bounds and help.

A field here is the YAML key, the `--set` path, the command-line option (where it has a flag), the line in
`seqtag init-config`, and the row in the reference. Names are Keras's own where Keras has one. The module is as long as
this list, which stays in one place so that each setting stands once.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import getitem
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

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
        help: One sentence for `--help`, the YAML comment and the settings page.
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
    "rrelu",
    "maxout",
    "hard_sigmoid",
    "hard_tanh",
    "softsign",
    "linear",
)
UNGATED_ACTIVATIONS = ("prelu", "rrelu", "maxout")  # which have weights, or are random in training
GATE_ACTIVATIONS = tuple(name for name in ACTIVATIONS if name not in UNGATED_ACTIVATIONS)
INITIALIZERS = (
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal",
    "orthogonal", "identity", "random_normal", "random_uniform", "zeros",
)  # fmt: skip


@dataclass(frozen=True)
class DataSettings:
    """How the corpus is read."""

    format: str = setting(
        "auto",
        "corpus format (auto: by file name and first lines)",
        flag=True,
        choices=("auto",),
        table=registry.formats("tagged"),
    )
    token_column: int | str | None = setting(
        None,
        "token column: a number (1 first, -1 last) or a name (field, attribute, header, key); default: the first",
        flag=True,
    )
    tag_column: int | str | None = setting(
        None,
        "tag column: a number (1 first, -1 last) or a name (field, attribute, header, key); default: the last",
        flag=True,
    )
    feature_columns: int | str | None = setting(
        None,
        "additional feature columns, such as 2,3 or xpos,feats; text to be tagged needs them too",
        flag=True,
    )
    numeric_columns: int | str | None = setting(
        None,
        "columns of numbers as inputs, such as 2,3 or temperature,power; standardised with mean and deviation of the "
        "training file (missing: _, NaN or an empty cell)",
        flag=True,
    )
    skip_rows: int = setting(
        0, "lines to pass over at the start of each corpus file, such as a header row", flag=True, low=0
    )
    character_places: str = setting(
        "auto",
        "how to read tokens made of a character and its position in the word, as in 科0 技1 "
        "(auto: drop the digit if all tokens have one)",
        choices=("auto", "keep", "drop"),
    )
    scheme: str = setting(
        "auto",
        "tag scheme of the corpus (auto: detected from the training file)",
        flag=True,
        choices=("auto",),
        table=registry.SCHEMES,
    )
    train_scheme: str = setting(
        "auto", "tag scheme used in training (auto: BIOES for spans); predictions always use the scheme of the corpus",
        flag=True, choices=("auto",), table=registry.SCHEMES,
    )  # fmt: skip
    tag_spelling: str | None = setting(
        None,
        "how span tags are spelt: B-TYPE, B_TYPE, b-TYPE, TYPE-B, TYPE (no letters), '(TYPE*)' (brackets); "
        "default: B-TYPE, or brackets if all tags are",
        flag=True,
    )
    outside_tag: str | None = setting(None, "tag of tokens outside spans; default: O", flag=True)
    neighbours: str | None = setting(
        None,
        "with --tag-spelling TYPE, whether neighbouring tokens of one type are one span (join, the default) or "
        "one each (split)",
        flag=True,
        choices=registry.NEIGHBOURS,
    )
    misaligned: str = setting(
        "error",
        "what to do with a span of characters that cuts a token, overlaps another or is in pieces: stop, widen it to "
        "whole tokens (of overlapping spans the longest stays), or leave it out",
        flag=True,
        choices=registry.MISALIGNED,
    )
    labels: str | None = setting(
        None, "names of tags that a file has as numbers: A,B,C from 0 on, or a file with them", flag=True
    )
    dev_fraction: float = setting(
        0.1, "fraction of the training file held out if --dev is not given", above=0, below=1
    )
    tokenizer: str = setting(
        "auto", "tokenizer for raw text, stored with the model (auto: chosen to fit the training corpus)",
        flag=True, choices=("auto",), table=registry.TOKENIZERS,
    )  # fmt: skip


@dataclass(frozen=True)
class WordSettings:
    """Word embeddings, learnt from the training file."""

    dim: int = setting(
        50, "dimension of the learnt word vectors; 0: none", flag=True, low=0, high=4096, word_vectors=0
    )
    min_count: int = setting(1, "words that occur less often than this are treated as unknown", low=1)
    normalize_digits: bool = setting(True, "replace every digit by 0 when looking up a word")
    unknown_rate: float = setting(
        0.5,
        "probability of replacing a word that occurs once by the unknown word, so that its vector is learnt",
        low=0,
        high=1,
    )
    trainable: bool = setting(True, "update the vectors in training")


@dataclass(frozen=True)
class VectorSettings:
    """Pretrained word vectors."""

    file: str | None = setting(
        None, "pretrained vectors: GloVe or word2vec text, or word2vec .bin, plain or compressed", flag=True
    )
    trainable: bool = setting(True, "update the vectors of the words in the training file")


@dataclass(frozen=True)
class CharacterSettings:
    """Features of a word from its characters."""

    encoder: str = setting(
        "auto",
        "network over the characters of a word (auto: cnn, or none if tokens are single characters)",
        flag=True,
        choices=("auto", "none"),
        table=registry.CHARACTER_ENCODERS,
    )
    dim: int = setting(30, "dimension of the character vectors", low=1, high=1024)
    units: int = setting(100, "filters (cnn), or units per direction (lstm, gru)", low=1, high=2048)
    width: int = setting(3, "cnn: filter width in characters", low=1, high=16)
    dropout: float = setting(0.0, "dropout rate of the character vectors", low=0, below=1)


@dataclass(frozen=True)
class ShapeSettings:
    """The casing of a word: lower, upper, initial, with digits, ..."""

    dim: int = setting(10, "dimension of the shape vectors; 0: none", low=0, high=256)


@dataclass(frozen=True)
class BigramSettings:
    """Pairs of neighbouring tokens, for corpora of single characters."""

    enabled: str = setting(
        "auto",
        "use them (auto: if tokens are single characters)",
        choices=("auto", "yes", "no"),
    )
    dim: int = setting(
        50, "dimension of the learnt vectors of pairs; 0: pretrained vectors only", low=0, high=1024
    )


@dataclass(frozen=True)
class ColumnSettings:
    """Extra columns of the corpus as features."""

    dim: int = setting(20, "dimension of the vectors of each column", low=1, high=1024)


@dataclass(frozen=True)
class ListSettings:
    """Word lists (gazetteers), whose entries are found in the sentence."""

    files: tuple[str, ...] | None = setting(
        None,
        "word list, such as places.txt or drugs=names.txt.gz: one entry per line, plain or compressed (repeatable; in "
        "YAML a list); the model does not need the file any more",
        flag=True,
    )
    case: str = setting(
        "ignore",
        "whether matches ignore the difference between upper and lower case or must be spelt exactly as in the list",
        choices=("ignore", "exact"),
    )
    dim: int = setting(5, "dimension of the vectors of each list", low=1, high=256)
    dropout: float = setting(
        0.0,
        "fraction of the matches that are hidden in training, so that the context is learnt too",
        low=0,
        below=1,
    )


@dataclass(frozen=True)
class StateSettings:
    """The frozen states of a recurrent language model."""

    file: str | None = setting(
        None,
        "folder of a recurrent language model of words, whose states are a further input for each word; the tagger "
        "does not need the folder any more",
        flag=True,
    )
    dim: int = setting(
        0, "dimension to which a dense layer reduces the states; 0: as they are", low=0, high=4096
    )


@dataclass(frozen=True)
class EmbeddingSettings:
    """How a token is represented."""

    word: WordSettings = field(default_factory=WordSettings)
    vectors: VectorSettings = field(default_factory=VectorSettings)
    characters: CharacterSettings = field(default_factory=CharacterSettings)
    shape: ShapeSettings = field(default_factory=ShapeSettings)
    bigrams: BigramSettings = field(default_factory=BigramSettings)
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    lm: StateSettings = field(default_factory=StateSettings)
    lists: ListSettings = field(default_factory=ListSettings)
    word_dropout: float = setting(0.0, "fraction of tokens hidden completely in training", low=0, below=1)
    dropout: float = setting(
        0.5,
        "dropout rate of the embeddings (variational: the same mask for each token)",
        low=0,
        below=1,
        plain=0.3,
    )


@dataclass(frozen=True)
class EncoderSettings:
    """The recurrent network between the embeddings and the head."""

    cell: str = setting(
        "lstm", "cell: recurrent, or dense or cnn without a state", flag=True, table=registry.CELLS
    )
    units: int = setting(200, "units per layer and direction", flag=True, low=1, high=8192, plain=100)
    layers: int = setting(1, "number of layers; 0: a tree alone", flag=True, low=0, high=32, plain=2)
    bidirectional: bool = setting(True, "read the sentence in both directions", flag=True)
    merge_mode: str = setting(
        "concat",
        "how the outputs of both directions are combined",
        choices=("concat", "sum", "mul", "ave"),
    )
    residual: str = setting(
        "none", "shortcut around each layer, or several: its input is added (residual) or mixed in by a gate (highway)",
        choices=("none",), table=registry.SHORTCUTS,
    )  # fmt: skip
    shortcut_span: int = setting(
        1,
        "number of layers that each shortcut goes around (the last one around those that are left)",
        low=1,
        high=32,
    )
    normalization: str = setting(
        "none", "normalisation of each layer's outputs: of each word over the units (layer), or of each unit over the "
        "words of a batch (batch)", choices=("none",), table=registry.NORMALIZATIONS,
    )  # fmt: skip
    tree: str = setting(
        "none", "network over the dependency tree of each sentence (CoNLL-U), on top of the layers",
        flag=True, choices=("none",), table=registry.TREES,
    )  # fmt: skip
    tree_direction: str = setting(
        "both",
        "tree: whether it is read from the leaves to the root (up), from the root to the leaves (down), or up and then "
        "down, so that each word sees the whole tree (both)",
        choices=("up", "down", "both"),
    )
    tree_arity: int = setting(
        2,
        "nary_tree_lstm, recursive: kinds of children with weights of their own, by side and distance from the head",
        low=1,
        high=16,
    )
    attention: str = setting(
        "none", "attention of each word, concatenated with the states: to all words of the sentence (self), or to the "
        "other mentions of the same word in the document (mentions)",
        choices=("none",), table=registry.ATTENTIONS,
    )  # fmt: skip
    attention_heads: int = setting(1, "self: number of attention heads", low=1, high=256)
    context: int = setting(
        0,
        "mentions: how many tokens of neighbouring sentences of a document are looked at together; 0: one sentence at "
        "a time",
        low=0,
        high=8192,
    )
    width: int = setting(3, "cnn: filter width in words, an odd number", low=1, high=101)
    dilation: int = setting(1, "cnn: factor by which the dilation grows with each layer", low=1, high=16)
    activation: str | None = setting(
        None,
        "activation; default: tanh (prelu and rrelu only for cells without gates, maxout for simplernn, dense, cnn)",
        choices=ACTIVATIONS,
    )
    maxout_pieces: int = setting(2, "maxout: linear pieces, of which the largest is taken", low=2, high=16)
    recurrent_activation: str | None = setting(
        None, "activation of the gates (lstm, gru); default: sigmoid", choices=GATE_ACTIVATIONS
    )
    use_bias: bool = setting(
        True, "give the cells a bias (without it, forget_bias and update_bias have no effect)"
    )
    peepholes: str = setting(
        "all",
        "gates with peepholes (peephole_lstm, peephole_cifg_lstm): all, or some such as input,forget,output",
    )
    forget_bias: float = setting(1.0, "initial bias of the forget gate (lstm)")
    update_bias: float = setting(0.0, "initial bias of the update gate (gru); larger values remember longer")
    kernel_initializer: str = setting(
        "glorot_uniform", "initializer of the input weights", choices=INITIALIZERS
    )
    recurrent_initializer: str = setting(
        "orthogonal", "initializer of the recurrent weights", choices=INITIALIZERS
    )
    dropout: float = setting(
        0.5,
        "dropout rate of each layer's outputs (variational: the same mask for each token)",
        flag=True,
        low=0,
        below=1,
        plain=0.4,
    )
    recurrent_dropout: float = setting(
        0.0, "dropout rate of the state between steps (slow: rules out fused GPU kernels)", low=0, below=1
    )

    @property
    def described(self) -> str:
        """Cell, layers and tree in a few words."""
        layers = f"{self.cell} {self.layers} x {self.units}" if self.layers else ""
        ways = " and ".join(self.tree_passes)
        tree = f"{self.tree} {self.units} ({ways})" if ways else ""
        return " + ".join(part for part in (layers, tree) if part)

    @property
    def tree_slots(self) -> int:
        """How many kinds of children the tree has weights for."""
        return 1 if self.tree == "tree_lstm" else self.tree_arity

    @property
    def tree_passes(self) -> tuple[str, ...]:
        """The directions in which the tree is read, in their order; none without a tree."""
        if self.tree == "none":
            return ()
        return ("up", "down") if self.tree_direction == "both" else (self.tree_direction,)


@dataclass(frozen=True)
class TreeSettings:
    """What is learnt from bracketed trees."""

    labels: str | None = setting(
        None,
        "bracketed trees: learn the label of the root alone (root), or that of every node (all), which in task "
        "classification makes each phrase of the training file an example of its own; default: root for labels of "
        "sentences, all for tags",
        choices=("root", "all"),
    )


# See `Tree.LATER`.
LATER_OF_TRAINING = ("training.final",)
LATER_OF_TREES = ("encoder.tree", "encoder.tree_direction", "encoder.tree_arity", "tree")
LATER_OF_ENCODERS = (
    "encoder.maxout_pieces",
    "encoder.use_bias",
    "encoder.peepholes",
    "encoder.normalization",
    "encoder.shortcut_span",
)


# Of the sections that trees share: what only models that tag or label sentences have, and its value in any other tree.
# A setting of them alone that joins such a section is added here.
OF_SENTENCES: Mapping[str, Any] = MappingProxyType(
    {
        "embeddings.bigrams.enabled": "no",
        "embeddings.bigrams.dim": 50,
        "embeddings.columns.dim": 20,
        "embeddings.lm.file": None,
        "embeddings.lm.dim": 0,
        "embeddings.lists.files": None,
        "embeddings.lists.case": "ignore",
        "embeddings.lists.dim": 5,
        "embeddings.lists.dropout": 0.0,
        "embeddings.word_dropout": 0.0,
        "encoder.context": 0,
        "encoder.tree": "none",
        "encoder.tree_direction": "both",
        "encoder.tree_arity": 2,
        "training.metric": "auto",
        "training.class_weights": "none",
        "training.calibration": "none",
    }
)


@dataclass(frozen=True)
class HeadSettings:
    """What turns the encoder's features into tags."""

    name: str = setting(
        "auto",
        "head (auto: crf for spans, softmax for plain tags)",
        flag=True,
        choices=("auto",),
        table=registry.HEADS,
    )
    units: int = setting(100, "feedback: decoder units", low=1, high=8192)
    tag_dim: int = setting(30, "feedback: dimension of the previous tag's vector", low=1, high=1024)
    attention: bool = setting(
        False,
        "feedback: attention of the decoder to all words (Bahdanau et al. 2015); quadratic in time and memory",
    )
    beam: int = setting(
        5,
        "feedback: beam width, also the upper limit of --nbest; 1: greedy",
        low=1,
        high=100,
    )
    sampling_rate: float = setting(
        0.25,
        "feedback: final rate of scheduled sampling (Bengio et al. 2015): share of words that read a predicted tag",
        low=0,
        high=1,
    )
    sampling_epochs: float = setting(
        10.0, "feedback: epochs over which this rate rises from 0; 0: constant", low=0
    )
    outside_bias: float | None = setting(
        0.0,
        "crf, softmax: subtracted from the score of O when the best tags of spans are searched for; above 0 there are "
        "more spans, below 0 fewer; null: chosen on dev after training, for text like that of dev",
        low=-20,
        high=20,
    )


@dataclass(frozen=True)
class LanguageModelSettings:
    """A language model trained beside the tagger (Rei 2017)."""

    weight: float = setting(
        0.1,
        "weight of its loss; 0: no language model (needs a recurrent cell)",
        low=0,
        plain=0.0,
    )
    words: int = setting(
        7500, "number of words to predict, the most frequent in the training file", low=1, high=1_000_000
    )
    units: int = setting(50, "units of its hidden layer", low=1, high=4096)
    classes: int = setting(
        60,
        "number of classes of its words: the class of a word is predicted and then the word in its class (Goodman "
        "2001), which makes a step quicker; 1 predicts the word among all words",
        low=1,
        high=10_000,
    )


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    optimizer: str = setting("adam", "optimizer", flag=True, table=registry.OPTIMIZERS)
    learning_rate: float = setting(0.003, "learning rate", flag=True, above=0, plain=0.002)
    epochs: int = setting(50, "maximum number of passes over the training file", flag=True, low=1)
    metric: str = setting(
        "auto",
        "score on dev by which the best epoch is kept (auto: f1 for spans, accuracy for plain tags)",
        choices=("auto",),
        table=registry.METRICS,
    )
    patience: int = setting(
        5, "stop after this many epochs without a better dev score; 0: never stop early", flag=True, low=0
    )
    batch_size: int = setting(32, "sentences per batch", flag=True, low=1, high=1_000_000)
    max_sentence_length: int = setting(
        500,
        "longer training sentences are split into pieces of this many tokens (tagging has no limit)",
        low=2,
        high=1_000_000,
    )
    global_clipnorm: float | None = setting(
        1.0,
        "clip the global norm of all gradients to this value (Pascanu et al. 2013); 0: no clipping",
        flag=True,
        low=0,
    )
    clipnorm: float | None = setting(
        None, "clip the norm of each weight's gradient to this value; 0: no clipping", flag=True, low=0
    )
    clipvalue: float | None = setting(
        None, "clip each gradient component to plus or minus this value; 0: no clipping", flag=True, low=0
    )
    schedule: str = setting(
        "constant",
        "learning-rate schedule after the warm-up",
        flag=True,
        table=registry.SCHEDULES,
    )
    warmup: float = setting(0.0, "epochs over which the learning rate rises from 0", low=0)
    decay: float = setting(
        0.05, "inverse_time: the rate in epoch n is that of the first divided by 1 + decay (n - 1)", low=0
    )
    plateau_factor: float = setting(0.5, "plateau: factor by which the rate is multiplied", above=0, below=1)
    plateau_patience: int = setting(
        2, "plateau: epochs without a better dev score before the rate is lowered", low=1
    )
    averaging: str = setting(
        "ema",
        "averaging of the weights: none, moving average (ema), or mean over the last epochs (swa)",
        choices=("none", "ema", "swa"),
    )
    averaging_decay: float = setting(0.995, "ema: decay per step", above=0, below=1)
    averaging_epochs: int = setting(5, "swa: number of final epochs", low=2, high=1_000_000)
    label_smoothing: float = setting(
        0.0,
        "label smoothing: fraction of the target spread over all tags (softmax, feedback)",
        low=0,
        below=1,
    )
    class_weights: str = setting(
        "none",
        "weights of the tags in the loss (softmax, feedback); balanced: inverse to their frequency",
        choices=("none", "balanced"),
    )
    final: bool = setting(
        False,
        "once dev has chosen the number of epochs, train again from the start on train and dev for that many, and keep "
        "that model",
        flag=True,
    )
    calibration: str = setting(
        "temperature",
        "calibration of the probabilities on dev; temperature (Guo et al. 2017): all scores are divided by one number, "
        "which changes no answer",
        choices=("temperature", "none"),
    )
    seed: int = setting(42, "random seed", flag=True, low=0, high=2**31 - 1)


class RunSettings(Protocol):
    """The settings of anything that is trained, whatever its task is."""

    @property
    def embeddings(self) -> EmbeddingSettings:
        """How a token is represented."""
        ...

    @property
    def encoder(self) -> EncoderSettings:
        """The recurrent network."""
        ...

    @property
    def training(self) -> TrainingSettings:
        """How it is trained."""
        ...

    def to_json(self) -> dict[str, Any]:
        """All settings as nested plain values."""
        ...

    def portable(self) -> dict[str, Any]:
        """The settings without the path of a file."""
        ...

    def made(self, there: Any) -> bool:
        """Whether these are the settings of a run whose model has the settings `there`."""
        ...


@dataclass(frozen=True)
class Tree:
    """A tree of settings: a section for each field that is a dataclass.

    Attributes:
        DEFAULTS: Defaults, by path, that are others here than where the setting stands.
        FIXED: The settings of its sections, by path, that nobody can choose here, and the value that each has.
        PATHS: The settings that hold the path of a file whose content is kept elsewhere.
        LATER: Sections and settings that came later: models that make no use of them are stored as they were before.
        CHOSEN: The settings that training chooses where they are null; a model has its choice.
        READING: The sections by which files are read.
        automatic: The settings, by path, that go by the corpus and that nobody chose: they hold the default for spans
            until `for_corpus` has decided them.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    FIXED: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    PATHS: ClassVar[tuple[str, ...]] = ()
    LATER: ClassVar[tuple[str, ...]] = ()
    CHOSEN: ClassVar[tuple[str, ...]] = ()
    READING: ClassVar[tuple[str, ...]] = ("data",)

    automatic: frozenset[str] = field(default=frozenset(), kw_only=True)

    def to_json(self) -> dict[str, Any]:
        """The settings as nested plain values, `auto` for one that is not decided; `from_values` reads them back once
        all are.
        """
        values = dataclasses.asdict(self)
        del values["automatic"]
        for path in self.FIXED:
            *sections, name = path.split(".")
            del reduce(getitem, sections, values)[name]
        return _with(values, dict.fromkeys(self.automatic, "auto"))

    def portable(self) -> dict[str, Any]:
        """The settings as `to_json` gives them, but without the path of a file: its content is kept elsewhere."""
        return self.without(self.PATHS)

    def made(self, there: "Tree") -> bool:
        """Whether these are the settings of a run whose model has the settings `there`; those that are left to the
        corpus may be any.
        """
        values = self.to_json()
        left = [
            *self.PATHS,
            *self.automatic,
            *(path for path in self._own(self.CHOSEN) if reduce(getitem, path.split("."), values) is None),
        ]
        return type(there) is type(self) and there.without(left) == self.without(left)

    def without(self, paths: Iterable[str]) -> dict[str, Any]:
        """The settings as `to_json` gives them, but with null in place of some, and without
        what `LATER` names and holds defaults.
        """
        values = _with(self.to_json(), dict.fromkeys(paths))
        defaults = type(self)().to_json()
        for path in self._own(self.LATER):
            *sections, name = path.split(".")
            section = reduce(getitem, sections, values)
            if section[name] == reduce(getitem, [*sections, name], defaults):
                del section[name]
        return values

    def _own(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths that are not fixed here, and so in `to_json`."""
        return [path for path in paths if path not in self.FIXED]


def _with(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for path, value in changes.items():
        *sections, name = path.split(".")
        reduce(getitem, sections, values)[name] = value
    return values


@dataclass(frozen=True)
class Config(Tree):
    """All settings of a tagger's run."""

    PATHS: ClassVar[tuple[str, ...]] = (
        "embeddings.vectors.file",
        "embeddings.lm.file",
        "embeddings.lists.files",
        "data.labels",
    )
    LATER = (
        *LATER_OF_TRAINING,
        "training.calibration",
        "embeddings.lm",
        "embeddings.lists",
        "data.numeric_columns",
        "encoder.context",
        "head.outside_bias",
        "language_model.classes",
        *LATER_OF_ENCODERS,
        *LATER_OF_TREES,
    )
    CHOSEN = ("head.outside_bias",)

    data: DataSettings = field(default_factory=DataSettings)
    embeddings: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    tree: TreeSettings = field(default_factory=TreeSettings)
    head: HeadSettings = field(default_factory=HeadSettings)
    language_model: LanguageModelSettings = field(default_factory=LanguageModelSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
