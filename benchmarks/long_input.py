"""What very long input costs: time and the most memory of `seqtag predict`, each in a process of its own.

    python benchmarks/long_input.py MODEL [--tokens 100000] [--megabytes 1000]

Sentences of many tokens (twice as many should take twice as long), a raw line of 10 MB, tokens of up to 1 MB, alone and
in one batch with a thousand other words. Then how much of a long sentence is tagged otherwise than if it were tagged at
once, by the overlap of the windows: sentences of 1.5 windows, the seam in all kinds of places.

The program ends with code 1 if an input is not tagged or takes more memory than it may, or if a tag differs at the
overlap that is in use. A model with attention or a feedback head may differ: no overlap makes its windows one.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

OVERLAPS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


def words_of(model: str) -> list[str]:
    """Words that the model knows, in the order of their frequency."""
    vocabulary = json.loads((Path(model) / "vocab.json").read_text(encoding="utf-8"))
    return [word for word in vocabulary["indexers"]["word"]["table"]["values"] if word.strip()]


def cases(words: list[str], tokens: int) -> Iterator[tuple[str, str, bytes]]:
    """What it is, how it comes in, and the file."""
    draw = random.Random(1)
    for count in (tokens // 4, tokens // 2, tokens):
        chosen = draw.choices(words, k=count)
        yield f"a sentence of {count:,} tokens", "jsonl", json.dumps({"tokens": chosen}).encode()
    line = " ".join(draw.choices(words, k=3_000_000)).encode()[:10_000_000].rsplit(b" ", 1)[0]
    yield "a raw line of 10 MB", "text", line + b"\n"
    letters = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz0123456789+/=", k=1_000_000))
    for size in (10_000, 100_000, 1_000_000):
        yield f"a token of {size:,} characters", "jsonl", json.dumps({"tokens": [letters[:size]]}).encode()
    others = [f"w{number}" for number in range(1000)]
    for size in (10_000, 100_000, 1_000_000):
        rows = [[letters[:size]], *([other] for other in others)]
        many = "\n".join(json.dumps({"tokens": row}) for row in rows).encode()
        yield f"the same beside 1,000 other words: {size:,}", "jsonl", many
        one = json.dumps({"tokens": [letters[:size], *others]}).encode()
        yield f"the same in a sentence with them: {size:,}", "jsonl", one


def measure(model: str, path: Path, input_format: str) -> tuple[float, float, int]:
    """Seconds, MB at most, and the exit code."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "seqtag", "predict", model, str(path), "--input-format", input_format]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def seams(model: str, words: list[str]) -> int:
    """Tags that differ from those of the sentence tagged at once, by the overlap; returns those at the one in use."""
    from seqtag.inference import tagger

    loaded = tagger.SentenceTagger.load(model)
    draw = random.Random(2)
    window, in_use = 400, tagger.OVERLAP
    sentences = [draw.choices(words, k=window * 3 // 2) for _ in range(50)]
    expected = list(loaded.tag(sentences))
    print(f"\n{len(sentences)} sentences of {window * 3 // 2} tokens in windows of {window}")
    print(f"{'overlap':>8} {'tags that differ':>17} {'largest difference of a probability':>36}")
    tagger.WINDOW = window
    differing = {}
    for overlap in sorted({*OVERLAPS, in_use}):
        tagger.OVERLAP = overlap
        found = list(loaded.tag(sentences))
        differing[overlap] = sum(
            a != b for x, y in zip(found, expected, strict=True) for a, b in zip(x.tags, y.tags, strict=True)
        )
        pairs = itertools.chain.from_iterable(
            zip(x.probabilities, y.probabilities, strict=True) for x, y in zip(found, expected, strict=True)
        )
        print(f"{overlap:>8} {differing[overlap]:>17} {max(abs(a - b) for a, b in pairs):>36.2e}", flush=True)
    return differing[in_use]


def may_differ(model: str) -> bool:
    """Whether a tag may hang on a word that is any number of words away."""
    settings = json.loads((Path(model) / "config.json").read_text(encoding="utf-8"))
    return settings["encoder"]["attention"] != "none" or settings["head"]["name"] == "feedback"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=1000, help="memory that an input may take (1000)")
    parser.add_argument("--only", default="", help="only cases whose name holds this")
    chosen = parser.parse_args()
    words = words_of(chosen.model)
    wrong = False
    print(f"{'input':<48} {'seconds':>8} {'MB':>7} {'exit':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for name, input_format, content in cases(words, chosen.tokens):
            if chosen.only in name:
                path = Path(folder) / "input"
                path.write_bytes(content)
                seconds, memory, code = measure(chosen.model, path, input_format)
                print(f"{name:<48} {seconds:>8.1f} {memory:>7.0f} {code:>5}", flush=True)
                wrong |= code != 0 or memory > chosen.megabytes
    wrong |= seams(chosen.model, words) > 0 and not may_differ(chosen.model)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
