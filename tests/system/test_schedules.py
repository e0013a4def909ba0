"""Schedules with real workers: on time, each once, whatever dies, and made up for or not when nobody was there."""

import json
import os
import signal
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import QuerySet

from backups.models import Backup, Job
from devices.models import Platform
from netraven.lab import Fault, Lab, LabDevice
from scheduling.models import Schedule, ScheduleRun
from tests.conftest import wait_for
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, Service

pytestmark = pytest.mark.worker

ON_TIME = 20  # seconds late at most; the clock looks every five, the rest is for a busy machine
NOTICED = 30  # seconds until a cluster that was just started has run what is due
MANY = 200
MINUTE = timedelta(minutes=1)
Outcome = ScheduleRun.Outcome

# What it takes to save many schedules: stdin has a list of their fields, and of the hostnames of their devices
SAVE = """
import json, sys
from devices.models import Device
from scheduling.models import Schedule
from scheduling.services import save_schedule
from scheduling.targets import Targets
for fields, hostnames in json.load(sys.stdin):
    schedule = Schedule.objects.filter(name=fields["name"]).first() or Schedule()
    for name, value in fields.items():
        setattr(schedule, name, Schedule._meta.get_field(name).to_python(value))
    devices = Device.objects.filter(hostname__in=hostnames).values_list("pk", flat=True)
    save_schedule(schedule, targets=Targets(devices=list(devices)))
"""


def save(installation: Installation, *devices: LabDevice, **fields: Any) -> Schedule:
    """A schedule of these devices, new or changed, saved by a process of its own."""
    rows = [[fields, [device.name for device in devices]]]
    installation.must("shell", "-v0", "-c", SAVE, stdin=json.dumps(rows, default=str))
    return schedules(installation).get(name=fields["name"])


def schedules(installation: Installation) -> QuerySet[Schedule]:
    return Schedule.objects.using(installation.alias)


def runs(installation: Installation, **conditions: Any) -> QuerySet[ScheduleRun]:
    """Oldest first."""
    return ScheduleRun.objects.using(installation.alias).filter(**conditions).order_by("due_at")


def end(service: Service) -> None:
    """As its service manager ends it."""
    os.kill(service.process.pid, signal.SIGTERM)
    wait_for(lambda: service.process.poll() is not None, 40, "the cluster to end")


@pytest.mark.endurance
def test_every_minute_is_on_time_although_the_only_worker_is_at_work(installation: Installation, lab: Lab) -> None:
    busy, device = lab.add("ios", fault=Fault.SLOW, delay=600), lab.add("ios")
    installation.environment |= {"NETRAVEN_DEADLINE": "400", "NETRAVEN_READ_TIMEOUT": "400", "NETRAVEN_WORKERS": "1"}
    installation.record(busy, device)
    installation.start_worker()
    installation.request(busy)
    installation.wait_until_reading(busy)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    save(installation, device, name="minutely", schedule_type="interval", interval_minutes=1, start_at=start)
    wait_for(lambda: runs(installation).count() >= 3, 200, "three runs")
    completed = installation.backups(device).filter(status=Backup.Status.COMPLETED)
    wait_for(lambda: completed.count() >= 3, 30, "their backups")
    found = list(runs(installation)[:3])
    assert [run.due_at for run in found] == [start, start + MINUTE, start + 2 * MINUTE]
    late = [(run.created_at - run.due_at).total_seconds() for run in found]
    print(f"seconds late: {', '.join(f'{seconds:.1f}' for seconds in late)}")
    assert max(late) < ON_TIME
    assert [run.outcome for run in found] == [Outcome.STARTED] * 3
    assert installation.backups(busy).get().status == Backup.Status.RUNNING, "the worker was at work all the time"


