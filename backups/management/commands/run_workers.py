"""`manage.py run_workers`: the worker processes of this host."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups.cluster.supervisor import Supervisor
from backups.exceptions import ClusterFailed

STALLED_AFTER = 60.0  # seconds


class Command(BaseCommand):
    """Run until SIGTERM or SIGINT; exit 1 if the workers have stalled, for the service manager to start others."""

    help = "Run this host's worker processes. On SIGTERM they finish what they have begun; if they stall, it exits 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define how patient to be."""
        parser.add_argument(
            "--stalled-after",
            type=float,
            default=STALLED_AFTER,
            metavar="SECONDS",
            help="how long tasks may wait beside idle workers (default: %(default)g)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run them."""
        try:
            Supervisor(options["stalled_after"]).run()
        except ClusterFailed as error:
            raise CommandError(str(error)) from None
