"""`seqtag gradients`: how far back do a model's gradients reach?"""

from typing import TYPE_CHECKING

from seqtag.cli import common, parameters, plots, results
from seqtag.cli.reading import with_reading
from seqtag.cli.tables import make_console, make_table, print_line
from seqtag.support.quoting import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from seqtag.corpora.base import ReadOptions
    from seqtag.stages.gradients import GradientReport
    from seqtag.training.reach import Fit, LayerReach

ARROWS = {"forward": "→", "backward": "←"}
MOST_ROWS = 12


@with_reading()
def gradients(
    model: common.Model,
    file: parameters.TaggedFile,
    outputs: parameters.GradientOutputs = None,
    steps: parameters.StepsBack = None,
    sentences: parameters.SentenceCount = 20,
    seed: parameters.DrawSeed = 1,
    *,
    options: "ReadOptions",
) -> None:
    """Show whether a model's gradients vanish or explode on their way back through time.

    A gradient is carried back step by step from one word of each sentence. The
    tables show its mean norm, what is left of it per step, the number of steps
    until 1 % is left, the recurrent weights, the gates, and the units that
    never fire or are saturated.

    Examples:
      seqtag gradients model test.conll
      seqtag gradients model test.conll -o profile.png -o profile.json
    """
    targets = [results.place(path) for path in outputs or []]
    plots.check(targets, [model, file])
    from seqtag.cli import wants_debug
    from seqtag.cli.stderr import steps as showing
    from seqtag.cli.warnings import warner
    from seqtag.stages.gradients import gradients as stage

    with showing() as step:
        step("starting TensorFlow and measuring gradients ...")
        report = stage(
            model,
            file,
            steps=steps,
            sentences=sentences,
            seed=seed,
            options=options,
            report=warner(),
            debug=wants_debug(),
        )
    for target in results.stdout_last(targets):
        if plots.is_plot(target):
            from seqtag.cli.gradients_plot import drawn

            plots.write(drawn(report), target)
            continue
        results.write_json(report.to_json(), target)
    if results.STDOUT not in targets:
        _show(report)


def _show(report: "GradientReport") -> None:
    console = make_console()
    heading = (
        f"{report.model} on {report.file}: gradients of {counted(report.sentences, 'sentence')}, "
        f"from a word of each up to {report.steps} steps back"
    )
    print_line(heading, console)
    console.print(_fits_table(report))
    _print_profile(
        console, report, "norm of d s(t) / d s(t-k), 1 for the identity", [x.jacobians for x in report.layers]
    )
    relative = [[norm / (x.errors[0] or 1) for norm in x.errors] for x in report.layers]
    _print_profile(console, report, "norm of d L(t) / d s(t-k), as a share of that at k = 0", relative)
    console.print(_kernels_table(report))
    if any(layer.gates for layer in report.layers):
        console.print(_gates_table(report))
    console.print(_activity_table(report))


def _name(layer: "LayerReach") -> str:
    return f"layer {layer.number} {ARROWS[layer.direction]}"


def _memory(fit: "Fit") -> str:
    return "never" if fit.memory is None else f"{fit.memory:,}"


def _fits_table(report: "GradientReport") -> "Table":
    table = make_table(report.cell, "rate", "1% left after", "", "rate of loss", "1% left after")
    for layer in report.layers:
        own, error = layer.jacobian_fit, layer.error_fit
        table.add_row(
            _name(layer), f"{own.rate:.4f}", _memory(own), own.verdict, f"{error.rate:.4f}", _memory(error)
        )
    return table


def _print_profile(
    console: "Console", report: "GradientReport", title: str, profiles: list[list[float]]
) -> None:
    table = make_table("k", *(_name(layer) for layer in report.layers))
    for k in _rows(report.steps):
        table.add_row(f"{k}", *(f"{profile[k]:.3g}" for profile in profiles))
    console.print(title)
    console.print(table)


def _rows(steps: int) -> list[int]:
    """Which steps a table shows: all if they are few, otherwise 0, 1, 2, ... ever farther apart, and the last."""
    if steps < MOST_ROWS:
        return list(range(steps + 1))
    return sorted(
        {k for k in (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300) if k < steps} | {steps}
    )


def _kernels_table(report: "GradientReport") -> "Table":
    table = make_table("recurrent weights", "spectral radius", "largest singular value")
    for layer in report.layers:
        for name, kernel in layer.kernels.items():
            own = "" if name == "recurrent" else f" {name}"
            table.add_row(_name(layer) + own, f"{kernel.radius:.4f}", f"{kernel.largest:.4f}")
    return table


def _gates_table(report: "GradientReport") -> "Table":
    table = make_table("gates", "mean", "below 0.1", "above 0.9", "half-life in words")
    for layer in report.layers:
        for name, gate in layer.gates.items():
            half_life = "" if gate.half_life is None else f"{gate.half_life:.1f}"
            shares = (f"{gate.closed:.1%}", f"{gate.open:.1%}")
            table.add_row(f"{_name(layer)} {name}", f"{gate.mean:.4f}", *shares, half_life)
    return table


def _activity_table(report: "GradientReport") -> "Table":
    table = make_table("units", "never fire", "saturated", "mean", "mean shift", "deviation")
    for layer in report.layers:
        if (own := layer.activity) is not None:
            figures = (f"{own.mean:.4f}", f"{own.shift:.4f}", f"{own.deviation:.4f}")
            table.add_row(
                f"{_name(layer)} {own.activation}", f"{own.idle:.1%}", f"{own.saturated:.1%}", *figures
            )
    return table
