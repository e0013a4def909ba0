"""How records look on pages and in the admin: states, times, reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from backups import secrecy
from backups.advice import Link, advice_for, link_to_mend
from backups.models import Backup, Job, JobLog
from devices.models import Device, HostKey

register = template.Library()

# A mark and a word go with each colour.
MARKS = {"completed": "✓", "failed": "✕", "cancelled": "■", "running": "▸", "pending": "…", "disabled": "–", "": "○"}
MARKS |= {"trusted": "✓", "offered": "…", "retired": "–", "dismissed": "✕"}
WORDS = {**dict(Job.Status.choices), **dict(HostKey.State.choices), "disabled": "Disabled", "": "Never backed up"}
# What a device says to a log-in
MARKS |= {"accepted": "✓", "rejected": "✕"}
WORDS |= {"accepted": "Accepted", "rejected": "Rejected"}
# Messages to channels
MARKS |= {"sent": "✓", "changed": "±", "recovered": "✓"}
WORDS |= {"sent": "Sent"}
# Whether there is a good backup in time
MARKS |= {"met": "✓", "stale": "▲"}
WORDS |= {"met": "In time", "stale": "Stale"}
# What a browser would not show, or would obey: control characters as their pictures, lone surrogates as replacements.
PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) != "\t"} | {0x7F: 0x2421}
PICTURES |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
SHOWN_AS = PICTURES | BIDI_CONTROLS


@register.filter
def badge(status: str) -> SafeString:
    """A status as a mark and a word in its colour."""
    return format_html(
        '<span class="nr-badge nr-{}"><span aria-hidden="true">{}</span> {}</span>',
        status or "never",
        MARKS.get(status, "○"),
        WORDS.get(status, status),
    )


@register.filter
def waits(backup: Backup) -> str | SafeString:
    """Until when a backup waits for its time; nothing for others."""
    return format_html(" waits until {}", utc(backup.not_before)) if backup.waits_for_its_time else ""


@register.filter
def reason(value: str) -> str:
    """A failure reason in words."""
    return str(dict(Backup.FailureReason.choices).get(value, value))


@register.filter
def utc(moment: datetime | None) -> str | SafeString:
    """`2026-11-23 08:31:05 UTC`, or a dash."""
    if moment is None:
        return "–"
    moment = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{moment:%Y-%m-%d %H:%M:%S}"
    )


@register.filter
def ago(moment: datetime | None) -> str | SafeString:
    """`3 hours ago`, with the time as its title; a dash for never."""
    if moment is None:
        return "–"
    recent = timezone.now() - moment < timedelta(minutes=1)
    return _titled(moment, "just now" if recent else f"{timesince(moment, depth=1)} ago")


@register.filter
def age(moment: datetime | None) -> str | SafeString:
    """How long ago, `3 hours`, with the time as its title; a dash for never."""
    if moment is None:
        return "–"
    recent = timezone.now() - moment < timedelta(minutes=1)
    return _titled(moment, "a moment" if recent else timesince(moment, depth=1))


def _titled(moment: datetime, words: str) -> SafeString:
    moment = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"{moment:%Y-%m-%d %H:%M:%S}",
        words,
    )


@register.filter
def hours(number: int | None) -> str:
    """`24 h`, `7 days`: as people say it; a dash for none."""
    if number is None:
        return "–"
    days, rest = divmod(number, 24)
    return f"{number} h" if rest or days < 2 else f"{days} days"


@register.filter
def clock(moment: datetime) -> str:
    """`2026-11-23 08:31:05.123`, in UTC: for tables whose heading names the zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


@register.filter
def grouped(number: int) -> str:
    """`1 234 567`, as everywhere."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@register.filter
def lasted(record: Any) -> str:
    """How long a job or a backup took: `4.2 s`, `12 min 5 s`; a dash until it has ended."""
    if not record.started_at or not record.finished_at:
        return "–"
    return duration(record.finished_at - record.started_at)


@register.filter
def duration(length: timedelta) -> str:
    """`4.2 s`, `12 min 5 s`, `3 h 5 min`."""
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@register.filter
def printable(text: str) -> str:
    """Text from a device with its control characters made visible; no character may reorder or hide others."""
    return text.translate(SHOWN_AS)


@register.simple_tag(takes_context=True)
def error_of(context: template.Context, backup: Backup) -> str:
    """Why a backup failed, as far as the user may read it."""
    return secrecy.error_for(context["user"], backup)


@register.simple_tag(takes_context=True)
def mend(context: template.Context, backup: Backup) -> Link | None:
    """Where the user mends what a backup failed for: its `path` and `label`."""
    return link_to_mend(context["user"], backup.failure_reason, backup.device, backup)


@register.filter
def advice(value: str) -> str:
    """What to do about a failure reason."""
    return advice_for(value)


@register.simple_tag(takes_context=True)
def message_of(context: template.Context, entry: JobLog) -> str:
    """What a log entry says, as far as the user may read it."""
    return secrecy.message_for(context["user"], entry)


@register.simple_tag(takes_context=True)
def comments_of(context: template.Context, backup: Backup) -> str:
    """What somebody wrote about a backup, as far as the user may read it."""
    return secrecy.comments_for(context["user"], backup)


@register.simple_tag(takes_context=True)
def offered_keys(context: template.Context, device: Device) -> list[HostKey]:
    """Host keys of a device that wait for a decision, for those who may see them."""
    if not context["perms"]["devices"]["view_hostkey"]:
        return []
    return list(device.host_keys.offered().with_known_fingerprint())