@pytest.mark.endurance
def test_five_minutes_without_workers_are_made_up_for_once_or_not_at_all(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios")
    installation.record(device)
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(seconds=320)  # due at 0, 60, …, 300 s: six times
    every_minute = {"schedule_type": "interval", "interval_minutes": 1, "start_at": start}
    save(installation, device, name="made up for", missed="run_once", **every_minute)
    save(installation, device, name="skipped", missed="skip", **every_minute)
    schedules(installation).update(next_run_at=start)  # as five minutes ago
    installation.start_worker()
    wait_for(lambda: runs(installation, due_at=start).count() == 2, NOTICED, "both")
    caught_up = runs(installation).get(schedule__name="made up for", due_at=start)
    assert (caught_up.cause, caught_up.outcome) == (ScheduleRun.Cause.CATCH_UP, Outcome.STARTED)
    assert "6 due times" in caught_up.message or "7 due times" in caught_up.message, caught_up.message
    skipped = runs(installation).get(schedule__name="skipped", due_at=start)
    assert (skipped.outcome, skipped.job_id) == (Outcome.MISSED, None)
    assert not runs(installation, due_at__gt=start, due_at__lte=now - MINUTE).exists(), "one for all of them"
    for schedule in schedules(installation):
        assert schedule.next_run_at
        assert schedule.next_run_at > caught_up.created_at, "on with the next that is to come"
    assert installation.wait_until_ended(device)[0].status == Backup.Status.COMPLETED


def add_many(installation: Installation, lab: Lab) -> datetime:
    """Many records of a few simulated devices, each with a schedule of its own; when all are due."""
    simulated = [lab.add("ios") for _ in range(4)]
    now, key = datetime.now(UTC), str(uuid.uuid4())
    times = {"created_at": now.isoformat(), "updated_at": now.isoformat()}
    login = {name: getattr(simulated[0], name) for name in ("username", "password", "enable_secret")}
    platform = str(Platform.objects.using(installation.alias).get(slug="ios").pk)
    rows: list[dict[str, Any]] = [
        {"model": "credentials.credential", "pk": key, "fields": {"name": "fleet"} | login | times}
    ]
    for number in range(MANY):
        device = simulated[number % len(simulated)]
        place = {"hostname": f"device{number:03}", "address": device.address, "port": device.port}
        links = {"platform": platform, "credential": key}
        rows.append({"model": "devices.device", "pk": str(uuid.uuid4()), "fields": place | links | times})
    installation.must("loaddata", "--format=json", "-", stdin=json.dumps(rows))
    due = now.replace(microsecond=0)
    daily = {"schedule_type": "daily", "time": f"{due:%H:%M:%S}", "time_zone": "UTC"}
    wanted = [[daily | {"name": f"schedule{number:03}"}, [f"device{number:03}"]] for number in range(MANY)]
    installation.must("shell", "-v0", "-c", SAVE, stdin=json.dumps(wanted))
    schedules(installation).update(next_run_at=due)
    return due


def assert_each_ran_once(installation: Installation, due: datetime) -> None:
    """One run, one job and one backup of each, and no more."""
    found = list(runs(installation).select_related("schedule", "job"))
    assert Counter(run.schedule.name for run in found) == Counter(f"schedule{n:03}" for n in range(MANY))
    assert {(run.due_at, run.outcome) for run in found} == {(due, Outcome.STARTED)}
    assert len({run.job_id for run in found}) == installation.jobs().count() == MANY
    backups = Backup.objects.using(installation.alias)
    assert Counter(backups.values_list("device__hostname", flat=True)) == Counter(f"device{n:03}" for n in range(MANY))
    assert set(schedules(installation).values_list("next_run_at", flat=True)) == {due + timedelta(days=1)}


@pytest.mark.endurance
def test_two_clusters_run_two_hundred_due_schedules_each_once(make_installation: MakeInstallation, lab: Lab) -> None:
    installation = make_installation("postgresql", "redis")
    due = add_many(installation, lab)
    for _ in range(2):
        installation.start_worker()
    wait_for(lambda: runs(installation).count() >= MANY, 60, "all of them")
    last = runs(installation).latest("created_at").created_at
    completed = Backup.objects.using(installation.alias).filter(status=Backup.Status.COMPLETED)
    wait_for(lambda: completed.count() >= MANY, 120, "their backups")
    first = runs(installation).earliest("created_at").created_at
    print(f"{MANY} due at once took two clusters {(last - first).total_seconds():.1f} s")
    time.sleep(6)  # both look again
    assert_each_ran_once(installation, due)


@pytest.mark.endurance
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_cluster_that_is_killed_in_the_tick_loses_none_and_doubles_none(
    make_installation: MakeInstallation, lab: Lab, database: str
) -> None:
    installation = make_installation(database, NETRAVEN_THREADS="1")
    due = add_many(installation, lab)
    victim = installation.start_worker()
    give_up = time.monotonic() + 60
    while runs(installation).count() < MANY / 10:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    victim.kill()
    done = runs(installation).count()
    assert 0 < done < MANY, "it was not in the middle"
    assert schedules(installation).filter(next_run_at=due).count() == MANY - done, "claimed and recorded, or neither"
    assert installation.jobs().filter(trigger=Job.Trigger.SCHEDULE).count() == done
    print(f"killed after {done} of {MANY}")
    installation.start_worker(NETRAVEN_THREADS="25")
    wait_for(lambda: runs(installation).count() >= MANY, 60, "the rest")
    assert_each_ran_once(installation, due)


def test_edits_and_restarts(installation: Installation, lab: Lab) -> None:
    """An edit takes effect without a restart, and schedules outlive one."""
    one, two = lab.add("ios"), lab.add("ios")
    installation.record(one, two)
    worker = installation.start_worker()
    never = save(installation, one, name="edited", schedule_type="yearly", month=1, day=1, time="00:00")
    time.sleep(7)  # it has been looked at
    assert not runs(installation).exists()
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    edited = save(installation, two, name="edited", schedule_type="once", start_at=soon)
    assert (edited.pk, edited.next_run_at) == (never.pk, soon)
    wait_for(lambda: runs(installation).exists(), 8 + ON_TIME, "the edited schedule")
    assert runs(installation).get().due_at == soon
    assert installation.wait_until_ended(two)[0].status == Backup.Status.COMPLETED
    assert not installation.backups(one).exists()

    end(worker)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=15)
    save(installation, one, name="after the restart", schedule_type="once", start_at=later)
    installation.start_worker()
    wait_for(lambda: runs(installation).count() == 2, 15 + ON_TIME, "the schedule after the restart")
    assert runs(installation).last() == runs(installation).get(due_at=later, outcome=Outcome.STARTED)
    assert installation.wait_until_ended(one)[0].status == Backup.Status.COMPLETED


