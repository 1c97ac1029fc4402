"""Tables of the names that a user can write, and where the part behind each name lives.

A part is imported when it is asked for and not before, so a table costs nothing to look at. To add one: its
own file, a line here, a line in `docs/model.md`. Two thirds of the module are these tables.
"""

import contextlib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from seqtag.settings import plugins
from seqtag.settings.plugins import Plugin
from seqtag.support.errors import Error, UsageError, suggest


class Part(NamedTuple):
    """Where the halves of a part of a network live, each as `module:attribute`.

    Attributes:
        network: Its Keras layers, for training.
        graph: What writes it as ONNX, from settings and weights.
        features: What turns words into its numbers; embeddings have one.
        stateful: Whether a cell has a state that goes from word to word, and so directions.
    """

    network: str
    graph: str = ""
    features: str = ""
    stateful: bool = True


class Format(NamedTuple):
    """A format of files of sentences: what it is, and where its halves live, each as `module:attribute`.

    Attributes:
        description: What it is, in a few words for `--help`.
        reader: Reads sentences (`corpora.base.Reader`).
        writer: Writes documents (`corpora.base.Writer`).
        exporter: Writes documents likewise, to a stream of bytes, or to one for each of `files`.
        recogniser: Tells its files by their first lines (`corpora.base.Recogniser`).
        begins: The characters that its files can begin with, white space aside; about others the recogniser is not
            asked. Empty for any.
        columns: The names of its columns, if they have names.
        endings: How the names of its files end.
        files: The endings of the files that it consists of, if these are more than one.
        carries: What it can hold: "tokens", "text" (with the white space), "tags" (plain ones), "spans", "keys" (others
            of a JSON object), "labels" (of sentences), "empty" (sentences without tokens).
        tagged: Whether its files hold tags, so that they can be trained on and scored.
        labelled: Whether its files hold labels of sentences without tags.
        certain: Whether the recogniser leaves no doubt, so that it goes before the name of the file.
        by_itself: Whether its files say all that there is to know of how they are read, as those in JSON do; a file in
            columns that is to be tagged is read as the training corpus was.
        whole: Whether the lines of a file cannot be copied one by one, without its others.
        heads: Whether it holds dependency trees: the head of each token.
        unused: The fields of `ReadOptions` that its reader makes no use of.
    """

    description: str
    reader: str = ""
    writer: str = ""
    exporter: str = ""
    recogniser: str = ""
    begins: tuple[str, ...] = ()
    columns: str = ""
    endings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    carries: tuple[str, ...] = ("tokens", "tags", "spans")
    tagged: bool = False
    labelled: bool = False
    certain: bool = False
    by_itself: bool = False
    whole: bool = False
    heads: bool = False
    unused: tuple[str, ...] = ()


class TaskPart(NamedTuple):
    """A shape of job, and where its halves live, each as `module:attribute`.

    Attributes:
        job: How it is trained (`tasks.base.Task`).
        schema: Its settings (`settings.schema.Schema`).
        format: What the manifests of its model folders say that they are (`model_folder.layout`).
        use: What a finished model is used for, without TensorFlow (`tasks.use.Use`); empty for a task whose models have
            commands of their own.
        files: How its files are checked and divided, without TensorFlow (`tasks.files.Files`); empty for a task that is
            not trained by `seqtag train`.
        own_training: Whether it is trained by a command of its own instead of `seqtag train`.
    """

    job: str
    schema: str
    format: str
    use: str = ""
    files: str = ""
    own_training: bool = False


