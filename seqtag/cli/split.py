"""`seqtag split`: files for training, development and test from one corpus."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtag.cli import common, parameters, results
from seqtag.cli.settings import file_settings, with_file_settings
from seqtag.support.errors import Error, UsageError

if TYPE_CHECKING:
    from seqtag.stages.split import SplitPart

MOST_ROWS = 30


def divided(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Corpus file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write the parts to.")
    ],
    train: Annotated[float, typer.Option(metavar="SHARE", help="Share of the training file.")] = 0.8,
    dev: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the development file; 0: none.")
    ] = 0.1,
    test: Annotated[float, typer.Option(metavar="SHARE", help="Share of the test file; 0: none.")] = 0.1,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="K", help="Write K folds for a cross-validation instead.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="NAME", help="What is never divided: sentence or document.")
    ] = "sentence",
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the division.")] = 42,
    force: common.Force = False,
    task: parameters.FilesTask = None,
    config: parameters.FilesConfig = None,
    **given: Any,
) -> None:
    """Divide a corpus into training, development and test files.

    No sentence (or source of a pair) is in two parts, and each part has its
    share of every type of entity or label. The lines of the file stay as they
    are. --folds K writes two files for each fold k: k.test with that fold and
    k.train with all others. The options of the corpus are those of `seqtag train`.

    Examples:
      seqtag split corpus.conll -o parts
      seqtag split corpus.conll -o parts --train 0.7 --dev 0.3 --test 0
      seqtag split corpus.conllu -o folds --folds 5 --by document
      seqtag split pairs.tsv -o parts --task transduction
    """
    common.check_name("--by", by, ("sentence", "document"))
    if not (min(train, dev, test) >= 0 and 0 < train + dev + test < math.inf and train > 0):
        raise UsageError("--train, --dev and --test: expected shares of at least 0, and some for --train.")
    from seqtag.cli.warnings import warner
    from seqtag.stages import split as stage

    name, settings = file_settings(config, task, given)
    how = stage.How(by, seed, settings, name, warner())
    if folds is None:
        parts = stage.split(file, {"train": train, "dev": dev, "test": test}, how)
    else:
        parts = stage.folds(file, folds, how)
    paths = [output / f"{part.name}{stage.suffix(file)}" for part in parts]
    results.check_new(paths, force=force)
    if output.exists() and not output.is_dir():
        raise Error(f"{output}: is not a folder; expected one for the parts.")
    os.makedirs(output, exist_ok=True)
    results.check_outputs(map(str, paths), [file])
    for path, part in zip(paths, parts, strict=True):
        with results.written(str(path)) as stream:
            stream.write(part.text)
    _show(parts, paths)


def _show(parts: "list[SplitPart]", paths: list[Path]) -> None:
    """The sizes of the parts; of folds only the tests, since the rest is what is left."""
    from seqtag.cli.tables import label, make_console, make_table, safe

    shown = [at for at, part in enumerate(parts) if not part.name.endswith(".train")]
    table = make_table("", *(paths[at].name for at in shown))
    table.add_row(f"{parts[0].what}s", *(f"{parts[at].sentences:,}" for at in shown))
    names = sorted({name for part in parts for name in part.entities})
    for name in names[:MOST_ROWS]:
        table.add_row(label(name), *(f"{parts[at].entities.get(name, 0):,}" for at in shown))
    if rest := names[MOST_ROWS:]:
        sums = (f"{sum(parts[at].entities.get(name, 0) for name in rest):,}" for at in shown)
        table.add_row(f"{len(rest):,} more", *sums)
    console = make_console()
    console.print(table)
    console.print(safe(f"written to {paths[0].parent}"), soft_wrap=True)


split = with_file_settings(divided)
