"""What a server answers, described as OpenAPI 3.1 has it."""

from importlib.metadata import version
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from textune.records import PASSAGES
from textune.serving.limits import MOST_EXPLAINED, Limits
from textune.serving.models import Models
from textune.tasks import registry

Schema = dict[str, Any]
TEXT = {"type": "string"}
NUMBER = TypeAdapter(float).json_schema()
CHANCE = TypeAdapter(Annotated[float, Field(ge=0, le=1)]).json_schema()
REFUSALS = {
    "401": "The token is missing or another.",
    "413": "The body, its texts or their tokens are too many.",
    "415": "The body is not sent as application/json.",
    "422": "Something in the body is not as it must be: where, what, and what is allowed.",
    "424": "The model's answer is no number.",
    "429": "Too many texts wait; Retry-After says when to try again.",
    "503": "The server is being stopped.",
    "504": "No answer in time.",
}


def document(models: Models, limits: Limits, *, has_token: bool) -> Schema:
    """Describe a server.

    Args:
        models: That it answers with.
        limits: Of requests.
        has_token: Whether requests must bring one.
    """
    paths = {
        "/predict": {"post": _predict(limits)},
        "/": {"get": _plain("A page for people.", "text/html"), "post": _hub()},
        "/label": {"post": _label(models, limits)},
        "/models": {"get": _get("The models, their tasks and labels.", "Models")},
        "/health": {"get": _open(_get("Whether requests are answered.", "Health"))},
        "/health/live": {"get": _open(_get("Whether the process lives.", "Health"))},
        "/health/ready": {"get": _open(_get("Whether requests are answered.", "Health"))},
        "/metrics": {"get": _plain("Numbers for Prometheus.", "text/plain")},
    }
    found: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "textune serve",
            "version": version("textune"),
            "description": "Answers of fine-tuned encoders, as `textune predict` gives them.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(models, limits)},
    }
    if has_token:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"token": []}]
    return found


def _predict(limits: Limits) -> Schema:
    return {
        "operationId": "predict",
        "summary": "Answer texts.",
        "description": (
            f"`texts` answers as `textune predict --json`; `inputs` as text-embeddings-inference. "
            f"At most {limits.max_texts:,} texts and {limits.max_tokens:,} tokens."
        ),
        "requestBody": _body({"oneOf": [_ref("Asked"), _ref("Inputs")]}),
        "responses": _answers({"oneOf": [_ref("Answered"), _ref("Pipeline")]}),
    }


def _hub() -> Schema:
    return {
        "operationId": "infer",
        "summary": "Answer as Hugging Face's inference endpoints do.",
        "requestBody": _body({"oneOf": [_ref("Asked"), _ref("HubInputs")]}),
        "responses": _answers({"oneOf": [_ref("Answered"), _ref("Pipeline")]}),
    }


def _label(models: Models, limits: Limits) -> Schema:
    names = [one.name for one in models.all]
    options = {
        "name": ({"type": "string"}, "Name of the file; its ending says the form."),
        "model": ({"type": "string", "enum": names}, "A model; the first if not given."),
        "text": (TEXT, "Column of the text, or two, if not called as in training."),
        "threshold": (CHANCE, "Probability from which a label applies."),
        "harmless": ({"type": "boolean"}, "Put ' before cells that a spreadsheet computes."),
    }
    content = {"schema": {"type": "string", "maxLength": limits.max_file}}
    return {
        "operationId": "label",
        "summary": "Label a file, as `textune predict --input` does.",
        "parameters": [
            {"name": name, "in": "query", "schema": schema, "description": words}
            for name, (schema, words) in options.items()
        ],
        "requestBody": {"required": True, "content": {"text/csv": content}},
        "responses": {
            "200": {"description": "The file.", "content": {"text/csv": {"schema": TEXT}}},
            **_refusals(),
        },
    }


def _schemas(models: Models, limits: Limits) -> Schema:
    names = [one.name for one in models.all]
    pair = {"type": "array", "items": TEXT}
    text = {"anyOf": [TEXT, pair, {"type": "object", "additionalProperties": True}]}
    several = {"type": "array", "items": text, "maxItems": limits.max_texts}
    model = {"type": "string", "enum": names, "description": "The first if not given."}
    why = f"Say which words moved the decision; at most {MOST_EXPLAINED} texts."
    asked = {
        "texts": several,
        "model": model,
        "threshold": CHANCE | {"description": "From which a label applies."},
        "explain": {"type": "boolean", "description": why},
        "for": TEXT | {"description": "A label to be explained instead of what was decided."},
    }
    inputs = {"inputs": {"anyOf": [text, several]}, "model": model}
    tei = inputs | {"truncate": {"type": "boolean"}, "truncation_direction": TEXT}
    tei |= {"raw_scores": {"const": False}}
    hub = inputs | {"parameters": {"type": "object"}, "options": {"type": "object"}}
    return {
        "Asked": _object(asked, "texts"),
        "Inputs": _object(tei, "inputs"),
        "HubInputs": _object(hub, "inputs"),
        "Answered": _object({"model": TEXT, "predictions": _list(_ref("Prediction"))}, "model"),
        "Prediction": _prediction(),
        "Pipeline": {
            "description": "What the pipeline of transformers for the task returns.",
            "anyOf": [{"type": "array"}, {"type": "object"}],
        },
        "Models": _object({"models": _list({"type": "object"})}, "models"),
        "Health": _object({"status": TEXT, "waiting": {"type": "integer"}}, "status"),
        "Refusal": _object({"error": TEXT, "error_type": TEXT}, "error", "error_type"),
    }


def _prediction() -> Schema:
    entity = {"start": {"type": "integer"}, "end": {"type": "integer"}, "text": TEXT}
    entity |= {"label": TEXT, "score": NUMBER}
    found = [name for name, kind in registry.TASKS.items() if kind.asks == PASSAGES]  # in passages
    return {
        "type": "object",
        "description": "What `textune predict --json` prints of a text.",
        "required": ["text", "labels", "scores"],
        "properties": {
            "text": TEXT,
            "labels": _list(TEXT),
            "scores": {"type": "object", "additionalProperties": NUMBER},
            "numbers": {"type": "object", "additionalProperties": NUMBER},
            "columns": {"type": "object"},
            "words": _list({"type": "array", "items": {"type": "integer"}}),
            "entities": _list({"type": "object", "properties": entity}),
            **dict.fromkeys(found, _list({"type": "object", "properties": entity})),
            "undecided": {"type": "boolean"},
            "set": _list(TEXT),
            "method": TEXT,
            "reasons": _list({"type": "object"}),
        },
    }


def _object(properties: Schema, *required: str) -> Schema:
    found = {"type": "object", "properties": properties, "required": list(required)}
    return found | {"additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answers(schema: Schema) -> Schema:
    content = {"application/json": {"schema": schema}}
    return {"200": {"description": "The answers, in order.", "content": content}, **_refusals()}


def _refusals() -> Schema:
    content = {"application/json": {"schema": _ref("Refusal")}}
    return {code: {"description": words, "content": content} for code, words in REFUSALS.items()}


def _get(summary: str, name: str) -> Schema:
    content = {"application/json": {"schema": _ref(name)}}
    return {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}


def _plain(summary: str, kind: str) -> Schema:
    content = {kind: {"schema": TEXT}}
    found = {"summary": summary, "responses": {"200": {"description": summary, "content": content}}}
    return _open(found) if kind == "text/html" else found


def _open(operation: Schema) -> Schema:
    """Say that an operation asks for no token."""
    return operation | {"security": []}
