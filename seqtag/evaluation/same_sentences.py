"""Whether a file of predictions holds the sentences of the gold file."""

from itertools import zip_longest

from seqtag.corpora.reading import Corpus
from seqtag.corpora.sentence import Sentence
from seqtag.support.errors import DataError


def check_same_sentences(predicted: Corpus, gold: Corpus) -> None:
    """Checks that two files hold the same tokens in the same sentences.

    Raises:
        DataError: They do not; it names the first place.
    """
    for ours, theirs in zip_longest(predicted.sentences, gold.sentences):
        if ours is None:
            line, problem = _last_line(predicted), f"the file ends here, but {_goes_on(gold, theirs, 0)}"
        elif theirs is None:
            end = f"{gold.path}:{_last_line(gold)}"
            line, problem = (
                ours.lines[0],
                f"{ours.tokens[0]!r} begins a sentence, but the gold file ends at {end}",
            )
        elif ours.tokens != theirs.tokens:
            line, problem = _difference(ours, theirs, gold)
        else:
            continue
        raise DataError(predicted.path, line, f"{problem}; both files must hold the same sentences")


def _difference(ours: Sentence, theirs: Sentence, gold: Corpus) -> tuple[int, str]:
    """The line and what is wrong there, for two sentences of different tokens."""
    for index, (here, there) in enumerate(zip(ours.tokens, theirs.tokens, strict=False)):
        if here != there:
            return ours.lines[
                index
            ], f"the token is {here!r}, but {there!r} at {gold.path}:{theirs.lines[index]}"
    if len(ours) < len(theirs):
        return ours.lines[-1], f"the sentence ends here, but {_goes_on(gold, theirs, len(ours))}"
    end = f"{gold.path}:{theirs.lines[-1]}"
    return ours.lines[
        len(theirs)
    ], f"the sentence goes on with {ours.tokens[len(theirs)]!r}, but ends at {end}"


def _goes_on(gold: Corpus, sentence: Sentence, index: int) -> str:
    return f"{gold.path}:{sentence.lines[index]} goes on with {sentence.tokens[index]!r}"


def _last_line(corpus: Corpus) -> int:
    return corpus.sentences[-1].lines[-1]
