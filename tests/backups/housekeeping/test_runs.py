"""Runs of housekeeping: one of a kind at a time, in slices, and taken up when their process dies."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone
from django_q.models import Schedule

from backups import tasks
from backups.housekeeping import slices, verification
from backups.housekeeping.logs import LogPruning
from backups.housekeeping.retention import Retention
from backups.housekeeping.runs import LEASES, STATE, Lost, Run, UnderWay, begin, is_stale, under_way
from backups.housekeeping.verification import Verification
from backups.models import Job, JobLog
from tests.backups.housekeeping.conftest import Crash, History, carry_out, days
from tests.conftest import QueuedTasks

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
GO_ON = "backups.tasks.go_on_with_housekeeping"


class DiesAfter(Verification):
    """Its process dies when it has done so many steps."""

    steps_left = 1

    def steps(self, cursor: list[str]):  # type: ignore[no-untyped-def]
        for number, step in enumerate(super().steps(cursor)):
            if number == self.steps_left:
                raise Crash
            yield step


@pytest.fixture
def files(transactional_db: None, disk: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five files of one device; a step reads two."""
    monkeypatch.setattr(verification, "FILES", 2)
    history = History()
    return [history.changed(days(age)).file_path for age in range(5, 0, -1)]


def pass_time(job: Job) -> None:
    """Until its process counts as dead."""
    state = job.metadata[STATE]
    seen = timezone.now() - timedelta(seconds=LEASES * settings.NETRAVEN["LEASE"] + 1)
    Job.objects.filter(pk=job.pk).update(metadata=job.metadata | {STATE: state | {"seen": seen.isoformat()}})


def die_over(job: Job, steps: int = 1) -> None:
    """Claim a run, do so many steps of it, and die."""
    chore = DiesAfter()
    object.__setattr__(chore, "steps_left", steps)
    run = Run.claim(job, chore)
    assert run
    with pytest.raises(Crash):
        run.work()


def only_job() -> Job:
    return Job.objects.exclude(job_type="backup").get()


def queued(queued_tasks: QueuedTasks) -> list[str]:
    return [task["func"] for task in queued_tasks()]


def test_a_system_task_does_it_all_when_there_is_time(files: list[str], queued_tasks: QueuedTasks) -> None:
    assert tasks.verify_backups() == {"ended": 1, "left": 0}
    job = only_job()
    assert (job.trigger, job.status, job.metadata) == ("system", "completed", {"examined": 5})
    assert list(job.log.values_list("message", flat=True))[-1] == "5 backups verified, none damaged."
    assert GO_ON not in queued(queued_tasks)


def test_a_run_goes_on_slice_by_slice_from_where_it_was(files: list[str], queued_tasks: QueuedTasks) -> None:
    begin(Verification(), Job.Trigger.SYSTEM)
    cursors = []
    for number in (1, 2, 3):
        assert slices.go_on(seconds=0) == {"ended": 0, "left": 1}
        job = only_job()
        assert (job.status, job.metadata[STATE]["holder"]) == ("running", "")
        cursors.append(job.metadata[STATE]["cursor"][0])
        assert queued(queued_tasks).count(GO_ON) == number
    assert cursors == [sorted(files)[1], sorted(files)[3], sorted(files)[4]]
    assert slices.go_on(seconds=0) == {"ended": 1, "left": 0}
    assert only_job().metadata == {"examined": 5}


def test_a_task_holds_no_data(files: list[str], queued_tasks: QueuedTasks) -> None:
    begin(Verification(), Job.Trigger.SYSTEM)
    slices.go_on(seconds=0)
    (task,) = [task for task in queued_tasks() if task["func"] == GO_ON]
    assert (task["args"], task["kwargs"]) == ((), {})


def test_many_that_start_at_once_make_one_run(files: list[str]) -> None:
    def start(_: int) -> bool:
        try:
            begin(Verification(), Job.Trigger.SYSTEM)
        except UnderWay:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(24))) == 1
    assert only_job().status == "pending"
    begin(LogPruning(), Job.Trigger.SYSTEM)  # another kind is no hindrance


def test_many_that_claim_at_once_are_one(files: list[str]) -> None:
    begin(Verification(), Job.Trigger.SYSTEM)
    read = [only_job() for _ in range(8)]

    def claim(job: Job) -> bool:
        try:
            return Run.claim(job, Verification()) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, read)) == 1


def test_a_task_leaves_a_run_of_its_kind_alone(files: list[str]) -> None:
    job = begin(Verification(), Job.Trigger.COMMAND)
    Run.claim(job, Verification())
    assert tasks.verify_backups() == {}
    assert slices.go_on() == {"ended": 0, "left": 0}
    assert only_job().status == "running"


def test_a_run_whose_process_died_is_taken_up_where_it_was(files: list[str], queued_tasks: QueuedTasks) -> None:
    die_over(begin(Verification(), Job.Trigger.SYSTEM))
    job = only_job()
    assert slices.revive() == {"revived": 0}
    assert slices.go_on() == {"ended": 0, "left": 0}, "it is its process's still"
    pass_time(job)
    assert tasks.reap()["revived"] == 1
    assert slices.revive() == {"revived": 0}, "one task is enough"
    assert queued(queued_tasks).count(GO_ON) == 1
    assert tasks.go_on_with_housekeeping() == {"ended": 1, "left": 0}
    job = only_job()
    assert (job.status, job.metadata["examined"]) == ("completed", 5)


