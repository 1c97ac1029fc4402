"""Parameters of the commands that train and score, as types; those made from settings are in `seqtag.cli.settings`."""

from pathlib import Path
from typing import Annotated

import typer

FILES, TRAINING = "Files", "Training"  # panels of `seqtag train --help`

# seqtag train
TrainFile = Annotated[
    str, typer.Option("--train", metavar="FILE", rich_help_panel=FILES, help="Training corpus.")
]
ModelOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="MODEL", rich_help_panel=FILES, help="Folder for the model.")
]
DevFile = Annotated[
    str | None,
    typer.Option(
        "--dev", "--valid", metavar="FILE", rich_help_panel=FILES, show_default=False,
        help="Corpus to choose the best epoch on; a part of the training file if not given.",
    ),
]  # fmt: skip
TestFile = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="FILE", rich_help_panel=FILES, show_default=False,
        help="Corpus that the finished model is scored on, once.",
    ),
]  # fmt: skip
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", metavar="FILE", rich_help_panel=FILES, show_default=False,
        help="Settings in YAML (`seqtag init-config` writes all of them).",
    ),
]  # fmt: skip
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY.PATH=VALUE", rich_help_panel=FILES, show_default=False,
        help="Any setting, over the file; repeatable.",
    ),
]  # fmt: skip
Seeds = Annotated[
    int,
    typer.Option(
        "--seeds", metavar="N", min=1, rich_help_panel=TRAINING,
        help="Train N times, with --seed and the seeds after it; show mean and spread, keep the best on dev.",
    ),
]  # fmt: skip
Force = Annotated[
    bool,
    typer.Option(
        "--force", "-f", rich_help_panel=FILES,
        help="Replace an existing model, and without --resume the checkpoint of a run that was stopped.",
    ),
]  # fmt: skip
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", rich_help_panel=FILES,
        help="Go on from MODEL.checkpoint if there is one: repeat the same command with this option.",
    ),
]  # fmt: skip
CheckpointSteps = Annotated[
    int,
    typer.Option(
        "--checkpoint-steps", metavar="N", min=0, rich_help_panel=FILES,
        help="Write the checkpoint every N steps as well as after each epoch; 0: never.",
    ),
]  # fmt: skip
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", rich_help_panel=FILES, help="Print nothing but errors.")
]

# seqtag compare
ComparedTrainFile = Annotated[str, typer.Option("--train", metavar="FILE", help="Training corpus.")]
ComparedDevFile = Annotated[
    str, typer.Option("--dev", metavar="FILE", help="Corpus to choose by: epochs, and settings.")
]
ComparedTestFile = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="FILE", show_default=False,
        help="Corpus that each finished model is scored on, once. It is for the report: choose by dev.",
    ),
]  # fmt: skip
ComparisonOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for rows, table and plot.")
]
Grid = Annotated[
    list[str],
    typer.Option(
        "--grid", metavar="KEY.PATH=V1,V2,...",
        help="Values of any setting, over --set; repeatable: all combinations are trained.",
    ),
]  # fmt: skip
SeedsEach = Annotated[
    int, typer.Option("--seeds", metavar="N", min=1, help="Runs of each combination, a seed each.")
]
SharedConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", metavar="FILE", show_default=False, help="Settings that all runs share, in YAML."
    ),
]
SharedAssignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY.PATH=VALUE", show_default=False,
        help="A setting that all runs share, over the file; repeatable.",
    ),
]  # fmt: skip
QuietRuns = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no line for each run; the table is shown.")
]

# seqtag evaluate
ModelOrGold = Annotated[
    str, typer.Argument(metavar="MODEL", help="Model folder; with --predicted, the gold file (GOLD).")
]
GoldFile = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="Gold file; none with --predicted.", show_default=False),
]
Predicted = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Score the tags in this file (its last column) and load no model."),
]
GoldScheme = Annotated[
    str, typer.Option(help="Tag scheme of the gold file: auto, iob1, bio, bioes, bmes, bilou, plain.")
]
GoldFormat = Annotated[str, typer.Option(help="Format of the gold file: auto, conll, conllu.")]
GoldTokenColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Gold file's column of tokens: from 1, or a CoNLL-U field."),
]
GoldTagColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Gold file's column of tags: from 1, negative from the end, or a field."
    ),
]
PredictedColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of tags in the --predicted file, if not the last."),
]
KnownFrom = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="With --predicted, the training corpus, to tell known words and entities from unseen ones "
        "(a model remembers its own).",
    ),
]
ShowAnalysis = Annotated[
    bool, typer.Option("--analysis", help="Show what kind of mistakes there are, and where.")
]
Crosscheck = Annotated[
    bool, typer.Option("--crosscheck", help="Score again with the seqeval package; fail if a digit differs.")
]
JsonOutput = Annotated[
    str | None,
    typer.Option("--json", metavar="OUT", help="Write the figures as JSON; - writes them alone to stdout."),
]
ErrorsOutput = Annotated[
    str | None,
    typer.Option(
        metavar="OUT",
        help="Write each wrong span as a line of JSON, with its sentence; - writes them alone to stdout.",
    ),
]
ColumnsOutput = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write token, gold and predicted tag, with tabs: conlleval's input."),
]

# seqtag gradients
TaggedFile = Annotated[str, typer.Argument(metavar="FILE", help="A corpus file with tags.")]
GradientOutputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="OUT", show_default=False,
        help="Write a plot (.png, .svg) or all figures as JSON; - writes JSON alone to stdout; repeatable.",
    ),
]  # fmt: skip
StepsBack = Annotated[
    int | None,
    typer.Option(
        min=2, metavar="K", show_default=False,
        help="Steps to go back; 30 if not given, or fewer where sentences are short.",
    ),
]  # fmt: skip
SentenceCount = Annotated[
    int, typer.Option(min=1, metavar="N", help="Sentences to look at, of those that are long enough.")
]
DrawSeed = Annotated[int, typer.Option(min=0, help="Which sentences, and which words in them.")]