def test_what_runs_for_too_long_is_cut(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios", fault=Fault.SLOW, delay=600)
    installation.record(device)
    installation.start_worker()
    schedule = save(installation, device, name="bounded", schedule_type="daily", time="03:00", max_run_minutes=30)
    installation.must("run_schedule", "bounded")
    installation.wait_until_reading(device)
    runs(installation).update(cancel_at=datetime.now(UTC))  # half an hour goes by
    (backup,) = installation.wait_until_ended(device, seconds=ON_TIME + 20)
    assert (backup.failure_reason, backup.job.status) == (Backup.FailureReason.CANCELLED, Job.Status.CANCELLED)
    assert "maximum run time" in runs(installation).get(schedule=schedule).message


def test_the_commands_tell_a_script_how_it_went(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios")
    installation.record(device)
    save(installation, device, name="nightly", schedule_type="daily", time="03:00", time_zone="Europe/Berlin")
    listed = installation.must("list_schedules")
    assert "nightly" in listed
    assert "Every day at 03:00 (Europe/Berlin)" in listed
    assert "1 devices" in installation.must("run_schedule", "nightly")
    assert installation.backups(device).get().job.trigger == Job.Trigger.SCHEDULE
    unknown = installation.manage("run_schedule", "weekly")
    assert (unknown.returncode, unknown.stderr.splitlines()) == (1, ["CommandError: No such schedule: weekly"])
    installation.must("shell", "-v0", "-c", "from devices.models import Device; Device.objects.update(enabled=False)")
    empty = installation.manage("run_schedule", "nightly")
    assert empty.returncode == 1
    assert empty.stderr.splitlines() == ["CommandError: nightly: No enabled device matches."]
