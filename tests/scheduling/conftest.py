"""Shared by the tests of schedules."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from devices.models import Device, Platform, Tag
from scheduling.models import Schedule
from scheduling.recurrence import Recurrence
from scheduling.services import save_schedule
from scheduling.targets import Targets

AddDevices = Callable[..., list[Device]]
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """It goes on from NOW: dates in tests are to come, and stay so."""
    with time_machine.travel(NOW, tick=True):
        yield


def recurrence(type_: str, zone: str = "Europe/Berlin", **fields: Any) -> Recurrence:
    """A recurrence since the beginning of 2025: `recurrence("daily", time="02:30")`."""
    if "time" in fields:
        fields["time"] = time.fromisoformat(fields["time"])
    if "minutes" in fields:
        fields["interval"] = timedelta(minutes=fields.pop("minutes"))
    return Recurrence(**{"type": type_, "zone": ZoneInfo(zone), "start": START} | fields)  # type: ignore[arg-type]


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    """An instant, as the clock of a zone shows it: `local("2025-03-30 02:30")`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def shown(moments: list[datetime], zone: str = "Europe/Berlin") -> list[str]:
    """What the clock of a zone shows then, with its offset: `2025-03-30 03:00+02:00`."""
    return [moment.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") for moment in moments]


def make_schedule(name: str = "nightly", targets: Targets | None = None, **fields: Any) -> Schedule:
    """A saved schedule, daily at 02:30 in Berlin if nothing else is said, of all devices."""
    defaults = {"schedule_type": "daily", "time": time(2, 30), "time_zone": "Europe/Berlin", "all_devices": not targets}
    return save_schedule(Schedule(name=name, **defaults | fields), targets=targets)


@pytest.fixture
def add_devices(db: None) -> AddDevices:
    """Add records of devices: `add_devices("a", "b", tags=["core"], platform="eos")`."""

    def add(*hostnames: str, tags: tuple[str, ...] = (), platform: str = "ios", enabled: bool = True) -> list[Device]:
        of = Platform.objects.get(slug=platform)
        rows = [Device(hostname=name, address="192.0.2.1", platform=of, enabled=enabled) for name in hostnames]
        devices = Device.objects.bulk_create(rows)
        for tag in tags:
            Tag.objects.get_or_create(name=tag)[0].devices.add(*devices)
        return devices

    return add
