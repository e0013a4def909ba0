"""What all housekeeping has in common: it goes step by step, and each step is small."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Protocol, TypeVar

from django.template.defaultfilters import filesizeformat

from backups.models import Backup, Job, JobLog

Item = TypeVar("Item")
Counts = dict[str, int]
Cursor = list[str]  # where a run goes on; empty: from the beginning. It is stored as JSON

BATCH = 500  # rows per step: a transaction that holds the database for a moment only, SQLite has one writer


class Stopped(Exception):
    """A run that must not go on; str() is a sentence for the operator."""


@dataclass(frozen=True)
class Finding:
    """Something to tell: of a backup, or of the run itself. Without a backup it must not name a device."""

    text: str
    backup: Backup | None = None
    level: JobLog.Level = JobLog.Level.ERROR

    def __str__(self) -> str:
        if self.backup is None:
            return self.text
        return f"{self.backup.device.hostname} {self.backup.created_at:%Y-%m-%d %H:%M:%S}: {self.text}"


@dataclass(frozen=True)
class Step:
    """A step that is done, or in a dry run would be."""

    cursor: Cursor
    counts: Counts = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)  # in a dry run: what would be deleted, one a line
    advance: int = 0  # of `Chore.total()`

    def add_to(self, counts: dict[str, Any]) -> None:
        """Add what this step counted to the counts of its run; a problem is a finding that is an error."""
        problems = sum(finding.level == JobLog.Level.ERROR for finding in self.findings)
        for key, number in (self.counts | ({"problems": problems} if problems else {})).items():
            counts[key] = counts.get(key, 0) + number


class Chore(Protocol):
    """One kind of housekeeping, with its settings. Repeating a step does no harm: a killed run loses one at most."""

    job_type: ClassVar[Job.Type]

    def idle(self) -> str:
        """Why there is nothing to do at all; empty if there may be something."""

    def about(self) -> str:
        """What is going to be done."""

    def total(self) -> int | None:
        """How far the steps advance altogether, if that is known."""

    def steps(self, cursor: Cursor) -> Iterator[Step]:
        """Do the work from the cursor on. Raises Stopped."""

    def summary(self, counts: Counts) -> str:
        """What was done."""


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of so many, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def readable_size(number: int) -> str:
    """Bytes for people: `1.5 MB`."""
    return filesizeformat(number).replace("\xa0", " ")
