"""`Content-Type`, before Django sees it: on some it fails before any view or middleware of ours has a say."""

from typing import Any

from django.utils.http import parse_header_parameters

UNREADABLE = "application/octet-stream"  # which no endpoint takes


def make_readable(environ: dict[str, Any]) -> None:
    """Nothing here is read but UTF-8: bodies that say they are anything else, or that nobody understands, are a 415.

    Django would read the parameters in the URL in that charset too, also in one that Python knows and that is no text,
    such as rot13.
    """
    if ";" in (content_type := environ.get("CONTENT_TYPE", "")) and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = UNREADABLE


def _is_readable(content_type: str) -> bool:
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:
        return False
    return str(parameters.get("charset", "utf-8")).lower() in ("utf-8", "utf8")
