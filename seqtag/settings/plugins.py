"""Parts that live in other installed packages, found by their entry points.

The metadata of all installed packages is read for the first name that is not built in, and only then. An entry point
is looked up by its name in one of seqtag's groups: a model folder can ask for nothing else.
"""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqtag.support.errors import Error
from seqtag.support.extras import missing
from seqtag.support.quoting import one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Plugin:
    """A part of another package, as a model folder records it.

    Attributes:
        group: The group of its entry point, such as `seqtag.cells`.
        name: Its name there.
        distribution: The package that has it.
        version: That package's version.
    """

    group: str
    name: str
    distribution: str
    version: str


@functools.cache
def installed(group: str) -> Mapping[str, "EntryPoint"]:
    """The entry points of a group by name.

    Raises:
        Error: Two packages have one of the same name.
    """
    from importlib import metadata

    found: dict[str, EntryPoint] = {}
    for entry in metadata.entry_points(group=group):
        if entry.name in found:
            both = " and ".join(_described(one) for one in (found[entry.name], entry))
            raise Error(f"{entry.name!r} of {group} is in two packages, {both}: uninstall one of them.")
        found[entry.name] = entry
    return found


def find(group: str, name: str) -> Plugin | None:
    """The plugin of this name; None if no installed package has it."""
    entry = installed(group).get(name)
    if entry is None or entry.dist is None:
        return None
    return Plugin(group, name, entry.dist.name, entry.dist.version)


def load(group: str, name: str) -> Any:
    """What an installed entry point stands for.

    Raises:
        Error: It cannot be imported.
    """
    with importing(group, name):
        return installed(group)[name].load()


@contextlib.contextmanager
def importing(group: str, name: str) -> Iterator[None]:
    """Within, code of a plugin is imported.

    Raises:
        Error: It fails, however it does so.
    """
    try:
        yield
    except (Exception, SystemExit) as problem:  # the code is not ours
        plugin = f"{name!r} of {group}, from the package {_described(installed(group)[name])},"
        absent = missing(problem, plugin) if isinstance(problem, ImportError) else None
        reason = f"{type(problem).__name__}: {one_line(problem)}".removesuffix(": ")
        raise absent or Error(f"{plugin} cannot be loaded: {reason}.") from problem


def _described(entry: "EntryPoint") -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
