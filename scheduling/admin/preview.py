"""What a schedule will do, before it does."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from devices.models import Device
from scheduling.models import Schedule
from scheduling.services import preview
from scheduling.targets import Targets

DEVICES_SHOWN = 50


@dataclass(frozen=True)
class Preview:
    """Its next times and the devices that it means now."""

    schedule: Schedule
    times: list[datetime] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)  # the first of those that the user sees
    seen: int = 0
    unseen: int = 0
    problem: str = ""  # why there are no times

    @property
    def number(self) -> int:
        """Of its devices, in all."""
        return self.seen + self.unseen

    @property
    def more(self) -> int:
        """Devices that the user sees, but that are not shown."""
        return self.seen - len(self.devices)


def make_preview(schedule: Schedule, targets: Targets, user: User) -> Preview:
    """Of a valid schedule, stored or not; a stored one may have lost its time zone."""
    found = targets.find()
    visible = found.visible_to(user)
    number, seen = found.count(), visible.count()
    times, problem = list[datetime](), ""
    try:
        times = preview(schedule)
    except ValueError as error:
        problem = str(error)
    return Preview(schedule, times, list(visible[:DEVICES_SHOWN]), seen, number - seen, problem)
