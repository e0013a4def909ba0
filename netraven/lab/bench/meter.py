"""What work costs: time, processor, memory. From /proc, so on Linux only."""

import os
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SESSION, CPU_TIMES = 3, slice(11, 15)  # fields of /proc/PID/stat after the command's name; those of dead children too


@dataclass(frozen=True)
class Usage:
    """Of one run over `devices` devices; times in seconds, memory in bytes.

    `peak_memory` is that of the largest process, `total_memory` the sum over all; each counts what it shares.
    """

    devices: int
    seconds: float
    cpu_seconds: float
    peak_memory: int
    total_memory: int

    @classmethod
    def together(cls, seconds: float, parts: Sequence["Usage"]) -> "Usage":
        """Of processes that worked side by side for so long."""
        return cls(
            devices=sum(part.devices for part in parts),
            seconds=seconds,
            cpu_seconds=sum(part.cpu_seconds for part in parts),
            peak_memory=max(part.peak_memory for part in parts),
            total_memory=sum(part.total_memory for part in parts),
        )

    def figures(self) -> dict[str, float]:
        """As reported: per second, per device, in MB."""
        return {
            **asdict(self),
            "devices_per_second": self.devices / self.seconds,
            "cpu_ms_per_device": 1000 * self.cpu_seconds / self.devices,
            "peak_memory_mb": self.peak_memory / 1e6,
            "total_memory_mb": self.total_memory / 1e6,
        }


def measured(work: Callable[[], int]) -> Usage:
    """Do the work, which returns how many devices that was; what this process, all its threads together, needed."""
    started, cpu = time.monotonic(), own_cpu_seconds()
    devices = work()
    seconds, memory = time.monotonic() - started, _memory(Path("/proc/self"), "VmHWM")
    return Usage(devices, seconds, own_cpu_seconds() - cpu, memory, memory)


def own_cpu_seconds() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def session_cpu_seconds(session: int) -> float:
    """User and system time of all processes in a session, also of those that have ended and been waited for."""
    return sum(_ticks(process) for process in _processes(session)) / CLOCK_TICKS


def session_peak_memory(session: int) -> list[int]:
    """The most that each process in a session has held, in bytes; not `ru_maxrss`, which children inherit."""
    return [_memory(process, "VmHWM") for process in _processes(session)]


def session_memory(session: int) -> list[int]:
    """What each process in a session holds now, in bytes."""
    return [_memory(process, "VmRSS") for process in _processes(session)]


def _memory(process: Path, name: str) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def _processes(session: int) -> list[Path]:
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [process for process in processes if _stat(process)[SESSION : SESSION + 1] == [str(session)]]


def _ticks(process: Path) -> int:
    return sum(map(int, _stat(process)[CPU_TIMES]))


def _stat(process: Path) -> list[str]:
    """The fields after the command's name; none of a process that has gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
