"""Which changes of the past would not have counted, had other lines been taken for volatile ones; and which would have.

Who may not read secrets has masked texts compared: from what changes and what does not, a secret could be read
otherwise, one character after the other.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery

from backups.diff import Hunk, unified
from backups.exceptions import BackupError
from backups.models import Backup, BackupQuerySet
from backups.own_patterns import find_own
from backups.secrecy import read_normalized, sees_secrets
from devices.models import Device, Platform

CHANGES = 500  # of the past, the newest
QUIET = 2_000  # backups without a change, in which lines may have differed that did not count
SECONDS = 8.0
LARGEST = 4_000_000  # bytes of a file
TOGETHER = 20  # pairs whose lines are looked at by one process
KNOWN_LINES = 200_000  # kept, with whether they match
DEVICES, HUNKS, LINES = 10, 3, 40  # that are shown

TOO_SLOW = "These patterns take too long on lines of stored configurations: make them simpler."


@dataclass(frozen=True)
class Example:
    """A change that would not have counted."""

    old: Backup
    new: Backup
    hunks: list[Hunk]


@dataclass
class VolatilePreview:
    """What was looked at, and what would be otherwise."""

    changes: int = 0
    silent: int = 0  # of those
    quiet: int = 0  # backups in which only lines differed that did not count
    loud: int = 0  # of those: they would be changes
    unread: int = 0
    by_device: Counter[Device] = field(default_factory=Counter)  # changes that would not have counted
    example: Example | None = None
    is_cut: bool = False  # there are more changes, older ones
    timed_out: bool = False
    masked: bool = False
    problem: str = ""

    @property
    def devices(self) -> list[tuple[Device, int]]:
        """The devices with most of them."""
        return self.by_device.most_common(DEVICES)


Pair = tuple[Backup, Backup]  # a backup, and the good one before it


def preview_volatile(platform: Platform, patterns: str, user: User) -> VolatilePreview:
    """Of a stored platform, with other volatile patterns than it has; over devices that the user sees."""
    preview = VolatilePreview(masked=not sees_secrets(user))
    ends = time.monotonic() + SECONDS
    devices = Device.objects.visible_to(user).filter(platform=platform).order_by()
    good = Backup.objects.completed().filter(device__in=devices.values("pk")).order_by("-created_at")
    verdicts = _Verdicts([line for line in patterns.splitlines() if line.strip()])
    changes = _pairs(good.filter(changed=True, version__gt=1)[:CHANGES], platform)
    quiet = _pairs(good.filter(changed=False)[:QUIET], platform)
    preview.is_cut = len(changes) == CHANGES
    for together in (*_parts(changes), *_parts(quiet)):
        if time.monotonic() > ends:
            preview.timed_out = True
            break
        _look_at(together, verdicts, platform, preview)
        if verdicts.too_slow:
            preview.problem = TOO_SLOW
            break
    return preview


def _look_at(pairs: Sequence[Pair], verdicts: "_Verdicts", platform: Platform, preview: VolatilePreview) -> None:
    texts: dict[str, list[str]] = {}
    for backup in {backup.pk: backup for pair in pairs for backup in pair}.values():
        try:
            if (backup.file_size or 0) > LARGEST:
                preview.unread += 1
            elif backup.content_hash not in texts:
                text = read_normalized(backup, masked=preview.masked).decode()
                texts[backup.content_hash] = [line.rstrip() for line in text.split("\n")]
        except BackupError:
            preview.unread += 1
    verdicts.learn({line for lines in texts.values() for line in lines})
    for new, old in pairs:
        if new.content_hash not in texts or old.content_hash not in texts:
            continue
        before, after = texts[old.content_hash], texts[new.content_hash]
        same = verdicts.stable(before) == verdicts.stable(after)
        if not new.changed:
            preview.quiet, preview.loud = preview.quiet + 1, preview.loud + (not same)
            continue
        preview.changes += 1
        if same:
            preview.silent += 1
            preview.by_device[new.device] += 1
            if not preview.example:
                hunks = unified("\n".join(before), "\n".join(after), platform.volatile_patterns)
                preview.example = Example(old, new, _first(hunks)) if hunks else None


def _first(hunks: list[Hunk]) -> list[Hunk]:
    """As much as an example needs."""
    return [hunk for hunk in hunks[:HUNKS] if len(hunk.lines) <= LINES]


def _pairs(backups: BackupQuerySet, platform: Platform) -> list[Pair]:
    """Each with the good one before it, if that holds other bytes; of devices of this platform."""
    before = Backup.objects.completed().filter(device=OuterRef("device"), finished_at__lt=OuterRef("finished_at"))
    previous = Subquery(before.order_by("-finished_at").values("pk")[:1])
    news: list[Any] = list(backups.annotate(previous=previous).select_related("device"))
    olds = Backup.objects.in_bulk([new.previous for new in news if new.previous])
    pairs: list[Pair] = [(new, olds[new.previous]) for new in news if new.previous in olds]
    for new, old in pairs:
        new.device.platform = platform
        old.device = new.device
    return [(new, old) for new, old in pairs if new.content_hash != old.content_hash]


def _parts(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    return (pairs[start : start + TOGETHER] for start in range(0, len(pairs), TOGETHER))


class _Verdicts:
    """Of lines, whether one of the patterns matches; each is asked about once."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._known: dict[str, bool] = {}
        self.too_slow = False

    def learn(self, lines: set[str]) -> None:
        """Look at those that are not known yet."""
        if len(self._known) > KNOWN_LINES:
            self._known.clear()
        asked = [line for line in lines if line not in self._known]
        matched = find_own(self._patterns, asked, whole_lines=True) if self._patterns and asked else {}
        self.too_slow = self.too_slow or None in matched.values()
        self._known |= {line: number in matched for number, line in enumerate(asked)}

    def stable(self, lines: list[str]) -> list[str]:
        """As `backups.fingerprint.stable_lines` has them."""
        kept = [line for line in lines if not self._known[line]]
        filled = [number for number, line in enumerate(kept) if line]
        return kept[filled[0] : filled[-1] + 1] if filled else []
