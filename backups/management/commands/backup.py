"""`manage.py backup`: ask for backups from the command line."""

import time
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from backups.exceptions import RequestRefused
from backups.management.find import find
from backups.models import Backup, Job
from backups.services import BackupRequest, request_backups
from credentials.models import Credential
from devices.models import Device, DeviceQuerySet, Tag

POLL = 0.5  # seconds between looks at the job
STATUS_STYLES = {Backup.Status.COMPLETED: "green", Backup.Status.FAILED: "red"}


class Command(BaseCommand):
    """Queue backups; with --wait, show their progress and results, and exit 1 if any failed."""

    help = "Back up devices, by hostname, by tag, or all of them. The workers do it; --wait shows how it goes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which devices, and whether to wait."""
        which = parser.add_argument_group("which devices (one of)")
        which.add_argument("devices", nargs="*", metavar="DEVICE", help="hostname of a device")
        which.add_argument("--tag", action="append", default=[], metavar="TAG", help="enabled devices with this tag")
        which.add_argument("--all", action="store_true", help="every enabled device")
        log_in = parser.add_argument_group("which log-in, instead of those that the devices have (at most one of)")
        log_in.add_argument("--credential", metavar="NAME", help="this credential")
        log_in.add_argument("--login-tag", metavar="TAG", help="the credentials of this tag, by priority")
        parser.add_argument("--wait", action="store_true", help="wait for the results; exit 1 if any backup failed")
        parser.add_argument("--comments", default="", help="a note to keep with the backups")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, and wait if told to."""
        try:
            request = request_backups(
                self._choose(options),
                user=None,
                trigger=Job.Trigger.COMMAND,
                comments=options["comments"],
                **self._choose_log_in(options),
            )
        except RequestRefused as error:
            raise CommandError(str(error)) from None
        active = len(request.active_ids)
        note = f", {active} already under way" if active else ""
        note += f", {request.brought_forward} of them brought forward" if request.brought_forward else ""
        self.stdout.write(f"Job {request.job.pk}: {request.made} backups queued{note}")
        if options["wait"] and not self._wait(request):
            raise CommandError("Not every backup completed.", returncode=1)

    def _choose(self, options: dict[str, Any]) -> DeviceQuerySet:
        names, tags = set(options["devices"]), set(options["tag"])
        if sum(map(bool, (names, tags, options["all"]))) != 1:
            raise CommandError("Name devices, or give --tag, or --all.")
        if options["all"]:
            return Device.objects.filter(enabled=True)
        if unknown := tags - set(Tag.objects.filter(name__in=tags).values_list("name", flat=True)):
            raise CommandError(f"No such tag: {', '.join(sorted(unknown))}")
        if unknown := names - set(Device.objects.filter(hostname__in=names).values_list("hostname", flat=True)):
            raise CommandError(f"No such device: {', '.join(sorted(unknown))}")
        chosen = Q(hostname__in=names) if names else Q(tags__name__in=tags, enabled=True)
        return Device.objects.filter(pk__in=Device.objects.filter(chosen).values("pk"))

    def _choose_log_in(self, options: dict[str, Any]) -> dict[str, Any]:
        credential, tag = options["credential"], options["login_tag"]
        return {
            "credential": find(Credential.objects.without_secrets(), name=credential) if credential else None,
            "tag": find(Tag.objects.all(), name=tag) if tag else None,
        }

    def _wait(self, request: BackupRequest) -> bool:
        """Show progress until all have ended, then a table; True if every one completed."""
        ids = [backup.pk for backup in (*request.backups, *request.already_active)]
        backups = Backup.objects.filter(pk__in=ids)
        console = Console(file=cast("IO[str]", self.stdout._out), highlight=False)
        columns = (TextColumn("Backing up"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("", total=len(ids))
            while remaining := backups.active().count():
                progress.update(bar, completed=len(ids) - remaining)
                time.sleep(POLL)
            progress.update(bar, completed=len(ids))
        console.print(result_table(list(backups.select_related("device").order_by("device__hostname"))))
        return not backups.filter(status=Backup.Status.FAILED).exists()


def result_table(backups: list[Backup]) -> Table:
    """How each backup ended, for a terminal."""
    table = Table("Device", "Status", "Version", "Bytes", "Seconds", "What happened", title=None)
    for backup in backups:
        seconds = (
            f"{(backup.finished_at - backup.started_at).total_seconds():.1f}"
            if backup.finished_at and backup.started_at
            else ""
        )
        status = f"[{STATUS_STYLES.get(Backup.Status(backup.status), 'yellow')}]{backup.status}[/]"
        outcome = f"{backup.failure_reason}: {backup.error}" if backup.error else describe_change(backup)
        table.add_row(
            backup.device.hostname, status, str(backup.version or ""), str(backup.file_size or ""), seconds, outcome
        )
    return table


def describe_change(backup: Backup) -> str:
    """What a good backup found."""
    if backup.version == 1 and backup.changed:
        return "first backup"
    return "changed" if backup.changed else "no change"
