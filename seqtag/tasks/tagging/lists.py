"""Word lists of a run: their entries as the corpus would write them, and how often they are found in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seqtag.corpora.conventions import Conventions
from seqtag.corpora.sentence import Sentence
from seqtag.corpora.tokenizers import Tokenizer
from seqtag.features.indexers.lists import ListIndexer, folded, matches
from seqtag.features.vocabulary import Vocabulary
from seqtag.features.word_lists import ListTable, WordList
from seqtag.support.quoting import shortened

TOGETHER = 1024  # sentences that are looked up at once


@dataclass(frozen=True)
class ListFound:
    """How often a word list is found in the corpora of a run.

    Attributes:
        name: The list.
        path: Its file.
        entries: How many different entries it has.
        train: How many matches it has in the training corpus.
        dev: How many it has in the development corpus.
        hint: Why there may be none in the training corpus; empty where there are some.
    """

    name: str
    path: str
    entries: int
    train: int
    dev: int
    hint: str = ""


def tokens_of(
    words: WordList, tokenizer: Tokenizer, conventions: Conventions, case: str
) -> Iterator[list[str]]:
    """The tokens of each entry, cut and written as raw text is for the network."""
    for entry in words.entries:
        seen = conventions.seen(Sentence(tuple(tokenizer.words(entry)), text=entry))
        yield [folded(token, case) for token in seen.tokens]


def table_of(words: WordList, tokenizer: Tokenizer, conventions: Conventions, case: str) -> ListTable:
    """The entries of a list, ready to be found."""
    return ListTable.of(tokens_of(words, tokenizer, conventions, case))


def find(
    lists: Sequence[WordList], vocabulary: Vocabulary, train: Sequence[Sentence], dev: Sequence[Sentence]
) -> tuple[ListFound, ...]:
    """How often each list is found in training and development sentences; empty without lists."""
    indexer = vocabulary.indexers.get("lists")
    if not isinstance(indexer, ListIndexer):
        return ()
    counts = [_count(indexer, vocabulary, sentences) for sentences in (train, dev)]
    files = {
        one.name: one for one in lists
    }  # none where training continues from a model, which has their entries
    found = []
    for number, (name, table) in enumerate(zip(indexer.names, indexer.tables, strict=True)):
        in_train, in_dev = (count[number] for count in counts)
        one = files.get(name)
        hint = _hint(one, indexer.case, vocabulary, train) if one and not in_train else ""
        found.append(ListFound(name, one.path if one else "", len(table.entries), in_train, in_dev, hint))
    return tuple(found)


def _count(indexer: ListIndexer, vocabulary: Vocabulary, sentences: Sequence[Sentence]) -> list[int]:
    """The matches of each list."""
    counts = [0] * len(indexer.tables)
    for start in range(0, len(sentences), TOGETHER):
        some = [vocabulary.seen(sentence) for sentence in sentences[start : start + TOGETHER]]
        indexer.prime(some)
        for sentence in some:
            row = indexer.index(sentence)
            for number in range(len(counts)):
                counts[number] += matches(row[:, number])
    return counts


def _hint(words: WordList, case: str, vocabulary: Vocabulary, train: Sequence[Sentence]) -> str:
    """Why a list may have no match in the training corpus."""
    tokenizer, conventions = vocabulary.tokenizer, vocabulary.conventions
    if case == "exact":
        table = table_of(words, tokenizer, conventions, "ignore")
        (count,) = _count(ListIndexer([table], [words.name], "ignore"), vocabulary, train)
        if count:
            return f"it would have {count:,} with embeddings.lists.case=ignore"
    first = next(tokens_of(words, tokenizer, conventions, "exact"))
    return f"its first entry is looked up as the tokens {shortened(' | '.join(first))}"


def lists_report(found: Sequence[ListFound]) -> dict[str, Any]:
    """What `report.json` says of word lists; nothing without any."""
    keys = ("name", "entries", "train", "dev")
    return {"lists": [{key: getattr(one, key) for key in keys} for one in found]} if found else {}


def described(found: Sequence[ListFound]) -> list[str]:
    """What is said of word lists before the first epoch."""
    lines = [
        f"list   {one.name}: {one.entries:,} {'entry' if one.entries == 1 else 'entries'}; "
        f"matches: {one.train:,} in train, {one.dev:,} in dev"
        for one in found
    ]
    return lines + [
        f"note   the list {one.name} ({one.path}) matches nothing in train: {one.hint}"
        for one in found
        if one.hint
    ]
