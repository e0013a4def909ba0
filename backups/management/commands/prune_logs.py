"""`manage.py prune_logs`: delete old log entries, and the records that are nothing without them."""

from argparse import ArgumentParser
from typing import Any

from backups.housekeeping.logs import LogPruning
from backups.management.housekeeping import HousekeepingCommand


class Command(HousekeepingCommand):
    """Delete what is older than NETRAVEN_KEEP_LOG_DAYS."""

    help = (
        "Delete old log entries and log-in tests, jobs without backups, and records of worker processes that are gone."
    )
    doing = "Pruning logs"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to try it."""
        self.add_dry_run(parser, "only tell which records would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune."""
        dry_run: bool = options["dry_run"]
        self.carry_out(LogPruning(dry_run=dry_run), dry_run=dry_run)
