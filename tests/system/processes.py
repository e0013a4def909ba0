"""The processes of a running cluster, from what the kernel says."""

from dataclasses import dataclass
from pathlib import Path

from backups.cluster.processes import children
from tests.conftest import wait_for

READ = "0"  # the number of the system call: the one that waits for a task; the others wait for their turn


@dataclass
class Processes:
    """Ids of the processes of one cluster."""

    sentinel: int
    workers: list[int]
    monitor: int
    pusher: int

    @classmethod
    def of(cls, cluster: int, workers: int) -> "Processes":
        """Wait until they are there; they are started in the order worker, monitor, pusher."""
        found: list[int] = []

        def complete() -> bool:
            found[:] = [child for sentinel in children(cluster) for child in (sentinel, *children(sentinel))]
            return len(found) == 1 + workers + 2

        wait_for(complete, 30, "the processes of the cluster")
        return cls(found[0], found[1:-2], *found[-2:])

    @property
    def worker(self) -> int:
        """An idle worker that holds the lock on the queue."""
        return next(pid for pid in self.workers if waits_in(pid) == READ)

    def wait_until_idle(self) -> None:
        """Wait until one worker waits for a task, and the monitor for a result."""

        def idle() -> bool:
            return READ in map(waits_in, self.workers) and waits_in(self.monitor) == READ

        wait_for(idle, 30, "the cluster to be idle")


def members(session: int) -> set[int]:
    """Ids of the processes of a session that still run."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of) == session and state != "Z":
            found.add(int(entry.name))
    return found


def waits_in(pid: int) -> str:
    """The system call that a process waits in, by number; "" if it runs or is gone."""
    try:
        return Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return ""
