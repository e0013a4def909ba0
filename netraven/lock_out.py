"""Log-ins that fail too often: what django-axes is told, and what whoever is locked out is told."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from netraven.problems import MEDIA_TYPE, kind_of, problem


def client_address(request: HttpRequest) -> str:
    """Whom to count a failed log-in against: behind a proxy, the address that this proxy has seen.

    What stands before it in X-Forwarded-For the client may have written itself; what is no address is the proxy's
    mistake, and counts against the proxy.
    """
    if settings.BEHIND_PROXY:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-1].strip()
        with suppress(ValueError):
            return str(ip_address(forwarded))
    return str(request.META.get("REMOTE_ADDR", ""))


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """The answer to a log-in while its user name is locked for its address, whatever the password."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    detail = f"Too many failed log-ins. This user name is locked for your address for {seconds // 60} minutes."
    answer: HttpResponse
    if request.path_info.startswith("/api/"):
        document = problem(kind_of(429), request.path, detail)
        answer = JsonResponse(document, status=429, content_type=MEDIA_TYPE)
    else:
        answer = render(request, "locked_out.html", {"detail": detail}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
