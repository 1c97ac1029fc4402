"""How the time of the tokenizers grows with a text that repeats what is hard for them.

    python benchmarks/tokenizers.py [--characters N]

The last column is the time of a text four times as long over that of the text: about 4 where time is linear, 16 where
it is quadratic.
"""

import argparse
import time

from seqtag.corpora.tokenizers import NAMES, Tokenizer

UNITS = (
    *("a", "a-", "a.", ".", "http://", "@", "a@", "a@b.", "'", "a'", "1,", "\u0301", "x\u200d", ":-"),
    *("A.A", "a@b-", "www.", "!?", "a.aa", "http://.,", "Mr", "n't", "'s"),
)
ROUNDS = 3


def seconds(text: str) -> float:
    """The least processor time of all tokenizers together, over some rounds."""
    tokenizers = [Tokenizer(name, hyphens=hyphens) for name in NAMES for hyphens in (False, True)]
    found = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for tokenizer in tokenizers:
            tokenizer.words(text)
        found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """Prints a row for each unit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--characters", type=int, default=25_000, help="length of the shorter text")
    wanted = parser.parse_args().characters
    print("| repeated | ms | four times as long, ms | ratio |\n| --- | ---: | ---: | ---: |")
    for unit in UNITS:
        short, long = (seconds(unit * (length // len(unit))) for length in (wanted, 4 * wanted))
        print(f"| {unit!a} | {1e3 * short:.1f} | {1e3 * long:.1f} | {long / short:.1f} |", flush=True)


if __name__ == "__main__":
    main()
