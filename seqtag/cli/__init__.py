"""The command line: each command parses, calls one stage and prints.

Results go to stdout, progress and messages to stderr. A Error from a stage ends here as one message and its exit
code; a traceback is shown with `--debug` only.
"""

import contextlib
import gc
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer

from seqtag import __version__
from seqtag.cli import groups
from seqtag.cli.groups import named_in
from seqtag.cli.light import LightGroup
from seqtag.cli.stderr import say, stderr
from seqtag.settings import registry
from seqtag.support.errors import Error, is_out_of_memory
from seqtag.support.extras import missing
from seqtag.support.interrupt import Interrupted, Stop, listening

# In the order of the help.
COMMANDS = {
    "train": "seqtag.cli.train:command",
    "evaluate": "seqtag.cli.evaluate:evaluate",
    "predict": "seqtag.cli.predict:predict",
    "serve": "seqtag.cli.serve:serve",
    "compare": "seqtag.cli.compare:compare",
    "tune": "seqtag.cli.tune:tune",
    "explain": "seqtag.cli.explain:explain",
    "gradients": "seqtag.cli.gradients:gradients",
    "info": "seqtag.cli.info:info",
    "merge": "seqtag.cli.merge:merge",
    "export": "seqtag.cli.export:export",
    "check": "seqtag.cli.check:check",
    "convert": "seqtag.cli.convert:convert",
    "split": "seqtag.cli.split:split",
    "lm": "seqtag.cli.lm:LM",
    "init-config": "seqtag.cli.init_config:init_config",
}
_SMALLER = "; a smaller training.batch_size or encoder.units needs less"
# What helps a command that ran out of memory.
_LESS = {
    "train": _SMALLER,
    "compare": _SMALLER,
    "tune": _SMALLER,
    "predict": "; fewer --threads need less",
    "evaluate": "; fewer --threads need less",
    "lm": "; a lower --order, or --vocabulary with fewer words, needs less",
}
# How many characters of a longer message are shown, from its start and its end; a token of a megabyte may be in it.
_START, _END = 700, 300


def app_for(arguments: list[str]) -> typer.Typer:
    """The command line with only the command that the arguments name, so that no other one is imported; with all
    commands if the arguments name none.
    """
    app = typer.Typer(
        name="seqtag",
        cls=LightGroup,
        help="Train, evaluate and use recurrent sequence taggers: named entities, parts of speech, chunks, slots.",
        epilog="Start with: seqtag train --train FILE -o MODEL\n\nThen: seqtag predict MODEL FILE",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        rich_markup_mode="rich",
    )
    app.callback()(options)
    named = named_in(arguments)
    for name in [named] if named in COMMANDS else COMMANDS:
        rest = arguments[arguments.index(name) + 1 :] if name == named else []
        groups.add(app, name, registry.load(COMMANDS, name), rest)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"seqtag {__version__}")
        raise typer.Exit


def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and TensorFlow's own messages.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train, evaluate and use recurrent sequence taggers: named entities, parts of speech, chunks, slots."""
    # --debug is read in `main`, because it must hold before any command runs.


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and leaves the process with its exit code."""
    if not wants_debug(arguments):
        sys.unraisablehook = _unraisable
    code = run(sys.argv[1:] if arguments is None else arguments)
    if threading.active_count() > 1:
        # A thread still reads from a pipe; Python would wait for the thread's lock and abort.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)
    gc.freeze()  # Python would search all that is left for garbage, which goes with the process anyway
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs the command line; returns 0 done, 1 data or run failed, 2 wrong usage, 130 or 143 stopped by a signal."""
    _prepare_streams()
    _prepare_width()
    debug = wants_debug(arguments)
    stop = Stop()
    try:
        with listening(stop):  # a command that can resume listens within
            app_for(arguments)(arguments, prog_name="seqtag")
            sys.stdout.flush()
    except Error as problem:
        _complain(str(problem), debug)
        return problem.exit_code
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Typer makes it an exit with code 1
            return _output_closed()
        return _code(end.code)
    except Interrupted as signal_:
        _complain(str(signal_), debug=False)
        return signal_.exit_code
    except KeyboardInterrupt:
        _complain("interrupted", debug=False)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return _output_closed()
    except OSError as problem:
        if is_out_of_memory(problem):
            return _out_of_memory(arguments, debug)
        name = problem.filename or "output"
        _complain(f"{os.fsdecode(name) if isinstance(name, bytes) else name}: {problem.strerror}", debug)
        if problem.filename is None:
            _output_closed()  # Python would write it again at exit
        return 1
    except Exception as problem:
        if isinstance(problem, ImportError) and (absent := missing(problem, f"seqtag {named_in(arguments)}")):
            _complain(str(absent), debug)
            return absent.exit_code
        if stop.signal is not None:  # it interrupted the import of a library
            _complain("interrupted", debug)
            return 128 + stop.signal
        if is_out_of_memory(problem):
            return _out_of_memory(arguments, debug)
        words = f"{type(problem).__name__}: {problem}".removesuffix(".")
        _complain(f"an error in seqtag: {words}. Run it with --debug and report it.", debug)
        return 1
    return 0


def wants_debug(arguments: list[str] | None = None) -> bool:
    """Whether `--debug` stands before the command."""
    for argument in sys.argv[1:] if arguments is None else arguments:
        if argument == "--debug":
            return True
        if not argument.startswith("-"):
            return False
    return False


def _out_of_memory(arguments: list[str], debug: bool) -> int:
    _complain(f"not enough memory{_LESS.get(named_in(arguments), '')}", debug)
    return 1


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    """Python's hook, which shows a traceback, except when memory ran out, which has a message of its own."""
    if not isinstance(told.exc_value, MemoryError):
        sys.__unraisablehook__(told)


def _output_closed() -> int:
    """The exit code when the reader of stdout has left, as `head` does. Stdout becomes /dev/null, because Python would
    fail again at exit.
    """
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _code(code: Any) -> int:
    return code if isinstance(code, int) else int(code is not None)


def _complain(message: str, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc(file=stderr())
    from seqtag.support.quoting import printable

    # A message quotes names and contents of files: neither may control the terminal or begin a new line.
    if debug:
        safe = printable(message)
    else:
        most = _START + _END
        near = message if len(message) <= 2 * most else message[:most] + message[-most:]
        safe = printable(near)
        if len(safe) > most:
            safe = f"{safe[:_START]}...{safe[-_END:]}"
    say(f"seqtag: {safe}")


def _prepare_width() -> None:
    """Removes an impossible terminal width from the environment: Rich shows nothing in 0 columns and fills memory with
    very many, and Typer fails on a width that is not a number.
    """
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        width = os.environ.get(name, "")
        if not (width.isascii() and width.isdigit() and len(width) <= 5 and 20 <= int(width) <= 10_000):
            os.environ.pop(name, None)


def _prepare_streams() -> None:
    """Sets UTF-8 whatever the locale; a stream that is closed at the start becomes /dev/null."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  it lives as long as the process
        elif hasattr(stream, "reconfigure") and name != "stdin":
            stream.reconfigure(
                encoding="utf-8", errors="backslashreplace" if name == "stderr" else "surrogateescape"
            )
