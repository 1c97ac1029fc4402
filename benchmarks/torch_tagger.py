"""The same network in PyTorch: words and a character CNN, a bidirectional LSTM, a CRF.

    torch_tagger.py serve CORPUS           trains an epoch for each JSON line that comes in
    torch_tagger.py save CORPUS MODEL      writes a network that has learnt nothing: as fast as one that has
    torch_tagger.py tag MODEL FILE OUT     tags a sentence a line, words apart by spaces

It runs in the peers' interpreter and knows nothing of seqtag. CORPUS holds JSON lines: first `{"tags": [...]}`, then a
sentence a line as `{"tokens": [...], "tags": [...]}`. What it prints are JSON lines.
"""

import argparse
import dataclasses
import itertools
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch  # type: ignore[import-not-found]
from torch import Tensor, nn
from torch.nn.utils.rnn import (  # type: ignore[import-not-found]
    pack_padded_sequence,
    pad_packed_sequence,
    pad_sequence,
)

PADDING, UNKNOWN, RESERVED = 0, 1, 2
LONGEST_WORD = 40  # characters that are looked at
POOL = 50  # batches whose sentences are sorted by length together
READ_AHEAD = 2048  # lines that are sorted by length together
DIGITS = str.maketrans("123456789", "000000000")


@dataclass(frozen=True)
class Sizes:
    """The sizes of the network."""

    dim: int = 100
    character_dim: int = 30
    filters: int = 50
    width: int = 3
    units: int = 100
    layers: int = 2
    dropout: float = 0.5
    distinct: bool = (
        False  # whether the character CNN reads a spelling once, however often it stands in the batch
    )
    packed: bool = (
        True  # whether the LSTM passes over padding; it is faster, and not quite the same, if it reads it
    )


