"""Every error of the REST API is JSON: {"detail": "a sentence"} or {"field": ["a sentence"]}."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from rest_framework import status
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from backups.exceptions import CorruptBackup, RequestRefused, StorageFailed, TooManyTests
from backups.login_test import PERIOD
from devices.host_keys import KeyNotOffered


class Conflict(APIException):
    """The request is right in itself, but not as things stand."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Another request has just changed this; read it again."
    default_code = "conflict"


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
    response = exception_handler(_as_api_exception(error), context)
    if response is not None and isinstance(response.data, list):
        response.data = {"detail": " ".join(str(sentence) for sentence in response.data)}
    return response


def _as_api_exception(error: Exception) -> Exception:
    match error:
        case RequestRefused() | CorruptBackup() | KeyNotOffered():
            return Conflict(str(error))
        case TooManyTests():
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
            return ValidationError({"detail": str(error)})
        case OperationalError() | InterfaceError():
            return Unavailable()
    return error
