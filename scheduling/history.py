"""What came of schedules, looked up for many of them."""

import uuid
from collections.abc import Collection

from django.db.models import OuterRef, Subquery

from scheduling.models import Schedule, ScheduleRun


def last_runs(schedules: Collection[Schedule]) -> dict[uuid.UUID, ScheduleRun]:
    """The newest run by the id of its schedule; those that never ran are left out. Two queries."""
    newest = ScheduleRun.objects.filter(schedule=OuterRef("pk")).order_by("-due_at", "-created_at").values("pk")[:1]
    rows = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).order_by()
    ids = [pk for pk in rows.annotate(newest=Subquery(newest)).values_list("newest", flat=True) if pk]
    return {run.schedule_id: run for run in ScheduleRun.objects.filter(pk__in=ids)}
