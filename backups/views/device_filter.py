"""The filters of the list of devices, and how many devices each of their options would show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from backups.models import Backup
from backups.overview import count_states
from devices.models import Device, DeviceQuerySet, Tag

Option = tuple[str, str, int]  # value, label, devices
FILTERS = ("q", "status", "reason", "platform", "tag", "stale")
STATES = {"completed": "Completed", "failed": "Failed", "never": "Never backed up", "disabled": "Disabled"}
OBJECTIVES = {"yes": "Stale", "no": "In time", "none": "No objective"}
_ON = Q(enabled=True)
_IN_STATE = {
    "completed": _ON & Q(last_status=Device.LastStatus.COMPLETED),
    "failed": _ON & Q(last_status=Device.LastStatus.FAILED),
    "never": _ON & Q(last_status=Device.LastStatus.NEVER),
    "disabled": ~_ON,
}


@dataclass(frozen=True)
class DeviceFilter:
    """What of the devices is asked for, by the names of the filters; all that is not understood is left out."""

    devices: DeviceQuerySet
    chosen: dict[str, str]

    @classmethod
    def of(cls, devices: DeviceQuerySet, query: QueryDict) -> "DeviceFilter":
        """As the URL says."""
        texts = {name: query.get(name, "").replace("\x00", "").strip()[:200] for name in FILTERS}
        known = {"status": STATES, "stale": OBJECTIVES, "reason": Backup.FailureReason.values}
        return cls(devices, texts | {name: texts[name] if texts[name] in known[name] else "" for name in known})

    @property
    def is_empty(self) -> bool:
        """Whether it asks for all devices."""
        return not any(self.chosen.values())

    def found(self, without: str = "") -> DeviceQuerySet:
        """The devices that it asks for; without one of the filters, those that its options choose from."""
        devices = self.devices
        for name, text in self.chosen.items():
            if text and name != without:
                devices = _narrow(devices, name, text)
        return devices

    @cached_property
    def states(self) -> Sequence[Option]:
        """By how the last backup went."""
        counts = count_states(self.found(without="status"))
        return [(value, label, getattr(counts, value)) for value, label in STATES.items()]

    @cached_property
    def reasons(self) -> Sequence[Option]:
        """By why it failed."""
        failing = self.found(without="reason").filter(_IN_STATE["failed"]).order_by()
        counts = dict(failing.values_list("last_failure_reason").annotate(number=Count("*")))
        return [(value, str(label), counts.get(value, 0)) for value, label in Backup.FailureReason.choices]

    @cached_property
    def platforms(self) -> Sequence[Option]:
        """By platform."""
        rows = self.found(without="platform").order_by("platform__name").values_list("platform__slug", "platform__name")
        return self._with_chosen("platform", list(rows.annotate(number=Count("*"))))

    @cached_property
    def tags(self) -> Sequence[Option]:
        """By tag."""
        tagged = self.found(without="tag").count_by_tag()
        names = Tag.objects.filter(pk__in=tagged).values_list("pk", "name")
        return self._with_chosen("tag", [(name, name, tagged[pk]) for pk, name in names])

    @cached_property
    def objectives(self) -> Sequence[Option]:
        """By whether there is a good backup in time."""
        devices = self.found(without="stale").filter(_ON)
        counted, stale = devices.with_objective().count(), devices.missing_objective().count()
        counts = {"yes": stale, "no": counted - stale, "none": devices.order_by().count() - counted}
        return [(value, label, counts[value]) for value, label in OBJECTIVES.items()]

    def _with_chosen(self, name: str, options: list[Option]) -> Sequence[Option]:
        """The chosen one too, if it would show nothing: else the form would forget it."""
        chosen = self.chosen[name]
        missing = chosen and chosen not in [value for value, *_ in options]
        return [*options, (chosen, chosen, 0)] if missing else options


def _narrow(devices: DeviceQuerySet, name: str, text: str) -> DeviceQuerySet:
    if name == "q":
        words = Q(hostname__icontains=text) | Q(address__icontains=text) | Q(serial_number__icontains=text)
        return devices.filter(words | Exists(_tags().filter(name__iexact=text)))
    if name == "status":
        return devices.filter(_IN_STATE[text])
    if name == "reason":
        return devices.filter(_IN_STATE["failed"], last_failure_reason=text)
    if name == "platform":
        return devices.filter(platform__slug=text)
    if name == "tag":
        return devices.filter(Exists(_tags().filter(name=text)))
    if text == "none":
        return devices.filter(_ON).without_objective()
    return devices.stale() if text == "yes" else devices.in_time()


def _tags() -> QuerySet[Tag]:
    return Tag.objects.filter(devices=OuterRef("pk"))
