"""NetRaven's part: records for the fleet's devices, jobs over them, and whether each backup ended as it must."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netraven.lab.bench.configs import CONFIG_BYTES
from netraven.lab.bench.reading import Row

if TYPE_CHECKING:  # there are no models before Django is set up
    from backups.models import Job
    from devices.models import DeviceQuerySet

JOB_SECONDS = 3600
# How a backup of a device with each fault has to end: status and reason
RIGHT_END = {
    "none": ("completed", ""),
    "slow": ("completed", ""),
    "dead": ("failed", "unreachable"),
    "wrong-password": ("failed", "authentication"),
}


@dataclass(frozen=True)
class Ending:
    """How many devices with this fault ended how, and whether that is right."""

    fault: str
    status: str
    reason: str
    count: int

    @property
    def is_right(self) -> bool:
        """As it must be."""
        return (self.status, self.reason) == RIGHT_END[self.fault]


def rows_for(inventory: Sequence[Row], count: int, prefix: str = "") -> list[Row]:
    """So many devices to record; where there are more than the fleet has, several are the same one of the fleet."""
    rows = [inventory[number % len(inventory)] for number in range(count)]
    return [row | {"name": f"{prefix}device{number:05}"} for number, row in enumerate(rows, start=1)]


def record_devices(rows: Iterable[Row]) -> None:
    """Records for the devices, all with the same credential."""
    from credentials.models import Credential
    from devices.models import Device, Platform

    rows = list(rows)
    secrets = {name: rows[0][name] for name in ("username", "password", "enable_secret")}
    credential, _ = Credential.objects.get_or_create(name="bench", defaults=secrets)
    platform = Platform.objects.get(slug="ios")
    Device.objects.bulk_create(
        [
            Device(
                hostname=row["name"],
                address=row["address"],
                port=row["port"],
                platform=platform,
                credential=credential,
                description=row["fault"],
            )
            for row in rows
        ],
        batch_size=1000,
    )


def request(devices: "DeviceQuerySet") -> "Job":
    """Ask for backups of all of these devices, in one job."""
    from backups.models import Job
    from backups.services import request_backups

    return request_backups(devices, user=None, trigger=Job.Trigger.COMMAND, comments="bench").job


def wait_until_ended(job: "Job") -> float:
    """Seconds from the request to the end, as the job's record has them."""
    give_up = time.monotonic() + JOB_SECONDS
    while job.finished_at is None:
        if time.monotonic() > give_up:
            sys.exit(f"netraven: the job did not end in {JOB_SECONDS} s")
        time.sleep(0.1)
        job.refresh_from_db(fields=["status", "finished_at"])
    return (job.finished_at - job.created_at).total_seconds()


def seconds_to_last_good(job: "Job") -> float:
    """From the request to the end of the last completed backup."""
    ends = [end for end in job.backups.completed().values_list("finished_at", flat=True) if end]
    return (max(ends) - job.created_at).total_seconds()


def endings(job: "Job") -> list[Ending]:
    """How its backups ended; ends the run if one is completed with less than a whole configuration."""
    rows = job.backups.values_list("device__description", "status", "failure_reason", "file_size", "device__hostname")
    counts: Counter[tuple[str, str, str]] = Counter()
    for fault, status, reason, size, hostname in rows:
        if status == "completed" and (size or 0) < CONFIG_BYTES:
            sys.exit(f"netraven: the stored configuration of {hostname} has {size} bytes of {CONFIG_BYTES}")
        counts[fault, status, reason] += 1
    return [Ending(*key, count) for key, count in sorted(counts.items())]


def check_endings(job: "Job") -> int:
    """How many backups there were; ends the run unless every one of them ended as it must."""
    found = endings(job)
    for ending in found:
        if not ending.is_right:
            error = job.backups.filter(device__description=ending.fault, status=ending.status).first()
            sys.exit(
                f"netraven: {ending.count} devices with the fault “{ending.fault}” ended {ending.status} "
                f"{ending.reason}: {error and error.error}"
            )
    return sum(ending.count for ending in found)
