"""What `seqtag train` says of a run before its first epoch and after its last."""

import shlex
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from seqtag.cli.tables import make_console, make_table, print_figures, print_score
from seqtag.evaluation.measure import Measure
from seqtag.evaluation.scoring import Score
from seqtag.settings import registry
from seqtag.settings.config import Config, RunSettings
from seqtag.stages.train import TrainingResult
from seqtag.support.quoting import counted, printable
from seqtag.tasks.tagging.lists import described
from seqtag.tasks.tagging.prepared import Prepared
from seqtag.training.seed import spread

Result = TrainingResult[Prepared, Score]


def introduction(prepared: Prepared) -> list[str]:
    """What is known before the first epoch."""
    train, dev, config = prepared.train, prepared.dev, prepared.config
    lines = [
        f"train  {counted(len(train.sentences), 'sentence')}, {counted(train.tokens, 'token')} ({train.path})",
        f"dev    {counted(len(dev.sentences), 'sentence')}, {counted(dev.tokens, 'token')} "
        + (
            f"({dev.path})"
            if prepared.held_out is None
            else f"(held out of {dev.path}, seed {prepared.held_out})"
        ),
        f"tags   {prepared.scheme.title} ({'given' if config.data.scheme != 'auto' else 'found'})"
        + (f", trained as {prepared.train_scheme.title}" if prepared.train_scheme != prepared.scheme else ""),
        f"model  {describe(prepared)}; {prepared.parameters:,} parameters; {prepared.vocabulary:,} words",
        f"clip   {clipping(config)}",
    ]
    if prepared.base is not None:
        lines += prepared.base.described()
    if prepared.states:
        lines.append(f"lm     {prepared.states}")
    if prepared.coverage:
        found = {name: count for name, count in prepared.coverage.items() if name != "missing"}
        share = sum(found.values()) / prepared.vocabulary
        how = ", ".join(f"{count:,} {name}" for name, count in found.items())
        lines.append(f"vectors found for {share:.1%} of the training file's distinct words ({how})")
    lines += described(prepared.lists)
    lines += [f"note   {warning}" for warning in prepared.warnings]
    if prepared.windowed:
        lines.append(
            f"note   {prepared.windowed:,} long training sentences are split into pieces; no token is left out"
        )
    if prepared.unseen_tags:
        tags = ", ".join(f"{tag} ({count})" for tag, count in prepared.unseen_tags.items())
        lines.append(f"note   dev has tags that training never saw, which count as misses: {tags}")
    return [printable(line) for line in lines]  # paths, tags and settings come from anywhere


def describe(prepared: Prepared) -> str:
    """The network in a few words."""
    encoder = prepared.config.encoder
    stateful = registry.is_stateful(encoder.cell)
    direction = "bidirectional " if encoder.bidirectional and stateful and encoder.layers else ""
    inputs = " + ".join(name.replace("_", " ") for name in prepared.inputs)
    layers = f"{direction}{encoder.described}"
    layers += f" ({encoder.residual})" * (encoder.residual != "none")
    layers += f" + {encoder.attention} attention" * (encoder.attention != "none")
    beside = " + language model" if stateful and prepared.config.language_model.weight else ""
    return f"{inputs} -> {layers} -> {prepared.head}{beside}"


def clipping(config: RunSettings) -> str:
    """Which clipping holds, in words."""
    training = config.training
    if training.global_clipnorm:
        return f"all gradients together to norm {training.global_clipnorm:g} (global_clipnorm)"
    if training.clipnorm:
        return f"each weight's gradient to norm {training.clipnorm:g} (clipnorm)"
    if training.clipvalue:
        return f"each component to +-{training.clipvalue:g} (clipvalue)"
    return "none"


def to_predict(config: Config) -> str:
    """The arguments of `seqtag predict` beside the model: raw text, unless the network reads more than words."""
    reads_more = config.encoder.tree != "none" or config.data.feature_columns or config.data.numeric_columns
    return "FILE" if reads_more else "TEXTFILE --format text"


def summary(result: Result) -> None:
    """Prints the tables at the end to stdout."""
    console = make_console()
    best = result.best
    console.print(_run_table(result))
    console.print(_heading("dev", result), style="bold")
    print_score(best.dev, console)
    if best.test is not None:
        console.print(f"\n{_heading('test', result)}", style="bold")
        print_score(best.test, console)
    if len(result.seeds) > 1:
        console.print(seeds_table(result, result.prepared.measure))
    quoted = printable(shlex.quote(str(result.path)))
    for line in (
        *_written(result),
        f"  score it:  seqtag evaluate {quoted} FILE",
        f"  use it:    seqtag predict {quoted} {to_predict(result.prepared.config)}",
    ):
        console.print(line, markup=False, soft_wrap=True)


