"""Every error that a view of the REST API raises becomes a problem document: see netraven/problems.py."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from backups.exceptions import CorruptBackup, RequestRefused, StorageFailed, TooManyTests
from backups.login_test import PERIOD
from devices.device_check import TooManyChecks
from devices.host_keys import KeyNotOffered
from netraven.problems import MEDIA_TYPE, kind_of, problem, split_errors


class Conflict(APIException):
    """The request is right in itself, but not as things stand."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Another request has just changed this; read it again."
    default_code = "conflict"


class BadRequest(APIException):
    """Django refuses to look at it."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "bad_request"


class BodyTooLarge(APIException):
    """More than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "too_large"


class Unavailable(APIException):
    """The database or the storage is away; asking again later may help."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is not available now. Try again later."
    default_code = "unavailable"


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """The response to what a view raised; None, so a 500, for mistakes of our own."""
    known = _as_api_exception(error)
    response = exception_handler(known, context)
    if response is not None:
        detail, errors = split_errors(response.data)
        kind = kind_of(response.status_code, _slug_of(known))
        path = context["request"].path if "request" in context else ""
        response.data = problem(kind, path, detail, errors if isinstance(known, ValidationError) else None)
        response.content_type = MEDIA_TYPE
    return response


def _slug_of(error: Exception) -> str:
    match error:
        case ValidationError():
            return "validation"
        case ParseError():
            return "malformed"
    return ""


def _as_api_exception(error: Exception) -> Exception:
    match error:
        case RequestRefused() | CorruptBackup() | KeyNotOffered():
            return Conflict(str(error))
        case TooManyTests() | TooManyChecks():
            return Throttled(PERIOD, str(error))
        case StorageFailed():
            return Unavailable(str(error))
        case ProtectedError():
            kinds = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
            return Conflict(f"Still in use by {' and '.join(kinds)}.")
        case IntegrityError():  # two requests with one name passed the validators side by side
            return Conflict()
        case DataError() | OverflowError():
            return ValidationError({"detail": "A value is out of range."})
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation():
            return BadRequest(str(error))
        case OperationalError() | InterfaceError():
            return Unavailable()
    return error
