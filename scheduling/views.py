"""The page of the coming week: when schedules run, and how much there is to do."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from backups.views.access import UserRequest, page
from scheduling.models import Schedule
from scheduling.week import DAYS, SHADES, week_of

WEEK = timedelta(days=DAYS)
FARTHEST = timedelta(days=10 * 366)


@require_safe
@page("scheduling.view_schedule")
def week(request: UserRequest) -> HttpResponse:
    """Seven days from `?start=2026-12-01` on, or from today on, in the installation's time zone."""
    now = timezone.now()
    today = timezone.localdate(now)
    try:
        first = _first_day(request.GET.get("start", ""), today)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("schedules:week")
    zone = timezone.get_current_timezone_name()
    context = {
        "week": week_of(first, ZoneInfo(zone), request.user, now),
        "first": first,
        "last": first + WEEK - timedelta(days=1),
        "today": today,
        "previous": max(first - WEEK, today) if first > today else None,
        "next": first + WEEK if first + WEEK <= today + FARTHEST else None,
        "zone": zone,
        "shades": range(1, SHADES + 1),
        "paused": Schedule.objects.filter(enabled=False).count(),
        "any": Schedule.objects.exists(),
    }
    return render(request, "schedules/week.html", context)


def _first_day(text: str, today: date) -> date:
    """Raises ValueError, with a sentence for the reader, unless the day is one to come, and not too far."""
    if not text:
        return today
    try:
        first = date.fromisoformat(text)
    except ValueError:
        raise ValueError("“start” is no day: give one such as 2026-12-31.") from None
    if not today <= first <= today + FARTHEST:
        raise ValueError("“start” must be a day from today on, and within ten years.")
    return first
