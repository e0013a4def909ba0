"""What people and programs do with schedules: every change of one comes through here."""

from datetime import datetime
from itertools import count as count_from

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from netraven.audit.trail import Action, note
from scheduling.description import describe
from scheduling.load import HourLoad, Load, week_load
from scheduling.models import Schedule, ScheduleRun
from scheduling.recurrence import Recurrence, next_run, upcoming
from scheduling.runs import start_run
from scheduling.targets import RELATIONS, Targets
from scheduling.validation import TIMING_FIELDS, validate_targets

__all__ = [
    "HourLoad",
    "Load",
    "describe",
    "duplicate",
    "preview",
    "run_now",
    "save_schedule",
    "set_enabled",
    "week_load",
]

PREVIEWED = 10
LONGEST_NAME = 100  # characters


@transaction.atomic
def save_schedule(schedule: Schedule, now: datetime | None = None, *, targets: Targets | None = None) -> Schedule:
    """Check and save it, and reckon when it runs next; with `targets`, save those too.

    What its type does not use is emptied. An edit that leaves its times alone leaves its next run alone, also one that
    is just due. Raises ValidationError by field, also for one that is switched on and could never run.
    """
    now = now or timezone.now()
    stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
    schedule.full_clean()
    if targets is not None:
        validate_targets(targets)
        schedule.all_devices, schedule.tag_match = targets.all_devices, targets.tag_match
    schedule.next_run_at = _next_run_of(schedule, stored, now)
    if schedule.enabled:
        schedule.disabled_reason = ""
    schedule.save()
    if targets is not None:
        for name in RELATIONS:
            getattr(schedule, name).set(getattr(targets, name))
    return schedule


def set_enabled(schedule: Schedule, enabled: bool, user: User | None) -> None:
    """Switch it on, from now on, or off. `user` None is the system itself.

    Raises PermissionDenied, or ValidationError for one that cannot run as it stands.
    """
    _require(user, "change_schedule", "You may not change schedules.")
    if enabled:
        fresh = Schedule.objects.get(pk=schedule.pk)
        fresh.enabled = True
        save_schedule(fresh)
    else:
        off = {"enabled": False, "next_run_at": None, "updated_at": timezone.now()}
        with transaction.atomic():
            if Schedule.objects.filter(pk=schedule.pk, enabled=True).update(**off):
                note(Action.UPDATE, schedule, user=user, changes={"enabled": [True, False]})
    schedule.refresh_from_db()


def run_now(schedule: Schedule, user: User | None) -> ScheduleRun:
    """Back up its devices now, all of them and without spread, whatever its times and whether it is enabled.

    The backups are the system's own, as those of its times are: whoever may change schedules and run backups may ask
    for them. `user` None is the system itself. Raises PermissionDenied.
    """
    _require(user, "change_schedule", "You may not run schedules.")
    if user is not None and not user.has_perm("backups.run_backup"):
        raise PermissionDenied("You may not run backups.")
    now = timezone.now()
    with transaction.atomic():
        return start_run(schedule, ScheduleRun.Cause.MANUAL, now, now, by=user.get_username() if user else "")


def duplicate(schedule: Schedule, user: User | None) -> Schedule:
    """A copy, switched off, named “NAME (copy)”, “NAME (copy 2)” and so on. Raises PermissionDenied."""
    _require(user, "add_schedule", "You may not add schedules.")
    for number in count_from(1):
        suffix = " (copy)" if number == 1 else f" (copy {number})"
        name = schedule.name[: LONGEST_NAME - len(suffix)] + suffix
        if not Schedule.objects.filter(name=name).exists():
            try:
                return _copy(schedule, name, user)
            except IntegrityError:  # somebody else was quicker
                continue
    raise AssertionError("unreachable")


def preview(schedule: Schedule | Recurrence, now: datetime | None = None, count: int = PREVIEWED) -> list[datetime]:
    """Its next times after `now`, in UTC, as if it were enabled; it need not be saved.

    Raises ValueError for one that lacks what its type needs: check it with `full_clean` first.
    """
    recurrence = schedule if isinstance(schedule, Recurrence) else schedule.recurrence
    return upcoming(recurrence, now or timezone.now(), count)


def _next_run_of(schedule: Schedule, stored: Schedule | None, now: datetime) -> datetime | None:
    if not schedule.enabled:
        return None
    if stored and stored.enabled and _same_times(schedule, stored):
        return stored.next_run_at
    following = next_run(schedule.recurrence, now)
    if following is None:
        if schedule.schedule_type == Schedule.Type.ONCE or not schedule.end_at:
            raise ValidationError({"start_at": "This time has passed: it would never run."})
        raise ValidationError({"end_at": "No time is left before this end: it would never run."})
    return following


def _same_times(one: Schedule, other: Schedule) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in TIMING_FIELDS)


@transaction.atomic
def _copy(schedule: Schedule, name: str, user: User | None) -> Schedule:
    own = {"id", "name", "enabled", "next_run_at", "disabled_reason", "created_by", "created_at", "updated_at"}
    fields = {field.name: getattr(schedule, field.name) for field in Schedule._meta.concrete_fields}
    kept = {name: value for name, value in fields.items() if name not in own}
    copy = Schedule.objects.create(name=name, enabled=False, created_by=user, **kept)
    for relation in RELATIONS:
        getattr(copy, relation).set(getattr(schedule, relation).values_list("pk", flat=True))
    return copy


def _require(user: User | None, permission: str, sentence: str) -> None:
    if user is not None and not user.has_perm(f"scheduling.{permission}"):
        raise PermissionDenied(sentence)
