"""What the commands have in common that write plots."""

from collections.abc import Sequence
from typing import Any

from seqtag.cli import results
from seqtag.support.errors import Error, UsageError
from seqtag.support.extras import install_line
from seqtag.support.unpacking import without_ending

PLOTS = (".png", ".svg")


def is_plot(target: str) -> bool:
    """Whether the path is one of a plot."""
    return without_ending(target).lower().endswith(PLOTS)


def check(targets: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuses before the work what could not be written after it: JSON and plots can.

    Raises:
        UsageError: A path is given twice, is an input or has another ending.
        Error: A plot is wanted, and matplotlib is not installed.
    """
    results.check_outputs(targets, inputs)
    for target in targets:
        if target != results.STDOUT and not without_ending(target).lower().endswith((*PLOTS, ".json")):
            raise UsageError(
                f"-o {target}: expected an ending in .json, {' or '.join(PLOTS)}, or - for stdout."
            )
    if len(set(targets)) < len(targets):
        raise UsageError(f"-o: two outputs have the same path. Received: {', '.join(targets)}")
    if any(map(is_plot, targets)):
        check_installed(" (or write JSON: -o OUT.json)")


def check_installed(instead: str = "") -> None:
    """Refuses a plot where matplotlib is not installed.

    Args:
        instead: What else could be done, for the message.

    Raises:
        Error: It is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise Error(
            f"a plot needs matplotlib, which is not installed: {install_line('plot')}{instead}."
        ) from None


def write(figure: Any, target: str) -> None:
    """Writes a figure of matplotlib; equal figures are equal bytes."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "seqtag"}):
        kind = without_ending(target).lower().rpartition(".")[2]
        with results.written_bytes(target) as stream:
            figure.savefig(stream, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
        results.announce(target)
