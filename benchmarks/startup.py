"""Time and memory of start-up: Python alone, `seqtag --help`, one sentence by seqtag, one by spaCy.

Each is a whole process, in turn. spaCy's pipeline is the one that prediction.py left, unless another is given.
"""

import sys
from functools import partial
from pathlib import Path

import common

SENTENCE = "Marta Lindqvist flew from Lisbon to Rotterdam on Monday.\n"
PIPELINE = common.PEERS / "work" / "spacy" / "model-best"


def main() -> None:
    made = common.parser(__doc__, rounds=15)
    made.add_argument("model", metavar="MODEL", type=Path)
    made.add_argument("--pipeline", type=Path, default=PIPELINE, help="spaCy's trained pipeline")
    given = made.parse_args()
    common.limit(given.threads)
    with common.scratch() as folder:
        one, out = folder / "one.txt", folder / "out"
        one.write_text(SENTENCE, encoding="utf-8")
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "seqtag --help": [*common.SEQTAG, "--help"],
            "seqtag predict, one sentence": [*common.SEQTAG, "predict", given.model, one, "-o", out],
        }
        if given.pipeline.exists():
            spacy = common.peer_command("spacy_tagger.py", "tag", given.pipeline, one, out)
            commands["spaCy, one sentence"] = [*spacy, "--batch-size", "1"]
        else:
            common.say(f"{given.pipeline.name} of spaCy is not there: run prediction.py first")
        sides = {name: partial(common.run, command) for name, command in commands.items()}
        common.interleaved(sides, 1)  # files into the system's memory
        ran = common.interleaved(sides, given.rounds)
    base = ran["seqtag predict, one sentence"]
    common.show(
        f"Start-up, median of {given.rounds}\n{common.machine(given.threads)}",
        ["process", "s", "against seqtag predict", "processor, s", "MB", "MB against seqtag predict"],
        [
            [
                name,
                common.median([side.seconds for side in found]),
                common.ratios([side.seconds for side in found], [side.seconds for side in base]),
                common.median([side.processor for side in found]),
                common.median([side.megabytes for side in found]),
                common.ratios([side.megabytes for side in found], [side.megabytes for side in base]),
            ]
            for name, found in ran.items()
        ],
    )


if __name__ == "__main__":
    main()
