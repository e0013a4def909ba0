"""How many devices many schedules mean: for pages and lists that show all of them."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import reduce
from operator import and_, or_

from django.contrib.auth.models import User

from devices.models import Device
from scheduling.models import Schedule
from scheduling.targets import RELATIONS, links

Id = uuid.UUID
Ids = set[Id]
Mask = int  # a bit for each device: hundreds of schedules times thousands of devices are too much for sets of ids


class Targeted:
    """What schedules name, and how many devices they mean: all is read at once, and the rest is reckoning.

    `visible` are the devices that the user sees, also disabled ones; all of them for `user` None.
    """

    def __init__(self, schedules: Collection[Schedule], user: User | None) -> None:
        ids = [schedule.pk for schedule in schedules]
        self._links = {
            name: _grouped(links(name).filter(schedule__in=ids).values_list("schedule", other))
            for name, other in RELATIONS.items()
        }
        devices = Device.objects.order_by()
        seen = devices if user is None else devices.visible_to(user)
        self.visible: Ids = set(seen.values_list("pk", flat=True))
        enabled = list(devices.filter(enabled=True).values_list("pk", "platform"))
        self._places = {pk: place for place, (pk, _) in enumerate(enabled)}
        self._all, self._seen = self._mask(self._places), self._mask(self.visible)
        self._of_platform = self._masks((platform, pk) for pk, platform in enabled)
        named = {tag for name in ("tags", "excluded_tags") for tags in self._links[name].values() for tag in tags}
        self._of_tag = self._masks(Device.tags.through.objects.filter(tag__in=named).values_list("tag", "device"))

    def count(self, schedule: Schedule) -> int:
        """How many of the devices that are enabled, and that the user sees."""
        return (self._find(schedule) & self._seen).bit_count()

    def count_hidden(self, schedule: Schedule) -> int:
        """How many of the devices that are enabled, and that the user does not see."""
        return (self._find(schedule) & ~self._seen).bit_count()

    def named(self, schedule: Schedule, relation: str) -> Ids:
        """The ids that it names in one of its relations, whether the user sees them or not."""
        return self._links[relation].get(schedule.pk, set())

    def _find(self, schedule: Schedule) -> Mask:
        devices, tags, platforms, without, without_tags = (self.named(schedule, name) for name in RELATIONS)
        named = self._mask(devices) | self._of_group(schedule, tags, platforms)
        excluded = reduce(or_, (self._of_tag.get(tag, 0) for tag in without_tags), self._mask(without))
        return (self._all if schedule.all_devices else named) & ~excluded

    def _of_group(self, schedule: Schedule, tags: Ids, platforms: Ids) -> Mask:
        """As `Targets` says."""
        if not tags and not platforms:
            return 0
        every = schedule.tag_match == Schedule.TagMatch.ALL
        by_tags = reduce(and_ if every else or_, (self._of_tag.get(tag, 0) for tag in tags)) if tags else self._all
        by_platforms = (self._of_platform.get(platform, 0) for platform in platforms)
        return by_tags & (reduce(or_, by_platforms) if platforms else self._all)

    def _mask(self, devices: Iterable[Id]) -> Mask:
        """Of those that are enabled."""
        bits = bytearray(len(self._places) // 8 + 1)
        for pk in devices:
            if (place := self._places.get(pk)) is not None:
                bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")

    def _masks(self, pairs: Iterable[tuple[Id, Id]]) -> dict[Id, Mask]:
        return {group: self._mask(devices) for group, devices in _grouped(pairs).items()}


def _grouped(pairs: Iterable[tuple[Id, Id]]) -> dict[Id, Ids]:
    groups = defaultdict[Id, Ids](set)
    for group, member in pairs:
        groups[group].add(member)
    return groups
