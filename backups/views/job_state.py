"""What the page of a job shows, at first and each time it asks what is new."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from django.db.models import Case, When
from django.http import HttpRequest
from django.utils import timezone

from backups.advice import advice_for
from backups.log_tail import log_of, tail
from backups.models import Backup, BackupQuerySet, Job
from backups.tallies import Tally, tally_of
from backups.views.access import page_of

SMALL = 50  # backups: so many are shown at once, whatever came of them
FEW = 20  # of each group otherwise
AFTERWARDS = timedelta(seconds=3)  # what is written last about a job comes after its end
# What went wrong first, then what is under way
ORDER = Case(When(status="failed", then=0), When(status="running", then=1), When(status="pending", then=2), default=3)
GROUPS = ("failed", "running", "pending", "completed")
SORTED = {
    "failed": ("failure_reason", "device__hostname"),
    "running": ("started_at", "device__hostname"),
    "pending": ("not_before", "position"),
    "completed": ("device__hostname",),
}
# What housekeeping counts, as its jobs' metadata have it
UPKEEP = {
    "examined": "Looked at",
    "orphans": "Orphans found",
    "young": "Too young to delete",
    "deleted": "Backups deleted",
    "files": "Files deleted",
    "bytes": "Bytes freed",
    "entries": "Log entries deleted",
    "tests": "Log-in tests deleted",
    "jobs": "Jobs deleted",
    "workers": "Worker records deleted",
    "problems": "Problems",
}


@dataclass(frozen=True)
class Group:
    """Backups of one state: the first of them, and how many there are."""

    status: str
    total: int
    rows: list[Backup]


@dataclass(frozen=True)
class Choice:
    """Which of a job's backups somebody wants to see: `show` is a state or "all", empty for an overview."""

    show: str
    reason: str
    query: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Choice":
        """As the URL says; what it says wrongly narrows nothing."""
        show, reason = request.GET.get("show", ""), request.GET.get("reason", "")
        query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
        reason = reason if reason in Backup.FailureReason.values else ""
        return cls(show if show in (*GROUPS, "all") else "failed" if reason else "", reason, query)

    @property
    def is_overview(self) -> bool:
        """Nothing was chosen."""
        return not (self.show or self.query)

    def narrow(self, backups: BackupQuerySet) -> BackupQuerySet:
        """Those that were chosen."""
        if self.show in GROUPS:
            backups = backups.filter(status=self.show)
        if self.reason:
            backups = backups.filter(failure_reason=self.reason)
        if self.query:
            backups = backups.filter(device__hostname__icontains=self.query)
        return backups


def is_over(job: Job) -> bool:
    """Nothing about it will change any more."""
    return not job.is_active and (job.finished_at is None or timezone.now() - job.finished_at > AFTERWARDS)


def job_state(request: Any, job: Job, after: int = 0) -> dict[str, Any]:
    """For the templates: how far the job is, of the devices that the user sees, and its log after an entry."""
    choice, tally = Choice.of(request), tally_of(job, request.user)
    entries = log_of(job, request.user)
    if choice.query:
        entries = entries.filter(backup__device__hostname__icontains=choice.query)
    log = tail(entries, after)
    return {
        "job": job,
        "tally": tally,
        "reasons": [(reason, number, advice_for(reason)) for reason, number in tally.reasons.items()],
        "choice": choice,
        "states": Backup.Status.choices,
        "log": log,
        "over": is_over(job),
        "seen": _seen(job, tally, log.newest),
        "facts": [(label, job.metadata[key]) for key, label in UPKEEP.items() if key in job.metadata],
    }


def job_rows(request: Any, job: Job, choice: Choice, tally: Tally) -> dict[str, Any]:
    """Its backups: the first of each group, or a page of what was chosen."""
    visible = Backup.objects.filter(job=job).visible_to(request.user)
    rows = visible.select_related("device__platform").defer("device__platform__secret_patterns")
    if not choice.is_overview:
        return {"page": page_of(request, choice.narrow(rows).order_by(ORDER, "device__hostname"))}
    return {"groups": _groups(rows, tally)}


def _groups(rows: BackupQuerySet, tally: Tally) -> list[Group]:
    """Those that are not empty, each with its first rows; of a big job the good ones are folded away."""
    found = []
    for status in GROUPS:
        total = getattr(tally, status)
        folded = status == "completed" and tally.total > SMALL
        few = SMALL if tally.total <= SMALL else FEW
        if total:
            first = [] if folded else list(rows.filter(status=status).order_by(*SORTED[status])[:few])
            found.append(Group(status, total, first))
    return found


def _seen(job: Job, tally: Tally, newest: int) -> str:
    """What a page that knows this much knows already: if it is the same, there is nothing to send."""
    facts = (job.status, bool(job.cancelled_at), is_over(job), newest, *vars(tally).values(), *job.metadata.values())
    return f"{crc32(repr(facts).encode()):08x}"
