"""What a tree brings against a chain: the relation of each word to its given head, in Universal Dependencies.

    trees.py TRAIN DEV TEST [--sentences N] [--epochs N] [--seeds N] [--only SIDE ...] [--json FILE]

All sides have encoders of as many parameters as a chain of two bidirectional LSTM layers of --units. Since a chain does
not know the heads, it is also given the head's form and the distance to it as features; one side has neither. Each seed
keeps its best epoch on DEV; TEST is read once for each.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import common

NEAR = 10  # larger distances are one
DIM, HEAD_DIM = 50, 20  # of a word, and of each feature of its head
CHARACTERS = 30  # filters over characters
SHAPE = 10
BASE = (
    "data.tag_column=deprel", f"embeddings.word.dim={DIM}", f"embeddings.characters.units={CHARACTERS}",
    f"embeddings.shape.dim={SHAPE}", f"embeddings.columns.dim={HEAD_DIM}", "head.name=softmax",
    "language_model.weight=0", "training.patience=0",
)  # fmt: skip
# Layers, tree, and whether the features of the head are read.
SIDES = {
    "chain without heads": (2, "none", False),
    "chain": (2, "none", True),
    "tree": (0, "tree_lstm", True),
    "tree on a chain": (1, "tree_lstm", True),
    "n-ary tree on a chain": (1, "nary_tree_lstm", True),
    "tree on a chain, without features": (1, "tree_lstm", False),
}


def encoder_parameters(layers: int, tree: str, features: bool, units: int) -> int:
    """The weights of an encoder."""
    dim = DIM + CHARACTERS + SHAPE + 2 * HEAD_DIM * features
    total = 0
    for _ in range(layers):
        total += 2 * 4 * units * (dim + units + 1)
        dim = 2 * units
    if tree != "none":
        recurrent = 4 * units * units if tree == "tree_lstm" else 2 * units * 5 * units
        total += sum(4 * units * (own + 1) + recurrent for own in (dim, dim + units))
    return total


def equal_units(layers: int, tree: str, features: bool, budget: int) -> int:
    """The units with which an encoder comes closest to so many weights."""
    return min(
        range(1, 2000), key=lambda units: abs(encoder_parameters(layers, tree, features, units) - budget)
    )


def rows_of(path: str, sentences: int | None) -> Iterator[str]:
    """The lines of a file, with the form of each word's head and the distance to it in MISC."""
    blocks = Path(path).read_text("utf-8").strip("\n").split("\n\n")
    for block in blocks[:sentences]:
        rows = [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
        words = [row for row in rows if row[0].isdecimal()]
        for row in words:
            head, own = int(row[6]), int(row[0])
            form = words[head - 1][1].replace("|", "/") if head else "ROOT"
            distance = max(-NEAR, min(NEAR, head - own)) if head else 0
            row[9] = f"HeadForm={form}|HeadDistance={distance}"
            yield "\t".join(row)
        yield ""


def train(side: str, files: dict[str, Path], options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Trains a side, scores it on the test file, and returns the figures."""
    layers, tree, features = SIDES[side]
    budget = encoder_parameters(2, "none", True, options.units)
    units = equal_units(layers, tree, features, budget)
    settings = [*BASE, f"encoder.layers={layers}", f"encoder.tree={tree}", f"encoder.units={units}"]
    settings += [f"training.epochs={options.epochs}", f"training.seed={seed}"]
    if features:
        settings.append("data.feature_columns=misc:HeadForm,misc:HeadDistance")
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch, "model")
        given = ["--train", files["train"], "--dev", files["dev"], "-o", model]
        chosen = [word for one in settings for word in ("--set", one)]
        ran = common.run([*common.SEQTAG, "train", *given, *chosen, "--quiet"], threads=1)
        report = json.loads(Path(model, "report.json").read_text("utf-8"))
        scores = Path(scratch, "scores.json")
        tested = common.run([*common.SEQTAG, "evaluate", model, files["test"], "--json", scores], threads=1)
        test = json.loads(scores.read_text("utf-8"))
    return {
        "side": side,
        "seed": seed,
        "units": units,
        "encoder": encoder_parameters(layers, tree, features, units),
        "parameters": report["parameters"],
        "dev": report["dev"]["accuracy"],
        "test": test["accuracy"],
        "epoch": report["best_epoch"],
        "train_seconds": ran.processor,
        "test_seconds": tested.processor,
    }


def table(found: list[dict[str, Any]]) -> str:
    """The means of each side, and the spread of its seeds."""
    lines = [
        "| encoder | units | its weights | all | dev | test | CPU s |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for side in dict.fromkeys(one["side"] for one in found):
        runs = [one for one in found if one["side"] == side]
        dev, test = ([100 * one[name] for one in runs] for name in ("dev", "test"))
        spread = f" ({min(test):.2f} to {max(test):.2f})" if len(runs) > 1 else ""
        first = runs[0]
        lines.append(
            f"| {side} | {first['units']} | {first['encoder']:,} | {first['parameters']:,} | "
            f"{statistics.mean(dev):.2f} | {statistics.mean(test):.2f}{spread} | "
            f"{statistics.mean(one['train_seconds'] for one in runs):.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("train", "dev", "test"):
        parser.add_argument(name, help="a file in CoNLL-U")
    parser.add_argument("--sentences", type=int, help="of TRAIN; all if not given")
    parser.add_argument("--dev-sentences", type=int, help="of DEV; all if not given")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--units", type=int, default=100, help="of the chain's layers and directions")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=SIDES, default=list(SIDES), metavar="SIDE")
    parser.add_argument("--json", type=Path, help="file to which each run is appended")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        most = {"train": options.sentences, "dev": options.dev_sentences, "test": None}
        files = {name: Path(scratch, f"{name}.conllu") for name in most}
        for name, path in files.items():
            path.write_text("\n".join(rows_of(getattr(options, name), most[name])) + "\n", encoding="utf-8")
        for seed in range(1, options.seeds + 1):
            for side in options.only:
                found.append(train(side, files, options, seed))
                print(json.dumps(found[-1]), flush=True)
                if options.json:
                    with options.json.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(found[-1]) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
