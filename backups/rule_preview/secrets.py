"""Which lines other secret patterns would mask, and which they would not mask any more. For who may read secrets."""

import time
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from backups.blocks import MARKER
from backups.exceptions import BackupError
from backups.masking import mask_lines
from backups.models import Backup
from backups.search.sources import last_good
from backups.secrecy import masking_key, read_normalized, sees_secrets
from devices.models import Device, Platform

SAMPLES = 20  # configurations, of the devices that were backed up last
SECONDS = 8.0
SHOWN = 10  # lines of each kind


@dataclass(frozen=True)
class Shown:
    """A line that would be shown otherwise."""

    backup: Backup
    number: int
    before: str
    after: str


@dataclass
class SecretPreview:
    """What was looked at, and what would be otherwise."""

    looked_at: int = 0  # configurations
    more: int = 0  # lines of which more would be masked
    less: int = 0
    masked_anew: list[Shown] = field(default_factory=list)
    no_longer: list[Shown] = field(default_factory=list)
    timed_out: bool = False


def preview_secrets(platform: Platform, patterns: str, user: User) -> SecretPreview | None:
    """Of a stored platform, with other secret patterns than it has; nothing for who may not read secrets."""
    if not sees_secrets(user):
        return None
    preview, ends, key = SecretPreview(), time.monotonic() + SECONDS, masking_key()
    devices = Device.objects.visible_to(user).filter(platform=platform, last_success_at__isnull=False)
    newest = list(devices.order_by("-last_success_at").select_related("platform")[:SAMPLES])
    for backup in (backup for backups in last_good(newest).values() for backup in backups):
        if time.monotonic() > ends:
            preview.timed_out = True
            break
        try:
            lines = read_normalized(backup, masked=False).decode().split("\n")
        except BackupError:
            continue
        now, then = (mask_lines(lines, each, key) for each in (platform.secret_patterns, patterns))
        _compare(backup, now, then, preview)
    return preview


def _compare(backup: Backup, now: list[str], then: list[str], preview: SecretPreview) -> None:
    preview.looked_at += 1
    for number, (before, after) in enumerate(zip(now, then, strict=True), start=1):
        if before == after:
            continue
        if _rest(after) > _rest(before):
            preview.less += 1
            kind = preview.no_longer
        else:
            preview.more += 1
            kind = preview.masked_anew
        if len(kind) < SHOWN:
            kind.append(Shown(backup, number, before, after))


def _rest(line: str) -> int:
    """Characters that are not masked."""
    return len(MARKER.sub("", line))
