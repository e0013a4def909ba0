"""Living with a real database: it goes away for a moment, and it does not take every character."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 60  # seconds


def patiently(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a step that is safe to repeat, again and again for a minute while the database is away.

    A database restart must not lose the configuration that a worker holds in its hands. Inside a transaction the step
    is called once: only the whole transaction can be repeated.
    """
    if connection.in_atomic_block:
        return step(*args, **kwargs)
    retrying = Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        stop=stop_after_delay(PATIENCE),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        before_sleep=_drop_connection,
        reraise=True,
    )
    return retrying(step, *args, **kwargs)


def storable(text: str) -> str:
    """Text from a device as a database takes it: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _drop_connection(state: RetryCallState) -> None:
    connection.close()
