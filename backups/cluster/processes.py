"""This process's descendants, as Linux knows them."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def adopt_orphans() -> None:
    """From now on a descendant whose parent dies becomes a child of this process, and is not lost to init."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> list[int]:
    """Ids of a process's living children, oldest first; none where there is no /proc."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found if _lives(child)]


def descendants(pid: int) -> Iterator[int]:
    """Ids of its living children, theirs, and so on."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def living(pids: set[int]) -> set[int]:
    """Those of them that are descendants and live; all where that is not known."""
    return pids.intersection(descendants(os.getpid())) if os.path.exists("/proc/self") else pids


def kill_descendants() -> None:
    """All of them, for good."""
    while found := list(descendants(os.getpid())):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _lives(pid: str) -> bool:
    """Not a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
