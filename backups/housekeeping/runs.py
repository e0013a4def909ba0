"""A run of housekeeping as a Job: at most one of each kind, counted, logged, and ended by whoever works on it.

What a run needs to go on is in the job's metadata under "run", until it has ended:

- `holder`: the process that works on it; empty between two slices. It is the fence: whoever is not it writes nothing.
- `seen`: its last sign of life.
- `cursor`: where the next step begins.
- `deaths`: processes that died over it since its last step.
"""

import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from backups.exceptions import BackupError
from backups.housekeeping.steps import Chore, Counts, Finding, Step, Stopped
from backups.joblog import JobLogger
from backups.models import Job, JobLog

LEASES = 5  # a run whose process gave no sign of life for so many NETRAVEN_LEASEs is dead
MOST_LOGGED = 1000  # findings of a run that get an entry; the others are counted
STATE = "run"

Watch = Callable[[Step], None]


class UnderWay(Exception):
    """There is a run of the kind already; str() is a sentence for the operator."""


class Lost(Exception):
    """Somebody else has the run now."""


def begin(chore: Chore, trigger: Job.Trigger) -> Job:
    """A new job that waits for somebody to work on it. Raises UnderWay: the database has room for one of a kind.

    A command takes the place of a run that has died; a system task leaves it to be taken up (slices.py).
    """
    state = {"holder": "", "seen": _now(), "cursor": [], "deaths": 0}
    try:
        with transaction.atomic():
            return Job.objects.create(job_type=chore.job_type, trigger=trigger, metadata={STATE: state})
    except IntegrityError:
        for job in under_way():
            if job.job_type == chore.job_type and trigger == Job.Trigger.COMMAND and is_stale(job):
                bury(job, chore)
                return begin(chore, trigger)
        raise UnderWay(f"{chore.job_type.label} is under way already.") from None


def bury(job: Job, chore: Chore) -> None:
    """End a run whose process has died."""
    if run := Run.claim(job, chore):
        deaths = job.metadata[STATE]["deaths"] + 1
        run.end(f"The process that did it died{f', {deaths} times at the same place' if deaths > 1 else ''}.")


def under_way() -> list[Job]:
    """The jobs of housekeeping that have not ended; one of each kind at most."""
    active = Job.objects.filter(status__in=Job.ACTIVE, job_type__in=Job.UPKEEP, metadata__has_key=STATE)
    return list(active.order_by("created_at"))


def is_stale(job: Job) -> bool:
    """Whether nobody has given a sign of life for long."""
    limit = timezone.now() - timedelta(seconds=LEASES * settings.NETRAVEN["LEASE"])
    return datetime.fromisoformat(job.metadata[STATE]["seen"]) < limit


def swap(job: Job, changes: dict[str, Any], **fields: Any) -> bool:
    """Write into a job's state, unless anybody has since it was read. The job is as new then."""
    metadata = job.metadata | {STATE: job.metadata[STATE] | {"seen": _now()} | changes}
    unchanged = Job.objects.filter(pk=job.pk, status=job.status)
    unchanged = unchanged.filter(
        **{f"metadata__{STATE}__{key}": job.metadata[STATE][key] for key in ("holder", "seen")}
    )
    if not unchanged.update(metadata=metadata, **fields):
        return False
    job.metadata = metadata
    for name, value in fields.items():
        setattr(job, name, value)
    return True


class Run:
    """This process at work on a job that it has claimed."""

    def __init__(self, job: Job, chore: Chore) -> None:
        self.job = job
        self._chore = chore
        self._log = JobLogger(job.pk)
        self._holder: str = job.metadata[STATE]["holder"]
        self.failed = False  # both are told by `end`
        self.result = ""

    @classmethod
    def claim(cls, job: Job, chore: Chore) -> "Run | None":
        """Take a job that nobody works on; None if somebody was faster."""
        holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        is_new = job.status == Job.Status.PENDING
        started = {"status": Job.Status.RUNNING, "started_at": timezone.now()} if is_new else {}
        if not swap(job, {"holder": holder}, **started):
            return None
        run = cls(job, chore)
        if is_new:
            run._log(JobLog.Event.UPKEEP, chore.about())
        return run

    def work(self, until: float | None = None, watch: Watch = lambda step: None) -> bool:
        """Do steps until all are done, and end the job; or until this time of the monotonic clock. True if it ended.

        Raises Lost; and what the database raises when it is away: the run is taken up again then.
        """
        try:
            for step in self._chore.steps(self.job.metadata[STATE]["cursor"]):
                self._note(step)
                watch(step)
                if until is not None and time.monotonic() > until:
                    self._save({"holder": ""})
                    return False
        except (Stopped, BackupError) as error:
            self.end(str(error))
        except (Lost, OperationalError, InterfaceError):
            raise
        except Exception as error:
            self.end(f"{type(error).__name__} in NetRaven.")
            raise
        else:
            self.end()
        return True

    def end(self, error: str = "") -> None:
        """Close the job: completed, or failed if anything was found wrong. Raises Lost."""
        counts: Counts = {key: value for key, value in self.job.metadata.items() if key != STATE}
        self.failed = bool(error or counts.get("problems"))
        self.result = error or self._chore.summary(counts)
        status = Job.Status.FAILED if self.failed else Job.Status.COMPLETED
        with transaction.atomic():
            if not self._mine().update(status=status, finished_at=timezone.now(), metadata=counts):
                raise Lost
            self._log(JobLog.Event.UPKEEP, self.result, level="error" if self.failed else "info")

    def _note(self, step: Step) -> None:
        """Tell what a step found, then that it is done: one that is repeated may tell it twice, never not at all."""
        room = MOST_LOGGED - self.job.metadata.get("problems", 0)
        for finding in step.findings[: max(room, 0)]:
            self._tell(finding)
        step.add_to(self.job.metadata)
        self._save({"cursor": step.cursor, "deaths": 0})

    def _tell(self, finding: Finding) -> None:
        log = JobLogger(self.job.pk, finding.backup) if finding.backup else self._log
        with suppress(IntegrityError):  # retention has just deleted that backup
            log(JobLog.Event.UPKEEP, finding.text, level=finding.level)

    def _save(self, changes: dict[str, Any]) -> None:
        self.job.metadata[STATE] |= {"seen": _now()} | changes
        if not self._mine().update(metadata=self.job.metadata):
            raise Lost

    def _mine(self) -> Any:
        held = {f"metadata__{STATE}__holder": self._holder}
        return Job.objects.filter(pk=self.job.pk, status=Job.Status.RUNNING, **held)


def _now() -> str:
    return timezone.now().isoformat()
