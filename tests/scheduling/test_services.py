from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied, ValidationError

from backups.models import Backup, Job
from devices.models import Device, Tag
from scheduling.models import Schedule, ScheduleRun
from scheduling.services import describe, duplicate, preview, run_now, save_schedule, set_enabled
from scheduling.targets import Targets
from tests.scheduling.conftest import AddDevices, local, make_schedule, recurrence, shown

pytestmark = pytest.mark.django_db
MONDAY = local("2026-12-07 12:00")
Outcome = ScheduleRun.Outcome


@pytest.fixture
def operator() -> User:
    user = User.objects.create_user("operator")
    grant(user, "run_backup", "change_schedule", "add_schedule")
    return user


def grant(user: User, *codenames: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def test_saving_reckons_the_next_run() -> None:
    schedule = save_schedule(Schedule(name="daily", time=time(2, 30), time_zone="Europe/Berlin"), MONDAY)
    assert schedule.next_run_at == local("2026-12-08 02:30")


def test_an_edit_of_its_times_reckons_anew_and_any_other_leaves_a_due_run_alone() -> None:
    schedule = make_schedule(start_at=local("2026-01-01 00:00"))
    due = local("2026-12-08 02:30")
    Schedule.objects.update(next_run_at=due)  # and the tick is a few seconds late
    just_after = due + timedelta(seconds=20)
    schedule.refresh_from_db()
    schedule.comments, schedule.next_run_at = "nightly", None
    assert save_schedule(schedule, just_after).next_run_at == due
    schedule.time = time(4)
    assert save_schedule(schedule, just_after).next_run_at == local("2026-12-08 04:00")


def test_a_form_that_was_open_while_it_ran_does_not_have_it_run_again() -> None:
    opened = make_schedule()
    Schedule.objects.update(next_run_at=local("2027-01-01 02:30"))
    opened.comments = "edited"
    assert save_schedule(opened).next_run_at == local("2027-01-01 02:30")


def test_one_that_ran_for_the_last_time_may_still_be_edited() -> None:
    schedule = make_schedule(schedule_type="once", start_at=local("2026-12-08 12:00"))
    Schedule.objects.update(next_run_at=None)
    schedule.comments = "done"
    assert save_schedule(schedule, local("2026-12-09 12:00")).next_run_at is None
    schedule.start_at = local("2026-12-09 11:00")
    with pytest.raises(ValidationError, match="passed"):
        save_schedule(schedule, local("2026-12-09 12:00"))


def test_switched_off_it_has_no_next_run_and_switched_on_only_one_to_come(operator: User) -> None:
    schedule = make_schedule()
    set_enabled(schedule, False, operator)
    assert (schedule.enabled, schedule.next_run_at) == (False, None)
    Schedule.objects.update(disabled_reason="There is no time zone “Europe/Atlantis”.")
    set_enabled(schedule, True, operator)
    assert schedule.next_run_at
    assert (schedule.enabled, schedule.disabled_reason) == (True, "")


def test_a_broken_one_is_switched_off_but_not_on(operator: User) -> None:
    schedule = make_schedule()
    Schedule.objects.update(time_zone="Europe/Atlantis")
    schedule.refresh_from_db()
    set_enabled(schedule, False, operator)
    with pytest.raises(ValidationError, match="Atlantis"):
        set_enabled(schedule, True, operator)
    schedule.refresh_from_db()
    assert not schedule.enabled


def test_a_disabled_one_may_have_any_times() -> None:
    past = make_schedule(schedule_type="once", start_at=local("2020-01-01 00:00"), enabled=False)
    assert past.next_run_at is None


def test_run_now_backs_up_its_devices_and_leaves_its_times_alone(operator: User, add_devices: AddDevices) -> None:
    add_devices("a", "b")
    schedule = make_schedule(comments="before the upgrade", max_run_minutes=60)
    due = schedule.next_run_at
    run = run_now(schedule, operator)
    assert run.job
    assert (run.cause, run.outcome) == (ScheduleRun.Cause.MANUAL, Outcome.STARTED)
    assert (run.job.trigger, run.job.requested_by) == (Job.Trigger.SCHEDULE, None)
    assert run.job.metadata["schedule"] == {"id": str(schedule.pk), "name": "nightly"}
    assert run.job.metadata["run_by"] == "operator"
    assert "operator" in run.message
    assert run.cancel_at == run.due_at + timedelta(minutes=60)
    assert set(Backup.objects.values_list("device__hostname", "comments")) == {
        ("a", "before the upgrade"),
        ("b", "before the upgrade"),
    }
    schedule.refresh_from_db()
    assert schedule.next_run_at == due


def test_run_now_twice_joins_the_first(operator: User, add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule(overlap="skip")
    first = run_now(schedule, operator)
    add_devices("b")
    second, third = run_now(schedule, operator), run_now(schedule, None)
    assert (second.outcome, third.outcome) == (Outcome.JOINED, Outcome.JOINED)
    assert "1 device was being backed up already" in second.message
    assert second.job != first.job
    assert third.cancel_at is None, "a job of others is not its to cancel"
    assert Backup.objects.count() == 2


def test_run_now_without_devices_says_so(operator: User) -> None:
    run = run_now(make_schedule(), operator)
    assert (run.outcome, run.job) == (Outcome.EMPTY, None)
    assert "No enabled device" in run.message
    assert not Job.objects.exists()


@pytest.mark.parametrize("granted", ["run_backup", "change_schedule"])
def test_run_now_needs_both_permissions(granted: str, add_devices: AddDevices) -> None:
    add_devices("a")
    user = User.objects.create_user("half")
    grant(user, granted)
    with pytest.raises(PermissionDenied):
        run_now(make_schedule(), user)
    assert not ScheduleRun.objects.exists()


def test_changes_need_the_permission() -> None:
    user = User.objects.create_user("reader")
    schedule = make_schedule()
    with pytest.raises(PermissionDenied):
        set_enabled(schedule, False, user)
    with pytest.raises(PermissionDenied):
        duplicate(schedule, user)
    assert Schedule.objects.get().enabled


def test_a_copy_is_the_same_but_switched_off(operator: User, add_devices: AddDevices) -> None:
    a, b = add_devices("a", "b", tags=("core",))
    tag = Tag.objects.get()
    targets = Targets(
        devices=[a.pk],
        tags=[tag.pk],
        tag_match="all",
        platforms=[a.platform_id],
        excluded_devices=[b.pk],
        excluded_tags=[tag.pk],
    )
    schedule = make_schedule(targets=targets, spread_minutes=10, comments="x")
    copies = [duplicate(schedule, operator) for _ in range(3)]
    assert [copy.name for copy in copies] == ["nightly (copy)", "nightly (copy 2)", "nightly (copy 3)"]
    for copy in copies:
        assert (copy.enabled, copy.next_run_at, copy.created_by) == (False, None, operator)
        assert (copy.time, copy.spread_minutes, copy.comments, copy.tag_match) == (time(2, 30), 10, "x", "all")
        for name in ("devices", "tags", "platforms", "excluded_devices", "excluded_tags"):
            assert list(getattr(copy, name).all()) == list(getattr(schedule, name).all()), name


def test_the_name_of_a_copy_fits() -> None:
    copy = duplicate(make_schedule("x" * 100), None)
    assert copy.name == "x" * 93 + " (copy)"


def test_a_preview_needs_no_saved_schedule() -> None:
    unsaved = Schedule(
        schedule_type="weekly", time=time(2, 30), weekdays=["mon"], time_zone="Europe/Berlin", enabled=False
    )
    unsaved.start_at = datetime(2020, 1, 1, tzinfo=UTC)
    assert shown(preview(unsaved, MONDAY, 2)) == ["2026-12-14 02:30+01:00", "2026-12-21 02:30+01:00"]
    assert len(preview(recurrence("daily", time="01:00"), MONDAY)) == 10


DESCRIPTIONS = [
    (
        {"schedule_type": "once", "start_at": datetime(2026, 3, 1, 1, 30, tzinfo=UTC)},
        "Once, on 1 March 2026 at 02:30 (Europe/Berlin)",
    ),
    ({"schedule_type": "interval", "interval_minutes": 15}, "Every 15 minutes"),
    ({"schedule_type": "interval", "interval_minutes": 1}, "Every minute"),
    ({"schedule_type": "interval", "interval_minutes": 60}, "Every hour"),
    ({"schedule_type": "interval", "interval_minutes": 1440}, "Every 24 hours"),
    ({"schedule_type": "daily"}, "Every day at 02:30 (Europe/Berlin)"),
    ({"schedule_type": "weekly", "weekdays": ["fri", "mon"]}, "Every Monday and Friday at 02:30 (Europe/Berlin)"),
    ({"schedule_type": "weekly", "weekdays": ["sun"]}, "Every Sunday at 02:30 (Europe/Berlin)"),
    (
        {"schedule_type": "weekly", "weekdays": ["sun", "mon", "tue"]},
        "Every Monday, Tuesday and Sunday at 02:30 (Europe/Berlin)",
    ),
    ({"schedule_type": "monthly", "day": 15}, "On day 15 of each month at 02:30 (Europe/Berlin)"),
    ({"schedule_type": "monthly", "day": 31}, "On day 31, or the last day, of each month at 02:30 (Europe/Berlin)"),
    ({"schedule_type": "monthly", "day_rule": "last_day"}, "On the last day of each month at 02:30 (Europe/Berlin)"),
    (
        {"schedule_type": "monthly", "day_rule": "weekday", "ordinal": -1, "ordinal_weekday": "fri"},
        "On the last Friday of each month at 02:30 (Europe/Berlin)",
    ),
    ({"schedule_type": "yearly", "day": 31, "month": 4}, "Every year on 30 April at 02:30 (Europe/Berlin)"),
    (
        {"schedule_type": "yearly", "day": 29, "month": 2},
        "Every year on 29 February (28 February where there is none) at 02:30 (Europe/Berlin)",
    ),
    (
        {"schedule_type": "yearly", "month": 3, "day_rule": "weekday", "ordinal": 2, "ordinal_weekday": "sun"},
        "Every year on the second Sunday of March at 02:30 (Europe/Berlin)",
    ),
    ({"schedule_type": "cron", "cron": "30 2 * * mon-fri"}, "At “30 2 * * mon-fri” (Europe/Berlin)"),
]


@pytest.mark.parametrize(("fields", "words"), DESCRIPTIONS)
def test_a_schedule_in_words(fields: dict[str, Any], words: str) -> None:
    enabled = fields["schedule_type"] != "once"
    assert describe(make_schedule(enabled=enabled, **fields)) == words


def test_devices_of_schedules_are_deleted_as_before(add_devices: AddDevices) -> None:
    (device,) = add_devices("a")
    schedule = make_schedule(targets=Targets(devices=[device.pk]))
    Device.objects.all().delete()
    assert list(schedule.devices.all()) == []
