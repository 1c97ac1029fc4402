"""The three symbols that every vocabulary begins with."""

UNKNOWN, START, END = "<unk>", "<s>", "</s>"
SYMBOLS = (UNKNOWN, START, END)
UNK, BOS, EOS = range(3)  # their numbers