def summary_of_figures(result: TrainingResult[Any, Any], steps: Sequence[tuple[str, str]]) -> None:
    """Prints the tables at the end of a run whose scores are `Tabled`, to stdout.

    Args:
        result: What training came to.
        steps: What can be done with the model, as `Task.next_steps` says it.
    """
    console = make_console()
    best = result.best
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    _add_run_rows(table, result)
    console.print(table)
    for title, score in (("dev", best.dev), ("test", best.test)):
        if score is not None:
            console.print(_heading(title, result), style="bold")
            print_figures(score, console)
    if len(result.seeds) > 1:
        console.print(seeds_table(result, result.prepared.measure))
    quoted = printable(shlex.quote(str(result.path)))
    for line in (
        *_written(result),
        *(f"  {what + ':':10} {command.format(model=quoted)}" for what, command in steps),
    ):
        console.print(line, markup=False, soft_wrap=True)


def _heading(role: str, result: TrainingResult[Any, Any]) -> str:
    """The heading of the score on dev or test: of which seed and which run it is, if there are several."""
    of = [f"seed {result.best.seed}, the best on dev"] if len(result.seeds) > 1 else []
    if result.best.final is not None:
        of.append(
            "the final model"
            if role == "test"
            else "the run that chose the epochs; the final model has seen dev"
        )
    return f"{role} ({'; '.join(of)})" if of else role


def _written(result: TrainingResult[Any, Any]) -> list[str]:
    """The lines that name the folders that were written."""
    lines = [f"\nmodel written to {printable(str(result.path))}"]
    if result.every_seed is not None:
        lines.append(f"models of all seeds written to {printable(str(result.every_seed))}")
    return lines


def _run_table(result: Result) -> Table:
    """What was read, the network, clipping and epochs."""
    prepared = result.prepared
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    held = "" if prepared.held_out is None else " (held out)"
    both = "train" if result.best.final is None else "train and dev"
    train, dev = len(prepared.train.sentences), counted(len(prepared.dev.sentences), "sentence")
    table.add_row("data", f"{both} {train:,}, dev {dev}{held}")
    table.add_row("tags", prepared.scheme.title)
    if result.best.final is None:
        table.add_row("unknown words in dev", f"{prepared.unknown_rate:.1%}")
    table.add_row("network", f"{describe(prepared)}; {prepared.parameters:,} parameters")
    _add_run_rows(table, result)
    return table


def _add_run_rows(table: Table, result: TrainingResult[Any, Any]) -> None:
    """Adds what is known of every run: clipping and epochs."""
    config, best = result.prepared.config, result.best
    if (gradients := best.gradients) is not None:
        acted = f"; it changed {gradients.clipped:.1%} of the steps"
        table.add_row("clipping", clipping(config) + acted * (clipping(config) != "none"))
        norm = gradients.norm
        table.add_row(
            "gradient norm",
            f"median {norm.quantiles['50%']:.3g}, 95% below {norm.quantiles['95%']:.3g}, largest "
            f"{norm.quantiles['max']:.3g}; a threshold to start with is the mean: "
            f"--global-clipnorm {gradients.threshold:g}",
        )
    if best.fitted.temperatures:
        fitted = ", ".join(f"{of} {value:g}" for of, value in best.fitted.temperatures.items())
        table.add_row("temperature", f"{fitted} (fitted on dev)")
    if best.fitted.outside_bias:
        table.add_row("bias of O", f"{best.fitted.outside_bias:g} (chosen on dev)")
    stop = ", stopped early" if len(best.history) < config.training.epochs else ""
    table.add_row(
        "best epoch", f"{best.best_epoch} of {len(best.history)}{stop}; {result.seconds:.0f} s in all"
    )
    if best.final is not None:
        table.add_row("final run", f"{counted(len(best.final.losses), 'epoch')} on train and dev")


def seeds_table(result: TrainingResult[Any, Any], measure: Measure) -> Table:
    """Each seed's scores, and their mean and standard deviation."""
    columns = ["dev"] if result.best.test is None else ["dev", "test"]
    table = make_table("seed", *(f"{column} {measure.title}" for column in columns), "best epoch", "seconds")
    scores = [
        [score.main for score in (entry.dev, entry.test) if score is not None] for entry in result.seeds
    ]
    for entry, row in zip(result.seeds, scores, strict=True):
        kept = " (kept)" if entry is result.best else ""
        shown = [measure.text(value) for value in row]
        table.add_row(f"{entry.seed}{kept}", *shown, str(entry.best_epoch), f"{entry.seconds:.0f}")
    table.add_section()
    spreads = [spread(list(column)) for column in zip(*scores, strict=True)]
    table.add_row("mean", *(measure.text(mean) for mean, _ in spreads), "", "")
    table.add_row("standard deviation", *(measure.text(deviation) for _, deviation in spreads), "", "")
    return table
