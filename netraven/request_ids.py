"""Each request has an id: in its answer, in its log lines, in its problem document, and with the job that it makes."""

import re
import uuid

from structlog.contextvars import get_contextvars

HEADER = "X-Request-ID"
NAME = "request_id"  # in log lines
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id_from(sent: str | None) -> str:
    """The id that the client or the proxy has sent, if it can stand in a log line; else a new one."""
    return sent if sent and _ACCEPTED.fullmatch(sent) else uuid.uuid4().hex


def current_request_id() -> str:
    """Of the request that this thread answers; empty outside of one."""
    return str(get_contextvars().get(NAME, ""))


def request_facts() -> dict[str, str]:
    """For the metadata of what a request makes."""
    request_id = current_request_id()
    return {NAME: request_id} if request_id else {}
