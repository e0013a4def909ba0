"""`manage.py test_login`: try a credential against a device now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backups.exceptions import TooManyTests
from backups.login_test import try_login
from backups.management.find import find
from credentials.models import Credential
from devices.models import Device


class Command(BaseCommand):
    """Log in and hang up; exit 1 if the device does not let us in."""

    help = "Try a credential against a device now, without a backup. Nothing is read from the device."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define which device and which credential."""
        parser.add_argument("device", metavar="DEVICE", help="hostname of the device")
        parser.add_argument("--credential", metavar="NAME", required=True, help="the credential to try")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try it, and say what the device said."""
        device = find(Device.objects.all(), hostname=options["device"])
        credential = find(Credential.objects.without_secrets(), name=options["credential"])
        try:
            test = try_login(credential, device, user=None)
        except TooManyTests as error:
            raise CommandError(str(error)) from None
        if not test.accepted:
            raise CommandError(f"{test.result}: {test.message}", returncode=1)
        self.stdout.write(f"{test.message} ({test.seconds:.1f} s)")
