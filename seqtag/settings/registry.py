"""Tables of the names that a user can write, and where the part behind each name lives.

A part is imported when it is asked for and not before, so a table costs nothing to look at. To add one: its
own file, a line here, a line in the README.
"""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple


class Part(NamedTuple):
    """Where the halves of a part of a network live, each as `module:attribute`.

    Attributes:
        network: Its Keras layers, for training.
        graph: What writes it as ONNX, from settings and weights.
        features: What turns words into its numbers; embeddings have one.
    """

    network: str
    graph: str = ""
    features: str = ""


READERS = {
    "conll": "seqtag.corpora.conll:parse",
    "conllu": "seqtag.corpora.conllu:parse",
}
WRITERS = {
    "conll": "seqtag.stages.predict:ConllWriter",
    "jsonl": "seqtag.stages.predict:JsonlWriter",
    "text": "seqtag.stages.predict:TextWriter",
}
INPUTS = {
    "text": "seqtag.stages.predict:read_text",
    "conll": "seqtag.stages.predict:read_conll",
    "jsonl": "seqtag.stages.predict:read_jsonl",
}
# The tag schemes, and the letters that each name stands for, in the order of the scheme's own letters (`corpora.tags`).
SCHEMES = {
    "iob1": ("iob1", "BIO"),
    "iob": ("iob1", "BIO"),
    "bio": ("bio", "BIO"),
    "iob2": ("bio", "BIO"),
    "bioes": ("bioes", "BIESO"),
    "iobes": ("bioes", "BIESO"),
    "bmes": ("bioes", "BMESO"),
    "bmewo": ("bioes", "BMEWO"),
    "bilou": ("bilou", "BILUO"),
    "biluo": ("bilou", "BILUO"),
    "plain": ("plain", ""),
    "none": ("plain", ""),
}
TOKENIZERS = {
    "word": "seqtag.corpora.tokenizers:Tokenizer",
    "whitespace": "seqtag.corpora.tokenizers:Tokenizer",
    "char": "seqtag.corpora.tokenizers:Tokenizer",
}
EMBEDDINGS = {
    "word": Part(
        network="seqtag.network.embeddings.table:WordEmbedding",
        features="seqtag.features.indexers.word:WordIndexer",
    ),
    "vectors": Part(
        network="seqtag.network.embeddings.vectors:VectorEmbedding",
        features="seqtag.features.indexers.vectors:VectorIndexer",
    ),
    "characters": Part(
        network="seqtag.network.embeddings.characters:CharacterEmbedding",
        features="seqtag.features.indexers.characters:CharacterIndexer",
    ),
    "shape": Part(
        network="seqtag.network.embeddings.table:ShapeEmbedding",
        features="seqtag.features.indexers.shape:ShapeIndexer",
    ),
    "bigrams": Part(
        network="seqtag.network.embeddings.table:BigramEmbedding",
        features="seqtag.features.indexers.bigrams:BigramIndexer",
    ),
    "bigram_vectors": Part(
        network="seqtag.network.embeddings.vectors:BigramVectorEmbedding",
        features="seqtag.features.indexers.vectors:BigramVectorIndexer",
    ),
    "columns": Part(
        network="seqtag.network.embeddings.table:ColumnEmbedding",
        features="seqtag.features.indexers.columns:ColumnIndexer",
    ),
}
CHARACTER_ENCODERS = {
    "cnn": Part(network="seqtag.network.embeddings.characters:CharacterCNN"),
    "lstm": Part(network="seqtag.network.embeddings.characters:CharacterRNN"),
    "gru": Part(network="seqtag.network.embeddings.characters:CharacterRNN"),
}
CELLS = {
    "simplernn": Part(network="seqtag.network.cells.simplernn:SimpleRNN"),
    "lstm": Part(network="seqtag.network.cells.lstm:LSTM"),
    "gru": Part(network="seqtag.network.cells.gru:GRU"),
    "jordan": Part(network="seqtag.network.cells.jordan:Jordan"),
    "peephole_lstm": Part(network="seqtag.network.cells.peephole_lstm:PeepholeLSTM"),
    "cifg_lstm": Part(network="seqtag.network.cells.cifg_lstm:CoupledLSTM"),
    "peephole_cifg_lstm": Part(network="seqtag.network.cells.peephole_cifg_lstm:PeepholeCoupledLSTM"),
    "dense": Part(network="seqtag.network.cells.dense:Dense"),
    "cnn": Part(network="seqtag.network.cells.cnn:CNN"),
}
LOCAL_CELLS = ("dense", "cnn")  # those without a state, and so without directions
SHORTCUTS = {
    "residual": Part(network="seqtag.network.shortcuts:Residual"),
    "highway": Part(network="seqtag.network.shortcuts:Highway"),
}
ATTENTIONS = {
    "self": Part(network="seqtag.network.attention:SelfAttention"),
}
HEADS = {
    "softmax": Part(network="seqtag.network.heads.softmax:SoftmaxHead"),
    "crf": Part(network="seqtag.network.heads.crf:CRFHead"),
    "feedback": Part(network="seqtag.network.heads.feedback:FeedbackHead"),
}
OPTIMIZERS = {
    "adam": "keras.optimizers:Adam",
    "nadam": "keras.optimizers:Nadam",
    "adamw": "keras.optimizers:AdamW",
    "rmsprop": "keras.optimizers:RMSprop",
    "adagrad": "keras.optimizers:Adagrad",
    "adadelta": "keras.optimizers:Adadelta",
    "sgd": "keras.optimizers:SGD",
}


SCHEDULES = {
    "constant": "seqtag.training.schedules:constant",
    "inverse_time": "seqtag.training.schedules:inverse_time",
    "plateau": "seqtag.training.schedules:plateau",
    "cosine": "seqtag.training.schedules:cosine",
}


def load(table: Mapping[str, str | Part], name: str, half: str = "network") -> Any:
    """What a name that `config` has checked already stands for; of a `Part` one half."""
    entry = table[name]
    module, _, attribute = (entry if isinstance(entry, str) else getattr(entry, half)).partition(":")
    return getattr(importlib.import_module(module), attribute)
