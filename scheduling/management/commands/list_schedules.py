"""`manage.py list_schedules`: when backups run by themselves."""

from argparse import ArgumentParser
from datetime import UTC
from typing import IO, Any, cast

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from scheduling.description import describe
from scheduling.models import Schedule, last_run


class Command(BaseCommand):
    """A table of all schedules."""

    help = "List the schedules: when they run, when next, and what came of the last time. Times are in UTC."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which."""
        parser.add_argument("--enabled", action="store_true", help="only those that are switched on")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, by name."""
        schedules = Schedule.objects.annotate(last_outcome=last_run("outcome"), last_due=last_run("due_at"))
        if options["enabled"]:
            schedules = schedules.filter(enabled=True)
        table = Table("Name", "When", "Next run", "Last run", "Outcome")
        for schedule in schedules:
            table.add_row(*row_of(schedule))
        Console(file=cast("IO[str]", self.stdout._out), highlight=False, markup=False).print(table)


def row_of(schedule: Any) -> tuple[str, ...]:
    """What the table shows of a schedule."""
    try:
        when = describe(schedule)
    except (LookupError, ValueError):  # a broken one: what is wrong stands beside it
        when = schedule.get_schedule_type_display()
    following = f"{schedule.next_run_at.astimezone(UTC):%Y-%m-%d %H:%M}" if schedule.next_run_at else "–"
    if not schedule.enabled:
        following = f"disabled: {schedule.disabled_reason}" if schedule.disabled_reason else "disabled"
    last = f"{schedule.last_due.astimezone(UTC):%Y-%m-%d %H:%M}" if schedule.last_due else "–"
    return schedule.name, when, following, last, schedule.last_outcome or "–"
