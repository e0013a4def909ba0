"""Backups that have ended, counted: how, why not, and how long they took.

A million rows are not counted at each scrape. The totals so far are kept in the cache, with the moment until which
they reach; a scrape adds what has ended since. They follow from the rows and these two moments alone, so scrapes at
once do no harm. When the cache loses them, or nobody has scraped for a day, they begin at zero, as counters do when
a process is started anew.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric

from backups.models import Backup

LAG = timedelta(seconds=30)  # what ended less long ago is not counted yet: its transaction may not have ended
FORGOTTEN_AFTER = 86_400  # seconds
BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # seconds
KEY = "netraven.metrics.outcomes.1"
ENDED = (Backup.Status.COMPLETED, Backup.Status.FAILED)
KINDS = [(str(ENDED[0]), ""), *((str(ENDED[1]), str(reason)) for reason in Backup.FailureReason)]


@dataclass
class Totals:
    """What has ended from `since` to `until`."""

    since: datetime
    until: datetime
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)  # by status and reason
    timed: Counter[str] = field(default_factory=Counter)  # by status: those that had begun
    within: Counter[tuple[str, int]] = field(default_factory=Counter)  # by status and bucket
    seconds: defaultdict[str, float] = field(default_factory=partial(defaultdict, float))  # by status


def families() -> Iterator[Metric]:
    """A counter and a histogram; neither while the cache is away."""
    try:
        totals = count_on()
    except Exception as error:  # each cache has errors of its own; the database's are for the caller
        if error.__class__.__module__.startswith("django.db"):
            raise
        return
    ended = CounterMetricFamily(
        "netraven_backups", "Backups that have ended, by status and failure reason.", labels=["status", "reason"]
    )
    for kind in KINDS:
        ended.add_metric(kind, totals.ended[kind])
    yield ended
    took = HistogramMetricFamily(
        "netraven_backup_duration_seconds", "From a backup's start to its end, by status.", labels=["status"]
    )
    for status in map(str, ENDED):
        buckets = [(str(float(most)), totals.within[status, most]) for most in BUCKETS]
        took.add_metric([status], [*buckets, ("+Inf", totals.timed[status])], totals.seconds[status])
    yield took


def count_on() -> Totals:
    """Add what has ended since the last time."""
    until = timezone.now() - LAG
    totals: Totals = cache.get(KEY) or Totals(until, until)
    if until > totals.until:
        _add(totals, until)
    cache.set(KEY, totals, FORGOTTEN_AFTER)
    return totals


def _add(totals: Totals, until: datetime) -> None:
    """One query, over the index of the ends."""
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    within = {f"within_{most}": Count("pk", filter=Q(took__lte=timedelta(seconds=most))) for most in BUCKETS}
    ended = Backup.objects.filter(finished_at__gt=totals.until, finished_at__lte=until, status__in=ENDED)
    kinds = ended.order_by().annotate(took=took).values("status", "failure_reason")
    counted: Any = kinds.annotate(number=Count("pk"), timed=Count("took"), seconds=Sum("took"), **within)
    for row in counted:
        status = row["status"]
        totals.ended[status, row["failure_reason"]] += row["number"]
        totals.timed[status] += row["timed"]
        totals.seconds[status] += row["seconds"].total_seconds() if row["seconds"] else 0
        for most in BUCKETS:
            totals.within[status, most] += row[f"within_{most}"]
    totals.until = until
