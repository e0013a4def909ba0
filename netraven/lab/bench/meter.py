"""What work costs: time, processor, memory. From /proc, so on Linux only."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SESSION, USER_TIME, SYSTEM_TIME = 3, 11, 12  # fields of /proc/PID/stat after the command's name


@dataclass(frozen=True)
class Usage:
    """Of one run over `devices` devices; times in seconds, memory in bytes."""

    devices: int
    seconds: float
    cpu_seconds: float
    peak_memory: int

    def figures(self) -> dict[str, float]:
        """As reported: per second, per device, in MB."""
        return {
            **asdict(self),
            "devices_per_second": self.devices / self.seconds,
            "cpu_ms_per_device": 1000 * self.cpu_seconds / self.devices,
            "peak_memory_mb": self.peak_memory / 1e6,
        }


def measured(devices: int, work: Callable[[], object]) -> Usage:
    """Do the work, and say what this process, all its threads together, needed for it."""
    started, cpu = time.monotonic(), _cpu_seconds()
    work()
    return Usage(devices, time.monotonic() - started, _cpu_seconds() - cpu, _peak_memory(Path("/proc/self")))


def session_cpu_seconds(session: int) -> float:
    """User and system time of all processes in a session that still live."""
    return sum(_ticks(process) for process in _processes(session)) / CLOCK_TICKS


def session_peak_memory(session: int) -> int:
    """The peak of the largest process in a session, in bytes."""
    return max(map(_peak_memory, _processes(session)), default=0)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_memory(process: Path) -> int:
    """Not `ru_maxrss`: that of a new process starts with what its parent had."""
    lines = (process / "status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _processes(session: int) -> list[Path]:
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [process for process in processes if _stat(process)[SESSION : SESSION + 1] == [str(session)]]


def _ticks(process: Path) -> int:
    fields = _stat(process)
    return int(fields[USER_TIME]) + int(fields[SYSTEM_TIME]) if fields else 0


def _stat(process: Path) -> list[str]:
    """The fields after the command's name; none of a process that has gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
