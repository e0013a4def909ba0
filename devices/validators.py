"""Checks of what an operator enters about devices and platforms."""

import ipaddress
import re
from typing import Any

from django.core.exceptions import ValidationError

_HOSTNAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


def validate_address(value: str) -> None:
    """An IP address or a DNS name. Link-local addresses are refused: cloud metadata services live there."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        if len(value) > 253 or not _HOSTNAME.fullmatch(value) or re.fullmatch(r"[0-9.]+", value):
            raise ValidationError(
                "“%(value)s” is neither an IP address nor a DNS name.", params={"value": value}
            ) from None
        return
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise ValidationError("“%(value)s” cannot be the address of a device.", params={"value": value})


def validate_driver_name(value: str) -> None:
    """A driver that NAPALM can load."""
    from devices.connection import validate_driver  # NAPALM takes a second to import: only when a platform is edited

    try:
        validate_driver(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def validate_optional_args(value: Any) -> None:
    """A JSON object with allow-listed keys only: some driver arguments run commands or read files."""
    from devices.connection import ALLOWED_OPTIONAL_ARGS

    if not isinstance(value, dict):
        raise ValidationError("Give a JSON object, for example {}.")
    if unknown := sorted(set(value) - ALLOWED_OPTIONAL_ARGS):
        raise ValidationError(
            "Not allowed: %(unknown)s. Allowed are %(allowed)s.",
            params={"unknown": ", ".join(unknown), "allowed": ", ".join(sorted(ALLOWED_OPTIONAL_ARGS))},
        )


def validate_patterns(value: str) -> None:
    """Regular expressions, one a line."""
    for number, line in enumerate(value.splitlines(), start=1):
        _compile(number, line)


def validate_secret_patterns(value: str) -> None:
    """Regular expressions, one a line, each with a group that says what the secret is."""
    for number, line in enumerate(value.splitlines(), start=1):
        if line.strip() and not _compile(number, line).groups:
            raise ValidationError(
                "Line %(number)d has no group: put parentheses around the secret.", params={"number": number}
            )


def _compile(number: int, line: str) -> re.Pattern[str]:
    try:
        return re.compile(line)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValidationError(
            "Line %(number)d is not a regular expression: %(error)s", params={"number": number, "error": error}
        ) from None
