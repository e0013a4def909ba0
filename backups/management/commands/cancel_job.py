"""`manage.py cancel_job`: end a job before its time, from the command line."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups.exceptions import RequestRefused
from backups.models import Job
from backups.services import cancel_job


class Command(BaseCommand):
    """Cancel a job: what waits is not begun, what runs is cut."""

    help = "Cancel a job of backups: what waits is not begun any more, and its workers cut what runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which job."""
        parser.add_argument("job", metavar="ID", help="id of the job, as `backup` prints it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Cancel it, and say what is left."""
        try:
            job = cancel_job(Job.objects.get(pk=uuid.UUID(options["job"])), user=None)
        except (ValueError, Job.DoesNotExist):
            raise CommandError(f"No such job: {options['job']}") from None
        except RequestRefused as error:
            raise CommandError(str(error)) from None
        progress = job.progress()
        done, rest, running = progress["completed"], progress["failed"], progress["running"]
        more = f", {running} being cut" if job.is_active else ""
        self.stdout.write(f"Job {job.pk} cancelled: {done} completed, {rest} failed or not begun{more}")
