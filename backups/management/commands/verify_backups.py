"""`manage.py verify_backups`: read every stored file and compare it with its recorded SHA-256."""

from argparse import ArgumentParser
from typing import Any

from backups.housekeeping.verification import Verification
from backups.management.housekeeping import HousekeepingCommand


class Command(HousekeepingCommand):
    """Report stored files that are missing or changed; exit 1 if there are any."""

    help = "Read every stored configuration and compare it with the SHA-256 in its record."
    doing = "Verifying"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to look at one device only, and to leave no trace."""
        self.add_dry_run(parser, "record nothing: no job, and no entry in the log of a damaged backup")
        self.add_device(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify."""
        self.carry_out(Verification(device=self.device(options)), dry_run=options["dry_run"])
