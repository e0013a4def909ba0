"""Request bodies of the REST API."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class BodyTooLarge(APIException):
    """More than DATA_UPLOAD_MAX_MEMORY_SIZE; DRF reads past Django's own check."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """JSON that a database can hold: no NUL, no lone surrogates, not nested until Python gives up, not endless."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError, BodyTooLarge."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
            # Writing it out again finds what stands anywhere in it, in keys too.
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
            text.encode()
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply.") from error
        except ValueError as error:
            raise ParseError("JSON parse error - lone surrogates and infinite numbers are not allowed.") from error
        if r"\u0000" in text.replace("\\\\", ""):
            raise ParseError("JSON parse error - NUL characters are not allowed.")
        return data
