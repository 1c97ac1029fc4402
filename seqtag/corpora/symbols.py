"""The three symbols of a language model's vocabulary, and a sentence between them."""

from collections.abc import Sequence

from seqtag.corpora.sentence import Sentence

UNKNOWN, START, END = "<unk>", "<s>", "</s>"
SYMBOLS = (UNKNOWN, START, END)
UNK, BOS, EOS = range(3)  # their numbers


def bordered(tokens: Sequence[str]) -> Sentence:
    """A sentence as a recurrent language model reads it: `</s>` is the border at both ends, and a token spelt like a
    symbol is unknown.

    Example:
        >>> bordered(["Ana", "<s>"]).tokens
        ('</s>', 'Ana', '<unk>', '</s>')
    """
    return Sentence((END, *(UNKNOWN if token in SYMBOLS else token for token in tokens), END))
