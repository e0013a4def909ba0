"""Hostile requests for every operation that the API describes: a new endpoint is attacked without being listed."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote, urlencode

from drf_spectacular.generators import SchemaGenerator
from hypothesis import strategies as st

from tests.hostile import CONTENT_TYPES, QUERY_STRINGS, RAW_BODIES, cursors, headers, texts, values

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
ODD_METHODS = ("HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "X" * 300, "POST", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass
class Attack:
    """One request. Its URL may hold half of anything, so it is quoted already."""

    method: str
    path: str
    query: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"

    @property
    def is_read_only(self) -> bool:
        return self.method in ("GET", "HEAD", "OPTIONS")


@dataclass
class Operation:
    """A method of a path, as the API describes it; `known` are values that a field or a path may well have."""

    method: str
    path: str
    details: Schema
    schemas: Schema
    known: dict[str, str]

    def attacks(self) -> st.SearchStrategy[Attack]:
        return st.builds(
            self._attack,
            method=st.sampled_from([*[self.method] * 100, *ODD_METHODS]),
            parts=st.fixed_dictionaries({name: self._near(self._id_for(name)) for name in self._in("path")}),
            query=self._queries,
            headers=st.just({}) | headers,
            body=self._bodies if self.method in WITH_BODY else st.just((b"", "application/json")),
        )

    def _attack(self, method: str, parts: dict[str, Any], query: str, body: tuple[bytes, str], **more: Any) -> Attack:
        path = self.path
        for name, value in parts.items():
            path = path.replace(f"{{{name}}}", _quote(value))
        content, content_type = body
        return Attack(method, path, query, body=content, content_type=content_type, **more)

    @cached_property
    def _queries(self) -> st.SearchStrategy[str]:
        parameters = {parameter["name"]: parameter["schema"] for parameter in self._in("query").values()}
        right = {name: self._near(self._right(schema, name)) for name, schema in parameters.items() if name != "cursor"}
        right |= {"cursor": cursors} if "cursor" in parameters else {}
        chosen = st.lists(st.sampled_from(sorted(right)), max_size=3, unique=True) if right else st.just([])
        known = chosen.flatmap(lambda names: st.fixed_dictionaries({name: right[name] for name in names}))
        unknown = st.dictionaries(texts, texts, max_size=1)
        return known.map(_encode) | known.map(_encode) | unknown.map(_encode) | st.sampled_from(QUERY_STRINGS)

    @cached_property
    def _bodies(self) -> st.SearchStrategy[tuple[bytes, str]]:
        content = self.details.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        nearly = (self._right(schema) | values).map(_dump)
        json_type = st.just("application/json")
        return st.one_of(
            st.tuples(nearly, json_type),
            st.tuples(nearly, json_type),
            st.tuples(st.sampled_from(RAW_BODIES), json_type | st.just("text/csv") | st.sampled_from(CONTENT_TYPES)),
        )

    def _id_for(self, name: str) -> st.SearchStrategy[str]:
        """What stands in the path: of the kind that is named before it."""
        kind = self.path.split(f"/{{{name}}}")[0].rsplit("/", 1)[-1]
        return st.just(self.known[kind])

    def _right(self, schema: Schema, name: str = "") -> st.SearchStrategy[Any]:
        """Values of this form; but each member of an object may be anything."""
        schema = self._resolve(schema)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kind = schema.get("type", "string")
        match kind[0] if isinstance(kind, list) else kind:
            case "object" if "properties" in schema:
                members = {key: self._near(self._right(inner, key)) for key, inner in schema["properties"].items()}
                needed = {key: members.pop(key) for key in schema.get("required", ())}
                return st.fixed_dictionaries(needed, optional=members)
            case "array":
                return st.lists(self._right(schema.get("items", {}), name), max_size=2)
            case "boolean":
                return st.booleans()
            case "integer" | "number":
                return st.integers(0, 100)
        if schema.get("format") == "date-time":
            return st.sampled_from(["2026-01-01T00:00:00Z", "2027-06-01T00:00:00+02:00"])
        return st.just(self.known.get(f"{name}=") or self.known.get(name) or "new1")

    def _near(self, right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.integers(0, 3).flatmap(lambda number: right if number else values)

    def _resolve(self, schema: Schema) -> Schema:
        while inner := schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf"):
            schema = inner[0]
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        return self._resolve(self.schemas[name]) if name else schema

    def _in(self, place: str) -> dict[str, Schema]:
        return {one["name"]: one for one in self.details.get("parameters", ()) if one["in"] == place}


def operations(known: dict[str, str]) -> list[Operation]:
    """All that there are."""
    described = cast(Any, SchemaGenerator)().get_schema(request=None, public=True)
    schemas = described["components"]["schemas"]
    return [
        Operation(method.upper(), path, details, schemas, known)
        for path, methods in described["paths"].items()
        for method, details in methods.items()
        if method in METHODS
    ]


def _dump(data: Any) -> bytes:
    """As JSON; half a surrogate pair goes as an escape, what is no number as it is, one in a hundred keys twice."""
    text = json.dumps(data)
    return (text.replace("{", '{"name": 1, ', 1) if len(text) % 100 == 7 and '":' in text else text).encode()


def _encode(parameters: dict[str, Any]) -> str:
    return urlencode({_text(name): _text(value) for name, value in parameters.items()}, errors="surrogatepass")


def _quote(value: Any) -> str:
    return quote(_text(value), safe="", errors="surrogatepass")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
