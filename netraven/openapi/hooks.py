"""What the description has beyond what each view says of itself."""

from collections.abc import Callable
from typing import Any

from netraven.problems import KINDS, MEDIA_TYPE

Endpoint = tuple[str, str, str, Callable[..., Any]]
Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Tell problems apart by `type`.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "enum": [*(kind.uri for kind in KINDS), "/problems/other"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for people."},
        "instance": {"type": "string", "description": "The path of the request."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Sentences by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "examples": [
        {
            "type": "/problems/validation",
            "title": "Values are wrong",
            "status": 400,
            "detail": "port: Ensure this value is greater than or equal to 1.",
            "instance": "/api/devices",
            "request_id": "1b8c7b6d5c6e4f0c9a52f4f3b7f0a1de",
            "errors": {"port": ["Ensure this value is greater than or equal to 1."]},
        }
    ],
}


def without_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Each path once; the slash at the end is optional, and no client needs to know of it."""
    named = [(path.rstrip("/?") or "/", regex, method, view) for path, regex, method, view in endpoints]
    return [endpoint for endpoint in named if endpoint[0] != "/api"]  # that is where unknown paths end


def with_problems(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Every operation may answer with a problem; the usual ones are listed."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {"Problem": {"description": "A problem document.", "content": content}}
    for path, operations in result["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                _add_problems(operation, path)
    return result


def _add_problems(operation: Schema, path: str) -> None:
    usual = ["400"]
    if operation.get("security") != [{}]:
        usual += ["401", "403"]
    if "{" in path:
        usual.append("404")
    for code in [*usual, "default"]:
        operation["responses"].setdefault(code, {"$ref": "#/components/responses/Problem"})
