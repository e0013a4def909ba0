"""Request bodies of the REST API."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON that a database can hold: no NUL, no lone surrogates, not nested until Python gives up."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError."""
        try:
            data = super().parse(stream, media_type, parser_context)
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
