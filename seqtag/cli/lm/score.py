"""`seqtag lm score`: how well a language model predicts a text."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from seqtag.cli import common, results
from seqtag.cli.lm import options
from seqtag.cli.stderr import stderr, steps
from seqtag.settings import registry
from seqtag.support.errors import UsageError

if TYPE_CHECKING:
    from seqtag.evaluation.perplexity import Perplexity
    from seqtag.tasks.language.base import TextModel

WIDTH = 15  # of the labels
HEAD = ("line", "tokens", "unknown", "bits", "perplexity")


def score(
    model: options.Model,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Text, a sentence a line; stdin if none or -."),
    ] = None,
    input_format: common.InputFormat = None,
    label: options.Label = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Print a row for each line of text; the sum goes to stderr.")
    ] = False,
    json: Annotated[
        str | None, typer.Option(metavar="OUT", help="Write the figures as JSON; - for stdout.")
    ] = None,
) -> None:
    """Score a text: cross entropy J in bits, perplexity 2^J and the share of unknown words.

    Perplexities can be compared only if the models have the same vocabulary
    and the same tokens.

    Examples:
      seqtag lm score lm test.txt
      seqtag lm score lm test.txt --lines
    """
    common.check_name("--input-format", input_format, registry.formats("reader"))
    paths = files or [common.STDIN]
    if paths.count(common.STDIN) > 1:
        raise UsageError("Only one of the files can come from stdin.")
    output = None if json is None else results.place(json)
    results.check_outputs([output], [model, *paths])
    common.invite(paths)
    options.one_thread()
    from seqtag.cli.warnings import warner
    from seqtag.stages import score_lm as stage

    loaded = stage.load(model)
    if label is not None:
        loaded = stage.given(loaded, label, model)
    if lines:
        found = _lines(loaded, paths, input_format)
    else:
        with steps() as say:
            found = stage.total(loaded, paths, model, input_format=input_format, say=say, report=warner())
    if not loaded.not_probabilities:
        _show(loaded, found, to_stderr=lines or output == results.STDOUT)
    if found.unknown_rate == 1:
        problem = (
            "all words of the text are unknown to the model: the figures say nothing of how it predicts words"
        )
        print(f"seqtag: warning: {problem}", file=stderr())
    if output is not None:
        _write(output, loaded, found)


def summary(found: "Perplexity") -> str:
    """The figures in a line."""
    return (
        f"perplexity {found.perplexity:,.2f} = 2^{found.cross_entropy:.4f}; {found.tokens:,} tokens with the ends of "
        f"{found.sentences:,} sentences; {found.unknown_rate:.2%} unknown"
    )


def _lines(model: "TextModel", paths: list[str], input_format: str | None) -> "Perplexity":
    """Prints a row for each line, as soon as it is scored."""
    from seqtag.cli.warnings import warner
    from seqtag.evaluation.perplexity import Perplexity
    from seqtag.stages.score_lm import by_line

    print(*HEAD, sep="\t")
    total = Perplexity()
    for path in paths:
        for number, one in by_line(model, path, input_format, warner(), backward=True):
            shown = "-" if model.not_probabilities else f"{one.perplexity:.4f}"
            print(number, one.tokens, one.unknown, f"{one.bits:.6f}", shown, sep="\t")
            total += one
    return total


def _show(model: "TextModel", found: "Perplexity", *, to_stderr: bool) -> None:

    from seqtag.cli.tables import make_console, print_labelled

    rows = {
        "model": model.description,
        "": options.VOCABULARY_NOTE,
        "tokens": f"{found.tokens:,}, of them {found.sentences:,} ends of sentences",
        "unknown": f"{found.unknown_rate:.2%} of the {'words' if model.units.are_words else 'characters'}",
        "cross entropy": f"{found.cross_entropy:.4f} bits per token, {found.bits_per_word:.4f} per word, "
        f"{found.bits_per_character:.4f} per character",
        "perplexity": f"{found.perplexity:,.2f}; {found.perplexity_known:,.2f} without unknown tokens",
    }
    if found.backward is not None:
        rows["backward"] = f"perplexity {found.backward:,.2f}: each word from those after it"
    if found.impossible:
        rows["impossible"] = f"{found.impossible:,} tokens have the probability 0"
    console = make_console(stderr() if to_stderr else None)
    for name, text in rows.items():
        print_labelled(name, text, console, WIDTH)


def _write(path: str, model: "TextModel", found: "Perplexity") -> None:
    """Writes the figures as JSON; a model without a perplexity has null there."""
    from seqtag.model_folder.layout import dump_json
    from seqtag.tasks.language.base import vocabulary_of

    values = found.to_json()
    if model.not_probabilities:
        values |= {
            name: None for name in values if name.startswith(("perplexity", "cross_entropy", "bits_per"))
        }
    content = dump_json({"model": model.description, "vocabulary": vocabulary_of(model), **values})
    if path == results.STDOUT:
        sys.stdout.write(content.decode())
    else:
        with results.written_bytes(path) as stream:
            stream.write(content)
        results.announce(path)
