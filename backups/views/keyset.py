"""Long lists, newest first, a page at a time: from a place in them and not from a number, so nothing is counted."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

PLACE = "before"  # in the URL: `2026-11-23T08:31:05.123456+00:00,<id>`, the last row of the page before


@dataclass(frozen=True)
class KeysetPage:
    """Rows of a page; `older` is the place where the next one begins, empty at the end of the list."""

    rows: list[Any]
    older: str
    is_first: bool


def newest_first(request: HttpRequest, records: QuerySet[Any], size: int) -> KeysetPage:
    """The page that the URL asks for, by `created_at` and id; from the beginning if that is no place."""
    place = _place(request.GET.get(PLACE, ""))
    if place:
        moment, pk = place
        records = records.filter(Q(created_at__lt=moment) | Q(pk__lt=pk), created_at__lte=moment)
    rows = list(records.order_by("-created_at", "-pk")[: size + 1])
    last = rows[size - 1] if len(rows) > size else None
    older = f"{last.created_at.isoformat()},{last.pk}" if last else ""
    return KeysetPage(rows[:size], older, place is None)


def _place(text: str) -> tuple[datetime, uuid.UUID] | None:
    moment, _, pk = text.partition(",")
    try:
        parsed = parse_datetime(moment)
        return (parsed, uuid.UUID(pk)) if parsed and parsed.tzinfo else None
    except ValueError:
        return None
