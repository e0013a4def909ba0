"""How many devices many schedules mean: for pages and lists that show all of them."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.contrib.auth.models import User

from devices.models import Device
from scheduling.models import Schedule
from scheduling.targets import RELATIONS, links

Id = uuid.UUID
Ids = set[Id]


class Targeted:
    """What schedules name, and how many devices they mean: all is read at once, the rest is reckoning with sets.

    `visible` are the devices that the user sees, also disabled ones; all of them for `user` None.
    """

    def __init__(self, schedules: Collection[Schedule], user: User | None) -> None:
        devices = Device.objects.order_by()
        seen = devices if user is None else devices.visible_to(user)
        self.visible: Ids = set(seen.values_list("pk", flat=True))
        self._all: Ids = set()
        self._of_platform = defaultdict[uuid.UUID, Ids](set)
        for device, platform in devices.filter(enabled=True).values_list("pk", "platform"):
            self._all.add(device)
            self._of_platform[platform].add(device)
        self._tagged = _grouped(Device.tags.through.objects.values_list("tag", "device"))
        ids = [schedule.pk for schedule in schedules]
        self._links = {
            name: _grouped(links(name).filter(schedule__in=ids).values_list("schedule", other))
            for name, other in RELATIONS.items()
        }

    def count(self, schedule: Schedule) -> int:
        """How many of the devices that are enabled, and that the user sees."""
        return len(self._find(schedule) & self.visible)

    def count_hidden(self, schedule: Schedule) -> int:
        """How many of the devices that are enabled, and that the user does not see."""
        return len(self._find(schedule) - self.visible)

    def named(self, schedule: Schedule, relation: str) -> Ids:
        """The ids that it names in one of its relations, whether the user sees them or not."""
        return self._links[relation].get(schedule.pk, set())

    def _find(self, schedule: Schedule) -> Ids:
        named, tags, platforms, without, without_tags = (self.named(schedule, name) for name in RELATIONS)
        found = self._all if schedule.all_devices else self._all & (named | self._of_group(schedule, tags, platforms))
        return found - without.union(*(self._tagged[tag] for tag in without_tags))

    def _of_group(self, schedule: Schedule, tags: Ids, platforms: Ids) -> Ids:
        """As `Targets` says."""
        all_of = schedule.tag_match == Schedule.TagMatch.ALL
        of_tags = [self._tagged[tag] for tag in tags]
        groups = [set.intersection(*of_tags) if all_of else set().union(*of_tags)] if tags else []
        groups += [set().union(*(self._of_platform[platform] for platform in platforms))] if platforms else []
        return set.intersection(*groups) if groups else set()


def _grouped(pairs: Iterable[tuple[Id, Id]]) -> dict[Id, Ids]:
    groups = defaultdict[Id, Ids](set)
    for group, member in pairs:
        groups[group].add(member)
    return groups
