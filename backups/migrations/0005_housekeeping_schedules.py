"""Housekeeping every night and every week, at hours (UTC) at which few networks are worked on."""

from datetime import UTC, datetime, timedelta

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DAY = timedelta(days=1)
SUNDAY = 6
# Name, function, every so many days, time of day. Intervals, not "daily": those drift where clocks change.
SCHEDULES = [
    ("NetRaven retention", "backups.tasks.prune_backups", 1, "03:40"),
    ("NetRaven log pruning", "backups.tasks.prune_logs", 1, "04:10"),
    ("NetRaven orphan files", "backups.tasks.find_orphans", 7, "04:25"),
    ("NetRaven verification", "backups.tasks.verify_backups", 7, "04:55"),
]


def add_schedules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, function, days, at in SCHEDULES:
        interval = {"schedule_type": "I", "minutes": days * 24 * 60, "repeats": -1}
        apps.get_model("django_q", "Schedule").objects.get_or_create(
            name=name, defaults={"func": function, "next_run": first_run(datetime.now(UTC), days, at)} | interval
        )


def first_run(now: datetime, days: int, at: str) -> datetime:
    """The next time that it is so late; for what is done every week on a Sunday."""
    hour, minute = map(int, at.split(":"))
    moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    while moment <= now or (days == 7 and moment.weekday() != SUNDAY):
        moment += DAY
    return moment


def remove_schedules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name__in=[name for name, *_ in SCHEDULES]).delete()


class Migration(migrations.Migration):
    dependencies = [("backups", "0004_one_upkeep_job_of_a_type"), ("django_q", "0018_task_success_index")]
    operations = [migrations.RunPython(add_schedules, remove_schedules)]
