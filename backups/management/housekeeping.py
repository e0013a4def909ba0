"""What the commands of housekeeping share: a progress bar on stderr, one line of summary on stdout, exit codes.

0: done, nothing was found wrong. 1: something was, or the run could not be done; stderr says what. 130: interrupted.
"""

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backups.exceptions import BackupError
from backups.housekeeping.runs import Lost, Run, UnderWay, Watch, begin
from backups.housekeeping.steps import Chore, Counts, Step, Stopped
from backups.models import Job
from devices.models import Device

INTERRUPTED = 130


class HousekeepingCommand(BaseCommand):
    """Does one kind of housekeeping in one go, as a job of its own; or only tells what it would do."""

    doing = ""  # in front of the progress bar

    def add_dry_run(self, parser: ArgumentParser, tells: str) -> None:
        """The option that all have."""
        parser.add_argument("--dry-run", action="store_true", help=tells)

    def add_device(self, parser: ArgumentParser) -> None:
        """To look at one device only."""
        parser.add_argument("--device", metavar="HOSTNAME", help="only the backups of this device")

    def device(self, options: dict[str, Any]) -> Device | None:
        """The one that was asked for. Raises CommandError if there is none of that name."""
        if not (hostname := options["device"]):
            return None
        try:
            return Device.objects.get(hostname=hostname)
        except Device.DoesNotExist:
            raise CommandError(f"No such device: {hostname}") from None

    def carry_out(self, chore: Chore, *, dry_run: bool) -> None:
        """Do it, or rehearse it. Raises CommandError if anything is wrong."""
        if reason := chore.idle():
            self.stdout.write(reason)
            return
        columns = (TextColumn(self.doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=cast("IO[str]", self.stderr._out))) as progress:
            bar = progress.add_task("", total=chore.total())

            def watch(step: Step) -> None:
                progress.update(bar, advance=step.advance)
                for line in (*step.deleted, *step.findings):
                    self.stdout.write(str(line))

            result, failed = (_rehearse if dry_run else _run)(chore, watch)
        if failed:
            raise CommandError(result, returncode=1)
        self.stdout.write(result)


def _rehearse(chore: Chore, watch: Watch) -> tuple[str, bool]:
    """What would be done, and whether anything is wrong."""
    counts: Counts = {}
    try:
        for step in chore.steps([]):
            watch(step)
            step.add_to(counts)
    except (Stopped, BackupError) as error:
        return str(error), True
    return chore.summary(counts), bool(counts.get("problems"))


def _run(chore: Chore, watch: Watch) -> tuple[str, bool]:
    """What was done, and whether anything is wrong."""
    try:
        run = Run.claim(begin(chore, Job.Trigger.COMMAND), chore)
        if run is None:
            raise Lost
        try:
            run.work(watch=watch)
        except KeyboardInterrupt:
            run.end("Interrupted.")
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from None
    except UnderWay as error:
        return f"{error} Wait until it has ended, or look with --dry-run.", True
    except Lost:
        return "Somebody else has ended this run.", True
    return run.result, run.failed
