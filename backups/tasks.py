"""What django-q2 calls. Tasks take no data and return small results: payloads and results are stored in plain sight."""

from backups import heartbeat, maintenance, worker
from backups.housekeeping import slices
from backups.models import Job


def work() -> dict[str, int]:
    """Back up what is pending: a task only wakes a worker, the rows say what there is to do."""
    return worker.work()


def reap() -> dict[str, int]:
    """Every minute: take back what dead workers left, and wake workers for what waits; and a sign of life."""
    heartbeat.beat()
    return maintenance.reap() | slices.revive()


def prune_backups() -> dict[str, int]:
    """Every night: delete the backups that retention does not keep."""
    return slices.start(Job.Type.RETENTION)


def prune_logs() -> dict[str, int]:
    """Every night: delete old log entries, and the records that are nothing without them."""
    return slices.start(Job.Type.LOG_PRUNING)


def find_orphans() -> dict[str, int]:
    """Every week: delete old files that no record refers to."""
    return slices.start(Job.Type.ORPHANS)


def verify_backups() -> dict[str, int]:
    """Every week: read all stored files."""
    return slices.start(Job.Type.VERIFICATION)


def go_on_with_housekeeping() -> dict[str, int]:
    """The next slice of what one of the four has begun."""
    return slices.go_on()
