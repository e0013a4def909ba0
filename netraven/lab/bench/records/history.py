"""Night after night: the fleet's runs, what people asked for by day, and what came of each backup."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from backups import storage
from backups.models import Backup, Job, JobLog, LoginAttempt
from devices.models import Device
from netraven.lab.bench.records import traces
from netraven.lab.bench.records.configurations import Family, Text
from netraven.lab.bench.records.network import Network
from netraven.lab.bench.records.people import REGIONS, People
from netraven.lab.bench.records.writing import new_id, write
from scheduling.models import Schedule, ScheduleRun

FLEET_PERCENT = 97  # of the backups; the others were asked for one by one
REGIONAL_EVERY = 7  # nights: then each region has a run of its own
CHANGES, FAILURES, DEAD = 0.04, 0.015, 0.02  # shares; the last one of devices that do not answer any more
REASONS = {
    "unreachable": 40, "timeout": 20, "authentication": 15, "incomplete": 10, "gateway": 8, "security": 3,
    "cancelled": 2, "storage": 1, "unexpected": 1,
}  # fmt: skip
LOG_NIGHTS, ATTEMPT_NIGHTS = 14, 30  # the newest, of which there are log entries and log-in attempts
ACTIVE_JOB = 300  # devices, at most, of the job that is under way
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@dataclass
class State:
    """How a device has fared so far."""

    device: Device
    family: Family
    place: int
    dies_on: int  # night
    version: int = 0
    good: dict[str, Any] = field(default_factory=dict)


class History:
    """Makes jobs and backups in the order in which they would have come, and keeps the devices' last state."""

    def __init__(
        self, network: Network, people: People, schedules: dict[str, Schedule], families: dict[str, list[Family]],
        random: Random, now: datetime,
    ) -> None:  # fmt: skip
        self._network, self._people, self._schedules = network, people, schedules
        self._random, self._now = random, now
        self._states = [
            State(device, random.choice(families[device.platform.slug]), place, -1)
            for place, device in enumerate(network.devices)
        ]
        self._enabled = [state for state in self._states if state.device.enabled]
        self._gateways = network.effective_gateways()

    def make(self, backups: int) -> Iterator[int]:
        """So many backups; yields after each part how many there are."""
        active = min(ACTIVE_JOB, len(self._enabled) // 10)
        nights = (backups - active) * FLEET_PERCENT // 100 // max(len(self._enabled), 1)
        alone = backups - active - nights * len(self._enabled)
        for state in self._states:
            dying = self._random.random() < DEAD
            state.dies_on = self._random.randrange(nights // 2, nights + 1) if dying else nights
        last = self._now.replace(hour=1) - (DAY if self._now.hour < 3 else timedelta())
        made = 0
        for night in range(nights):
            begins, age = last - (nights - 1 - night) * DAY, nights - 1 - night
            for job, states in self._fleet_jobs(night, begins):
                made += self._write(job, states, night, age)
                yield made
            by_day = alone * (night + 1) // nights - alone * night // nights
            made += self._write_single_jobs(by_day, begins, night, age)
            self._note_upkeep(begins)
            yield made
        made += self._write_active(active)
        self._save_states()
        yield made

    def _fleet_jobs(self, night: int, begins: datetime) -> Iterator[tuple[Job, list[State]]]:
        """The jobs of a night, each with its devices in the order in which workers take them."""
        if night % REGIONAL_EVERY:
            parts = {"night": self._enabled}
        else:
            parts = {f"region-{region}": self._in_region(region) for region in REGIONS}
        for name, states in parts.items():
            if states:
                yield self._scheduled_job(self._schedules[name], states, begins), states

    def _scheduled_job(self, schedule: Schedule, states: list[State], begins: datetime) -> Job:
        job = self._job(Job.Trigger.SCHEDULE, states, begins, len(states) * SECOND / 4)
        job.metadata["schedule"] = {"id": str(schedule.pk), "name": schedule.name}
        job.save(force_insert=True)
        ScheduleRun.objects.create(
            id=new_id(self._random), schedule=schedule, due_at=begins, outcome=ScheduleRun.Outcome.STARTED, job=job,
            created_at=begins,
        )  # fmt: skip
        return job

    def _in_region(self, region: str) -> list[State]:
        return [state for state in self._enabled if state.device.hostname.startswith(f"{region}-")]

    def _job(self, trigger: str, states: list[State], begins: datetime, length: timedelta) -> Job:
        first = sorted(state.device.hostname for state in states[:200])[:5]
        return Job(
            id=new_id(self._random), trigger=trigger, status=Job.Status.COMPLETED, created_at=begins,
            started_at=begins + SECOND, finished_at=begins + length + SECOND,
            metadata={"devices": len(states), "first_devices": first},
            device=states[0].device if len(states) == 1 else None,
        )  # fmt: skip

    def _write(self, job: Job, states: list[State], night: int, age: int) -> int:
        """The backups of one job, and its status."""
        backups = [self._backup(state, job, place, night) for place, state in enumerate(states)]
        self._write_traces([job], backups, age)
        if any(backup.failure_reason for backup in backups):
            Job.objects.filter(pk=job.pk).update(status=Job.Status.FAILED)
        return len(backups)

    def _write_single_jobs(self, number: int, begins: datetime, night: int, age: int) -> int:
        """What people asked for on the day after, a device each."""
        span = min(begins + 23 * HOUR, self._now) - begins - HOUR
        jobs, backups = [], []
        for moment in sorted(begins + HOUR + self._random.random() * span for _ in range(number)):
            state = self._random.choice(self._enabled)
            trigger = self._random.choice(["admin", "api", "page", "command"])
            job = self._job(trigger, [state], moment, 5 * SECOND)
            job.requested_by = self._random.choice(self._people.users) if trigger != "command" else None
            backup = self._backup(state, job, 0, night)
            job.status = backup.status
            jobs.append(job)
            backups.append(backup)
        write(Job, jobs)
        self._write_traces(jobs, backups, age)
        return number

    def _write_traces(self, jobs: list[Job], backups: list[Backup], age: int) -> None:
        write(Backup, backups)
        if age < LOG_NIGHTS:
            write(JobLog, traces.entries(jobs, backups))
        if age < ATTEMPT_NIGHTS:
            write(LoginAttempt, traces.attempts(backups, self._random))

    def _backup(self, state: State, job: Job, place: int, night: int) -> Backup:
        """One backup, as it ended; remembers what the next one is compared with."""
        device, takes = state.device, 2 * SECOND + self._random.random() * 8 * SECOND
        started = job.created_at + SECOND + place * SECOND / 4
        backup = Backup(
            id=new_id(self._random), job=job, device=device, position=place, attempts=1, created_at=job.created_at,
            started_at=started, finished_at=started + takes, gateway_id=self._gateways[state.place],
        )  # fmt: skip
        reason = self._failure(state, night)
        if reason:
            self._fail(backup, state, reason)
        else:
            self._complete(backup, state)
        device.last_attempt_at, device.last_status = backup.finished_at, backup.status
        device.last_failure_reason = reason
        return backup

    def _failure(self, state: State, night: int) -> str:
        if night >= state.dies_on:
            return "unreachable"
        if self._random.random() >= FAILURES:
            return ""
        return self._random.choices(list(REASONS), list(REASONS.values()))[0]

    def _fail(self, backup: Backup, state: State, reason: str) -> None:
        backup.status, backup.failure_reason = Backup.Status.FAILED, reason
        backup.error = f"{backup.get_failure_reason_display()}: {state.device.address} after 3 attempts."
        if reason == "incomplete" and state.family.half:
            self._keep(backup, state, state.family.half, storage.INCOMPLETE)

    def _complete(self, backup: Backup, state: State) -> None:
        changed = not state.good or self._random.random() < CHANGES
        if changed:
            state.version += 1
            versions = state.family.versions
            state.good = self._keep(backup, state, versions[state.version % len(versions)], storage.CONFIGS)
        for name, value in state.good.items():
            setattr(backup, name, value)
        device = state.device
        backup.status, backup.version, backup.changed = Backup.Status.COMPLETED, state.version, changed
        backup.serial_number, backup.os_version = device.serial_number, device.os_version
        backup.credential_id = self._network.logs_in_with[state.place].pk
        device.last_success_at = backup.finished_at

    def _keep(self, backup: Backup, state: State, text: Text, folder: str) -> dict[str, Any]:
        kept = {
            "file_path": text.file_for(state.device, backup.finished_at or self._now, folder),
            "file_size": len(text.content),
            "content_hash": text.content_hash,
            "change_hash": text.change_hash,
        }
        for name, value in kept.items():
            setattr(backup, name, value)
        return kept

    def _note_upkeep(self, begins: datetime) -> None:
        """The files' verification, before the night."""
        job = self._job(Job.Trigger.SYSTEM, [], begins - HOUR, 600 * SECOND)
        job.job_type, job.metadata = Job.Type.VERIFICATION, {"examined": len(self._states), "problems": 0}
        job.save(force_insert=True)

    def _write_active(self, number: int) -> int:
        """A job that is under way, an eighth of its devices at once; its leases outlast every measurement."""
        if not number:
            return 0
        states = self._random.sample(self._enabled, number)
        job = self._job(Job.Trigger.API, states, self._now, timedelta())
        job.status, job.finished_at, job.requested_by = Job.Status.RUNNING, None, self._people.admin
        job.save(force_insert=True)
        write(Backup, self._active(job, states))
        return number

    def _active(self, job: Job, states: Iterable[State]) -> Iterator[Backup]:
        for place, state in enumerate(states):
            backup = Backup(
                id=new_id(self._random), job=job, device=state.device, position=place, created_at=self._now,
                gateway_id=self._gateways[state.place],
            )  # fmt: skip
            if place % 8 == 0:
                backup.status, backup.started_at, backup.attempts = Backup.Status.RUNNING, self._now + SECOND, 1
                backup.worker, backup.lease_expires_at = "scale:1", self._now + 3650 * DAY
            yield backup

    def _save_states(self) -> None:
        fields = ["last_attempt_at", "last_status", "last_failure_reason", "last_success_at"]
        Device.objects.bulk_update(self._network.devices, fields, batch_size=500)
