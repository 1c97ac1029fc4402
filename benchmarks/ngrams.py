"""A 5-gram model by seqtag and by KenLM's lmplz: time, memory and perplexity on the same words.

KenLM treats `<unk>` apart, so all words outside the vocabulary are one ordinary word in the text that it gets.
"""

import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import common

from seqtag.corpora.units import WORDS, sentences

OTHER = "OTHERWORD"


def main() -> None:
    made = common.parser(__doc__, "train", "test", rounds=3)
    made.add_argument("--vocabulary", type=int, default=30_000, help="words of the vocabulary")
    made.add_argument("--order", type=int, default=5, help="length of the longest n-grams")
    made.add_argument("--kenlm", type=Path, help="folder with KenLM's programs lmplz and query")
    given = made.parse_args()
    common.limit(given.threads)
    with common.scratch() as folder:
        lm, arpa = folder / "lm", folder / "lm.arpa"
        train = [*common.SEQTAG, "lm", "train", "--train", given.train, "--order", str(given.order)]
        train += ["--vocabulary", str(given.vocabulary), "-o", lm, "--force"]
        common.run(train)
        score = [*common.SEQTAG, "lm", "score", lm, "--json", "-"]
        words = {*json.loads((lm / "vocab.json").read_bytes())["words"]}
        for name in ("train", "test"):
            write(folder / f"{name}.txt", getattr(given, name), words)
        sides = {
            "seqtag lm train": partial(common.run, train),
            "seqtag lm score": partial(common.run, [*score, given.test]),
            "seqtag lm score, training text": partial(common.run, [*score, given.train]),
        }
        if given.kenlm is not None:
            own = f"'{given.kenlm}/lmplz' -o {given.order} -S 2G --text train.txt --arpa lm.arpa"
            query = f"'{given.kenlm}/query' -v summary '{arpa}' < '{folder / 'test.txt'}'"
            sides["lmplz"] = partial(common.run, ["sh", "-c", f"cd '{folder}' && {own}"])
            sides["query"] = partial(common.run, ["sh", "-c", query])
        ran = common.interleaved(sides, given.rounds)
    common.show(
        f"A {given.order}-gram, {given.vocabulary:,} words, median of {given.rounds}\n"
        f"{common.machine(given.threads)}",
        ["process", "s", "processor, s", "MB", "perplexity"],
        [
            [
                name,
                *(
                    common.median([getattr(one, what) for one in found])
                    for what in ("seconds", "processor", "megabytes")
                ),
                perplexity(found[0].output),
            ]
            for name, found in ran.items()
        ],
    )


def write(path: Path, source: str, words: Iterable[str]) -> None:
    """The text with all words outside the vocabulary made one."""
    with path.open("w", encoding="utf-8") as stream:
        for _, tokens in sentences(source, WORDS):
            print(*(token if token in words else OTHER for token in tokens), file=stream)


def perplexity(output: str) -> str:
    """The perplexity that a program printed; empty if it printed none."""
    found = re.search(r'^(?: "perplexity": |Perplexity including OOVs:\s+)([\d.]+)', output, re.MULTILINE)
    return f"{float(found[1]):,.4f}" if found else ""


if __name__ == "__main__":
    main()
