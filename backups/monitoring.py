"""How the workers and their queue are: for `manage.py check_workers` and the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.status import Stat

from backups.caps import Caps, overall_is_full
from backups.heartbeat import name_of
from backups.models import Backup, WorkerProcess

SILENT_AFTER = timedelta(minutes=3)  # a process that says nothing for so long is no longer counted on


@dataclass(frozen=True)
class Cluster:
    """A cluster of worker processes, as it publishes itself every second; `name` is that of its main process."""

    name: str
    status: str
    workers: frozenset[str]
    taken: int  # tasks that no worker has begun yet
    replaced: int  # processes that died and were started anew
    started_at: datetime


@dataclass(frozen=True)
class TaskQueue:
    """What is known from the task queue, and not from the database."""

    waiting: int
    clusters: Sequence[Cluster]

    @property
    def workers(self) -> frozenset[str]:
        """Names of the processes of all clusters."""
        return frozenset[str]().union(*(cluster.workers for cluster in self.clusters))


@dataclass(frozen=True)
class Workload:
    """What waits and what runs."""

    pending: int  # without those that wait for their time
    later: int  # those
    waiting: timedelta  # how long the oldest does
    waiting_freely: timedelta  # how long the oldest does that no cap of a gateway or tag holds back
    running: int
    expired: int  # leases that ran out: nobody has taken these backups back yet
    overdue: timedelta  # how long the first of them is


def read_task_queue() -> TaskQueue | None:
    """None while it is away."""
    try:
        clusters = [
            Cluster(
                name=name_of(stat.host, stat.pid),
                status=str(stat.status),
                workers=frozenset(name_of(stat.host, pid) for pid in stat.workers),
                taken=stat.task_q_size,
                replaced=stat.reincarnations,
                started_at=stat.tob,
            )
            for stat in Stat.get_all()
        ]
        return TaskQueue(get_broker().queue_size(), sorted(clusters, key=lambda cluster: cluster.name))
    except Exception:  # each broker has errors of its own
        return None


def read_workload() -> Workload:
    """Two queries."""
    now = timezone.now()
    pending = Backup.objects.filter(status=Backup.Status.PENDING).annotate(since=Coalesce("not_before", "created_at"))
    running = Backup.objects.filter(status=Backup.Status.RUNNING).order_by()
    free = Q(pk__in=Caps().admitting(Backup.objects.ready()).values("pk"))
    ready = Q(since__lte=now)
    waits = pending.order_by().aggregate(
        all=Count("pk"),
        ready=Count("pk", filter=ready),
        first=Min("since", filter=ready),
        free=Min("since", filter=free),
    )
    runs = running.aggregate(
        all=Count("pk"),
        expired=Count("pk", filter=Q(lease_expires_at__lt=now)),
        first=Min("lease_expires_at"),
    )
    return Workload(
        pending=waits["ready"],
        later=waits["all"] - waits["ready"],
        waiting=_since(waits["first"], now),
        waiting_freely=_since(None if overall_is_full(runs["all"]) else waits["free"], now),
        running=runs["all"],
        expired=runs["expired"],
        overdue=_since(runs["first"], now),
    )


def processes_seen(within: timedelta = SILENT_AFTER) -> list[WorkerProcess]:
    """Those that gave a sign of life lately."""
    return list(WorkerProcess.objects.filter(last_seen_at__gte=timezone.now() - within))


def _since(moment: datetime | None, now: datetime) -> timedelta:
    return max(now - moment, timedelta()) if moment else timedelta()
