"""`manage.py run_schedule`: run a schedule now, whatever its times."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups.management.find import find
from scheduling.models import Schedule
from scheduling.services import run_now


class Command(BaseCommand):
    """Ask for the backups of a schedule's devices; exit 1 if it has none."""

    help = "Back up the devices of a schedule now, without its spread. Its times stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which schedule."""
        parser.add_argument("name", metavar="NAME", help="name of the schedule, as `list_schedules` prints it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it, and say which job to follow."""
        run = run_now(find(Schedule.objects.all(), name=options["name"]), user=None)
        if run.job is None:
            raise CommandError(f"{run.schedule}: {run.message}", returncode=1)
        made = run.job.metadata["devices"]
        self.stdout.write(" ".join(filter(None, (f"Job {run.job.pk}: {made} devices.", run.message))))
