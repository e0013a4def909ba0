"""`manage.py list_stale`: devices without a good backup in time, a line each, and an exit status for a monitor."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.timesince import timesince

from backups.models import Backup
from backups.staleness import REASONS, last_failures, reason_of, worklist
from backups.templatetags.records import printable
from devices.models import Device, DeviceQuerySet, Tag

OK, WARNING, UNKNOWN = 0, 1, 3  # exit statuses, as Nagios and its kin read them


class Command(BaseCommand):
    """Print the stale devices, the longest first; exit 0 (none), 1 (some) or 3 (unknown)."""

    help = "List the devices that miss the objective of a tag; exit 0 (none), 1 (some) or 3 (unknown)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to look at some of them."""
        parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="only devices with this tag")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, tell, exit."""
        try:
            devices = _with_tags(options["tag"])
            stale = list(worklist(devices))
            watched = devices.filter(enabled=True).with_objective().count()
            lines = list(_describe(stale))
        except DatabaseError as error:
            self._tell("UNKNOWN", f"the database cannot be asked ({type(error).__name__})")
            sys.exit(UNKNOWN)
        text = f"{len(stale)} of {watched} devices with an objective are stale | stale={len(stale)} watched={watched}"
        self._tell("WARNING" if stale else "OK", text)
        for line in lines:
            self.stdout.write(line)
        sys.exit(WARNING if stale else OK)

    def _tell(self, level: str, text: str) -> None:
        self.stdout.write(f"NETRAVEN {level}: {text}")


def _with_tags(names: list[str]) -> DeviceQuerySet:
    """Devices with one of these tags, or all. Raises CommandError for a name that is none."""
    if unknown := set(names) - set(Tag.objects.filter(name__in=names).values_list("name", flat=True)):
        raise CommandError(f"No such tag: {', '.join(sorted(unknown))}", returncode=UNKNOWN)
    tagged = Device.tags.through.objects.filter(tag__name__in=names).values("device")
    return Device.objects.filter(pk__in=tagged) if names else Device.objects.all()


def _describe(stale: list[Device]) -> Iterator[str]:
    """`core1: stale for 3 hours (good backup within 24 h by core), last good never; timeout: No answer.`"""
    failures, reasons = last_failures(stale), dict(REASONS)
    for device in stale:
        good = f"{device.last_success_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if device.last_success_at else "never"
        tags = ", ".join(tag.name for tag in device.objective_tags)
        length = timesince(device.stale_since or timezone.now(), depth=1).replace("\xa0", " ")
        why = reasons.get(reason_of(device), reason_of(device)).lower() + _error_of(failures.get(device.pk))
        yield (
            f"{device.hostname}: stale for {length} (good backup within {device.objective_hours} h by {tags}), "
            f"last good {good}; {why}"
        )


def _error_of(failure: Backup | None) -> str:
    return f": {printable(' '.join(failure.error.split()))}" if failure else ""
