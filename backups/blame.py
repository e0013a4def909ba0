"""Which version of a device's configuration brought each line: from the stored versions, newest to oldest.

Volatile lines count in no version. Texts are compared as they are stored and none of them is shown, so a line whose
secret changed is as new as in a diff of masked texts.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Min

from backups import storage
from backups.diff import read
from backups.exceptions import BackupError
from backups.line_changes import find_changes
from backups.models import Backup

MOST_VERSIONS = 200
SECONDS = 4.0


@dataclass(frozen=True)
class Origin:
    """The oldest backup looked at that had the line; `or_older`: it may have come with one that was not looked at."""

    backup: Backup
    or_older: bool


@dataclass
class History:
    """The versions of a device that were looked at, newest first, and what was not."""

    backups: list[Backup]
    unread: int = 0  # their files are damaged or missing: what they brought seems to come with the next
    cut: bool = False  # there are older ones, for which there was no time
    origins: dict[int, Origin] = field(default_factory=dict)  # of the lines that count, by number in the stored file


def blame(subject: Backup, text: str) -> History:
    """Trace the lines of a backup, whose stored text this is, through the older versions of its device."""
    patterns = subject.device.platform.volatile_patterns
    newest, versions = read(text, patterns), _versions(subject)
    # An unchanged backup has its lines from the first one of its version
    first = versions.pop(0) if versions and versions[0].version == subject.version else subject
    history = History([first], cut=len(versions) > MOST_VERSIONS)
    found = trace(newest.lines, _texts(versions[:MOST_VERSIONS], patterns, history))
    last = len(history.backups) - 1
    origins = [Origin(backup, history.cut and at == last) for at, backup in enumerate(history.backups)]
    history.origins = {number: origins[at] for number, at in zip(newest.numbers, found, strict=True)}
    return history


def trace(lines: Sequence[str], older: Iterable[Sequence[str]]) -> list[int]:
    """Of each line, how many texts back it goes without a break; 0: it is in none of the older ones."""
    found = [0] * len(lines)
    places = list(enumerate(range(len(lines))))  # where the lines that are still traced are in the newer text
    newer = lines
    for back, text in enumerate(older, start=1):
        places = list(_still_there(places, text, newer))
        for _, line in places:
            found[line] = back
        if not places:
            break
        newer = text
    return found


def _still_there(
    places: list[tuple[int, int]], older: Sequence[str], newer: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Where in the older text those lines are that were in it."""
    changes = iter(find_changes(older, newer)[0])
    change, shift = next(changes, None), 0
    for place, line in places:
        while change and change.new_end <= place:
            shift, change = change.old_end - change.new_end, next(changes, None)
        if change is None or place < change.new_start:
            yield place + shift, line


def _versions(subject: Backup) -> list[Backup]:
    """The first good backup of each version up to this one, newest first; one more than are looked at."""
    good = Backup.objects.completed().filter(device_id=subject.device_id)
    if subject.finished_at:
        good = good.filter(finished_at__lte=subject.finished_at)
    firsts = good.order_by("-version").values("version").annotate(first=Min("finished_at"))[: MOST_VERSIONS + 2]
    moments = {row["version"]: row["first"] for row in firsts}
    found = good.filter(version__in=moments, finished_at__in=moments.values()).order_by("-version", "pk")
    by_version = {backup.version: backup for backup in found if moments[backup.version] == backup.finished_at}
    return list(by_version.values())


def _texts(versions: Iterable[Backup], patterns: str, history: History) -> Iterator[list[str]]:
    """The lines of each version that can be read, while there is time."""
    ends = time.monotonic() + SECONDS
    for version in versions:
        if time.monotonic() > ends:
            history.cut = True
            return
        try:
            lines = read(storage.read_text(version), patterns).lines
        except BackupError:
            history.unread += 1
            continue
        history.backups.append(version)
        yield lines
