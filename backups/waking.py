"""Waking workers: a task without arguments, since the rows say what there is to do."""

import math

import structlog
from django.conf import settings
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.brokers.orm import ORM
from django_q.signing import BadSignature, SignedPackage
from django_q.tasks import async_task

logger = structlog.get_logger("netraven.backups")

TASK = "backups.tasks.work"
LOOKED_AT = 50  # tasks at the head of the queue


def wake_workers(backups: int = 1) -> None:
    """Have workers look for pending backups: as many as it takes for so many, at most those of one cluster.

    That is a start: a worker with its hands full wakes the next. A task that still waits in the queue will see what has
    been committed by now, so more than enough would only stand in the way of other tasks: while a large job runs, many
    reasons to wake somebody come together. A queue that is away is no reason to fail: upkeep wakes a worker as long as
    anything is pending.
    """
    wanted = min(math.ceil(backups / settings.NETRAVEN["THREADS"]), settings.Q_CLUSTER["workers"])
    try:
        for _ in range(wanted - _queued(get_broker())):
            async_task(TASK)
    except Exception as error:  # each broker has errors of its own
        logger.warning("The task queue is away: upkeep will wake a worker", error=type(error).__name__)


def _queued(broker: Broker) -> int:
    return sum(_function_of(payload) == TASK for payload in _waiting(broker))


def _waiting(broker: Broker) -> list[str]:
    """The tasks that no cluster has taken yet, oldest first, as they are stored."""
    if isinstance(broker, ORM):
        tasks = broker.get_connection().filter(key=broker.list_key, lock__lte=timezone.now()).order_by("pk")
        return list(tasks.values_list("payload", flat=True)[:LOOKED_AT])
    return list(broker.connection.lrange(broker.list_key, 0, LOOKED_AT - 1))


def _function_of(payload: str) -> str:
    try:
        return str(SignedPackage.loads(payload)["func"])
    except BadSignature:  # from before the secret key was changed: no cluster will run it
        return ""
