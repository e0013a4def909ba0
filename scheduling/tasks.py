"""What django-q2 calls, without data: see backups/tasks.py."""

from scheduling import tick as ticking


def tick() -> dict[str, int]:
    """Every minute: run the schedules that are due, if the clock of a cluster has not (backups/cluster/clock.py)."""
    return ticking.tick()
