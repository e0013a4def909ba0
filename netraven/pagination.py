"""Pages of the REST API's lists: `?page=2&page_size=100`; those that grow without end: cursor_pagination.py."""

from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

# Counting a table of millions takes seconds, and so does skipping that many rows to reach a page.
COUNT_LIMIT = 100_000
PAGE_SIZE, MAX_PAGE_SIZE = 50, 500  # rows

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class BoundedPaginator(_Paginator):
    """Counts up to COUNT_LIMIT rows: that many means “that many, or more”. Filters reach what is further down."""

    @cached_property
    def count(self) -> int:
        """Rows, at most COUNT_LIMIT; what is worked out for each row is left to the rows of the page."""
        return cast("QuerySet[Any]", self.object_list).order_by().values("pk")[:COUNT_LIMIT].count()


class PagePagination(PageNumberPagination):
    """Fifty rows a page unless `page_size` says otherwise; more than 500 are cut to 500."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    django_paginator_class = BoundedPaginator
    parameters = ("page", "page_size")

    def get_page_size(self, request: Request) -> int:
        """The rows asked for. Raises ValidationError where DRF would quietly take the default."""
        return page_size_from(request)

    def get_page_number(self, request: Request, paginator: _Paginator) -> int:
        """The page asked for, from 1. A page after the last one is a 404, anything but a number a 400."""
        return _positive_number(request, "page") or 1


def page_size_from(request: Request) -> int:
    """Rows to a page, as `?page_size=` asks. Raises ValidationError."""
    return min(_positive_number(request, "page_size") or PAGE_SIZE, MAX_PAGE_SIZE)


def _positive_number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ValidationError({name: ["Give a whole number from 1."]})
    return int(text)
