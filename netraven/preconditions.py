"""`ETag`, `If-None-Match` and `If-Match`: no answer that the client has, and no change of what it has not seen."""

import hashlib
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet


class PreconditionFailed(APIException):
    """The record is not what the client has read."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "This has changed since you read it: read it again."


def etag_of(data: Any) -> str:
    """Of an answer's JSON."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def client_has(request: Request | HttpRequest, etag: str) -> bool:
    """Whether `If-None-Match` names it; a weak tag will do to read."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in (tag.removeprefix("W/") for tag in known)


class ConditionalViewSet(ModelViewSet[Any]):
    """One record has an `ETag`, of all that it shows; `If-Match` keeps a change from undoing another one."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The record, or 304 when the client has it."""
        response = super().retrieve(request, *args, **kwargs)
        etag = etag_of(response.data)
        if client_has(request, etag):
            response = Response(status=status.HTTP_304_NOT_MODIFIED)
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change it. Raises PreconditionFailed."""
        self._refuse_if_changed()
        response = super().update(request, *args, **kwargs)
        response.headers["ETag"] = etag_of(self.get_serializer(self.get_object()).data)
        return response

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it. Raises PreconditionFailed."""
        self._refuse_if_changed()
        return super().destroy(request, *args, **kwargs)

    def _refuse_if_changed(self) -> None:
        """Nobody else changes the record between this look at it and the end of the transaction."""
        wanted = parse_etags(self.request.headers.get("If-Match", ""))
        if not wanted or "*" in wanted:
            return
        model = self.get_queryset().model
        model.objects.select_for_update().filter(pk=self.get_object().pk).first()
        if etag_of(self.get_serializer(self.get_object()).data) not in wanted:
            raise PreconditionFailed
