"""What an operator wants to know first: is everything backed up, what happened lately, and what needs a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from backups.daily import CHANGED
from backups.models import Backup, BackupQuerySet
from devices.models import Device, DeviceQuerySet

LATELY = timedelta(hours=24)
CHANGES_SHOWN = 10
STATES = ("completed", "failed", "never", "disabled")
_ON = Q(enabled=True)


@dataclass(frozen=True)
class Coverage:
    """How many of the enabled devices have the good backup that they should have.

    Counted are those with an objective. While none has one, all are, and good is one whose last backup completed.
    """

    good: int
    counted: int
    by_objective: bool
    left_out: int  # enabled devices without an objective, if others have one
    disabled: int

    @property
    def percent(self) -> int:
        """Rounded down: 100 only if none is missing."""
        return self.good * 100 // self.counted if self.counted else 0

    @property
    def missing(self) -> int:
        """Those without it."""
        return self.counted - self.good


@dataclass(frozen=True)
class DeviceStates:
    """How many of the devices are in each of the states, of which each is in one."""

    completed: int
    failed: int
    never: int
    disabled: int
    reasons: Sequence[tuple[str, int]]  # why the last backups of the failed ones failed, the most frequent first


@dataclass(frozen=True)
class Results:
    """What ended lately."""

    completed: int
    failed: int
    changed: int
    reasons: Sequence[tuple[str, int]]  # why they failed, the most frequent first

    @property
    def ended(self) -> int:
        """All of them."""
        return self.completed + self.failed


def count_states(devices: DeviceQuerySet) -> DeviceStates:
    """One query."""
    rows = devices.order_by().values_list("enabled", "last_status", "last_failure_reason").annotate(number=Count("*"))
    counts = Counter[str]()
    reasons = Counter[str]()
    for enabled, status, reason, number in rows:
        counts[(status or "never") if enabled else "disabled"] += number
        if enabled and status == Device.LastStatus.FAILED:
            reasons[reason] += number
    return DeviceStates(**{name: counts[name] for name in STATES}, reasons=_most_frequent_first(reasons))


def coverage(devices: DeviceQuerySet, states: DeviceStates, stale: int) -> Coverage:
    """One query; `stale` of the devices are."""
    enabled = states.completed + states.failed + states.never
    counted = devices.filter(_ON).with_objective().count()
    if counted:
        return Coverage(counted - stale, counted, True, enabled - counted, states.disabled)
    return Coverage(states.completed, enabled, False, 0, states.disabled)


def recent_results(backups: BackupQuerySet) -> Results:
    """Of the last 24 hours, in one query."""
    ended = backups.ended(timezone.now() - LATELY).order_by()
    rows = list(
        ended.values_list("status", "failure_reason").annotate(number=Count("*"), changes=Count("pk", filter=CHANGED))
    )
    reasons = {reason: number for status, reason, number, _ in rows if status == Backup.Status.FAILED}
    return Results(
        completed=sum(number for status, _, number, _ in rows if status == Backup.Status.COMPLETED),
        failed=sum(reasons.values()),
        changed=sum(changes for *_, changes in rows),
        reasons=_most_frequent_first(reasons),
    )


def recent_changes(backups: BackupQuerySet) -> BackupQuerySet:
    """The newest ones, with what a row shows."""
    shown = backups.changes().order_by("-finished_at").select_related("device")
    return shown.only(
        "device__hostname", "finished_at", "version", "lines_added", "lines_removed", "changed", "status"
    )[:CHANGES_SHOWN]


def _most_frequent_first(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(reasons.items(), key=lambda row: (-row[1], row[0]))
