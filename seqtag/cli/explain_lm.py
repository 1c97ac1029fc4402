"""`seqtag explain` of a language model: its tables, JSON and plot."""

import textwrap
from typing import TYPE_CHECKING, Any

from seqtag.cli import plots, results
from seqtag.cli.tables import label, make_console, make_table, print_line, safe, share

if TYPE_CHECKING:
    from rich.console import Console

    from seqtag.stages.explain_lm import LanguageExplanation, PredictedSentence
    from seqtag.tasks.language.predictions import PredictedToken

MOST = 3  # earlier tokens that are named
LEAST = 0.1  # bits of those
TITLE_WIDTH = 60  # characters of a line of the plot's title


def explain_lm(
    model: str,
    file: str,
    outputs: list[str],
    *,
    input_format: str | None,
    label: str | None,
    limit: int,
    sample: int,
    seed: int,
) -> None:
    """Shows how a language model predicts a text, or writes it."""
    targets = [results.place(path) for path in outputs]
    plots.check(targets, [model, file])
    from seqtag.cli.stderr import steps
    from seqtag.cli.warnings import warner
    from seqtag.stages.explain_lm import explain_lm as stage

    with steps() as say:
        found = stage(
            model,
            file,
            input_format=input_format,
            label=label,
            limit=limit,
            sample=sample,
            seed=seed,
            report=warner(),
            say=say,
        )
    for target in results.stdout_last(targets):
        if plots.is_plot(target):
            plots.write(drawn(found), target)
            continue
        results.write_json(found.to_json(), target)
    if results.STDOUT not in targets:
        _show(found)


def _show(found: "LanguageExplanation") -> None:
    console = make_console()
    sampled = found.memory[0].tokens
    print_line(f"{found.model} on {found.file}: {found.description}", console)
    print_line(
        f"Perplexity of {sampled:,} of {found.tokens:,} tokens when only the last words before each are visible:",
        console,
    )
    table = make_table("visible", "perplexity", "tokens with more before them")
    for one in found.memory:
        visible = "all" if one.visible is None else f"{one.visible}"
        table.add_row(visible, f"{one.perplexity:,.2f}", f"{one.shortened / one.tokens:.1%}")
    console.print(table)
    for number, sentence in enumerate(found.sentences, start=1):
        _show_sentence(number, sentence, console)


def _show_sentence(number: int, sentence: "PredictedSentence", console: "Console") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"sentence {number}", overflow="fold")
    table.add_column("P", justify="right", no_wrap=True)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("most probable", overflow="fold")
    table.add_column("depends on (bits)", overflow="fold")
    tokens = [one.token for one in sentence.tokens]
    for one in sentence.tokens:
        likely = ", ".join(f"{word} {share(probability)}" for word, probability in one.likely)
        table.add_row(
            label(one.token if one.known else f"{one.token} (unknown)"),
            share(one.probability),
            f"{one.rank:,}",
            safe(likely),
            safe(_dependence(one, tokens)),
        )
    console.print(table)
    if sentence.cut:
        print_line(f"The sentence is longer: {sentence.cut:,} more tokens are not shown.", console)


def _dependence(one: "PredictedToken", tokens: list[str]) -> str:
    """The earlier tokens that matter most, the first of them first."""
    order = sorted(range(len(one.earlier)), key=lambda at: -abs(one.earlier[at]))
    named = sorted(at for at in order[:MOST] if abs(one.earlier[at]) >= LEAST)
    return ", ".join(f"{tokens[at]} {one.earlier[at]:+.1f}" for at in named)


def drawn(found: "LanguageExplanation") -> Any:
    """The figure of the memory.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.2), layout="constrained")
    panel = figure.subplots()
    names = ["all" if one.visible is None else f"{one.visible}" for one in found.memory]
    panel.plot(names, [one.perplexity for one in found.memory], marker="o", markersize=4)
    panel.set(
        title=textwrap.fill(found.description, TITLE_WIDTH),
        xlabel="visible words before each",
        ylabel=f"perplexity of {found.memory[0].tokens:,} tokens",
        yscale="log",
    )
    panel.title.set_fontsize(10)
    panel.grid(alpha=0.3, which="both")
    return figure
