"""Whether a record is in force, as a badge: what operators and NetRaven itself may switch off."""

from typing import Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString

BADGE = '<span class="nr-badge nr-{}"><span aria-hidden="true">{}</span> {}</span>'


class Switched(Protocol):
    """A schedule, or a channel; `disabled_reason` is NetRaven's, when it has switched it off."""

    enabled: bool
    disabled_reason: str


def state_badge(record: Switched, *, by_netraven: str, by_hand: str) -> SafeString:
    """With why NetRaven switched it off, if it did; the words are for the two ways of being off."""
    if record.enabled:
        return format_html(BADGE, "completed", "✓", "Enabled")
    if record.disabled_reason:
        return format_html("{}<br>{}", format_html(BADGE, "failed", "✕", by_netraven), record.disabled_reason)
    return format_html(BADGE, "paused", "‖", by_hand)
