"""spaCy's named-entity pipeline, as the benchmarks use it.

    spacy_tagger.py train CORPUS DEV FOLDER    a blank English pipeline, trained as spaCy's own commands do it
    spacy_tagger.py tag PIPELINE FILE OUT      tags a sentence a line

It runs in the peers' interpreter and knows nothing of seqtag. CORPUS and DEV hold JSON lines: first `{"tags": [...]}`,
then a sentence a line as `{"tokens": [...], "tags": [...]}`, tags in BIO. `tag` prints a JSON line.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

# spaCy imports PyTorch where it is installed, though this pipeline does not use it: it must not pay for that here.
sys.modules["torch"] = None  # type: ignore[assignment]


def convert(source: str, target: Path) -> None:
    """Writes a corpus as spaCy reads it."""
    import spacy  # type: ignore[import-not-found]
    from spacy.tokens import Doc, DocBin  # type: ignore[import-not-found]

    vocab = spacy.blank("en").vocab
    with open(source, encoding="utf-8") as file:
        _, *sentences = (json.loads(line) for line in file)
    docs = [Doc(vocab, words=sentence["tokens"], ents=sentence["tags"]) for sentence in sentences]
    DocBin(docs=docs).to_disk(target)


def train(corpus: str, dev: str, folder: Path, steps: int) -> None:
    """Trains by `spacy init config` and `spacy train`; the pipeline is `model-best` in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((corpus, "train.spacy"), (dev, "dev.spacy")):
        convert(source, folder / name)
    spacy = [sys.executable, "-m", "spacy"]
    config = folder / "config.cfg"
    options = ["--lang", "en", "--pipeline", "ner", "--optimize", "efficiency", "--force"]
    paths = ["--paths.train", folder / "train.spacy", "--paths.dev", folder / "dev.spacy"]
    lengths = ["--training.max_steps", str(steps), "--training.eval_frequency", str(max(steps // 2, 1))]
    for command in (
        [*spacy, "init", "config", config, *options],
        [*spacy, "train", config, "--output", folder, *paths, *lengths],
    ):
        subprocess.run([str(word) for word in command], check=True)


def tag(pipeline: str, source: str, target: str, batch_size: int, processes: int) -> None:
    """Tags a file; writes token TAB tag and a blank line after each sentence."""
    started = time.perf_counter()
    import spacy

    nlp = spacy.load(pipeline)
    loaded = time.perf_counter()
    written = 0
    with open(source, encoding="utf-8") as lines, open(target, "w", encoding="utf-8") as stream:
        texts = (line.rstrip("\n") for line in lines)
        for doc in nlp.pipe(texts, batch_size=batch_size, n_process=processes):
            rows = []
            for token in doc:
                entity = token.ent_iob_
                named = f"{entity}-{token.ent_type_}" if entity in ("B", "I") else "O"
                rows.append(f"{token.text}\t{named}\n")
            stream.write("".join(rows) + "\n")
            written += len(rows)
    seconds = time.perf_counter() - loaded
    answer = {
        "seconds": seconds,
        "loading": loaded - started,
        "tokens": written,
        "version": spacy.__version__,
    }
    print(json.dumps(answer))


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("task", choices=("train", "tag"))
    made.add_argument("files", nargs=3, metavar="FILE")
    made.add_argument("--steps", type=int, default=300)
    made.add_argument("--batch-size", type=int, default=256)
    made.add_argument("--processes", type=int, default=1)
    given = made.parse_args()
    first, second, third = given.files
    if given.task == "train":
        train(first, second, Path(third), given.steps)
    else:
        tag(first, second, third, given.batch_size, given.processes)


if __name__ == "__main__":
    main()
