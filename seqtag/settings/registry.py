"""Tables of the names that a user can write, and where the part behind each name lives.

A part is imported when it is asked for and not before, so a table costs nothing to look at. To add one: its
own file, a line here, a line in the README.
"""

import importlib
from typing import Any

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
    "word": "seqtag.network.embeddings.table:WordEmbedding",
    "vectors": "seqtag.network.embeddings.vectors:VectorEmbedding",
    "characters": "seqtag.network.embeddings.characters:CharacterEmbedding",
    "shape": "seqtag.network.embeddings.table:ShapeEmbedding",
    "bigrams": "seqtag.network.embeddings.table:BigramEmbedding",
    "bigram_vectors": "seqtag.network.embeddings.vectors:BigramVectorEmbedding",
    "columns": "seqtag.network.embeddings.table:ColumnEmbedding",
}
INDEXERS = {
    "word": "seqtag.features.indexers.word:WordIndexer",
    "vectors": "seqtag.features.indexers.vectors:VectorIndexer",
    "characters": "seqtag.features.indexers.characters:CharacterIndexer",
    "shape": "seqtag.features.indexers.shape:ShapeIndexer",
    "bigrams": "seqtag.features.indexers.bigrams:BigramIndexer",
    "bigram_vectors": "seqtag.features.indexers.vectors:BigramVectorIndexer",
    "columns": "seqtag.features.indexers.columns:ColumnIndexer",
}
CHARACTER_ENCODERS = {
    "cnn": "seqtag.network.embeddings.characters:CharacterCNN",
    "lstm": "seqtag.network.embeddings.characters:CharacterRNN",
    "gru": "seqtag.network.embeddings.characters:CharacterRNN",
}
CELLS = {
    "simplernn": "seqtag.network.cells.simplernn:SimpleRNN",
    "lstm": "seqtag.network.cells.lstm:LSTM",
    "gru": "seqtag.network.cells.gru:GRU",
    "jordan": "seqtag.network.cells.jordan:Jordan",
    "peephole_lstm": "seqtag.network.cells.peephole_lstm:PeepholeLSTM",
    "cifg_lstm": "seqtag.network.cells.cifg_lstm:CoupledLSTM",
    "peephole_cifg_lstm": "seqtag.network.cells.peephole_cifg_lstm:PeepholeCoupledLSTM",
    "dense": "seqtag.network.cells.dense:Dense",
    "cnn": "seqtag.network.cells.cnn:CNN",
}
LOCAL_CELLS = ("dense", "cnn")  # those without a state, and so without directions
SHORTCUTS = {
    "residual": "seqtag.network.shortcuts:Residual",
    "highway": "seqtag.network.shortcuts:Highway",
}
ATTENTIONS = {
    "self": "seqtag.network.attention:SelfAttention",
}
HEADS = {
    "softmax": "seqtag.network.heads.softmax:SoftmaxHead",
    "crf": "seqtag.network.heads.crf:CRFHead",
    "feedback": "seqtag.network.heads.feedback:FeedbackHead",
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


def load(table: dict[str, str], name: str) -> Any:
    """The part behind a name that `config` has checked already."""
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
