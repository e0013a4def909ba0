"""What django-q2 calls. Tasks take no data and return small results: payloads and results are stored in plain sight."""

from backups import heartbeat, maintenance, worker


def work() -> dict[str, int]:
    """Back up what is pending: a task only wakes a worker, the rows say what there is to do."""
    return worker.work()


def reap() -> dict[str, int]:
    """Every minute: take back what dead workers left, and wake workers for what waits; and a sign of life."""
    heartbeat.beat()
    heartbeat.forget_silent()
    return maintenance.reap()
