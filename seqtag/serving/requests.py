"""Parsing of request bodies. No message repeats any part of a body, which may be confidential."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqtag.serving.limits import MOST_NBEST, Limits
from seqtag.serving.models import Extras
from seqtag.support.json_reader import JsonError, NotJson, parse_json
from seqtag.support.quoting import counted, one_line
from seqtag.tasks.use import Given

OF_SENTENCE = ("text", "tokens", "features")
OF_REQUEST = ("model", "nbest", "alignment")
_DEPTH = 8
_CONTAINERS = 4  # of a sentence, with its lists


class Refused(Exception):
    """A request that gets an error status.

    Args:
        status: The HTTP status.
        detail: What is wrong and what was expected.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Asked:
    """A parsed request.

    Attributes:
        given: The sentences.
        extras: What is added to the answers.
        model: The name of the model; empty for the first.
    """

    given: tuple[Given, ...]
    extras: Extras
    model: str


def parse(body: bytes, limits: Limits, *, many: bool) -> Asked:
    """Parses a body.

    Args:
        body: The body.
        limits: Limits on requests.
        many: Whether it holds a list of sentences instead of one.

    Raises:
        Refused: It is malformed or exceeds a limit.
    """
    value = _json(body, limits)
    names = ("sentences",) if many else OF_SENTENCE
    _check_keys(value, "", (*names, *OF_REQUEST))
    nbest, model, alignment = value.get("nbest", 0), value.get("model", ""), value.get("alignment", False)
    if type(nbest) is not int or not 0 <= nbest <= MOST_NBEST:
        raise Refused(422, f"nbest: expected a whole number from 0 to {MOST_NBEST}.")
    if not isinstance(alignment, bool):
        raise Refused(422, "alignment: expected true or false.")
    if not isinstance(model, str):
        raise Refused(422, "model: expected the name of a model, as GET /models lists them.")
    extras = Extras(nbest, alignment)
    most = limits.characters // max(nbest, 1)  # the time for the best sequences grows with their number
    if not many:
        return Asked((_given(value, "", most),), extras, model)
    sentences = value.get("sentences")
    if not isinstance(sentences, list):
        raise Refused(422, "sentences: expected a list of objects with text or tokens.")
    if len(sentences) > limits.sentences:
        raise Refused(422, f"sentences: expected {limits.sentences:,} at most. Received: {len(sentences):,}.")
    found = []
    for place, sentence in enumerate(sentences):
        where = f"sentences[{place}]"
        _check_keys(sentence, where, OF_SENTENCE)
        found.append(_given(sentence, f"{where}.", most, first=not place))
    return Asked(tuple(found), extras, model)


def _json(body: bytes, limits: Limits) -> Any:
    try:
        return parse_json(body, depth=_DEPTH, containers=_CONTAINERS * (limits.sentences + 1))
    except NotJson as problem:
        raise Refused(422, f"the body {one_line(problem)}.") from None
    except JsonError:
        raise Refused(
            422,
            "the body is JSON that programs read differently or that is too complex: a key twice in one object, a "
            "number beyond double precision, half of a surrogate pair, or too many lists and objects.",
        ) from None


def _check_keys(value: Any, where: str, known: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise Refused(422, f"{where or 'the body'}: expected an object with {', '.join(known)}.")
    if not value.keys() <= {*known}:
        raise Refused(422, f"{where or 'the body'}: holds an unknown key. Known: {', '.join(known)}.")


def _given(value: Mapping[str, Any], where: str, most: int, *, first: bool = True) -> Given:
    """The sentence of an object.

    Args:
        value: The object.
        where: What stands before the names of its keys in messages.
        most: The characters that it may have.
        first: Whether it is the first one of its request.
    """
    if ("text" in value) == ("tokens" in value):
        raise Refused(422, f"{where}text: expected either text or tokens.")
    text, tokens, features = value.get("text"), value.get("tokens", []), value.get("features", [])
    if "text" in value and not isinstance(text, str):
        raise Refused(422, f"{where}text: expected a string.")
    if not _are_strings(tokens) or "" in tokens:
        raise Refused(422, f"{where}tokens: expected a list of strings, none of them empty.")
    if not _are_strings(features):
        raise Refused(422, f"{where}features: expected a list of strings.")
    size = sum(map(len, tokens)) + max(len(tokens) - 1, 0) if text is None else len(text)
    if size + sum(map(len, features)) > most:
        name = "tokens" if text is None else "text"
        expected = f"{counted(most, 'character')} at most (--max-characters, divided by nbest)"
        raise Refused(422, f"{where}{name}: expected {expected}. Received: {size:,}.")
    return Given(text, tuple(tokens), tuple(features), first)


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
