"""What holds for every request: its id, and under /api/ the shape of errors."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from structlog.contextvars import bound_contextvars

from netraven.problems import MEDIA_TYPE, kind_of, problem
from netraven.request_ids import HEADER, NAME, request_id_from

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestIds:
    """Takes `X-Request-ID` or makes one, binds it to the log lines of the request and gives it back; the outermost."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        request_id = request_id_from(request.headers.get(HEADER))
        with bound_contextvars(**{NAME: request_id}):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response


class ApiProblems:
    """What Django itself refuses, and what nobody has caught, is a problem document too: never a page or a traceback.

    The views' own errors are such documents already (netraven/exception_handler.py).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        response = self.get_response(request)
        is_api = request.path_info == "/api" or request.path_info.startswith("/api/")
        if not is_api or response.status_code < 400 or response.headers.get("Content-Type") == MEDIA_TYPE:
            return response
        return _with_headers_of(response, problem_response(response.status_code, request.path))


def problem_response(status: int, path: str) -> HttpResponse:
    """The document for a status of which nothing more is known."""
    kind = kind_of(status)
    return JsonResponse(problem(kind, path), status=status, content_type=MEDIA_TYPE)


def _with_headers_of(page: HttpResponseBase, response: HttpResponse) -> HttpResponse:
    for name, value in page.headers.items():
        if not name.startswith(("Content-", "ETag", "Last-Modified")):
            response.headers[name] = value
    response.cookies = page.cookies
    return response
