"""Prediction speed from a raw file to written tags: seqtag, spaCy's named-entity pipeline, PyTorch.

Each side is a whole process that reads a sentence a line and writes token TAB tag. All are measured in tokens apart by
white space in the file, whatever a side's own tokenizer makes of them. What start-up takes is the time of the same
command for a file of one sentence; it is taken off for the second speed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import common

WORK = common.PEERS / "work"


def seqtag_model(folder: Path, train: str, dev: str, *assignments: str) -> Path:
    """A model trained for an epoch: as fast as one that knows more."""
    settings = [word for text in (*assignments, "training.epochs=1") for word in ("--set", text)]
    common.run([*common.SEQTAG, "train", "--train", train, "--dev", dev, "-o", folder, "--force", *settings])
    return folder


def peer_models(folder: Path, train: str, dev: str, steps: int) -> tuple[Path, Path]:
    """SpaCy's pipeline, trained on the corpus, and a PyTorch network for it."""
    from seqtag.corpora.tags import parse_scheme
    from seqtag.features.tags import tag_inventory

    corpora, _ = common.corpora_of(common.config_of(), train, dev)
    scheme = parse_scheme("bio")
    if not corpora.scheme.is_spans:
        raise SystemExit(f"{train} holds plain tags; spaCy's pipeline here is for named entities.")
    from seqtag.corpora.tags import convert

    seen = {tag for s in corpora.train.sentences for tag in convert(s.tags or (), corpora.scheme, scheme)}
    tags = tag_inventory(seen, scheme)
    files = {"train": corpora.train, "dev": corpora.dev}
    for name, corpus in files.items():
        common.write_corpus(folder / f"{name}.jsonl", corpus.sentences, corpora.scheme, scheme, tags)
    spacy, network = folder / "spacy", folder / "torch.pt"
    common.run(
        common.peer_command(
            "spacy_tagger.py",
            "train",
            folder / "train.jsonl",
            folder / "dev.jsonl",
            spacy,
            "--steps",
            str(steps),
        )
    )
    common.run(common.peer_command("torch_tagger.py", "save", folder / "train.jsonl", network))
    return spacy / "model-best", network


def spacy_options(threads: int) -> list[list[str]]:
    """The ways to run spaCy of which the fastest counts."""
    return [
        ["--batch-size", str(size), "--processes", str(processes)]
        for size in (64, 256, 1024)
        for processes in sorted({1, threads})
    ]


def torch_options() -> list[list[str]]:
    """The ways to run PyTorch of which the fastest counts; without packing, padding is read as if it were words."""
    return [
        ["--batch-size", str(size), *more]
        for size in (32, 128)
        for more in ([], ["--distinct"], ["--distinct", "--unpacked"])
    ]


def fastest(name: str, command: Sequence[str | Path], options: list[list[str]]) -> list[str]:
    """The options with which a command is fastest."""
    tried = [common.run([*command, *more]).seconds for more in options]
    best = options[tried.index(min(tried))]
    common.say(f"{name} is fastest with {' '.join(best)}")
    return best


def main() -> None:
    made = common.parser(__doc__, "train", "dev", "text")
    made.add_argument("--steps", type=int, default=300, help="spaCy's training steps")
    made.add_argument("--work", type=Path, default=WORK, help="folder for the models, which stay there")
    made.add_argument("--reuse", action="store_true", help="take the models that are there already")
    given = made.parse_args()
    common.limit(given.threads)
    text = Path(given.text)
    with text.open(encoding="utf-8") as file:
        lines = file.readlines()
    tokens = sum(len(line.split()) for line in lines)
    sentence = next(line for line in lines if line.strip())

    with common.scratch(given.work) as models, common.scratch() as folder:
        default, equal = models / "default", models / "equal"
        spacy, network = models / "spacy" / "model-best", models / "torch.pt"
        if not given.reuse:
            common.say("the models are trained")
            seqtag_model(default, given.train, given.dev)
            seqtag_model(equal, given.train, given.dev, *common.EQUAL)
            spacy, network = peer_models(models, given.train, given.dev, given.steps)
        one, out = folder / "one.txt", folder / "out"
        one.write_text(sentence, encoding="utf-8")

        def seqtag(model: Path, source: Path, target: Path, *more: str) -> list[str | Path]:
            command = [*common.SEQTAG, "predict", model, source, "-o", target, "--input-format", "text"]
            return [*command, "--threads", str(given.threads), *more]

        def rounded(source: Path, target: Path) -> list[str | Path]:
            return seqtag(default, source, target, "--precision", "int8")

        def peer(script: str, model: Path, more: list[str], source: Path, target: Path) -> list[str | Path]:
            return [*common.peer_command(script, "tag", model, source, target), *more]

        common.say("the peers' fastest options are sought")
        of_spacy = fastest(
            "spaCy", peer("spacy_tagger.py", spacy, [], text, out), spacy_options(given.threads)
        )
        of_torch = fastest("PyTorch", peer("torch_tagger.py", network, [], text, out), torch_options())
        commands: dict[str, Callable[[Path, Path], list[str | Path]]] = {
            "seqtag, default network": partial(seqtag, default),
            "seqtag, default network, int8": rounded,
            "seqtag, 2 x 100": partial(seqtag, equal),
            "spaCy": partial(peer, "spacy_tagger.py", spacy, of_spacy),
            "PyTorch, 2 x 100": partial(peer, "torch_tagger.py", network, of_torch),
        }
        common.say(f"{given.rounds} rounds of the text and of one sentence")
        sides = {
            (name, source): partial(common.run, command(source, out))
            for name, command in commands.items()
            for source in (text, one)
        }
        ran = common.interleaved(sides, given.rounds)
    with_start = {name: [tokens / side.seconds for side in ran[name, text]] for name in commands}
    without = {
        name: [
            tokens / max(whole.seconds - start.seconds, 1e-9)
            for whole, start in zip(ran[name, text], ran[name, one], strict=True)
        ]
        for name in commands
    }
    processor = {name: [tokens / side.processor for side in ran[name, text]] for name in commands}
    short = [
        name
        for name in commands
        if any(
            whole.seconds < 2 * start.seconds
            for whole, start in zip(ran[name, text], ran[name, one], strict=True)
        )
    ]
    common.show(
        f"Prediction, {tokens:,} tokens in {len(lines):,} lines, median of {given.rounds}\n"
        f"{common.machine(given.threads)}\nspaCy: {' '.join(of_spacy)}; PyTorch: {' '.join(of_torch)}",
        [
            "side",
            "tokens/s",
            "against spaCy",
            "by processor time",
            "start-up, s",
            "tokens/s after it",
            "against spaCy",
            "MB",
        ],
        [
            [
                name,
                common.median(with_start[name]),
                common.ratios(with_start[name], with_start["spaCy"]),
                common.ratios(processor[name], processor["spaCy"]),
                common.median([side.seconds for side in ran[name, one]]),
                common.median(without[name]),
                common.ratios(without[name], without["spaCy"]),
                common.median([side.megabytes for side in ran[name, text]]),
            ]
            for name in commands
        ],
        f"The text is too short for the speeds after start-up of: {', '.join(short)}." if short else "",
    )


if __name__ == "__main__":
    main()
