"""Who may see a page, and what all pages share."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRefresh

from backups.damage import with_damage
from backups.models import Backup
from devices.models import Device, DeviceQuerySet

ROWS = 50  # of a list, per page

P = ParamSpec("P")


class UserRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


Guarded = Callable[Concatenate[HttpRequest, P], HttpResponse]
View = Callable[Concatenate[UserRequest, P], HttpResponse]


def page(*permissions: str) -> Callable[[View[P]], Guarded[P]]:
    """For those who are logged in and hold all the permissions; kept in no cache."""

    def decorate(view: View[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                # A part of a page cannot become the log-in: the page is loaded anew, and that does
                live = request.headers.get("HX-Request") == "true"
                return HttpResponseClientRefresh() if live else redirect_to_login(request.get_full_path())
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            response = view(cast(UserRequest, request), *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return guarded

    return decorate


def visible_devices(request: HttpRequest) -> DeviceQuerySet:
    """The devices that the user sees, with their platforms."""
    return Device.objects.visible_to(request.user).select_related("platform").defer("platform__secret_patterns")


def visible_backup(request: HttpRequest, pk: uuid.UUID) -> Backup:
    """A backup of a device that the user sees; anything else is 404."""
    backups = with_damage(Backup.objects.visible_to(request.user))
    return get_object_or_404(backups.select_related("device__platform", "job", "accepted_by", "gateway"), pk=pk)


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    """The page of a list that the URL asks for, or the nearest one there is."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))
