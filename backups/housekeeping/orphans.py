"""Files that no record refers to: what killed workers and runs left behind."""

import re
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from backups import storage
from backups.exceptions import StorageFailed
from backups.housekeeping.files import delete_unreferenced, unreferenced
from backups.housekeeping.steps import BATCH, Counts, Cursor, Finding, Step, Stopped, batched, readable_size
from backups.models import Job

# A database that is brought back from its last dump does not know the files that were stored since: time to notice.
OLD = timedelta(days=30)
TOLERATED = 20  # orphans that a run deletes even if they are the larger part of all files
# What NetRaven itself names so, and what it writes beside it first; some storages add letters to a name that is taken
OURS = re.compile(r".+_\d{8}_\d{6}(_\w+)?\.txt|\.writing-\w+")
TOPS = (storage.CONFIGS, storage.INCOMPLETE)  # in this order, which is that of the alphabet
LOOK, DELETE = "look", "delete"


@dataclass(frozen=True)
class Orphans:
    """One run over the storage: it looks at everything first, and deletes only if the sum is plausible."""

    job_type: ClassVar[Job.Type] = Job.Type.ORPHANS

    older_than: timedelta = OLD
    dry_run: bool = False
    believe: bool = False  # delete even if most files are orphans

    def idle(self) -> str:
        """There may always be some."""
        return ""

    def about(self) -> str:
        """What counts as one."""
        return f"Search for files that no backup refers to, written more than {self.older_than.days} days ago"

    def total(self) -> int:
        """Folders, each time they are gone through."""
        return len(list(_folders())) * (1 if self.dry_run else 2)

    def summary(self, counts: Counts) -> str:
        """What was deleted."""
        found, deleted, size = (counts.get(name, 0) for name in ("orphans", "files", "bytes"))
        young = f" {counts['young']} more are younger than {self.older_than.days} days." if counts.get("young") else ""
        done = f"{found} would be deleted" if self.dry_run else f"{deleted} of {found} deleted"
        return f"{counts.get('examined', 0)} files looked at, orphans: {done} ({readable_size(size)}).{young}"

    def steps(self, cursor: Cursor) -> Iterator[Step]:
        """The cursor is what is being done, the last folder, and the files and orphans found by then."""
        doing, folder, files, orphans = cursor or [LOOK, "", "0", "0"]
        if doing == LOOK:
            seen, found = yield from self._look(folder, int(files), int(orphans))
            if self.dry_run:
                return
            self._refuse_if_implausible(seen, found)
            folder = ""
        yield from self._delete(folder)

    def _look(self, after: str, seen: int, found: int) -> Generator[Step, None, tuple[int, int]]:
        """Returns how many files there are, and how many of them are orphans."""
        for folder in _folders(after):
            content = self._search(folder)
            seen, found = seen + content.files, found + len(content.orphans)
            counts = {"examined": content.files, "orphans": len(content.orphans), "young": content.young}
            rehearsed = {"bytes": sum(content.orphans.values())} if self.dry_run else {}
            yield Step(
                cursor=[LOOK, folder, str(seen), str(found)],
                counts=counts | rehearsed,
                findings=content.findings,
                deleted=list(content.orphans) if self.dry_run else [],
                advance=1,
            )
        return seen, found

    def _refuse_if_implausible(self, seen: int, found: int) -> None:
        if found > TOLERATED and found * 2 > seen and not self.believe:
            raise Stopped(
                f"{found} of {seen} files belong to no backup. Nothing was deleted: this does not seem to be the "
                "database that they were stored with. See “Orphan files” in docs/housekeeping.md."
            )

    def _delete(self, after: str) -> Iterator[Step]:
        for folder in _folders(after):
            counts, findings = delete_unreferenced(self._search(folder).orphans)
            yield Step(cursor=[DELETE, folder, "", ""], counts=counts, findings=findings, advance=1)

    def _search(self, folder: str) -> "_Content":
        content = _Content()
        try:
            _, names = storage.list_folder(folder)
            for batch in batched((name for name in names if OURS.fullmatch(name)), BATCH):
                content.files += len(batch)
                for path in unreferenced([f"{folder}/{name}" for name in batch]):
                    self._weigh(path, content)
        except StorageFailed as error:
            content.findings.append(Finding(str(error)))
        return content

    def _weigh(self, path: str, content: "_Content") -> None:
        if not (found := storage.age_and_size(path)):
            return
        age, size = found
        if age > self.older_than:
            content.orphans[path] = size
        else:
            content.young += 1


@dataclass
class _Content:
    """What is in a folder."""

    files: int = 0
    orphans: dict[str, int] = field(default_factory=dict)  # path and bytes
    young: int = 0
    findings: list[Finding] = field(default_factory=list)


def _folders(after: str = "") -> Iterator[str]:
    """The folders of devices, in order; whatever else lies in the storage is not ours. Raises StorageFailed."""
    for top in TOPS:
        folders, _ = storage.list_folder(top)
        yield from (folder for name in folders if _is_uuid(name) and (folder := f"{top}/{name}") > after)


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