class Table(Mapping[str, Any]):
    """The built-in names, each with what it stands for, and a group of entry points in which others are looked up.

    An entry point stands for what the table has for a built-in name: for a `Part`, or for what a text
    `module:attribute` names.

    Args:
        group: The group, such as `seqtag.cells`.
        rows: The built-in names.
    """

    def __init__(self, group: str, rows: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.group = group
        self._rows = rows

    def __or__(self, rows: Mapping[str, Any]) -> "Table":
        return Table(self.group, {**self._rows, **rows})

    def __getitem__(self, name: str) -> Any:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


# Fields of `ReadOptions`.
_COLUMNS = ("token_column", "tag_column", "feature_columns", "numeric_columns")
_OF_TEXTS = ("misaligned", "tokenizer")  # of texts that come without tokens, and spans of characters
FORMATS = Table("seqtag.formats") | {
    "conll": Format(
        "one token per line, in columns",
        reader="seqtag.corpora.conll:read",
        writer="seqtag.corpora.conll:ConllWriter",
        carries=("tokens", "tags", "spans", "labels"),
        endings=("conll", "iob", "bio"),
        tagged=True,
        unused=_OF_TEXTS,
    ),
    "conllu": Format(
        "Universal Dependencies",
        reader="seqtag.corpora.conllu:read",
        writer="seqtag.corpora.conllu_writer:ConlluWriter",
        recogniser="seqtag.corpora.conllu_columns:recognise",
        columns="seqtag.corpora.conllu_columns:FIELDS",
        carries=("tokens", "text", "tags", "spans", "labels"),
        endings=("conllu", "conllup", "cupt"),
        tagged=True,
        heads=True,
        unused=_OF_TEXTS,
    ),
    "brat": Format(
        "BRAT standoff, .txt and .ann",
        reader="seqtag.corpora.brat:read",
        exporter="seqtag.corpora.brat:BratExporter",
        recogniser="seqtag.corpora.brat:recognise",
        endings=("ann",),
        files=("txt", "ann"),
        carries=("text", "spans", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        whole=True,
        unused=(*_COLUMNS, "skip_rows"),
    ),
    "docbin": Format(
        "DocBin of spaCy, needs spaCy",
        reader="seqtag.corpora.docbin:read",
        exporter="seqtag.corpora.docbin:DocBinExporter",
        recogniser="seqtag.corpora.docbin:recognise",
        endings=("spacy",),
        carries=("tokens", "text", "tags", "spans", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        whole=True,
        unused=("token_column", "feature_columns", "numeric_columns", "tokenizer", "skip_rows"),
    ),
    "csv": Format(
        "table with a header, CSV or TSV",
        reader="seqtag.corpora.table:read",
        writer="seqtag.corpora.table:TableWriter",
        recogniser="seqtag.corpora.table:recognise",
        endings=("csv",),
        tagged=True,
        certain=True,
        whole=True,
        unused=_OF_TEXTS,
    ),
    "huggingface": Format(
        "JSON lines with tokens and ner_tags",
        reader="seqtag.corpora.huggingface:read",
        writer="seqtag.corpora.huggingface:HuggingFaceWriter",
        recogniser="seqtag.corpora.huggingface:recognise",
        begins=("{", "["),
        carries=("tokens", "tags", "spans", "keys", "labels", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        unused=_OF_TEXTS,
    ),
    "doccano": Format(
        "JSON lines with text and spans",
        reader="seqtag.corpora.doccano:read",
        writer="seqtag.corpora.doccano:DoccanoWriter",
        recogniser="seqtag.corpora.doccano:recognise",
        begins=("{", "["),
        carries=("text", "spans", "keys", "labels", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        unused=_COLUMNS,
    ),
    "spacy_json": Format(
        "JSON of spaCy or Prodigy",
        reader="seqtag.corpora.spacy_json:read",
        writer="seqtag.corpora.spacy_json:SpacyJsonWriter",
        recogniser="seqtag.corpora.spacy_json:recognise",
        begins=("{", "["),
        carries=("tokens", "text", "tags", "spans", "keys", "labels", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        unused=("token_column", "feature_columns", "numeric_columns"),
    ),
    "label_studio": Format(
        "JSON of Label Studio",
        reader="seqtag.corpora.label_studio:read",
        writer="seqtag.corpora.label_studio:LabelStudioWriter",
        recogniser="seqtag.corpora.label_studio:recognise",
        begins=("{", "["),
        carries=("text", "spans", "keys", "labels", "empty"),
        tagged=True,
        certain=True,
        by_itself=True,
        whole=True,
        unused=_COLUMNS,
    ),
    "jsonl": Format(
        "one JSON object per line",
        reader="seqtag.corpora.jsonl:read",
        writer="seqtag.corpora.jsonl:JsonlWriter",
        recogniser="seqtag.corpora.jsonl:recognise",
        begins=("{", "["),
        carries=("tokens", "text", "tags", "spans", "keys", "labels", "empty"),
        endings=("jsonl", "ndjson"),
        tagged=True,
        certain=True,
        by_itself=True,
        unused=(*_COLUMNS, *_OF_TEXTS),
    ),
    "fasttext": Format(
        "one sentence per line after __label__X",
        reader="seqtag.corpora.fasttext:read",
        writer="seqtag.corpora.fasttext:FasttextWriter",
        recogniser="seqtag.corpora.fasttext:recognise",
        carries=("text", "labels"),
        labelled=True,
        certain=True,
    ),
    "texts": Format(
        "table of texts and labels, CSV or TSV",
        reader="seqtag.corpora.labelled_table:read",
        writer="seqtag.corpora.labelled_table:TextsWriter",
        recogniser="seqtag.corpora.labelled_table:recognise",
        carries=("text", "labels"),
        labelled=True,
        certain=True,
        whole=True,
    ),
    "text": Format(
        "one sentence per line",
        reader="seqtag.corpora.text:read",
        writer="seqtag.corpora.text:TextWriter",
    ),
    "pipes": Format(
        "a line of token|tag",
        reader="seqtag.corpora.perline:read_pipes",
        writer="seqtag.corpora.perline:PipesWriter",
        recogniser="seqtag.corpora.perline:are_pipes",
        tagged=True,
        unused=_OF_TEXTS,
    ),
    "hashes": Format(
        "a line of token###tag",
        reader="seqtag.corpora.perline:read_hashes",
        writer="seqtag.corpora.perline:HashesWriter",
        recogniser="seqtag.corpora.perline:are_hashes",
        tagged=True,
        unused=_OF_TEXTS,
    ),
    "slashes": Format(
        "a line of token/TAG",
        reader="seqtag.corpora.perline:read_slashes",
        writer="seqtag.corpora.perline:SlashesWriter",
        recogniser="seqtag.corpora.perline:are_slashes",
        tagged=True,
        unused=_OF_TEXTS,
    ),
    "underscores": Format(
        "a line of token_TAG",
        reader="seqtag.corpora.perline:read_underscores",
        writer="seqtag.corpora.perline:UnderscoresWriter",
        recogniser="seqtag.corpora.perline:are_underscores",
        tagged=True,
        unused=_OF_TEXTS,
    ),
    "brackets": Format(
        "a bracketed tree per line",
        reader="seqtag.corpora.brackets:read",
        writer="seqtag.corpora.brackets:BracketsWriter",
        recogniser="seqtag.corpora.brackets:recognise",
        begins=("(",),
        endings=("brackets",),
        tagged=True,
        heads=True,
        unused=(*_COLUMNS, *_OF_TEXTS),
    ),
}
# The tag schemes, and the letters that each name stands for, in the order of the scheme's own letters (`corpora.tags`).
SCHEMES = {
    "iob1": ("iob1", "BIO"),
    "iob": ("iob1", "BIO"),
    "bio": ("bio", "BIO"),
    "iob2": ("bio", "BIO"),
    "ioe1": ("ioe1", "IEO"),
    "ioe2": ("ioe2", "IEO"),
    "bioes": ("bioes", "BIESO"),
    "iobes": ("bioes", "BIESO"),
    "bmes": ("bioes", "BMESO"),
    "bmewo": ("bioes", "BMEWO"),
    "bilou": ("bilou", "BILUO"),
    "biluo": ("bilou", "BILUO"),
    "plain": ("plain", ""),
    "none": ("plain", ""),
}
NEIGHBOURS = ("join", "split")  # what neighbouring tokens of one type are, where tags have no letters
# What to do with a span of characters that is not one of whole tokens of its own.
MISALIGNED = ("error", "widen", "drop")
TOKENIZERS = {
    "word": "seqtag.corpora.tokenizers:Tokenizer",
    "whitespace": "seqtag.corpora.tokenizers:Tokenizer",
    "char": "seqtag.corpora.tokenizers:Tokenizer",
    "icu": "seqtag.corpora.tokenizers:Tokenizer",
}
# What the products of a network are computed in.
FLOAT32, INT8 = PRECISIONS = ("float32", "int8")
SENTENCES = ("line", "split", "paragraph")  # what a text of raw input is
# What runs the workers of `seqtag predict` on a corpus, see `seqtag.tasks.engines.base.Engine`.
ENGINES = {"ray": "seqtag.tasks.engines.ray_data:run"}
ON_ERROR = ("stop", "skip")  # what a run does after a shard has failed
EMBEDDINGS = {
    "word": Part(
        network="seqtag.network.embeddings.table:WordEmbedding",
        graph="seqtag.graph.embeddings.table:WordEmbedding",
        features="seqtag.features.indexers.word:WordIndexer",
    ),
    "vectors": Part(
        network="seqtag.network.embeddings.vectors:VectorEmbedding",
        graph="seqtag.graph.embeddings.vectors:VectorEmbedding",
        features="seqtag.features.indexers.vectors:VectorIndexer",
    ),
    "characters": Part(
        network="seqtag.network.embeddings.characters:CharacterEmbedding",
        graph="seqtag.graph.embeddings.characters:CharacterEmbedding",
        features="seqtag.features.indexers.characters:CharacterIndexer",
    ),
    "shape": Part(
        network="seqtag.network.embeddings.table:ShapeEmbedding",
        graph="seqtag.graph.embeddings.table:ShapeEmbedding",
        features="seqtag.features.indexers.shape:ShapeIndexer",
    ),
    "bigrams": Part(
        network="seqtag.network.embeddings.table:BigramEmbedding",
        graph="seqtag.graph.embeddings.table:BigramEmbedding",
        features="seqtag.features.indexers.bigrams:BigramIndexer",
    ),
    "bigram_vectors": Part(
        network="seqtag.network.embeddings.vectors:BigramVectorEmbedding",
        graph="seqtag.graph.embeddings.vectors:BigramVectorEmbedding",
        features="seqtag.features.indexers.vectors:BigramVectorIndexer",
    ),
    "columns": Part(
        network="seqtag.network.embeddings.table:ColumnEmbedding",
        graph="seqtag.graph.embeddings.table:ColumnEmbedding",
        features="seqtag.features.indexers.columns:ColumnIndexer",
    ),
    "numbers": Part(
        network="seqtag.network.embeddings.numbers:NumberEmbedding",
        graph="seqtag.graph.embeddings.numbers:NumberEmbedding",
        features="seqtag.features.indexers.numbers:NumberIndexer",
    ),
    "lm": Part(
        network="seqtag.network.embeddings.states:StateEmbedding",
        graph="seqtag.graph.embeddings.states:StateEmbedding",
        features="seqtag.features.indexers.states:StateIndexer",
    ),
    "lists": Part(
        network="seqtag.network.embeddings.table:ListEmbedding",
        graph="seqtag.graph.embeddings.table:ListEmbedding",
        features="seqtag.features.indexers.lists:ListIndexer",
    ),
}
CHARACTER_ENCODERS = Table("seqtag.character_encoders") | {
    "cnn": Part(
        network="seqtag.network.embeddings.characters:CharacterCNN",
        graph="seqtag.graph.embeddings.characters:CharacterCNN",
    ),
    "lstm": Part(
        network="seqtag.network.embeddings.characters:CharacterRNN",
        graph="seqtag.graph.embeddings.characters:CharacterRNN",
    ),
    "gru": Part(
        network="seqtag.network.embeddings.characters:CharacterRNN",
        graph="seqtag.graph.embeddings.characters:CharacterRNN",
    ),
}
CELLS = Table("seqtag.cells") | {
    "simplernn": Part(
        network="seqtag.network.cells.simplernn:SimpleRNN", graph="seqtag.graph.cells.simplernn:SimpleRNN"
    ),
    "lstm": Part(network="seqtag.network.cells.lstm:LSTM", graph="seqtag.graph.cells.lstm:LSTM"),
    "gru": Part(network="seqtag.network.cells.gru:GRU", graph="seqtag.graph.cells.gru:GRU"),
    "jordan": Part(network="seqtag.network.cells.jordan:Jordan", graph="seqtag.graph.cells.jordan:Jordan"),
    "peephole_lstm": Part(
        network="seqtag.network.cells.peephole_lstm:PeepholeLSTM",
        graph="seqtag.graph.cells.lstm:PeepholeLSTM",
    ),
    "cifg_lstm": Part(
        network="seqtag.network.cells.cifg_lstm:CoupledLSTM", graph="seqtag.graph.cells.lstm:CoupledLSTM"
    ),
    "peephole_cifg_lstm": Part(
        network="seqtag.network.cells.peephole_cifg_lstm:PeepholeCoupledLSTM",
        graph="seqtag.graph.cells.lstm:PeepholeCoupledLSTM",
    ),
    "dense": Part(
        network="seqtag.network.cells.dense:Dense", graph="seqtag.graph.cells.dense:Dense", stateful=False
    ),
    "cnn": Part(network="seqtag.network.cells.cnn:CNN", graph="seqtag.graph.cells.cnn:CNN", stateful=False),
}
SHORTCUTS = Table("seqtag.shortcuts") | {
    "residual": Part(network="seqtag.network.shortcuts:Residual", graph="seqtag.graph.shortcuts:Residual"),
    "highway": Part(network="seqtag.network.shortcuts:Highway", graph="seqtag.graph.shortcuts:Highway"),
}
NORMALIZATIONS = Table("seqtag.normalizations") | {
    "layer": Part(
        network="seqtag.network.normalization:LayerNorm", graph="seqtag.graph.normalization:LayerNorm"
    ),
    "batch": Part(
        network="seqtag.network.normalization:BatchNorm", graph="seqtag.graph.normalization:BatchNorm"
    ),
}
ATTENTIONS = Table("seqtag.attentions") | {
    "self": Part(
        network="seqtag.network.attention:SelfAttention", graph="seqtag.graph.attention:SelfAttention"
    ),
    "mentions": Part(
        network="seqtag.network.attention:MentionAttention", graph="seqtag.graph.attention:MentionAttention"
    ),
}
# Encoders over a tree, and what turns the trees of sentences into numbers.
TREES = Table("seqtag.trees") | {
    "tree_lstm": Part(network="seqtag.network.trees:TreeLSTM", graph="seqtag.graph.trees:TreeLSTM"),
    "nary_tree_lstm": Part(
        network="seqtag.network.trees:NaryTreeLSTM", graph="seqtag.graph.trees:NaryTreeLSTM"
    ),
    "recursive": Part(network="seqtag.network.trees:Recursive", graph="seqtag.graph.trees:Recursive"),
}
# What the encoder reads beside the vectors of words.
ENCODER_INDEXERS = {
    "tree": "seqtag.features.indexers.trees:TreeIndexer",
    "mentions": "seqtag.features.indexers.mentions:MentionIndexer",
}
HEADS = Table("seqtag.heads") | {
    "softmax": Part(
        network="seqtag.network.heads.softmax:SoftmaxHead", graph="seqtag.graph.heads.softmax:SoftmaxHead"
    ),
    "crf": Part(network="seqtag.network.heads.crf:CRFHead", graph="seqtag.graph.heads.crf:CRFHead"),
    "feedback": Part(
        network="seqtag.network.heads.feedback:FeedbackHead", graph="seqtag.graph.heads.feedback:FeedbackHead"
    ),
}
# What makes one vector of the features of all words of a sentence.
POOLINGS = Table("seqtag.poolings") | {
    "last": Part(network="seqtag.network.pooling:LastPooling", graph="seqtag.graph.pooling:LastPooling"),
    "mean": Part(network="seqtag.network.pooling:MeanPooling", graph="seqtag.graph.pooling:MeanPooling"),
    "max": Part(network="seqtag.network.pooling:MaxPooling", graph="seqtag.graph.pooling:MaxPooling"),
    "attention": Part(
        network="seqtag.network.pooling:AttentionPooling", graph="seqtag.graph.pooling:AttentionPooling"
    ),
    "root": Part(network="seqtag.network.pooling:RootPooling", graph="seqtag.graph.pooling:RootPooling"),
}
FEEDS = ("none", "probabilities", "gate")  # what the head of tags may read of the label
OPTIMIZERS = Table("seqtag.optimizers") | {
    "adam": "keras.optimizers:Adam",
    "nadam": "keras.optimizers:Nadam",
    "adamw": "keras.optimizers:AdamW",
    "rmsprop": "keras.optimizers:RMSprop",
    "adagrad": "keras.optimizers:Adagrad",
    "adadelta": "keras.optimizers:Adadelta",
    "sgd": "keras.optimizers:SGD",
}
SCHEDULES = Table("seqtag.schedules") | {
    "constant": "seqtag.training.schedules:constant",
    "inverse_time": "seqtag.training.schedules:inverse_time",
    "plateau": "seqtag.training.schedules:plateau",
    "cosine": "seqtag.training.schedules:cosine",
}
# Shapes of jobs; the first is trained where nobody names one.
TASKS = {
    "tagging": TaskPart(
        job="seqtag.tasks.tagging.task:TAGGING",
        schema="seqtag.settings.schema:SETTINGS",
        format="seqtag-model",
        use="seqtag.tasks.tagging.use:USE",
        files="seqtag.tasks.tagging.files:FILES",
    ),
    "classification": TaskPart(
        job="seqtag.tasks.labelling.task:CLASSIFICATION_TASK",
        schema="seqtag.settings.labelled:CLASSIFICATION",
        format="seqtag-classification",
        use="seqtag.tasks.labelling.use:CLASSIFICATION_USE",
        files="seqtag.tasks.labelling.files:CLASSIFICATION_FILES",
    ),
    "joint": TaskPart(
        job="seqtag.tasks.labelling.task:JOINT_TASK",
        schema="seqtag.settings.labelled:JOINT",
        format="seqtag-joint",
        use="seqtag.tasks.labelling.use:JOINT_USE",
        files="seqtag.tasks.labelling.files:JOINT_FILES",
    ),
    "language": TaskPart(
        job="seqtag.tasks.language.recurrent.task:LANGUAGE",
        schema="seqtag.settings.language:LANGUAGE",
        format="seqtag-lm",
        own_training=True,
    ),
    "generation": TaskPart(  # its models are language models, to be used like the others
        job="seqtag.tasks.language.recurrent.task:GENERATION",
        schema="seqtag.settings.generation:GENERATION",
        format="seqtag-lm",
        files="seqtag.tasks.labelling.files:GENERATION_FILES",
    ),
    "transduction": TaskPart(
        job="seqtag.tasks.transduction.task:TRANSDUCTION",
        schema="seqtag.settings.transduction:TRANSDUCTION",
        format="seqtag-transduction",
        use="seqtag.tasks.transduction.use:USE",
        files="seqtag.tasks.transduction.files:FILES",
    ),
}
# Kinds of language models: what reads the model of a folder (`tasks.language.base`).
LANGUAGE_MODELS = {
    "ngram": "seqtag.ngrams.stored:read",
    "mixture": "seqtag.tasks.language.mixture:read",
    "rnn": "seqtag.tasks.language.recurrent.stored:read",
}
SMOOTHINGS = (
    "none",
    "laplace",
    "add_k",
    "jelinek_mercer",
    "witten_bell",
    "kneser_ney",
    "modified_kneser_ney",
    "stupid_backoff",
)
UNITS = ("word", "character")  # of a language model
METRICS = Table("seqtag.metrics") | {
    "f1": "seqtag.evaluation.metrics:F1",
    "accuracy": "seqtag.evaluation.metrics:ACCURACY",
}


def formats(half: str) -> Table:
    """The formats that have this half, or those that are `tagged`."""
    return Table(FORMATS.group, {name: row for name, row in FORMATS.items() if getattr(row, half)})


def knows(table: Iterable[str], name: str) -> bool:
    """Whether a name is built in, or is that of an installed plugin."""
    return name in table or (isinstance(table, Table) and plugins.find(table.group, name) is not None)


def known(table: Iterable[str]) -> list[str]:
    """All names, those of installed plugins last."""
    return [*table, *(plugins.installed(table.group) if isinstance(table, Table) else ())]


def plugin(table: Iterable[str], name: str) -> Plugin | None:
    """Where a name comes from that is not built in; None if it is, or is unknown."""
    return plugins.find(table.group, name) if isinstance(table, Table) and name not in table else None


def find(table: Mapping[str, Any], name: str) -> Any:
    """What a table has for a name, or what the entry point of that name stands for.

    Raises:
        UsageError: There is no such name.
        Error: A plugin cannot be loaded, or is no `Part` or `Format` where the table has them.
    """
    if name in table:
        return table[name]
    if not isinstance(table, Table) or not knows(table, name):
        raise UsageError(f"unknown name {name!r}.{suggest(name, known(table))}")
    found = plugins.load(table.group, name)
    for kind in (Part, Format):
        if any(isinstance(row, kind) for row in table.values()) and not isinstance(found, kind):
            wanted = f"{__name__}.{kind.__name__}"
            raise Error(f"{name!r} of {table.group} is a {type(found).__name__}; expected a {wanted}.")
    return found


def load(table: Mapping[str, Any], name: str, half: str = "network") -> Any:
    """What a name stands for; of a `Part`, a `Format` or a `TaskPart` one half.

    Raises:
        UsageError: There is no such name.
        Error: A plugin cannot be loaded, or has no such half.
    """
    row = find(table, name)
    place = getattr(row, half) if isinstance(row, Part | Format | TaskPart) else row
    if not isinstance(place, str):
        return place
    if not place:
        raise Error(f"{name!r} has no half for the {half}.")
    module, _, attribute = place.partition(":")
    with contextlib.ExitStack() as stack:
        if isinstance(table, Table) and name not in table:
            stack.enter_context(plugins.importing(table.group, name))
        return getattr(importlib.import_module(module), attribute)


def is_stateful(cell: str) -> bool:
    """Whether a cell has a state that goes from word to word, and so directions."""
    return bool(find(CELLS, cell).stateful)
