"""Errors of the REST API as problem details (RFC 9457): one document for all of them, `application/problem+json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netraven.request_ids import current_request_id

MEDIA_TYPE = "application/problem+json"
SHOWN = 3  # wrong fields that the sentence names; `errors` has all of them
# Keys under which DRF, and serializers of our own, put what is wrong with no single field.
OVERALL = ("detail", "non_field_errors")

Errors = dict[str, list[str]]


@dataclass(frozen=True)
class Kind:
    """A kind of problem; docs/api.md lists them, and clients tell them apart by the slug."""

    slug: str
    status: int
    title: str
    detail: str = ""  # when nobody has said more

    @property
    def uri(self) -> str:
        """Its `type`: relative to the address of this installation."""
        return f"/problems/{self.slug}"


# The first one of a status stands for those whose exception names no kind.
KINDS = (
    Kind("bad-request", 400, "The request is wrong", "The request is wrong."),
    Kind("validation", 400, "Values are wrong"),
    Kind("malformed", 400, "The body cannot be read"),
    Kind("not-authenticated", 401, "Not authenticated"),
    Kind("forbidden", 403, "Not allowed", "You may not do this."),
    Kind("not-found", 404, "Not found", "There is nothing at this path."),
    Kind("method-not-allowed", 405, "Method not allowed"),
    Kind("not-acceptable", 406, "No such format"),
    Kind("conflict", 409, "Not as things stand"),
    Kind("precondition-failed", 412, "Changed meanwhile"),
    Kind("too-large", 413, "Too large", "The request is too large."),
    Kind("unsupported-media-type", 415, "Not this media type"),
    Kind("idempotency-key-reused", 422, "Idempotency key used for another request"),
    Kind("throttled", 429, "Too many requests"),
    Kind("internal", 500, "A mistake of NetRaven", "Something went wrong here; the process log has it under this id."),
    Kind("unavailable", 503, "Not available now"),
)
BY_SLUG = {kind.slug: kind for kind in KINDS}


def kind_of(status: int, slug: str = "") -> Kind:
    """The kind with this slug, else the first one of this status."""
    known = BY_SLUG.get(slug) or next((kind for kind in KINDS if kind.status == status), None)
    return known or Kind("other", status, "The request failed", "The request failed.")


def problem(kind: Kind, path: str, detail: str = "", errors: Errors | None = None, **more: Any) -> dict[str, Any]:
    """The document: `errors` are sentences by field, `instance` is the path of the request."""
    document = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.detail or f"{kind.title}.",
        "instance": path,
        "request_id": current_request_id(),
    }
    return document | ({"errors": errors} if errors else {}) | more


def split_errors(data: Any) -> tuple[str, Errors]:
    """What a ValidationError holds, as the sentence for people and the sentences by field.

    Fields inside fields are joined by dots: `devices.0`.
    """
    errors: Errors = {}
    overall: list[str] = []
    for field, sentence in _flatten(data):
        if not field or field in OVERALL:
            overall.append(sentence)
        else:
            errors.setdefault(field.removesuffix(".non_field_errors"), []).append(sentence)
    if not overall and errors:
        overall = [f"{field}: {sentences[0]}" for field, sentences in list(errors.items())[:SHOWN]]
        overall += [f"{len(errors) - SHOWN} more fields are wrong."] if len(errors) > SHOWN else []
    return " ".join(overall), errors


def _flatten(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        for name, inner in data.items():
            yield from _flatten(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            # A list of sentences is about the field itself, one of objects about its entries.
            yield from _flatten(inner, f"{path}.{number}" if isinstance(inner, Mapping | list) else path)
    else:
        yield path, str(data)