class VariationalDropout(nn.Module):  # type: ignore[misc]
    """Dropout of `(batch, time, dim)` with one mask a sentence, the same at each step."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, features: Tensor) -> Tensor:
        return features * self.dropout(features.new_ones(features.shape[0], 1, features.shape[2]))


class CRF(nn.Module):  # type: ignore[misc]
    """A linear chain over the tags of each sentence, the batch at once."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.empty(tags).uniform_(-0.1, 0.1))
        self.transitions = nn.Parameter(torch.empty(tags, tags).uniform_(-0.1, 0.1))
        self.end = nn.Parameter(torch.empty(tags).uniform_(-0.1, 0.1))

    def loss(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The negative log-likelihood a word; scores `(batch, time, tags)`, the others `(batch, time)`."""
        return (self._partition(scores, mask) - self._path(scores, tags, mask)).sum() / mask.sum()

    def _path(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        own = scores.gather(2, tags[:, :, None]).squeeze(2)  # (batch, time)
        steps = self.transitions[tags[:, :-1], tags[:, 1:]]  # (batch, time - 1)
        last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        inside = (own * mask).sum(1) + (steps * mask[:, 1:]).sum(1)
        return self.start[tags[:, 0]] + inside + self.end[last]

    def _partition(self, scores: Tensor, mask: Tensor) -> Tensor:
        ways = self.start + scores[:, 0]  # (batch, tags)
        for step in range(1, scores.shape[1]):
            onward = torch.logsumexp(ways[:, :, None] + self.transitions, dim=1) + scores[:, step]
            ways = torch.where(mask[:, step, None], onward, ways)
        return torch.logsumexp(ways + self.end, dim=1)

    def decode(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The best tags `(batch, time)` (Viterbi); anything at padding."""
        ways = self.start + scores[:, 0]
        stay = torch.arange(scores.shape[2])
        pointers = []
        for step in range(1, scores.shape[1]):
            best, pointer = (ways[:, :, None] + self.transitions).max(dim=1)
            inside = mask[:, step, None]
            ways = torch.where(inside, best + scores[:, step], ways)
            pointers.append(torch.where(inside, pointer, stay))
        tag = (ways + self.end).argmax(dim=1, keepdim=True)
        path = [tag]
        for pointer in reversed(pointers):
            tag = pointer.gather(1, tag)
            path.append(tag)
        return torch.cat(path[::-1], dim=1)


class Network(nn.Module):  # type: ignore[misc]
    """Embeddings, encoder and head."""

    def __init__(self, words: int, characters: int, tags: int, sizes: Sizes) -> None:
        super().__init__()
        self.distinct = sizes.distinct
        self.packed = sizes.packed
        self.words = nn.Embedding(words, sizes.dim, padding_idx=PADDING)
        self.characters = nn.Embedding(characters, sizes.character_dim, padding_idx=PADDING)
        self.filters = nn.Conv1d(
            sizes.character_dim, sizes.filters, sizes.width, padding=(sizes.width - 1) // 2
        )
        self.dropout = VariationalDropout(sizes.dropout)
        self.lstm = nn.LSTM(
            sizes.dim + sizes.filters,
            sizes.units,
            num_layers=sizes.layers,
            bidirectional=True,
            batch_first=True,
            dropout=sizes.dropout if sizes.layers > 1 else 0.0,
        )
        self.last_dropout = VariationalDropout(sizes.dropout)
        self.scores = nn.Linear(2 * sizes.units, tags)
        self.crf = CRF(tags)

    def forward(self, words: Tensor, characters: Tensor, lengths: Tensor) -> Tensor:
        """Scores `(batch, time, tags)`; `characters` is `(batch, time, characters)`."""
        batch, time_, width = characters.shape
        spellings = characters.view(batch * time_, width)
        if self.distinct:
            spellings, places = torch.unique(spellings, dim=0, return_inverse=True)
        seen = self.filters(self.characters(spellings).transpose(1, 2))  # (words, filters, characters)
        spelt = seen.masked_fill((spellings == PADDING)[:, None], -1e4).amax(dim=2)  # (words, filters)
        if self.distinct:
            spelt = spelt[places]
        spelt = spelt.view(batch, time_, -1)
        features = self.dropout(torch.cat([self.words(words), spelt], dim=2))
        if self.packed:
            packed = pack_padded_sequence(features, lengths, batch_first=True, enforce_sorted=False)
            outputs, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        else:
            outputs, _ = self.lstm(features)
        return self.scores(self.last_dropout(outputs))


@dataclass(frozen=True)
class Vocabulary:
    """Words and characters by their rows, and the tags."""

    words: dict[str, int]
    characters: dict[str, int]
    tags: list[str]

    @classmethod
    def fit(cls, sentences: Sequence[dict[str, Any]], tags: list[str]) -> "Vocabulary":
        """Each word of the sentences, digits read as 0, and each character that stands there twice."""
        tokens = [token for sentence in sentences for token in sentence["tokens"]]
        words = dict.fromkeys(token.translate(DIGITS) for token in tokens)
        counts = Counter(itertools.chain.from_iterable(tokens))
        characters = [character for character, count in counts.items() if count > 1]
        return cls(
            {word: row for row, word in enumerate(words, RESERVED)},
            {character: row for row, character in enumerate(characters, RESERVED)},
            tags,
        )

    def index(self, tokens: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Rows of the words `(time,)` and of their characters `(time, characters)`."""
        words = [self.words.get(token.translate(DIGITS), UNKNOWN) for token in tokens]
        spelt = [
            torch.tensor([self.characters.get(character, UNKNOWN) for character in token[:LONGEST_WORD]])
            for token in tokens
        ]
        return torch.tensor(words), pad_sequence(spelt, batch_first=True)

    def network(self, sizes: Sizes) -> Network:
        return Network(len(self.words) + RESERVED, len(self.characters) + RESERVED, len(self.tags), sizes)


def collate(examples: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Words, characters and lengths of a batch."""
    lengths = torch.tensor([len(words) for words, _ in examples])
    words = pad_sequence([words for words, _ in examples], batch_first=True)
    characters = torch.zeros(*words.shape, max(rows.shape[1] for _, rows in examples), dtype=torch.long)
    for number, (_, rows) in enumerate(examples):
        characters[number, : rows.shape[0], : rows.shape[1]] = rows
    return words, characters, lengths


def mask_of(lengths: Tensor, time_: int) -> Tensor:
    """True on words, `(batch, time)`."""
    return torch.arange(time_) < lengths[:, None]


def read(path: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The sentences and the tags of a corpus."""
    with open(path, encoding="utf-8") as file:
        first, *others = (json.loads(line) for line in file)
    return others, first["tags"]


def batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Each sentence once, like lengths together, in a random order."""
    order = random.sample(range(len(lengths)), len(lengths))
    made = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start : start + POOL * size], key=lengths.__getitem__)
        made += [pool[at : at + size] for at in range(0, len(pool), size)]
    random.shuffle(made)
    yield from made


def serve(corpus: str, sizes: Sizes, batch_size: int, fused: bool) -> None:
    """Trains an epoch at each request."""
    sentences, tags = read(corpus)
    vocabulary = Vocabulary.fit(sentences, tags)
    numbers = {tag: number for number, tag in enumerate(tags)}
    examples = [vocabulary.index(sentence["tokens"]) for sentence in sentences]
    golds = [torch.tensor([numbers[tag] for tag in sentence["tags"]]) for sentence in sentences]
    lengths = [len(gold) for gold in golds]
    network = vocabulary.network(sizes)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003, fused=fused)
    network.train()
    counts = {name: parameter.numel() for name, parameter in network.named_parameters()}
    greeting = {
        "parameters": sum(counts.values()),
        "rows": counts["words.weight"] + counts["characters.weight"],
        "second_biases": sum(count for name, count in counts.items() if name.startswith("lstm.bias_hh")),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(greeting), flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        first, losses = 0.0, []
        for batch in batches(lengths, batch_size):
            words, characters, sizes_ = collate([examples[number] for number in batch])
            gold = pad_sequence([golds[number] for number in batch], batch_first=True)
            scores = network(words, characters, sizes_)
            loss = network.crf.loss(scores, gold, mask_of(sizes_, gold.shape[1]))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            first = first or time.perf_counter() - started
        seconds = time.perf_counter() - started
        answer = {
            "seconds": seconds,
            "first": first,
            "tokens": sum(lengths),
            "loss": sum(losses) / len(losses),
        }
        print(json.dumps(answer), flush=True)


def save(corpus: str, path: str, sizes: Sizes) -> None:
    """Writes a network as it starts, with its vocabulary."""
    vocabulary = Vocabulary.fit(*read(corpus))
    state = vocabulary.network(sizes).state_dict()
    torch.save(
        {
            "sizes": dataclasses.asdict(sizes),
            "vocabulary": dataclasses.asdict(vocabulary),
            "state": state,
        },
        path,
    )


def tag(path: str, source: str, target: str, batch_size: int, distinct: bool, packed: bool) -> None:
    """Tags a file, a sentence a line; writes token TAB tag and a blank line after each sentence."""
    started = time.perf_counter()
    stored = torch.load(path, weights_only=True)
    vocabulary = Vocabulary(**stored["vocabulary"])
    sizes = dataclasses.replace(Sizes(**stored["sizes"]), distinct=distinct, packed=packed)
    network = vocabulary.network(sizes)
    network.load_state_dict(stored["state"])
    network.eval()
    loaded = time.perf_counter()
    written = 0
    with (
        open(source, encoding="utf-8") as lines,
        open(target, "w", encoding="utf-8") as stream,
        torch.inference_mode(),
    ):
        while chunk := [line.split() for line in itertools.islice(lines, READ_AHEAD)]:
            answers: list[list[int]] = [[] for _ in chunk]
            order = sorted(
                (number for number, tokens in enumerate(chunk) if tokens), key=lambda n: len(chunk[n])
            )
            for start in range(0, len(order), batch_size):
                batch = order[start : start + batch_size]
                words, characters, lengths = collate([vocabulary.index(chunk[number]) for number in batch])
                scores = network(words, characters, lengths)
                best = network.crf.decode(scores, mask_of(lengths, scores.shape[1])).tolist()
                for number, row in zip(batch, best, strict=True):
                    answers[number] = row[: len(chunk[number])]
            for tokens, row in zip(chunk, answers, strict=True):
                rows = [
                    f"{token}\t{vocabulary.tags[number]}\n" for token, number in zip(tokens, row, strict=True)
                ]
                stream.write("".join(rows) + "\n")
                written += len(rows)
    seconds = time.perf_counter() - loaded
    print(json.dumps({"seconds": seconds, "loading": loaded - started, "tokens": written}))


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("task", choices=("serve", "save", "tag"))
    made.add_argument("files", nargs="+", metavar="FILE")
    made.add_argument("--batch-size", type=int, default=32)
    made.add_argument("--dim", type=int, default=Sizes.dim)
    made.add_argument("--fused", action="store_true", help="Adam in one kernel")
    made.add_argument(
        "--distinct", action="store_true", help="characters of each distinct word of a batch once"
    )
    made.add_argument("--unpacked", action="store_true", help="the LSTM reads padding too")
    given = made.parse_args()
    files: list[str] = given.files
    wanted = {"serve": 1, "save": 2, "tag": 3}[given.task]
    if len(files) != wanted:
        made.error(f"{given.task} takes {wanted} files")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    torch.manual_seed(42)
    random.seed(42)
    sizes = Sizes(dim=given.dim, distinct=given.distinct, packed=not given.unpacked)
    if given.task == "serve":
        serve(files[0], sizes, given.batch_size, given.fused)
    elif given.task == "save":
        save(files[0], files[1], sizes)
    else:
        tag(files[0], files[1], files[2], given.batch_size, given.distinct, not given.unpacked)


if __name__ == "__main__":
    main()
