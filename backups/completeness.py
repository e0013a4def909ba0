"""Is this text the device's whole configuration?

Devices answer with half of one, or with an error text, and call it success.
"""

from backups.fingerprint import compile_patterns, split_lines
from backups.secrecy import mask_config
from devices.exceptions import IncompleteConfig
from devices.models import Platform
from devices.text import encode

# An error text comes instead of a configuration, so it stands at the top; a banner may quote one further down.
ERROR_WITHIN_LINES = 5


def check_complete(text: str, platform: Platform, last_good_size: int | None) -> None:
    """Raise IncompleteConfig, with the reason, unless the text passes the platform's rules.

    A reason that quotes the text has its secrets masked: it is logged, and read by many.
    `last_good_size` is the size in bytes of the last good configuration of the same device, None for its first one.
    """
    lines = [line.rstrip() for line in split_lines(text) if line.strip()]
    if not lines:
        raise IncompleteConfig("The device answered with an empty configuration.", text)
    errors = compile_patterns(platform.error_patterns)
    found = next((at for at, line in enumerate(lines[:ERROR_WITHIN_LINES]) if errors.find_in(line)), None)
    if found is not None:
        raise IncompleteConfig(f"The device answered with an error text: {_quote(text, platform, found)[:200]}", text)
    if platform.end_pattern.strip() and not compile_patterns(platform.end_pattern).find_in(lines[-1]):
        raise IncompleteConfig(
            f"The configuration stops before its end: its last line is “{_quote(text, platform, -1)[:80]}”, "
            f"a complete one ends in a line that matches {platform.end_pattern}",
            text,
        )
    _check_size(text, platform, last_good_size)


def _quote(text: str, platform: Platform, number: int) -> str:
    """One of the lines that are not empty, as everybody may read it."""
    return [line for line in mask_config(text, platform) if line.strip()][number].strip()


def _check_size(text: str, platform: Platform, last_good_size: int | None) -> None:
    size = len(encode(text))
    if last_good_size and size < last_good_size * (100 - platform.max_shrink_percent) / 100:
        lost = round(100 - 100 * size / last_good_size)
        raise IncompleteConfig(
            f"The configuration is {lost} % smaller than the last good one ({size} bytes, before {last_good_size}). "
            "If that is right, accept this backup.",
            text,
        )
