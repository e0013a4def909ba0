"""Answers the programs that watch NetRaven, before anything else looks at their requests.

They ask by an address and without TLS, from within: a redirect to HTTPS or a host name that is not allowed would tell
them of a failure that there is not. None of the answers depends on the name that was asked for.
"""

from collections.abc import Callable
from concurrent.futures import TimeoutError as TooLate
from functools import partial

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

from netraven.metrics.exposition import expose
from netraven.metrics_token import brings
from netraven.probes import readiness
from netraven.probes.bounded import Bounded

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SCRAPE_LIMIT = 8.0  # seconds; Prometheus itself waits for ten
logger = structlog.get_logger("netraven.probes")
# By whether it is OpenMetrics that the scraper wants
_SCRAPES = {False: Bounded(partial(expose, "")), True: Bounded(partial(expose, OPENMETRICS))}


class Probes:
    """`/healthz`, `/readyz` and `/metrics`, with or without a slash behind."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer what is for us, pass on the rest."""
        view = VIEWS.get(request.path_info.rstrip("/"))
        if view is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = view(request)
        add_never_cache_headers(response)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers: nothing else is asked, so that no outage of something else restarts it."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> HttpResponse:
    """Everything that a backup needs is there; `?exclude=workers` leaves a check out, and may be repeated."""
    found = readiness.look(without=request.GET.getlist("exclude"))
    if failing := {name: problem for name, problem in found.items() if problem}:
        logger.warning("Not ready", **failing)
    body = {
        "status": "unavailable" if failing else "ok",
        "checks": {name: problem or "ok" for name, problem in found.items()},
    }
    return JsonResponse(body, status=503 if failing else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """For those who bring the token; without a token in the settings it is not there."""
    token = settings.NETRAVEN["METRICS_TOKEN"]
    if not token:
        return HttpResponseNotFound("Metrics are off: NETRAVEN_METRICS_TOKEN is not set.\n", content_type="text/plain")
    if not brings(request.headers, token):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("The token is missing or wrong.\n", "text/plain", 401, headers=headers)
    scrape = _SCRAPES["application/openmetrics-text" in request.headers.get("Accept", "")]
    try:
        content, content_type = scrape.begin().result(SCRAPE_LIMIT)
    except (TooLate, Error) as error:
        logger.warning("No metrics", error=type(error).__name__)
        return HttpResponse("The database does not answer.\n", "text/plain", 503)
    return HttpResponse(content, content_type)


VIEWS = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
