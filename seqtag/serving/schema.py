"""The OpenAPI description of requests and answers, with examples."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from seqtag.pages.colours import colours
from seqtag.serving.limits import MOST_NBEST, Limits
from seqtag.serving.models import NamedModel

DESCRIPTION = (
    "Tags of words, labels of sentences and other sequences. Each answer is what `seqtag predict --format jsonl` "
    "writes. Offsets count Unicode code points."
)
JSON = "application/json"
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}
EXAMPLE = {"text": "Storms hit Lisbon."}
ANSWER = {
    "text": "Storms hit Lisbon.",
    "tokens": [
        {"text": "Storms", "start": 0, "end": 6, "tag": "O", "probability": 0.9028},
        {"text": "hit", "start": 7, "end": 10, "tag": "O", "probability": 0.9855},
        {"text": "Lisbon", "start": 11, "end": 17, "tag": "B-LOC", "probability": 0.9244},
        {"text": ".", "start": 17, "end": 18, "tag": "O", "probability": 0.9996},
    ],
    "entities": [
        {
            "start": 11,
            "end": 17,
            "label": "LOC",
            "text": "Lisbon",
            "start_token": 2,
            "end_token": 3,
            "probability": 0.9244,
        }
    ],
}
REFUSALS = {
    401: "The token is missing or wrong.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is not `application/json`.",
    422: "The body is malformed or exceeds a limit.",
    503: "Too much is waiting, or the server is stopping; `Retry-After` says when to try again.",
}


def describe(app: FastAPI, limits: Limits, *, with_token: bool) -> None:
    """Sets what the application returns at `/openapi.json`."""

    def openapi() -> Schema:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _complete(found, limits, with_token=with_token)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _complete(found: Schema, limits: Limits, *, with_token: bool) -> None:
    """Adds request bodies, answers and errors to what FastAPI generates."""
    components = found.setdefault("components", {})
    components["schemas"] = _schemas(limits)
    paths = found["paths"]
    for path, request, answer, examples in (
        ("/predict", "Request", _ref("Answer"), (EXAMPLE, ANSWER)),
        (
            "/predict/batch",
            "BatchRequest",
            {"type": "array", "items": _ref("Answer")},
            ({"sentences": [EXAMPLE]}, [ANSWER]),
        ),
    ):
        operation = paths[path]["post"]
        asked, answered = examples
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _ref(request), "example": asked}},
        }
        operation["responses"] = {
            "200": {
                "description": "The answer.",
                "content": {JSON: {"schema": answer, "example": answered}},
            },
            **_refusals(408, 413, 415, 422, 503),
        }
    for path, name in (("/models", "Models"), ("/live", "State"), ("/ready", "State")):
        responses = {
            "200": {"description": "What there is.", "content": {JSON: {"schema": _ref(name)}}},
            "413": _refusals(413)["413"],
        }
        if path == "/ready":
            responses["503"] = {
                "description": "The server is stopping.",
                "content": {JSON: {"schema": _ref(name)}},
            }
        paths[path]["get"]["responses"] = responses
    paths["/metrics"]["get"]["responses"] = {
        "200": {"description": "Metrics.", "content": {"text/plain": {"schema": TEXT}}},
        "413": _refusals(413)["413"],
    }
    if with_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path in ("/predict", "/predict/batch", "/models", "/metrics"):
            for operation in paths[path].values():
                operation["security"] = [{"token": []}]
                operation["responses"] |= _refusals(401)


def _refusals(*statuses: int) -> dict[str, Schema]:
    return {
        str(status): {
            "description": REFUSALS[status],
            "content": {JSON: {"schema": _ref("Problem")}},
        }
        for status in statuses
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(of: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": of, **limits}


def _schemas(limits: Limits) -> dict[str, Schema]:
    """The schemas of requests and answers, by name."""
    either = {"oneOf": [{"required": ["text"]}, {"required": ["tokens"]}], "additionalProperties": False}
    sentence: dict[str, Schema] = {
        "text": TEXT | {"maxLength": limits.characters, "description": "A sentence."},
        "tokens": _list(TEXT | {"minLength": 1})
        | {
            "description": f"A sentence in tokens, {limits.characters:,} characters with a space between them at most."
        },
        "features": _list(TEXT)
        | {"description": "The values of source features, for a transducer that reads some."},
    }
    request: dict[str, Schema] = {
        "nbest": COUNT
        | {
            "maximum": MOST_NBEST,
            "default": 0,
            "description": "How many of the best answers to add, as far as the model can give so many; "
            "a sentence may have so many times fewer characters.",
        },
        "alignment": {
            "type": "boolean",
            "default": False,
            "description": "Whether to add where the attention was; for a transducer with an attention.",
        },
        "model": TEXT | {"description": "The name of the model; the first one if it is left out."},
    }
    return {
        "Sentence": _object({}, **sentence) | either,
        "Request": _object({}, **sentence, **request) | either,
        "BatchRequest": _object({"sentences": _list(_ref("Sentence"), maxItems=limits.sentences)}, **request)
        | {"additionalProperties": False},
        "Answer": {"anyOf": [_ref("Document"), _ref("Target")]},
        **_answers(),
        "Models": _object({"models": _list(_ref("Model"))}),
        "Model": _object(
            {
                "name": TEXT,
                "task": TEXT,
                "labels": _list(TEXT) | {"description": "Of entities, or tags."},
                "spans": {"type": "boolean", "description": "Whether tags mark entities."},
                "sentence_labels": _list(TEXT),
                "features": _list(TEXT) | {"description": "The names of source features."},
                "raw_text": {
                    "type": "boolean",
                    "description": "Whether text is cut into tokens like those the model was trained on.",
                },
                "alignment": {"type": "boolean", "description": "Whether alignment may be asked for."},
                "nbest": {
                    "type": ["integer", "null"],
                    "description": f"The largest nbest; null for {MOST_NBEST}.",
                },
                "colours": {"type": "object", "additionalProperties": TEXT},
            }
        ),
        "State": _object({"status": TEXT}),
        "Problem": _object({"detail": TEXT}),
    }


def _answers() -> dict[str, Schema]:
    """The answers of taggers and of models that label sentences, and those of transducers."""
    place = {"start": COUNT, "end": COUNT}
    token = _object({"text": TEXT, **place, "tag": TEXT}, probability=PROBABILITY)
    entity = _object(
        {**place, "label": TEXT, "text": TEXT, "start_token": COUNT, "end_token": COUNT},
        probability=PROBABILITY,
    )
    return {
        "Token": token,
        "Entity": entity,
        "Document": _object(
            {"text": TEXT},
            tokens=_list(_ref("Token")),
            entities=_list(_ref("Entity")),
            label={"type": ["string", "null"]},
            probability=PROBABILITY | {"type": ["number", "null"]},
            labels={"type": "object", "additionalProperties": PROBABILITY},
            nbest=_list(_object({"tags": _list(TEXT), "probability": PROBABILITY})),
        ),
        "Target": _object(
            {
                "source": TEXT,
                "target": TEXT,
                "probability": PROBABILITY,
                "nbest": _list(
                    _object({"target": TEXT, "probability": PROBABILITY}, complete={"type": "boolean"})
                ),
            },
            features=_list(TEXT),
            complete={"type": "boolean"},
            alignment=_object(
                {"source": _list(TEXT), "target": _list(TEXT), "weights": _list(_list(PROBABILITY))}
            ),
        ),
    }


def described(model: NamedModel) -> Schema:
    """A model as `/models` has it."""
    abilities = model.current.abilities
    return {
        "name": model.name,
        "task": model.current.task,
        "labels": list(abilities.labels),
        "spans": abilities.is_spans,
        "sentence_labels": list(abilities.sentence_labels),
        "features": list(abilities.features),
        "raw_text": abilities.cuts_raw_text,
        "alignment": abilities.aligned,
        "nbest": int(abilities.most) if abilities.most <= MOST_NBEST else None,
        "colours": colours(abilities.labels),
    }
