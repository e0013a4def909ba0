"""What waits, what runs, who does it, when it is due, and where it is stored."""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client.metrics_core import Metric

from backups import storage
from backups.models import Job
from backups.monitoring import processes_seen, read_task_queue, read_workload
from netraven.metrics.gauges import gauge, gauges
from scheduling.models import Schedule
from scheduling.tick import MISSED_AFTER


def families() -> Iterator[Metric]:
    """All of it."""
    yield from _workload()
    yield from _workers()
    yield from _schedules()
    if space := storage.space():
        yield gauge("storage_size_bytes", "Size of the file system that holds the configurations.", space.size)
        yield gauge("storage_free_bytes", "Bytes that NetRaven may still write to it.", space.free)


def _workload() -> Iterator[Metric]:
    load = read_workload()
    active = Job.objects.filter(status__in=Job.ACTIVE).count()
    yield gauge("jobs_active", "Jobs that have not ended.", active)
    yield gauge("backups_pending", "Backups that wait for a worker.", load.pending)
    yield gauge("backups_delayed", "Backups that wait for their time in a schedule's spread.", load.later)
    yield gauge("backups_running", "Backups under way.", load.running)
    waiting = load.waiting.total_seconds()
    yield gauge("backup_oldest_pending_seconds", "How long the oldest pending backup waits.", waiting)
    unhindered = load.waiting_freely.total_seconds()
    about = "The same without those that a limit on sessions holds back."
    yield gauge("backup_oldest_unhindered_seconds", about, unhindered)
    yield gauge("backup_leases_expired", "Backups whose worker died, not yet taken back.", load.expired)


def _workers() -> Iterator[Metric]:
    seen, queue = processes_seen(), read_task_queue()
    yield gauge("worker_processes", "Worker processes that gave a sign of life in the last 3 minutes.", len(seen))
    threads = sum(process.threads for process in seen)
    yield gauge("worker_threads", "Devices that these can talk to at once.", threads)
    yield gauge("worker_threads_busy", "Devices that they talk to.", sum(process.busy for process in seen))
    yield gauge("task_queue_up", "1 if the task queue answers.", queue is not None)
    if queue:
        yield gauge("task_queue_tasks", "Tasks that wait in the queue; a task wakes a worker.", queue.waiting)
        yield gauge("worker_clusters", "Clusters of workers that are alive.", len(queue.clusters))


def _schedules() -> Iterator[Metric]:
    now = timezone.now()
    late = Q(enabled=True, next_run_at__lt=now - MISSED_AFTER)
    broken = Q(enabled=False) & ~Q(disabled_reason="")
    counted = Schedule.objects.aggregate(
        on=Count("pk", filter=Q(enabled=True)),
        off=Count("pk", filter=Q(enabled=False)),
        due=Count("pk", filter=Q(enabled=True, next_run_at__lte=now)),
        late=Count("pk", filter=late),
        broken=Count("pk", filter=broken),
    )
    by_state = {("true",): counted["on"], ("false",): counted["off"]}
    yield gauges("schedules", "Schedules, enabled or not.", ["enabled"], by_state)
    yield gauge("schedules_due", "Schedules whose time has come; a moment later they have run.", counted["due"])
    yield gauge("schedules_late", "Schedules that are due for more than two minutes.", counted["late"])
    yield gauge("schedules_broken", "Schedules that NetRaven disabled, as they could not run.", counted["broken"])
