"""The training of a recurrent language model, as `seqtag lm train --kind rnn` shows it."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtag.settings.config_files import parse_assignments, read
from seqtag.settings.generation import GenerationConfig
from seqtag.settings.language import LANGUAGE, LanguageConfig
from seqtag.settings.merging import Layer, merge_into
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.evaluation.perplexity import Perplexity
    from seqtag.stages.train import TrainingResult
    from seqtag.tasks.language.recurrent.job import LanguageStart
    from seqtag.tasks.language.recurrent.score import LanguageScore


def settings(
    config: str | None, assignments: Sequence[str], named: Layer, base: str | None
) -> LanguageConfig:
    """The settings: those of the model to continue or the defaults, then the file, assignments, options.

    Raises:
        UsageError: One is unknown, out of bounds, or of the network of the model to continue.
    """
    layers = [read(config) if config else {}, parse_assignments(assignments), named]
    if base is None:
        return merge_into(LANGUAGE, *layers)
    from seqtag.model_folder.folder import Folder
    from seqtag.model_folder.layout import LANGUAGE_MODEL
    from seqtag.settings.merging import continued
    from seqtag.tasks.language.recurrent.stored import settings_of
    from seqtag.tasks.language.recurrent.task import CHANGEABLE

    there = settings_of(Folder(Path(base), LANGUAGE_MODEL))
    if isinstance(there, GenerationConfig):
        raise UsageError(
            f"--from: {base} is conditioned on labels; expected a model that was trained without them."
        )
    return continued(LANGUAGE, there, base, CHANGEABLE, layers)


def run(
    paths: Mapping[str, Sequence[str] | None],
    output: Path,
    config: LanguageConfig,
    base: str | None,
    *,
    quiet: bool,
    **how: Any,
) -> None:
    """Trains a model and shows how."""
    from seqtag.cli import wants_debug
    from seqtag.support.interrupt import Stop, listening

    stop = Stop()
    with listening(stop):
        from seqtag.cli.display import display
        from seqtag.stages.train import train as stage

        with display(introduction, summary, quiet=quiet) as show:
            result = stage(
                config,
                paths["train"] or (),
                paths["dev"],
                paths["test"],
                output,
                task="language",
                base=base,
                debug=wants_debug(),
                listener=show.event,
                stop=stop,
                **how,
            )
            show.finish(result)
    sys.stdout.flush()


def introduction(prepared: "LanguageStart") -> list[str]:
    """What is known before the first epoch."""
    from seqtag.cli.summary import clipping
    from seqtag.support.quoting import counted, printable

    noun = "token" if prepared.config.text.unit == "word" else "character"
    unknown = f"{prepared.unknown / prepared.tokens:.2%} unknown" if prepared.tokens else ""
    lines = [
        f"train  {counted(prepared.sentences, 'sentence')}, {counted(prepared.tokens, noun)}, "
        f"{prepared.kinds:,} different; {unknown}",
        f"dev    {counted(prepared.dev_sentences, 'sentence')}" + " (held out)" * prepared.held_out,
        f"model  {describe(prepared)}; {prepared.parameters:,} parameters",
        f"clip   {clipping(prepared.config)}",
    ]
    if prepared.coverage:
        missing = prepared.coverage["missing"]
        share = 1 - missing / max(sum(prepared.coverage.values()), 1)
        lines.append(f"vectors found for {share:.1%} of the words that are predicted")
    if prepared.cut:
        lines.append(
            f"note   long sentences are split into pieces, {prepared.cut:,} more than sentences; no token is left out"
        )
    return [printable(line) for line in lines]


def describe(prepared: "LanguageStart") -> str:
    """The network in a few words."""
    config = prepared.config
    inputs = " + ".join(prepared.inputs)
    layers = f"{config.encoder.cell} {config.encoder.layers} x {config.encoder.units}"
    layers += f" ({config.encoder.residual})" * (config.encoder.residual != "none")
    direction = "forward and backward" if len(config.directions) == 2 else config.directions[0]
    output = f"{prepared.words:,} words" if config.text.unit == "word" else f"{prepared.words:,} characters"
    output += f" in {prepared.classes:,} classes" * (prepared.classes > 1) + ", tied" * config.output.tied
    return f"{inputs} -> {layers}, {direction} -> {output}"


def summary(result: "TrainingResult[LanguageStart, LanguageScore]") -> None:
    """Prints what training came to."""
    from rich.table import Table

    from seqtag.cli.lm import options
    from seqtag.cli.summary import seeds_table
    from seqtag.cli.tables import make_console
    from seqtag.support.quoting import printable

    console = make_console()
    best, epochs = result.best, result.prepared.config.training.epochs
    stop = ", stopped early" if len(best.history) < epochs else ""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("model", describe(result.prepared))
    table.add_row("", options.VOCABULARY_NOTE)
    table.add_row(
        "best epoch", f"{best.best_epoch} of {len(best.history)}{stop}; {result.seconds:.0f} s in all"
    )
    if (gradients := best.gradients) is not None:
        norm = gradients.norm.quantiles
        table.add_row(
            "gradients",
            f"norm: median {norm['50%']:.3g}, 95% below {norm['95%']:.3g}; clipped in {gradients.clipped:.1%} of the "
            "steps",
        )
    for name, score in (("dev", best.dev), ("test", best.test)):
        for direction, figures in _figures(score):
            table.add_row(f"{name} {direction}", figures)
    console.print(table)
    if len(result.seeds) > 1:
        console.print(seeds_table(result, result.prepared.measure))
    path, quoted = printable(str(result.path)), printable(shlex.quote(str(result.path)))
    for line in (
        f"language model written to {path}",
        f"  score it:  seqtag lm score {quoted} TEXT",
        f"  sample it: seqtag lm generate {quoted}",
    ):
        console.print(line, markup=False, soft_wrap=True)


def _figures(score: "LanguageScore | None") -> list[tuple[str, str]]:
    """Each direction with its figures in words."""
    from seqtag.cli.lm.score import summary as line

    if score is None:
        return []
    found: dict[str, Perplexity | None] = {"forward": score.forward, "backward": score.backward}
    return [(direction, line(one)) for direction, one in found.items() if one is not None]
