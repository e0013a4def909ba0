"""All of it, in its order: the network, its people, its nights, and what is planned."""

from dataclasses import dataclass
from random import Random

from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from devices.models import Device
from netraven.lab.bench.records.configurations import make_families
from netraven.lab.bench.records.history import History
from netraven.lab.bench.records.network import make_network
from netraven.lab.bench.records.people import make_people
from netraven.lab.bench.records.plans import make_schedules
from netraven.lab.bench.records.writing import tidy

FEWEST_BACKUPS = 3  # of each device


class NotEmpty(Exception):
    """The database holds devices: it may be somebody's."""


@dataclass(frozen=True)
class Size:
    """How much there is to be."""

    devices: int
    backups: int


def make_records(size: Size, seed: int, console: Console | None = None) -> None:
    """Migrate the database and fill it. Raises NotEmpty, or ValueError for too few backups."""
    if size.devices < 1 or size.backups < FEWEST_BACKUPS * size.devices:
        raise ValueError(f"Ask for a device, and for {FEWEST_BACKUPS} backups of each.")
    call_command("migrate", verbosity=0)
    if Device.objects.exists():
        raise NotEmpty(f"the database {connection.settings_dict['NAME']} holds devices: name an empty one")
    random = Random(seed)  # noqa: S311  (nothing secret)
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console or Console(stderr=True)) as progress:
        task = progress.add_task("Devices", total=size.backups)
        people = make_people(random)
        network = make_network(size.devices, people, random, now)
        schedules = make_schedules(network, people, random, now)
        history = History(network, people, schedules, make_families(), random, now)
        progress.update(task, description="Backups")
        for made in history.make(size.backups):
            progress.update(task, completed=made)
        progress.update(task, description="Statistics", completed=size.backups)
        tidy()
