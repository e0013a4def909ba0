"""`manage.py verify_backups`: read every stored file and compare it with its recorded SHA-256."""

from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from backups.verification import stored, verify
from devices.models import Device


class Command(BaseCommand):
    """Report stored files that are missing or changed; exit 1 if there are any."""

    help = "Read every stored configuration and compare it with the SHA-256 in its record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to look at one device only."""
        parser.add_argument("--device", metavar="HOSTNAME", help="only the backups of this device")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, with a progress bar on stderr."""
        backups = stored()
        if hostname := options["device"]:
            if not Device.objects.filter(hostname=hostname).exists():
                raise CommandError(f"No such device: {hostname}")
            backups = backups.filter(device__hostname=hostname)
        console = Console(file=cast("IO[str]", self.stderr._out))
        total, bad = backups.count(), 0
        for backup, problem in track(verify(backups), "Verifying", total=total, console=console):
            if problem:
                bad += 1
                self.stdout.write(f"{backup.device.hostname} {backup.created_at:%Y-%m-%d %H:%M:%S}: {problem}")
        if bad:
            raise CommandError(f"{bad} of {total} backups are damaged.", returncode=1)
        self.stdout.write(f"{total} backups verified, none damaged.")
