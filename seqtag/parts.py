"""Tables of the names that a user can write, and where the part behind each name lives.

A part is imported when it is asked for and not before, so a table costs nothing to look at. To add one: its
own file, a line here, a line in the README.
"""

import importlib
from typing import Any

READERS = {
    "conll": "seqtag.data.conll:parse",
    "conllu": "seqtag.data.conllu:parse",
}
WRITERS = {
    "conll": "seqtag.predict:ConllWriter",
    "jsonl": "seqtag.predict:JsonlWriter",
    "text": "seqtag.predict:TextWriter",
}
INPUTS = {
    "text": "seqtag.predict:read_text",
    "conll": "seqtag.predict:read_conll",
    "jsonl": "seqtag.predict:read_jsonl",
}
TOKENIZERS = {
    "word": "seqtag.text:Tokenizer",
    "whitespace": "seqtag.text:Tokenizer",
    "char": "seqtag.text:Tokenizer",
}
EMBEDDINGS = {
    "word": "seqtag.model.embeddings.table:WordEmbedding",
    "vectors": "seqtag.model.embeddings.vectors:VectorEmbedding",
    "characters": "seqtag.model.embeddings.characters:CharacterEmbedding",
    "shape": "seqtag.model.embeddings.table:ShapeEmbedding",
    "bigrams": "seqtag.model.embeddings.table:BigramEmbedding",
    "bigram_vectors": "seqtag.model.embeddings.vectors:BigramVectorEmbedding",
    "columns": "seqtag.model.embeddings.table:ColumnEmbedding",
}
INDEXERS = {
    "word": "seqtag.indexers.word:WordIndexer",
    "vectors": "seqtag.indexers.vectors:VectorIndexer",
    "characters": "seqtag.indexers.characters:CharacterIndexer",
    "shape": "seqtag.indexers.shape:ShapeIndexer",
    "bigrams": "seqtag.indexers.bigrams:BigramIndexer",
    "bigram_vectors": "seqtag.indexers.vectors:BigramVectorIndexer",
    "columns": "seqtag.indexers.columns:ColumnIndexer",
}
CHARACTER_ENCODERS = {
    "cnn": "seqtag.model.embeddings.characters:CharacterCNN",
    "lstm": "seqtag.model.embeddings.characters:CharacterRNN",
    "gru": "seqtag.model.embeddings.characters:CharacterRNN",
}
CELLS = {
    "simplernn": "seqtag.model.cells.simplernn:SimpleRNN",
    "lstm": "seqtag.model.cells.lstm:LSTM",
    "gru": "seqtag.model.cells.gru:GRU",
    "jordan": "seqtag.model.cells.jordan:Jordan",
    "peephole_lstm": "seqtag.model.cells.peephole_lstm:PeepholeLSTM",
    "cifg_lstm": "seqtag.model.cells.cifg_lstm:CoupledLSTM",
    "peephole_cifg_lstm": "seqtag.model.cells.peephole_cifg_lstm:PeepholeCoupledLSTM",
    "dense": "seqtag.model.cells.dense:Dense",
    "cnn": "seqtag.model.cells.cnn:CNN",
}
LOCAL_CELLS = ("dense", "cnn")  # those without a state, and so without directions
SHORTCUTS = {
    "residual": "seqtag.model.shortcuts:Residual",
    "highway": "seqtag.model.shortcuts:Highway",
}
ATTENTIONS = {
    "self": "seqtag.model.attention:SelfAttention",
}
HEADS = {
    "softmax": "seqtag.model.heads.softmax:SoftmaxHead",
    "crf": "seqtag.model.heads.crf:CRFHead",
    "feedback": "seqtag.model.heads.feedback:FeedbackHead",
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
    "constant": "seqtag.schedules:constant",
    "inverse_time": "seqtag.schedules:inverse_time",
    "plateau": "seqtag.schedules:plateau",
    "cosine": "seqtag.schedules:cosine",
}


def load(table: dict[str, str], name: str) -> Any:
    """The part behind a name that `config` has checked already."""
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
