"""The page that searches configurations. It is a form that is got: a search can be kept as a link."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from backups.search import searching
from backups.search.query import LONGEST, BadQuery, Query
from backups.search.sources import Scope
from backups.views.access import UserRequest, page
from backups.views.configs import READER
from backups.views.reading import is_masked
from devices.models import Platform, Tag
from netraven.throttling import HeavyThrottle


@dataclass(frozen=True)
class Asked:
    """The form, as it was filled in."""

    query: Query
    scope: Scope
    absent: bool
    after: str


@require_safe
@page(*READER)
def search(request: UserRequest) -> HttpResponse:
    """The form, and what was found; `?after=<host name>` goes on behind that device."""
    asked = _asked(request)
    context: dict[str, Any] = {
        "asked": asked,
        "masked": is_masked(request),
        "platforms": Platform.objects.order_by("name").values_list("slug", "name"),
        "tags": Tag.objects.values_list("name", flat=True),
        "longest": LONGEST,
    }
    if not asked.query.text:
        return render(request, "pages/search.html", context)
    throttle = HeavyThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        wait = ceil(throttle.wait() or 1)
        context["problem"] = f"You have searched a lot: try again in {wait} second{'' if wait == 1 else 's'}."
        answer = render(request, "pages/search.html", context, status=429)
        answer["Retry-After"] = str(wait)
        return answer
    try:
        context["result"] = searching.search(
            asked.query, asked.scope, request.user, masked=context["masked"], absent=asked.absent, after=asked.after
        )
    except BadQuery as error:
        context["problem"] = str(error)
        return render(request, "pages/search.html", context, status=400)
    return render(request, "pages/search.html", context)


def _asked(request: UserRequest) -> Asked:
    given = {name: str(text).replace("\x00", "") for name, text in request.GET.items()}

    def short(name: str) -> str:
        return given.get(name, "")[:255]

    return Asked(
        Query(given.get("q", ""), given.get("regex") == "1", given.get("case") == "1"),
        Scope(short("tag"), short("platform"), short("device").strip(), given.get("versions") == "all"),
        given.get("find") == "absent",
        short("after"),
    )
