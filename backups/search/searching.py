"""A search: over devices by name, several files at once, until the page is full or the time is up.

Memory is bounded: of each text only its first hits are kept, and no more than WINDOW texts are under way.
"""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings

from backups.exceptions import BackupError
from backups.models import Backup
from backups.search.query import Query
from backups.search.scan import Found, scan
from backups.search.sources import Scope, sources
from backups.secrecy import read_normalized
from devices.models import Device, Viewer
from netraven.audit.trail import note_search

THREADS = 8  # that read files: an object store is far away
WINDOW = 64  # files that are read ahead
LARGEST = 32_000_000  # bytes of a file
LEAST = 1.0  # seconds that the first file has, whatever the setting says
# What a page holds
DEVICES = 100
ABSENT = 500  # devices that do not contain it
HITS = 500  # lines
RUNS = 5  # of one device
UNREADABLE = 20

Item = tuple[Device, Backup | None]


@dataclass
class Run:
    """Versions of a device that follow one another and have the same hits: the newest of them, and its hits."""

    backup: Backup
    found: Found
    oldest: int
    versions: int = 1


@dataclass
class Match:
    """A device and its runs, the newest first; none if it does not contain what was searched for."""

    device: Device
    newest: Backup | None
    runs: list[Run] = field(default_factory=list)
    whole: bool = True  # False: not all of its versions were looked at
    unread: bool = False  # one of them could not be read


@dataclass
class Result:
    """What a search has found, and how far it came; `after` is where to go on, empty at the end."""

    matches: list[Match] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # a sentence for each file, up to 20
    unread: int = 0  # files
    without: int = 0  # devices without a good configuration
    searched: int = 0  # devices, from the first one on
    total: int = 0
    after: str = ""
    timed_out: bool = False
    seconds: float = 0.0

    @property
    def hits(self) -> int:
        """Lines that were found."""
        return sum(len(run.found.hits) for match in self.matches for run in match.runs)


def search(query: Query, scope: Scope, user: Viewer, *, masked: bool, absent: bool = False, after: str = "") -> Result:
    """Search the configurations of devices that the user sees, from the device after this one on.

    `masked`: as those see them who may not read secrets. `absent`: find the devices that do not contain it.
    Raises BadQuery.
    """
    began = time.monotonic()
    under_way = _Search(query.pattern, masked, absent, began + settings.NETRAVEN["SEARCH_SECONDS"])
    devices = scope.devices(user)
    result = under_way.over(sources(devices, after, every_version=scope.every_version))
    result.total = devices.count()
    result.searched = devices.filter(hostname__lte=result.after).count() if result.after else result.total
    result.seconds = round(time.monotonic() - began, 3)
    note_search(query.text, masked=masked, found=len(result.matches))
    return result


class _Search:
    """One search, while it is under way."""

    def __init__(self, pattern: Any, masked: bool, absent: bool, ends: float) -> None:
        self._pattern, self._masked, self._absent, self._ends = pattern, masked, absent, ends
        self._result = Result()
        self._match: Match | None = None  # of the device at hand
        self._in_run = False  # the version before had hits
        self._enough = False  # of this device
        self._read = False  # one of all files
        self._last = ""  # device that is done

    def over(self, devices: Iterator[tuple[Device, list[Backup]]]) -> Result:
        """Search them, as far as it goes."""
        pool = ThreadPoolExecutor(THREADS)
        try:
            self._go_through(pool, self._items(devices))
        finally:  # a storage that does not answer holds up its thread, and nobody else
            pool.shutdown(wait=False, cancel_futures=True)
        return self._result

    def _go_through(self, pool: ThreadPoolExecutor, items: Iterator[Item]) -> None:
        window: deque[tuple[Item, Future[Found | str] | None]] = deque()
        while True:
            for item in islice(items, WINDOW - len(window)):
                window.append((item, pool.submit(self._scan, item[1]) if item[1] else None))
            if not window:
                return self._finish()
            (device, backup), future = window.popleft()
            if not self._match or self._match.device.pk != device.pk:
                self._finish()
                if self._is_full():
                    self._result.after = self._last
                    return None
                self._match, self._in_run, self._enough = Match(device, backup), False, False
            if not backup or not future:
                self._result.without += 1
                continue
            if self._enough:
                continue
            left = self._ends - time.monotonic()
            if left <= 0 and (self._last or self._read):
                return self._stop()
            try:
                self._note(backup, future.result(timeout=max(left, LEAST)))
            except TimeoutError:
                return self._stop()

    def _items(self, devices: Iterator[tuple[Device, list[Backup]]]) -> Iterator[Item]:
        for device, backups in devices:
            if not backups:
                yield device, None
            for backup in backups:
                if self._enough and self._match and self._match.device.pk == device.pk:
                    break
                yield device, backup

    def _scan(self, backup: Backup) -> Found | str:
        """In a thread of its own: the hits, or why there are none to see."""
        if (backup.file_size or 0) > LARGEST:
            return f"It has more than {LARGEST // 1_000_000} MB."
        try:
            return scan(self._pattern, read_normalized(backup, masked=self._masked))
        except BackupError as error:
            return str(error)

    def _note(self, backup: Backup, found: Found | str) -> None:
        match = self._match
        assert match  # noqa: S101
        self._read = True
        if isinstance(found, str):
            self._note_unread(match, found)
        elif not found.blocks:
            self._in_run = False
        elif self._in_run and match.runs[-1].found.hits == found.hits:
            match.runs[-1].versions += 1
            match.runs[-1].oldest = backup.version or 0
        elif len(match.runs) == RUNS:
            match.whole, self._enough = False, True
        else:
            match.runs.append(Run(backup, found, backup.version or 0))
            self._in_run, self._enough = True, self._absent

    def _note_unread(self, match: Match, why: str) -> None:
        match.unread, self._in_run = True, False
        self._result.unread += 1
        if len(self._result.unreadable) < UNREADABLE:
            self._result.unreadable.append(f"{match.device.hostname}: {why}")

    def _finish(self) -> None:
        """The device at hand is done: is it told about?"""
        if not (match := self._match):
            return
        self._last, self._match = match.device.hostname, None
        absent = match.newest is not None and not match.runs and not match.unread
        if absent if self._absent else match.runs:
            self._result.matches.append(match)

    def _is_full(self) -> bool:
        most = ABSENT if self._absent else DEVICES
        return len(self._result.matches) >= most or (not self._absent and self._result.hits >= HITS)

    def _stop(self) -> None:
        """The time is up: go on after the last device that is done. If none is, this one is, or it never would be."""
        self._result.timed_out = True
        if not self._last and self._match:
            self._match.whole = False
            if not self._match.runs:
                self._note_unread(self._match, "It took too long.")
            self._finish()
        self._result.after = self._last
