"""`seqtag train`: corpus files in, model folder out."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from seqtag.cli.settings import flags, with_settings
from seqtag.settings.merging import merge


@with_settings
def command(
    train: Annotated[str, typer.Option("--train", metavar="FILE", help="Training corpus.",
        rich_help_panel="Files")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="MODEL", help="Folder for the model.",
        rich_help_panel="Files")
    ],
    dev: Annotated[
        str | None,
        typer.Option(
            "--dev", "--valid", metavar="FILE", rich_help_panel="Files", show_default=False,
            help="Corpus to choose the best epoch on; a part of the training file if not given.",
        ),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="FILE", rich_help_panel="Files", show_default=False,
            help="Corpus that the finished model is scored on, once.",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config", "-c", metavar="FILE", rich_help_panel="Files", show_default=False,
            help="Settings in YAML (`seqtag init-config` writes all of them).",
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY.PATH=VALUE", rich_help_panel="Files", show_default=False,
            help="Any setting, over the file; may be given again and again.",
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds", metavar="N", min=1, rich_help_panel="Training",
            help="Train N times, with --seed and the seeds after it; show mean and spread, keep the best on dev.",
        ),
    ] = 1,
    force: Annotated[
        bool,
        typer.Option(
            "--force", "-f", rich_help_panel="Files",
            help="Replace a model that is there, and without --resume the checkpoint of a run that was stopped.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", rich_help_panel="Files",
            help="Go on from MODEL.checkpoint, if it is there: give the same command again, with this option.",
        ),
    ] = False,
    checkpoint_steps: Annotated[
        int,
        typer.Option(
            "--checkpoint-steps", metavar="N", min=0, rich_help_panel="Files",
            help="Write the checkpoint every N steps as well, not after each epoch alone; 0: never.",
        ),
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel="Files")
    ] = False,
    **chosen: Any,
) -> None:  # fmt: skip
    """Train a tagger on a tagged corpus and keep the epoch that scores best on dev.

    Options win over --set, --set over the file of settings, the file over the defaults.

    A run that is stopped or killed leaves MODEL.checkpoint beside the model; the same command with --resume goes on
    from there and ends with the same bytes.

    Example: seqtag train --train train.conll --dev dev.conll -o model --cell gru --layers 2
    """
    from seqtag.settings.config_files import parse_assignments, read

    named = {
        entry.path: (chosen[name], "--" + name.replace("_", "-"))
        for name, entry in flags().items()
        if chosen[name] is not None
    }
    resolved = merge(read(config) if config else {}, parse_assignments(assignments or []), named)

    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Stop, listening

    stop = Stop()
    with listening(stop):
        from seqtag.cli.display import display
        from seqtag.stages.train import train as stage

        with display(quiet=quiet) as show:
            result = stage(
                resolved,
                train,
                dev,
                test,
                output,
                seeds=seeds,
                force=force,
                resume=resume,
                checkpoint_steps=checkpoint_steps,
                debug=wants_debug(),
                listener=show.event,
                stop=stop,
            )
            show.finish(result)
    sys.stdout.flush()
