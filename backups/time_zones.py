"""Time zones, as people name them."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def validate_time_zone(value: str) -> None:
    """A name in the IANA database."""
    if value not in available_timezones():
        raise ValidationError(
            "“%(value)s” is no time zone. Give a name such as Europe/Berlin.", params={"value": value}
        )
