"""How schedules look on pages and in the console."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.db.models import F
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.templatetags.records import badge
from devices.models import Device, Tag
from scheduling.covering import schedules_covering
from scheduling.description import describe
from scheduling.history import PastRun
from scheduling.models import Schedule, ScheduleQuerySet, ScheduleRun

register = template.Library()

SHOWN = 20  # schedules of a device or a tag
NAMED = 5  # of the disabled ones
# Of what never came to a job: a colour and a mark, with the word beside them
LOOKS = {
    ScheduleRun.Outcome.OVERLAPPED: ("cancelled", "■"),
    ScheduleRun.Outcome.MISSED: ("cancelled", "■"),
    ScheduleRun.Outcome.EMPTY: ("cancelled", "○"),
    ScheduleRun.Outcome.BROKEN: ("failed", "✕"),
}


@register.filter
def words(schedule: Schedule) -> str:
    """When it runs; for one that is broken, what is wrong."""
    try:
        return describe(schedule)
    except (LookupError, ValueError) as error:
        return str(error) if isinstance(error, ValueError) else schedule.get_schedule_type_display()


@register.filter
def wall(moment: datetime) -> str:
    """`Tue 2026-12-01 02:30`: what the clock shows, in the zone that the moment is in."""
    return f"{moment:%a %Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%a %Y-%m-%d %H:%M}"


@register.filter
def viewer_time(moment: datetime | None) -> str | SafeString:
    """In the installation's time zone, without its name; the browser puts its own there (schedules.js)."""
    return _local(moment, "")


@register.filter
def viewer_moment(moment: datetime | None) -> str | SafeString:
    """The same, with the name of the zone."""
    return _local(moment, f" {timezone.get_current_timezone_name()}")


@register.simple_tag
def viewer_zone() -> SafeString:
    """The name of the time zone of `viewer_time`."""
    return format_html('<span class="nr-local-zone">{}</span>', timezone.get_current_timezone_name())


@register.filter
def schedule_time(moment: datetime | None, schedule: Schedule) -> str | SafeString:
    """In the schedule's own zone, with the difference to UTC: `Tue 2026-12-01 02:30 UTC+01:00`."""
    try:
        local = moment.astimezone(schedule.zone) if moment else None
    except ValueError:
        local = None
    if local is None:
        return "–"
    offset = f"{local:%z}"
    return format_html('{} <span class="nr-quiet">UTC{}:{}</span>', wall(local), offset[:3], offset[3:5])


def schedule_moment(moment: datetime, schedule: Schedule) -> str:
    """In the schedule's own zone, with its name; empty if that shows the same as the viewer's."""
    try:
        local = moment.astimezone(schedule.zone)
    except ValueError:
        return ""
    return f"{wall(local)} {schedule.time_zone}" if wall(local) != wall(timezone.localtime(moment)) else ""


@register.filter
def outcome(past: PastRun) -> SafeString:
    """How a run went, as a badge: its job's status, or why there is none."""
    if past.started:
        return badge(past.job.status) if past.job else SafeString(past.run.get_outcome_display())
    colour, mark = LOOKS[ScheduleRun.Outcome(past.run.outcome)]
    return format_html(
        '<span class="nr-badge nr-{}"><span aria-hidden="true">{}</span> {}</span>',
        colour,
        mark,
        past.run.get_outcome_display(),
    )


@register.simple_tag(takes_context=True)
def device_schedules(context: template.Context, device: Device) -> dict[str, Any]:
    """The schedules that back a device up, the next one first, for those who may see them."""
    if not context["perms"]["scheduling"]["view_schedule"]:
        return {}
    return _first(schedules_covering(device))


@register.simple_tag(takes_context=True)
def tag_schedules(context: template.Context, tag: Tag) -> dict[str, Any]:
    """The schedules that name a tag, for those who may see them."""
    if not context["perms"]["scheduling"]["view_schedule"]:
        return {}
    return _first(Schedule.objects.filter(tags=tag))


@register.simple_tag(takes_context=True)
def switched_off_schedules(context: template.Context) -> dict[str, Any]:
    """The schedules that NetRaven itself has disabled, for those who may see them."""
    if not context["perms"]["scheduling"]["view_schedule"]:
        return {}
    disabled = Schedule.objects.switched_off().order_by("name")
    rows = list(disabled[: NAMED + 1])
    more = len(rows) > NAMED
    return {"rows": rows[:NAMED], "more": more, "total": disabled.count() if more else len(rows)}


def _first(schedules: ScheduleQuerySet) -> dict[str, Any]:
    rows = list(schedules.order_by(F("next_run_at").asc(nulls_last=True), "name")[: SHOWN + 1])
    return {"rows": rows[:SHOWN], "more": len(rows) > SHOWN, "allowed": True}


def _local(moment: datetime | None, name: str) -> str | SafeString:
    if moment is None:
        return "–"
    return format_html(
        '<time class="nr-local" datetime="{}"{}>{}{}</time>',
        f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        SafeString(" data-named") if name else "",
        wall(timezone.localtime(moment)),
        name,
    )
