"""A log as somebody follows it: what is there already, then again and again what has come since."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.utils import timezone

from backups.models import Job, JobLog
from devices.models import visible_to

SHOWN = 500  # entries at most, the newest; the API has all
# An entry may be numbered before another one and committed after it: those that are younger than this are sent again
# the next time, with what has come between them.
SETTLED = timedelta(seconds=2)


@dataclass(frozen=True)
class Tail:
    """Entries of a log, oldest first; `after` is where the next ones begin: some of these may be among them."""

    entries: list[JobLog]
    after: int
    newest: int
    left_out: bool = False  # there are more before these


def place_of(text: str) -> int:
    """The place in a log that a request names; its beginning, if it names none."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def log_of(job: Job, user: User | AnonymousUser) -> QuerySet[JobLog]:
    """The job's own entries and those of backups that the user sees, also of other jobs: a verification tells of them.

    Without those for programmers.
    """
    mine = Q(backup__isnull=True) | visible_to(user, "backup__device")
    return told(JobLog.objects.filter(mine, job=job))


def told(log: QuerySet[JobLog]) -> QuerySet[JobLog]:
    """Without entries for programmers, with what a row shows."""
    return log.exclude(level=JobLog.Level.DEBUG).select_related("backup__device")


def tail(log: QuerySet[JobLog], after: int = 0) -> Tail:
    """The newest entries after this one."""
    newest = list(log.filter(pk__gt=after).order_by("-pk")[: SHOWN + 1])
    entries, limit = newest[:SHOWN][::-1], timezone.now() - SETTLED
    settled = list(takewhile(lambda entry: entry.time < limit, entries))
    return Tail(
        entries,
        after=settled[-1].pk if settled else after,
        newest=entries[-1].pk if entries else after,
        left_out=len(newest) > SHOWN,
    )
