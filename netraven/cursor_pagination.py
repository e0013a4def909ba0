"""Pages of the lists that grow without end: the cursor is the last row seen, so each page costs the same."""

import base64
import binascii
import json
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import Model, Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from netraven.pagination import page_size_from

FORWARD, BACKWARD = "after", "before"


class CursorPagination(BasePagination):
    """`?cursor=…&page_size=100`, and `?ordering=` for the other direction.

    DRF's own skips rows that are equal in the first key one by one, and loses its way among more than a thousand: ten
    thousand backups of one job have the same time. Here all keys together say where a page begins.
    """

    keys: ClassVar[tuple[str, ...]]  # of the model, all from an index; the last one is unique
    descending: ClassVar[bool] = False
    parameters = ("cursor", "page_size", "ordering")

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """The rows of the page. Raises ValidationError."""
        self._request, self._model = request, queryset.model
        size = page_size_from(request)
        self._down = self._is_descending(request)
        self._way, after = self._read_cursor(request.query_params.get("cursor", ""))
        down = self._down if self._way == FORWARD else not self._down
        rows = queryset.order_by(*(f"{'-' if down else ''}{key}" for key in self.keys))
        found = list(rows.filter(self._beyond(after, down))[: size + 1] if after else rows[: size + 1])
        self._more, page = len(found) > size, found[:size]
        self._page = page if self._way == FORWARD else page[::-1]
        self._came_from = bool(after)
        return self._page

    def get_paginated_response(self, data: Any) -> Response:
        """Without a count: that would cost more than the page."""
        more_after = self._more if self._way == FORWARD else self._came_from
        more_before = self._came_from if self._way == FORWARD else self._more
        return Response(
            {
                "next": self._link(FORWARD, self._page[-1]) if self._page and more_after else None,
                "previous": self._link(BACKWARD, self._page[0]) if self._page and more_before else None,
                "results": data,
            }
        )

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """For the API's description."""
        return [
            _parameter("cursor", {"type": "string"}, "From next or previous."),
            _parameter("page_size", {"type": "integer", "minimum": 1}, "Rows a page, at most 500."),
            _parameter("ordering", {"type": "string", "enum": [self.keys[0], f"-{self.keys[0]}"]}, "The direction."),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the API's description."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def cursor_at(self, row: Model, way: str = FORWARD) -> str:
        """The cursor of the page that begins behind a row."""
        fields: list[Any] = [row._meta.get_field(key) for key in self.keys]
        values = [field.value_to_string(row) for field in fields]
        return base64.urlsafe_b64encode(json.dumps([way, *values]).encode()).decode()

    def _is_descending(self, request: Request) -> bool:
        first = self.keys[0]
        match request.query_params.get("ordering", ""):
            case "":
                return self.descending
            case asked if asked in (first, f"-{first}"):
                return asked.startswith("-")
        raise ValidationError({"ordering": [f"No order of this list. There are {first} and -{first}."]})

    def _beyond(self, values: list[Any], down: bool) -> Q:
        """The rows behind the one with these values: with the first condition an index finds the place."""
        step = "lt" if down else "gt"
        beyond = Q(**{f"{self.keys[-1]}__{step}": values[-1]})
        for key, value in reversed(list(zip(self.keys[:-1], values, strict=False))):
            beyond = Q(**{f"{key}__{step}e": value}) & (Q(**{f"{key}__{step}": value}) | beyond)
        return beyond

    def _read_cursor(self, cursor: str) -> tuple[str, list[Any]]:
        """The way to go, and the key values of the row to go on from; none of them at the beginning."""
        if not cursor:
            return FORWARD, []
        try:
            way, *texts = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            values = [
                self._model._meta.get_field(key).to_python(text) for key, text in zip(self.keys, texts, strict=True)
            ]
            if way not in (FORWARD, BACKWARD) or None in values or not all(isinstance(text, str) for text in texts):
                raise ValueError(cursor)
        except (ValueError, TypeError, binascii.Error, InvalidValue, RecursionError):
            raise ValidationError({"cursor": ["This is no cursor: take the one in next or previous."]}) from None
        return way, values

    def _link(self, way: str, row: Model) -> str:
        url = remove_query_param(self._request.build_absolute_uri(), "cursor")
        return str(replace_query_param(url, "cursor", self.cursor_at(row, way)))


def _parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


class NewestFirst(CursorPagination):
    """Backups: by the time at which they were asked for."""

    keys = ("created_at", "id")
    descending = True


class ByPosition(CursorPagination):
    """Backups of one job, in the order in which workers take them: their time is the same."""

    keys = ("position", "id")


class InOrder(CursorPagination):
    """Log entries: they are numbered as they come."""

    keys = ("id",)
