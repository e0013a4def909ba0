"""One look at the schedules: what is due runs once, what was missed is made up for or not, what is broken says so."""

import threading
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_q.models import Schedule as QueueSchedule

from backups.models import Backup, Job
from backups.services import request_backups
from devices.models import Device
from scheduling import runs, tasks
from scheduling import tick as ticking
from scheduling.models import Schedule, ScheduleRun
from scheduling.services import run_now, save_schedule, set_enabled
from scheduling.tick import tick
from tests.conftest import QueuedTasks
from tests.scheduling.conftest import AddDevices, local, make_schedule

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
DUE = local("2026-12-02 02:30")
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
Cause, Outcome = ScheduleRun.Cause, ScheduleRun.Outcome


def only_run() -> ScheduleRun:
    return ScheduleRun.objects.select_related("job").get()


def end_backups() -> None:
    Backup.objects.update(status="failed", failure_reason="timeout")
    Job.objects.update(status="failed")


def test_nothing_runs_before_its_time(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule()
    assert tick(DUE - SECOND) == {}
    assert not ScheduleRun.objects.exists()


def test_what_is_due_is_backed_up_and_the_next_time_is_set(add_devices: AddDevices, queued_tasks: QueuedTasks) -> None:
    add_devices("a", "b")
    add_devices("off", enabled=False)
    schedule = make_schedule(comments="nightly run")
    assert tick(DUE) == {"started": 1}
    run = only_run()
    assert (run.schedule, run.due_at, run.cause, run.outcome, run.message) == (schedule, DUE, "due", "started", "")
    assert run.job
    assert (run.job.trigger, run.job.requested_by) == (Job.Trigger.SCHEDULE, None)
    assert run.job.metadata["schedule"] == {"id": str(schedule.pk), "name": "nightly"}
    assert set(Backup.objects.values_list("device__hostname", "comments")) == {
        ("a", "nightly run"),
        ("b", "nightly run"),
    }
    assert [task["func"] for task in queued_tasks()] == ["backups.tasks.work"]
    schedule.refresh_from_db()
    assert schedule.next_run_at == DUE + DAY
    assert tick(DUE + SECOND) == {}


def test_a_late_tick_runs_each_due_time_of_the_last_two_minutes(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule(schedule_type="interval", interval_minutes=1, start_at=DUE)
    now = DUE + MINUTE + 30 * SECOND
    assert [tick(now), tick(now), tick(now)] == [{"started": 1}, {"joined": 1}, {}]
    assert set(ScheduleRun.objects.values_list("due_at", flat=True)) == {DUE, DUE + MINUTE}


def test_what_was_missed_runs_once_for_all_of_them(add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule()
    now = DUE + 3 * DAY + 12 * timedelta(hours=1)
    assert tick(now) == {"started": 1}
    run = only_run()
    assert (run.due_at, run.cause) == (DUE, Cause.CATCH_UP)
    assert "4 due times, the last at 2026-12-05 01:30 UTC" in run.message
    schedule.refresh_from_db()
    assert schedule.next_run_at == local("2026-12-06 02:30")


def test_what_was_missed_is_skipped_if_so_wanted(add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule(missed="skip")
    assert tick(DUE + ticking.MISSED_AFTER + SECOND) == {"missed": 1}
    run = only_run()
    assert (run.due_at, run.cause, run.job) == (DUE, Cause.DUE, None)
    assert run.message == "Missed: nobody was there to start it."
    assert not Job.objects.exists()
    schedule.refresh_from_db()
    assert schedule.next_run_at == DUE + DAY


def test_two_minutes_late_is_not_missed(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule(missed="skip")
    assert tick(DUE + ticking.MISSED_AFTER) == {"started": 1}


def test_a_month_of_missed_minutes_is_counted_no_further_than_makes_sense(add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule(schedule_type="interval", interval_minutes=1, start_at=DUE)
    now = DUE + 30 * DAY + 10 * SECOND
    assert tick(now) == {"started": 1}
    assert "more than 1000 due times" in only_run().message
    schedule.refresh_from_db()
    assert schedule.next_run_at == DUE + 30 * DAY + MINUTE


def test_one_that_ran_for_the_last_time_is_over(add_devices: AddDevices) -> None:
    add_devices("a")
    once = make_schedule("once", schedule_type="once", start_at=DUE)
    ending = make_schedule("ending", end_at=DUE + MINUTE)
    assert tick(DUE) == {"started": 1, "joined": 1}
    for schedule in (once, ending):
        schedule.refresh_from_db()
        assert (schedule.enabled, schedule.next_run_at) == (True, None)


def test_a_run_beside_its_predecessor_joins_it(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule(max_run_minutes=10_000)
    tick(DUE)
    add_devices("b")
    assert tick(DUE + DAY) == {"joined": 1}
    first, second = ScheduleRun.objects.order_by("due_at")
    assert second.job != first.job
    assert second.message == "1 device was being backed up already, and not asked twice."
    assert Backup.objects.count() == 2
    assert tick(DUE + 2 * DAY) == {"joined": 1}
    third = ScheduleRun.objects.latest("due_at")
    assert third.job in (first.job, second.job)
    assert third.cancel_at is None, "it has no job of its own"


def test_a_run_beside_its_predecessor_is_skipped_if_so_wanted(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule(overlap="skip")
    tick(DUE)
    assert tick(DUE + DAY) == {"overlapped": 1}
    run = ScheduleRun.objects.latest("due_at")
    assert run.job == ScheduleRun.objects.earliest("due_at").job
    end_backups()
    assert tick(DUE + 2 * DAY) == {"started": 1}


def test_the_backups_of_others_are_no_predecessor(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    request_backups(Device.objects.filter(hostname="a"), user=None, trigger=Job.Trigger.COMMAND)
    make_schedule(overlap="skip")
    assert tick(DUE) == {"started": 1}
    assert "1 device was" in only_run().message


def test_a_run_without_devices_says_so() -> None:
    schedule = make_schedule()
    assert tick(DUE) == {"empty": 1}
    assert (only_run().job, only_run().message) == (None, "No enabled device matches.")
    schedule.refresh_from_db()
    assert schedule.next_run_at == DUE + DAY


BROKEN = [
    ({"time_zone": "Europe/Atlantis"}, "There is no time zone “Europe/Atlantis”."),
    ({"schedule_type": "cron", "cron": "30 2 * *"}, "needs 5 fields"),
    ({"schedule_type": "cron", "cron": "61 2 * * *"}, "61"),
    ({"schedule_type": "weekly"}, "needs days of the week"),
    ({"weekdays": "nonsense", "schedule_type": "weekly"}, "not in tuple"),
    ({"time_zone": "../../etc/passwd"}, "There is no time zone"),
]


@pytest.mark.parametrize(("fields", "reason"), BROKEN)
def test_a_broken_schedule_says_why_and_stands_in_nobodys_way(
    fields: dict[str, Any], reason: str, add_devices: AddDevices
) -> None:
    add_devices("a")
    make_schedule("broken")
    make_schedule("good")
    Schedule.objects.filter(name="broken").update(next_run_at=DUE - SECOND, **fields)
    assert tick(DUE) == {"broken": 1, "started": 1}
    broken = Schedule.objects.get(name="broken")
    assert (broken.enabled, broken.next_run_at) == (False, None)
    assert reason in broken.disabled_reason
    run = broken.runs.get()
    assert (run.outcome, run.message, run.job) == (Outcome.BROKEN, broken.disabled_reason, None)
    assert tick(DUE) == {}
    broken.schedule_type, broken.time_zone, broken.enabled = "daily", "UTC", True
    save_schedule(broken)
    assert (broken.disabled_reason, broken.next_run_at is not None) == ("", True)


def test_a_schedule_that_fails_in_an_unforeseen_way_is_rolled_back_and_disabled(
    add_devices: AddDevices, monkeypatch: pytest.MonkeyPatch, queued_tasks: QueuedTasks
) -> None:
    add_devices("a")
    make_schedule()

    def fail(*_: Any, **__: Any) -> None:
        raise LookupError("secret")

    monkeypatch.setattr(runs, "record_run", fail)  # after the backups were asked for
    assert tick(DUE) == {"broken": 1}
    monkeypatch.undo()
    schedule = Schedule.objects.get()
    assert schedule.disabled_reason == "LookupError in NetRaven: see the log of the workers."
    assert not Backup.objects.exists()
    assert not Job.objects.exists()
    assert queued_tasks() == []


def test_whatever_ran_already_does_not_run_again_when_a_clock_is_set_back(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule()
    tick(DUE)
    end_backups()
    Schedule.objects.update(next_run_at=DUE)
    assert tick(DUE) == {"repeated": 1}
    assert ScheduleRun.objects.count() == Job.objects.count() == 1
    assert Schedule.objects.get().next_run_at == DUE + DAY


def test_a_run_is_cancelled_when_its_time_is_over(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    make_schedule(max_run_minutes=30)
    tick(DUE)
    Backup.objects.filter(device__hostname="a").update(status="failed", failure_reason="timeout")
    assert tick(DUE + 30 * MINUTE - SECOND) == {}
    assert tick(DUE + 30 * MINUTE) == {"cancelled": 1}
    run = only_run()
    assert run.job
    assert run.job.status == Job.Status.CANCELLED
    assert run.message == "Cancelled: its maximum run time was over, and 1 backup had not ended."
    assert run.cancel_at is None
    assert tick(DUE + 31 * MINUTE) == {}


def test_a_run_that_ended_in_time_is_not_touched(add_devices: AddDevices) -> None:
    add_devices("a")
    make_schedule(max_run_minutes=30)
    tick(DUE)
    end_backups()
    assert tick(DUE + 30 * MINUTE) == {}
    assert (only_run().message, only_run().cancel_at) == ("", None)


def test_starts_are_spread_from_the_due_time_on(add_devices: AddDevices) -> None:
    add_devices(*(f"d{number}" for number in range(50)))
    make_schedule(spread_minutes=60)
    tick(DUE + 20 * SECOND)
    first = {backup.device_id: backup.not_before for backup in Backup.objects.all()}
    assert all(moment and DUE <= moment < DUE + 60 * MINUTE for moment in first.values())
    assert len(set(first.values())) > 40
    end_backups()
    tick(DUE + DAY)
    second = {backup.device_id: backup.not_before for backup in Backup.objects.active()}
    assert {pk: moment + DAY for pk, moment in first.items() if moment} == second, "each at its own time of day"


def test_a_catch_up_is_spread_from_now_on_and_a_run_by_hand_not_at_all(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    schedule = make_schedule(spread_minutes=60)
    now = DUE + 5 * 60 * MINUTE
    tick(now)
    assert all(backup.not_before and now <= backup.not_before for backup in Backup.objects.all())
    with time_machine.travel(now + SECOND):
        run = run_now(schedule, None)
    assert "2 of them waited for a later time" in run.message
    assert Backup.objects.filter(not_before__lte=now + SECOND * 2).count() == 2


def test_an_edit_takes_effect_at_the_next_tick(add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule()
    schedule.time = time(4)
    save_schedule(schedule)
    assert tick(DUE) == {}
    set_enabled(schedule, False, None)
    assert tick(DUE + DAY) == {}
    set_enabled(schedule, True, None)
    assert tick(local("2026-12-02 04:00")) == {"started": 1}


def test_an_edit_between_the_look_and_the_claim_is_heeded(add_devices: AddDevices) -> None:
    add_devices("a")
    schedule = make_schedule()
    set_enabled(schedule, False, None)
    assert ticking._run(schedule.pk, DUE, DUE) == "taken"
    assert not ScheduleRun.objects.exists()


def test_clusters_that_tick_at_once_run_each_due_time_once(add_devices: AddDevices) -> None:
    add_devices("a", "b")
    for number in range(20):
        make_schedule(f"s{number}")
    results: list[dict[str, int]] = []

    def look() -> None:
        try:
            results.append(tick(DUE))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert sum(result.get("started", 0) + result.get("joined", 0) for result in results) == 20
    assert ScheduleRun.objects.filter(due_at=DUE).count() == 20
    assert Backup.objects.count() == 2


def test_whoever_dies_in_the_middle_has_done_nothing(add_devices: AddDevices, queued_tasks: QueuedTasks) -> None:
    add_devices("a")
    schedule = make_schedule()

    with transaction.atomic():
        assert ticking._claim(schedule.pk, DUE, DUE) == "started"
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert not ScheduleRun.objects.exists()
    assert queued_tasks() == []
    assert tick(DUE) == {"started": 1}


def test_a_long_history_is_kept_short(add_devices: AddDevices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "KEPT", 5)
    schedule, other = make_schedule(missed="skip"), make_schedule("other", enabled=False)
    runs.record_run(other, Cause.DUE, DUE - DAY, Outcome.EMPTY)
    still_to_cancel = runs.record_run(schedule, Cause.DUE, DUE - DAY, Outcome.STARTED, cancel_at=DUE + 99 * DAY)
    for day in range(8):
        tick(DUE + day * DAY)
    kept = schedule.runs.order_by("-due_at").values_list("due_at", flat=True)
    assert list(kept) == [DUE + day * DAY for day in (7, 6, 5, 4, 3)] + [still_to_cancel.due_at]
    assert other.runs.count() == 1


def test_nothing_due_costs_two_queries_however_many_schedules_there_are() -> None:
    template = make_schedule()
    fields = {"schedule_type": "daily", "time": template.time, "next_run_at": template.next_run_at}
    Schedule.objects.bulk_create(Schedule(name=f"s{number}", **fields) for number in range(1000))
    with CaptureQueriesContext(connection) as queries:
        assert tick(DUE - SECOND) == {}
    assert len(queries) == 2


def test_what_is_due_costs_a_bounded_number_of_queries(add_devices: AddDevices) -> None:
    add_devices(*(f"d{number}" for number in range(2500)))
    make_schedule(max_run_minutes=60, spread_minutes=5)
    with CaptureQueriesContext(connection) as queries:
        assert tick(DUE) == {"started": 1}
    assert len(queries) <= 35


def test_the_task_queue_has_one_entry_for_all_schedules(add_devices: AddDevices) -> None:
    entry = QueueSchedule.objects.get(name="NetRaven schedules")
    assert (entry.func, entry.schedule_type, entry.minutes, entry.repeats) == ("scheduling.tasks.tick", "I", 1, -1)
    add_devices("a")
    make_schedule()
    with time_machine.travel(DUE):
        assert tasks.tick() == {"started": 1}
