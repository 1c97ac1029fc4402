"""The members of a merged model: which files of its folder are whose.

`members.json` has, for each member, the name in the folder of each of its files: `{"members": [{"config.json":
"config.json", ...}, {"config.json": "member2-config.json", "vectors.bin": "vectors.bin", ...}]}`. What several members
have in common is there once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seqtag.model_folder.folder import Folder
from seqtag.model_folder.layout import MEMBER_FILES, MEMBERS, MOST_MEMBERS, OPTIONAL_FILES, dump_json
from seqtag.support.errors import ModelError, UsageError
from seqtag.support.json_decoder import decode
from seqtag.support.quoting import one_line

NAMES = (*MEMBER_FILES, *OPTIONAL_FILES)


def files(members: Sequence[Mapping[str, bytes]]) -> dict[str, bytes]:
    """The files of the folder of a merged model, but for `known.json` and `report.json`.

    Args:
        members: The files of each member by name, those of `NAMES` that it has; at most `MOST_MEMBERS`.
    """
    found: dict[str, bytes] = {}
    names: list[dict[str, str]] = []
    for number, member in enumerate(members, 1):
        names.append({})
        for name, content in member.items():
            place = next(
                (there for there in found if _named(there) == name and found[there] == content), None
            )
            if place is None:
                place = name if number == 1 else f"member{number}-{name}"
                found[place] = content
            names[-1][name] = place
    return {**found, MEMBERS: dump_json({"members": names})}


def reports_of(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reports of the members of a merged model, by its `report.json`; of another model its own.

    Raises:
        ValueError: It is not what seqtag writes.
    """
    return decode(list[dict[str, Any]], report.get("merged", [report]), "merged")


def is_merged(folder: Folder) -> bool:
    """Whether a folder holds a merged model."""
    return MEMBERS in folder.files


def members_of(folder: Folder) -> list[Folder]:
    """The members of the merged model of a folder, each as a folder of its own; the folder itself of any other model.

    Raises:
        ModelError: `members.json` is not what seqtag writes.
    """
    if not is_merged(folder):
        return [folder]
    try:
        return [folder.choose(names) for names in _read(folder.read_json(MEMBERS), folder.files)]
    except ValueError as problem:
        raise ModelError(f"{folder.path}: {MEMBERS} {one_line(problem)}.") from problem


def _read(values: Mapping[str, Any], there: Sequence[str]) -> list[dict[str, str]]:
    """The names of each member's files; ValueError if the folder, with the files `there`, holds others."""
    match values:
        case {"members": [_, _, *_] as members, **rest} if not rest and len(members) <= MOST_MEMBERS:
            pass
        case _:
            raise ValueError(f"does not list 2 to {MOST_MEMBERS} members")
    used: set[str] = set()
    for number, names in enumerate(members, 1):
        if not isinstance(names, dict) or not {*MEMBER_FILES} <= {*names} <= {*NAMES}:
            raise ValueError(f"does not list the files of member {number}")
        for name, place in names.items():
            if place not in there or _named(place) != name:
                raise ValueError(f"names a file as {name} of member {number} that is none")
        used.update(names.values())
    if left := sorted(name for name in there if _named(name) in NAMES and name not in used):
        raise ValueError(f"names no member that has {left[0]}")
    found: list[dict[str, str]] = members
    return found


def _named(place: str) -> str:
    """The name that a file has in the folder of its member."""
    head, _, name = place.partition("-")
    return name if head.startswith("member") else place


def refuse_merged(folder: Folder, what: str) -> None:
    """Refuses a merged model where one network is looked into.

    Args:
        folder: The model folder.
        what: What would look into it, for the message.

    Raises:
        UsageError: The model is merged.
    """
    if is_merged(folder):
        raise UsageError(
            f"{folder.path}: is merged from {len(members_of(folder))} models, and {what} one network; name one of the "
            "models that it was merged from."
        )
