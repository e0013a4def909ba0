"""What can be asked of an address of the API: as it is, each filter, search and order, and the pages of a list."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from devices.models import Device, Gateway, Platform, Tag
from netraven.cursor_pagination import CursorPagination
from netraven.filtering import StrictFilter
from netraven.lab.bench.responses.addresses import Address
from netraven.lab.bench.responses.samples import Samples
from netraven.pagination import COUNT_LIMIT, PAGE_SIZE

NOTHING = "no-such-thing"
MONTH = timedelta(days=30)


class ApiList:
    """A view that lists something, as a user would ask it."""

    def __init__(self, address: Address, parameters: dict[str, str], user: User, samples: Samples) -> None:
        callback: Any = address.pattern.callback
        self._view = address.view(**getattr(callback, "initkwargs", {}))
        self._view.request = Request(APIRequestFactory().get(address.path(parameters)))
        self._view.request.user = user
        self._view.kwargs, self._view.args, self._view.format_kwarg = parameters, (), None
        self._view.action = (getattr(callback, "actions", None) or {}).get("get")
        self._rows: QuerySet[Any] = self._view.get_queryset()
        self._samples = samples

    def queries(self) -> Iterator[str]:
        """Query strings, `""` first."""
        yield ""
        yield from self._pages()
        for field in getattr(self._view, "ordering_fields", None) or []:
            yield f"ordering={field}"
            yield f"ordering=-{field}"
        if getattr(self._view, "search_fields", None):
            # Something that many rows hold, something that few do, and something that none does
            for text in ("core", self._samples.of(Device).hostname, NOTHING):
                yield urlencode({"search": text})
        for name, one in self._filters().items():
            for value in self._values(name, one):
                yield urlencode({name: value})

    def _pages(self) -> Iterator[str]:
        """One in the middle, and the last one."""
        paginator = self._view.paginator
        if isinstance(paginator, CursorPagination):
            yield from self._cursors(paginator)
        elif isinstance(paginator, PageNumberPagination):
            last = -(-self._rows.order_by().values("pk")[:COUNT_LIMIT].count() // PAGE_SIZE)
            if last > 1:
                yield from (f"page={page}" for page in {last, (last + 1) // 2} - {1})

    def _cursors(self, paginator: CursorPagination) -> Iterator[str]:
        number = self._rows.order_by().count()
        if number <= PAGE_SIZE:
            return
        down = paginator.descending
        rows = self._rows.order_by(*(f"{'-' if down else ''}{key}" for key in paginator.keys))
        yield urlencode({"cursor": paginator.cursor_at(rows[number // 2])})
        yield urlencode({"cursor": paginator.cursor_at(rows.reverse()[PAGE_SIZE])})
        first = paginator.keys[0]
        yield f"ordering={first if down else f'-{first}'}"

    def _filters(self) -> dict[str, Any]:
        filterset = StrictFilter().get_filterset_class(self._view, self._rows)
        return dict(filterset.base_filters) if filterset else {}

    def _values(self, name: str, one: Any) -> list[Any]:
        """Values to filter by; none if none can be thought of."""
        if isinstance(one, (filters.ChoiceFilter, filters.TypedChoiceFilter)):
            return [value for value, _ in one.extra["choices"]]
        if isinstance(one, (filters.IsoDateTimeFilter, filters.DateTimeFilter)):
            return [(timezone.now() - MONTH).isoformat(), (timezone.now() - MONTH / 30).isoformat()]
        values = [value] if (value := self._stored(name, one)) is not None else []
        if isinstance(one, filters.NumberFilter):
            return values
        return [*values, uuid4() if isinstance(one, filters.UUIDFilter) else NOTHING]

    def _stored(self, name: str, one: Any) -> Any:
        """A value that some row has; by the filter's name where it does not say which field it means."""
        samples = {
            "tag": lambda: self._samples.of(Tag).name,
            "gateway": lambda: self._samples.of(Gateway).name,
            "platform": lambda: self._samples.of(Platform).slug,
            "device": lambda: self._samples.of(Device).pk,
        }
        if name in samples:
            return samples[name]() if not isinstance(one, filters.UUIDFilter) or name == "device" else None
        if one.method:
            return None
        given = self._rows.order_by().exclude(**{f"{one.field_name}__isnull": True})
        return given.values_list(one.field_name, flat=True).first()


def is_list(address: Address) -> bool:
    """Whether it lists something that filters and pages apply to."""
    actions = getattr(address.pattern.callback, "actions", None) or {}
    return bool(address.view and (actions.get("get") == "list" or (not actions and hasattr(address.view, "list"))))
