"""The page of backups of all devices: those that ended lately, and those that wait for a decision."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from backups.models import Backup, BackupQuerySet
from backups.views.access import ROWS, UserRequest, page
from devices.models import Device

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
DEFAULT = "24h"
ENDED = (Backup.Status.COMPLETED, Backup.Status.FAILED)


@dataclass(frozen=True)
class BackupFilter:
    """What of the backups is asked for. All that is not understood is left out."""

    period: str = DEFAULT
    day: date | None = None  # UTC; instead of a period
    device: uuid.UUID | None = None  # of any time, unless a period or a day is named
    status: str = ""
    reason: str = ""
    changed: bool = False
    waiting: bool = False  # for a decision, whenever they ended
    named_period: bool = field(default=False)

    @classmethod
    def of(cls, query: QueryDict) -> "BackupFilter":
        """As the URL says."""
        period = query.get("period", "")
        return cls(
            period=period if period in PERIODS else DEFAULT,
            named_period=period in PERIODS,
            day=_day(query.get("day", "")),
            device=_uuid(query.get("device", "")),
            status=_one_of(query.get("status", ""), ENDED),
            reason=_one_of(query.get("reason", ""), Backup.FailureReason.values),
            changed=query.get("changed") == "yes",
            waiting=query.get("waiting") == "yes",
        )

    @property
    def is_whole_history(self) -> bool:
        """Of one device, without a limit in time."""
        return bool(self.device and not self.named_period and not self.day)

    def apply(self, backups: BackupQuerySet) -> BackupQuerySet:
        """Those that it asks for."""
        if self.device:
            backups = backups.filter(device=self.device)
        if self.waiting:
            return backups.awaiting_decision()
        backups = self._in_time(backups)
        if self.status:
            backups = backups.filter(status=self.status)
        if self.reason:
            backups = backups.filter(status=Backup.Status.FAILED, failure_reason=self.reason)
        return backups.changes() if self.changed else backups

    def _in_time(self, backups: BackupQuerySet) -> BackupQuerySet:
        if self.day:
            start = datetime.combine(self.day, time(), UTC)
            return backups.ended(start, start + timedelta(days=1))
        if self.is_whole_history:
            return backups.filter(finished_at__isnull=False)
        return backups.ended(timezone.now() - PERIODS[self.period])


@require_safe
@page("devices.view_device", "backups.view_backup")
def backups(request: UserRequest) -> HttpResponse:
    """Backups that ended, the last first: of the last 24 hours, unless another time is asked for."""
    chosen = BackupFilter.of(request.GET)
    found = chosen.apply(Backup.objects.visible_to(request.user))
    rows, older = _page(request, found)
    device = Device.objects.visible_to(request.user).filter(pk=chosen.device).first() if chosen.device else None
    context = {
        "rows": rows,
        "older": older,
        "total": found.order_by().count(),
        "chosen": chosen,
        "device": device,
        "reasons": Backup.FailureReason.choices,
        "is_first_page": "before" not in request.GET,
    }
    return render(request, "pages/backups.html", context)


def backups_path(**query: str) -> str:
    """Where the backups are listed that these filters ask for."""
    return f"{reverse('pages:backups')}?{urlencode(query)}" if query else reverse("pages:backups")


def _page(request: HttpRequest, found: BackupQuerySet) -> tuple[Sequence[Backup], str]:
    """The backups that ended before the one that the URL names, and its name for the next page, if there is one."""
    moment, pk = _place(request.GET.get("before", ""))
    if moment:
        found = found.filter(Q(finished_at__lt=moment) | Q(finished_at=moment, pk__lt=pk))
    rows = list(found.select_related("device").order_by("-finished_at", "-id")[: ROWS + 1])
    shown = rows[:ROWS]
    last = shown[-1] if len(rows) > ROWS else None
    return shown, f"{last.finished_at.isoformat()}_{last.pk}" if last and last.finished_at else ""


def _place(text: str) -> tuple[datetime | None, uuid.UUID | None]:
    moment, _, key = text.partition("_")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), uuid.UUID(key)
    except (ValueError, OverflowError):
        return None, None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1970, 1, 1) <= found <= date(9000, 1, 1) else None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _one_of(text: str, values: Sequence[str]) -> str:
    return text if text in values else ""
