"""`Idempotency-Key`: a request that starts work may be sent again, and starts it once."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backups.models import IdempotentAnswer
from netraven.permissions import signed_in_user

HEADER = "Idempotency-Key"
KEPT_HEADERS = ("Location", "Retry-After")
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

View = TypeVar("View", bound=APIView)
Rest = ParamSpec("Rest")
Handler = Callable[Concatenate[View, Request, Rest], Response]


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = f"You have used this {HEADER} for another request in the last 24 hours. Give each request its own."


def idempotent(handler: Handler[View, Rest]) -> Handler[View, Rest]:
    """For a view's method that starts work: the same user, key and request get the first answer again for 24 hours.

    What the handler records and its answer are committed together: of two that come at once, the second waits for the
    first and gets its answer, and after a crash there are both or none. An error is no answer: the key stays free.
    """

    @wraps(handler)
    def answer_once(view: View, request: Request, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise ValidationError({HEADER: ["Give 1 to 255 printable ASCII characters without spaces."]})
        with transaction.atomic():
            mine = IdempotentAnswer(user=signed_in_user(request), key=key, fingerprint=_fingerprint(request))
            first = _claim(mine)
            if first != mine:
                return _repeat(first, mine.fingerprint)
            response = handler(view, request, *args, **kwargs)
            _keep(mine, response)
        return response

    return answer_once


def _claim(mine: IdempotentAnswer) -> IdempotentAnswer:
    """The record of this user and key: the given one if it is the first. Waits for one that is being made."""
    records = IdempotentAnswer.objects.filter(user=mine.user, key=mine.key)
    records.filter(created_at__lt=timezone.now() - IdempotentAnswer.LIFE).delete()
    IdempotentAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    return records.get()


def _keep(record: IdempotentAnswer, response: Response) -> None:
    record.status = response.status_code
    record.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    record.body = json.loads(JSONRenderer().render(response.data))
    IdempotentAnswer.objects.bulk_update([record], ["status", "headers", "body"])


def _repeat(record: IdempotentAnswer, fingerprint: str) -> Response:
    if record.fingerprint != fingerprint:
        raise KeyReused
    return Response(record.body, status=record.status, headers=record.headers | {REPLAYED: "true"})


def _fingerprint(request: Request) -> str:
    asked: list[Any] = [request.method, request.path.rstrip("/"), request.query_params.dict(), request.data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
