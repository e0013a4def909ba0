"""Is this text the device's whole configuration?

Devices answer with half of one, or with an error text, and call it success.
"""

from backups.fingerprint import compile_patterns, split_lines
from devices.exceptions import IncompleteConfig
from devices.models import Platform
from devices.text import encode

# An error text comes instead of a configuration, so it stands at the top; a banner may quote one further down.
ERROR_WITHIN_LINES = 5


def check_complete(text: str, platform: Platform, last_good_size: int | None) -> None:
    """Raise IncompleteConfig, with the reason, unless the text passes the platform's rules.

    `last_good_size` is the size in bytes of the last good configuration of the same device, None for its first one.
    """
    lines = [line.rstrip() for line in split_lines(text) if line.strip()]
    if not lines:
        raise IncompleteConfig("The device answered with an empty configuration.", text)
    errors = compile_patterns(platform.error_patterns)
    if errors and (found := next((line for line in lines[:ERROR_WITHIN_LINES] if errors.search(line)), None)):
        raise IncompleteConfig(f"The device answered with an error text: {found.strip()[:200]}", text)
    end = compile_patterns(platform.end_pattern)
    if end and not end.search(lines[-1]):
        raise IncompleteConfig(
            f"The configuration stops before its end: its last line is “{lines[-1].strip()[:80]}”, "
            f"a complete one ends in a line that matches {platform.end_pattern}",
            text,
        )
    _check_size(text, platform, last_good_size)


def _check_size(text: str, platform: Platform, last_good_size: int | None) -> None:
    size = len(encode(text))
    if last_good_size and size < last_good_size * (100 - platform.max_shrink_percent) / 100:
        lost = round(100 - 100 * size / last_good_size)
        raise IncompleteConfig(
            f"The configuration is {lost} % smaller than the last good one ({size} bytes, before {last_good_size}). "
            "If that is right, accept this backup.",
            text,
        )
