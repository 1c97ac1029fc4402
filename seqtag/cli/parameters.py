"""Parameters of the commands that train and score, as types; those made from settings are in `seqtag.cli.settings`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from seqtag.cli import common
from seqtag.settings.tasks import KEY, USUAL, names

FILES, TRAINING = "Files", "Training"  # panels of `seqtag train --help`


# Of more than one command that trains, each with the panel of its --help that it stands in.
def config(words: str, panel: str | None = None) -> Any:
    """The option that names a file of settings."""
    return typer.Option(
        "--config", "-c", metavar="FILE", rich_help_panel=panel, show_default=False, help=words
    )


def assignments(words: str, panel: str | None = None) -> Any:
    """The option that sets a setting."""
    return typer.Option(
        "--set", metavar="KEY.PATH=VALUE", rich_help_panel=panel, show_default=False, help=words
    )


def task(words: str, more: str = "") -> Any:
    """The option that chooses a task."""
    known = f"{words}: {', '.join(names())}; overrides the setting {KEY}."
    return typer.Option(
        "--task", metavar="NAME", show_default=False, help=f"{known}{more} \\[default: {USUAL}]"
    )


def seeds(panel: str) -> Any:
    """The option that trains several times."""
    words = "Train with N consecutive seeds from --seed on; report mean and spread, keep the best on dev."
    return typer.Option("--seeds", metavar="N", min=1, rich_help_panel=panel, help=words)


def force(what: str, panel: str | None = None) -> Any:
    """The option that replaces `what`."""
    words = f"Replace an existing {what} and, without --resume, the checkpoint of a stopped run."
    return typer.Option("--force", "-f", rich_help_panel=panel, help=words)


def resume(output: str, panel: str) -> Any:
    """The option that goes on from the checkpoint of the `output`."""
    words = f"Continue from {output}.checkpoint if there is one: repeat the same command with this option."
    return typer.Option("--resume", rich_help_panel=panel, help=words)


def checkpoint_steps(panel: str) -> Any:
    """The option that writes more checkpoints."""
    words = "Write the checkpoint every N steps as well as after each epoch; 0: only after each epoch."
    return typer.Option("--checkpoint-steps", metavar="N", min=0, rich_help_panel=panel, help=words)


def quiet(panel: str) -> Any:
    """The option that prints errors only."""
    return typer.Option("--quiet", "-q", rich_help_panel=panel, help="Print errors only.")


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
        help="Corpus to choose the best epoch on; default: a part of the training file.",
    ),
]  # fmt: skip
TestFile = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="FILE", rich_help_panel=FILES, show_default=False,
        help="Corpus to score the finished model on, once.",
    ),
]  # fmt: skip
BaseModel = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="MODEL", rich_help_panel=FILES, show_default=False,
        help="Continue from this model instead of random weights: its settings, words and tags are kept, and what the "
        "corpus has besides is added.",
    ),
]  # fmt: skip
ConfigFile = Annotated[str | None, config("YAML file of settings; `seqtag init-config` writes one.", FILES)]
Assignments = Annotated[
    list[str] | None, assignments("Set any setting, overriding the file; repeatable.", FILES)
]
TaskName = Annotated[
    str | None,
    task(
        "What is trained",
        f" Defaults of options are those of {USUAL}; `seqtag init-config --task NAME` shows those of another.",
    ),
]
Seeds = Annotated[int, seeds(TRAINING)]
KeepSeeds = Annotated[
    bool,
    typer.Option(
        "--keep-seeds", rich_help_panel=TRAINING,
        help="Also keep the models of all seeds, in MODEL.seeds; `seqtag merge` merges them into one.",
    ),
]  # fmt: skip
Folds = Annotated[
    int | None,
    typer.Option(
        "--folds", metavar="K", min=2, rich_help_panel=TRAINING, show_default=False,
        help="Cross-validate: train K models, each scored on a fold that it was not trained on; -o is their folder.",
    ),
]  # fmt: skip
FoldWorkers = Annotated[
    int,
    typer.Option(
        "--workers", metavar="N", min=1, max=1024, rich_help_panel=TRAINING,
        help="Number of seeds or folds that are trained side by side, each in a process with its share of the cores.",
    ),
]  # fmt: skip
Force = Annotated[bool, force("model", FILES)]
Resume = Annotated[bool, resume("MODEL", FILES)]
CheckpointSteps = Annotated[int, checkpoint_steps(FILES)]
Quiet = Annotated[bool, quiet(FILES)]
TrainingReport = Annotated[
    str | None,
    typer.Option(
        "--report", metavar="OUT", rich_help_panel=FILES, show_default=False,
        help="Write a page (OUT.html) with the curves of the run, its scores on dev and all errors.",
    ),
]  # fmt: skip
TrainingPlot = Annotated[
    str | None,
    typer.Option(
        "--plot", metavar="OUT", rich_help_panel=FILES, show_default=False,
        help="Write the curves of the run as a plot (.png, .svg).",
    ),
]  # fmt: skip
TensorBoard = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard", metavar="FOLDER", rich_help_panel=FILES, show_default=False,
        help="Write what each epoch came to as events for TensorBoard.",
    ),
]  # fmt: skip

# seqtag compare
ComparedTrainFile = Annotated[str, typer.Option("--train", metavar="FILE", help="Training corpus.")]
ComparedDevFile = Annotated[
    str, typer.Option("--dev", metavar="FILE", help="Corpus to choose epochs and settings on.")
]
ComparedTestFile = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="FILE", show_default=False,
        help="Corpus to score each finished model on, once. For the report only: choose by dev.",
    ),
]  # fmt: skip
ComparisonOutput = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the results: rows, table, plot.")
]
Grid = Annotated[
    list[str],
    typer.Option(
        "--grid", metavar="KEY.PATH=V1,V2,...",
        help="Values of any setting, overriding --set; repeatable: all combinations are trained.",
    ),
]  # fmt: skip
ComparedTask = Annotated[str | None, task("What is trained")]
Workers = Annotated[
    int,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="Number of runs that go on side by side, each in a process with its share of the cores. Memory is needed "
        "for all of them.",
    ),
]
SeedsEach = Annotated[
    int, typer.Option("--seeds", metavar="N", min=1, help="Number of seeds per combination.")
]
SharedConfigFile = Annotated[str | None, config("YAML file of settings for all runs.")]
SharedAssignments = Annotated[
    list[str] | None, assignments("Set a setting of all runs, overriding the file; repeatable.")
]
QuietRuns = Annotated[bool, typer.Option("--quiet", "-q", help="Print the table only.")]

# seqtag tune
STUDY = "Search"  # panel of `seqtag tune --help`
StudyOutput = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder for the study: trials, best settings, table, report, model.",
    ),
]
SpaceFile = Annotated[
    str | None,
    typer.Option(
        "--space", metavar="FILE", show_default=False, rich_help_panel=STUDY,
        help="YAML file of the settings to vary; by default those that `seqtag init-config --space` writes.",
    ),
]  # fmt: skip
Trials = Annotated[
    int,
    typer.Option(
        "--trials", metavar="N", min=1, max=10_000, rich_help_panel=STUDY,
        help="Number of trials in all; a grid has as many as it needs.",
    ),
]  # fmt: skip
SearchTime = Annotated[
    str | None,
    typer.Option(
        "--time", metavar="TIME", show_default=False, rich_help_panel=STUDY,
        help="Begin no trial after this time, as in 2h or 90m; further seeds and the model come after it.",
    ),
]  # fmt: skip
Sampler = Annotated[
    str,
    typer.Option(
        "--sampler", metavar="NAME", rich_help_panel=STUDY,
        help="What chooses settings: tpe (learns from the trials before), random, grid (all combinations).",
    ),
]  # fmt: skip
Pruner = Annotated[
    str,
    typer.Option(
        "--pruner", metavar="NAME", rich_help_panel=STUDY,
        help="What ends trials early by their dev scores: halving, median, hyperband, none.",
    ),
]  # fmt: skip
Best = Annotated[
    int,
    typer.Option(
        "--best", metavar="N", min=1, rich_help_panel=STUDY,
        help="Number of the best trials that are trained with further seeds, beside the settings as given.",
    ),
]  # fmt: skip
FinalSeeds = Annotated[
    int,
    typer.Option(
        "--seeds", metavar="N", min=1, rich_help_panel=STUDY,
        help="Number of seeds for each of the best trials; with --sampler grid, for each combination.",
    ),
]  # fmt: skip
TrialWorkers = Annotated[
    int,
    typer.Option(
        "--workers", metavar="N", min=1, max=1024, rich_help_panel=STUDY,
        help="Number of trials that go on side by side, each in a process with its share of the cores. Memory is "
        "needed for all of them.",
    ),
]  # fmt: skip
Storage = Annotated[
    str | None,
    typer.Option(
        "--storage", metavar="URL", show_default=False, rich_help_panel=STUDY, envvar="SEQTAG_STORAGE",
        help="Database that commands on several machines share, such as postgresql://USER@HOST/NAME; by default a "
        "file in FOLDER.",
    ),
]  # fmt: skip
WithModel = Annotated[
    bool,
    typer.Option("--model/--no-model", help="Whether to train the model of the best settings at the end."),
]

# seqtag check, seqtag split
FilesTask = Annotated[str | None, task("What the files are for")]
FilesConfig = Annotated[
    str | None, config("YAML file of settings, as for `seqtag train`; only those of the corpus are used.")
]

# seqtag evaluate
ModelOrGold = Annotated[str, typer.Argument(metavar="MODEL", help="Model folder; left out with --predicted.")]
GoldFile = Annotated[
    str | None,
    typer.Argument(
        metavar="GOLD", help="Gold file: a corpus with the right tags or labels.", show_default=False
    ),
]
Predicted = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Score the tags in this file (its last column) instead of a model's."),
]
GoldScheme = Annotated[
    str, typer.Option(metavar="NAME", help=f"Tag scheme of the gold file: {common.SCHEMES}.")
]
GoldFormat = Annotated[
    str, typer.Option(metavar="NAME", help=f"Format of the gold file: {common.CORPUS_FORMATS}.")
]
GoldTokenColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Token column of the gold file: a number (1 first, -1 last) or a name (field, attribute, header, key).",
    ),
]
GoldTagColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Tag column of the gold file: a number (1 first, -1 last) or a name (field, attribute, header, key).",
    ),
]
GoldSkipRows = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", show_default=False,
        help="Lines to pass over at the start of the gold file; default: as many as the model's corpus had.",
    ),
]  # fmt: skip
GoldLabelKey = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        show_default=False,
        help="For a model that labels sentences: what holds the labels in the gold file; default: as in training.",
    ),
]
PredictedColumn = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Tag column of the --predicted file; default: the last."),
]
KnownFrom = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="With --predicted: training corpus, to distinguish known from unseen words and entities "
        "(a model knows its own).",
    ),
]
ShowAnalysis = Annotated[
    bool, typer.Option("--analysis", help="Break the errors down by kind, type and length.")
]
ShowCalibration = Annotated[
    bool,
    typer.Option("--calibration", help="Show how well the probabilities are calibrated; takes more time."),
]
Crosscheck = Annotated[
    bool,
    typer.Option("--crosscheck", help="Score again with the seqeval package; fail if any figure differs."),
]
AgainstModel = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="MODEL", show_default=False,
        help="Compare with another model, or another file of predictions, and test whether the difference is "
        "significant (approximate randomisation).",
    ),
]  # fmt: skip
ReportOutput = Annotated[
    str | None,
    typer.Option(
        "--report", metavar="OUT", show_default=False,
        help="Write all figures and all errors as a page (OUT.html), with the probabilities of --calibration.",
    ),
]  # fmt: skip
JsonOutput = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="OUT", help="Write all figures as JSON; -: to stdout, without the tables."
    ),
]
ErrorsOutput = Annotated[
    str | None,
    typer.Option(
        metavar="OUT",
        help="Write each wrong span (or label, or target) with its sentence as JSON lines; -: to stdout, without "
        "the tables.",
    ),
]
ColumnsOutput = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write token, gold tag and predicted tag, tab-separated, tags as the gold file spells them. "
        "conlleval -d '\\t' reads it if they are B-TYPE, I-TYPE and O. For labels of sentences: gold label, predicted "
        "label and text; for a transducer: source, gold and predicted target.",
    ),
]

# seqtag gradients
TaggedFile = Annotated[str, typer.Argument(metavar="FILE", help="Tagged corpus; for a language model, text.")]
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
        help="Steps to go back; default: 30, or fewer if sentences are short.",
    ),
]  # fmt: skip
SentenceCount = Annotated[
    int, typer.Option(min=1, metavar="N", help="Number of sentences to use, of those that are long enough.")
]
DrawSeed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed for choosing sentences and words.")]
