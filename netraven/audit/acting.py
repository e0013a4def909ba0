"""Who acts, by what way, and from where: read when an entry is written, and not when the request comes in.

An API token is looked at in the view, long after all middleware, so the library's own middleware would see nobody. The
request is kept instead: once the REST framework knows who sent it, it says so in the request itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from knox.models import AuthToken

from netraven.lock_out import client_address
from netraven.request_ids import current_request_id


class Via(models.TextChoices):
    """By what way."""

    ADMIN = "admin", "Admin"
    API = "api", "API"
    PAGE = "page", "Page"
    COMMAND = "command", "Command line"
    SYSTEM = "system", "NetRaven itself"


_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)
_otherwise: ContextVar[Via] = ContextVar("audit_via", default=Via.COMMAND)


class ActingRequest:
    """Middleware: whatever is done until the answer is there, is done by who sent the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        before = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(before)


@contextmanager
def netraven_itself() -> Iterator[None]:
    """What is done meanwhile nobody has asked for."""
    before = _otherwise.set(Via.SYSTEM)
    try:
        yield
    finally:
        _otherwise.reset(before)


def current_request() -> HttpRequest | None:
    """The one that this thread answers."""
    return _request.get()


def facts() -> dict[str, Any]:
    """The fields of an entry that say who, by what way, and from where."""
    request = _request.get()
    if request is None:
        return {"via": _otherwise.get(), "cid": current_request_id()}
    user, token = getattr(request, "user", None), getattr(request, "auth", None)
    is_known = user is not None and user.is_authenticated
    return {
        "actor_id": user.pk if user is not None and is_known else None,
        "actor_name": user.get_username() if user is not None and is_known else "",
        "via": _way_of(request),
        "token_name": str(token.details) if isinstance(token, AuthToken) else "",
        "remote_addr": _address_of(request),
        "cid": current_request_id(),
    }


def _way_of(request: HttpRequest) -> Via:
    if request.path_info.startswith("/api/"):
        return Via.API
    return Via.ADMIN if request.path_info.startswith(reverse("admin:index")) else Via.PAGE


def _address_of(request: HttpRequest) -> str | None:
    with suppress(ValueError):  # of a socket in the file system there is none
        return str(ip_address(client_address(request)))
    return None
