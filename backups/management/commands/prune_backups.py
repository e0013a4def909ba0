"""`manage.py prune_backups`: delete the backups that retention does not keep."""

from argparse import ArgumentParser
from typing import Any

from backups.housekeeping.retention import Retention
from backups.management.housekeeping import HousekeepingCommand


class Command(HousekeepingCommand):
    """Delete what NETRAVEN_KEEP_LAST, NETRAVEN_KEEP_DAILY and NETRAVEN_KEEP_WEEKLY do not keep."""

    help = "Delete the backups that are not kept, and their files. A device's last good backup is always kept."
    doing = "Pruning backups"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to try it, and to look at one device only."""
        self.add_dry_run(parser, "only tell which backups would be deleted")
        self.add_device(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune."""
        dry_run: bool = options["dry_run"]
        self.carry_out(Retention(device=self.device(options), dry_run=dry_run), dry_run=dry_run)