def test_a_run_that_kills_its_processes_at_one_place_is_given_up(files: list[str]) -> None:
    job = begin(Verification(), Job.Trigger.SYSTEM)
    for _ in range(slices.MOST_DEATHS):
        (free,) = slices._free()
        die_over(free, steps=0)
        pass_time(only_job())
        slices.revive()
    job.refresh_from_db()
    assert job.status == "failed"
    assert job.log.latest("id").message == "The process that did it died, 3 times at the same place."
    assert not under_way()


def test_deaths_at_different_places_do_not_add_up(files: list[str]) -> None:
    job = begin(Verification(), Job.Trigger.SYSTEM)
    for _ in range(2):
        (free,) = slices._free()
        die_over(free, steps=1)
        pass_time(only_job())
        slices.revive()
    slices.go_on()
    job.refresh_from_db()
    assert (job.status, job.metadata["examined"]) == ("completed", 5)


def test_one_that_was_thought_dead_writes_nothing_more(files: list[str]) -> None:
    job = begin(Verification(), Job.Trigger.SYSTEM)
    slow = Run.claim(job, Verification())
    assert slow
    pass_time(only_job())
    slices.revive()
    slices.go_on()
    ended = only_job()
    entries = JobLog.objects.count()
    with pytest.raises(Lost):
        slow.work()
    with pytest.raises(Lost):
        slow.end()
    assert only_job().metadata == ended.metadata == {"examined": 5}
    assert JobLog.objects.count() == entries


def test_a_run_that_is_cancelled_stops(files: list[str]) -> None:
    run = Run.claim(begin(Verification(), Job.Trigger.COMMAND), Verification())
    assert run
    Job.objects.update(status="cancelled")
    with pytest.raises(Lost):
        run.work()
    assert only_job().status == "cancelled"


def test_a_command_that_was_killed_is_ended_by_upkeep(files: list[str]) -> None:
    die_over(begin(Verification(), Job.Trigger.COMMAND))
    pass_time(only_job())
    assert slices.revive() == {"revived": 0}
    job = only_job()
    assert job.status == "failed"
    assert job.log.latest("id").message == "The process that did it died."


def test_a_command_takes_the_place_of_a_run_that_died(files: list[str]) -> None:
    died = begin(Verification(), Job.Trigger.SYSTEM)
    die_over(died)
    with pytest.raises(UnderWay, match="Verification is under way already"):
        begin(Verification(), Job.Trigger.COMMAND)
    pass_time(only_job())
    begin(Verification(), Job.Trigger.COMMAND)
    died.refresh_from_db()
    assert died.status == "failed"


def test_an_error_of_our_own_ends_the_job(files: list[str]) -> None:
    class Broken(Verification):
        def steps(self, cursor: list[str]):  # type: ignore[no-untyped-def]
            raise ValueError("a secret")
            yield

    run = Run.claim(begin(Broken(), Job.Trigger.SYSTEM), Broken())
    assert run
    with pytest.raises(ValueError, match="a secret"):
        run.work()
    job = only_job()
    assert job.status == "failed"
    assert job.log.latest("id").message == "ValueError in NetRaven."


def test_retention_without_a_policy_leaves_no_trace(files: list[str]) -> None:
    assert Retention().idle().startswith("Every backup is kept for ever")
    assert tasks.prune_backups() == {}
    assert not Job.objects.exclude(job_type="backup").exists()


def test_all_four_are_scheduled_at_night(db: None) -> None:
    for name, minutes in [("retention", 1440), ("log pruning", 1440), ("orphan files", 10080), ("verification", 10080)]:
        schedule = Schedule.objects.get(name=f"NetRaven {name}")
        assert callable(getattr(tasks, schedule.func.removeprefix("backups.tasks.")))
        assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == (Schedule.MINUTES, minutes, -1)
        assert not schedule.args
        assert not schedule.kwargs
        assert schedule.next_run.hour in (3, 4)
        assert minutes == 1440 or schedule.next_run.weekday() == 6


def test_what_a_job_remembers_is_json(files: list[str]) -> None:
    begin(Verification(), Job.Trigger.SYSTEM)
    slices.go_on(seconds=0)
    job = only_job()
    assert json.loads(json.dumps(job.metadata)) == job.metadata
    assert not is_stale(job)


def test_a_run_with_many_findings_counts_all_and_logs_the_first(
    files: list[str], disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backups.housekeeping.runs.MOST_LOGGED", 3)
    for path in files:
        (disk / path).unlink()
    run = carry_out(Verification())
    assert run.result == "5 of 5 backups are damaged."
    job = Job.objects.get(pk=run.job.pk)
    assert job.metadata == {"examined": 5, "problems": 5}
    assert job.log.exclude(backup=None).count() == 3
