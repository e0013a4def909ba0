"""The form for a schedule: what its type does not use does not count, and times are those of its own zone."""

import json
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from backups.admin.previewing import Previewing
from scheduling.admin.fields import ClockInput, HostnamesField, WallField
from scheduling.models import Schedule
from scheduling.recurrence import resolve
from scheduling.services import save_schedule
from scheduling.targets import RELATIONS, Targets
from scheduling.validation import NEEDED_BY_DAY_RULE, OWN_FIELDS, WITH_DAY_RULE, needed_fields, validate_targets
from scheduling.validators import WEEKDAYS

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Form = forms.ModelForm[Schedule]
else:
    _Form = forms.ModelForm

MOMENTS = ("start_at", "end_at")
MOST_PICKED = 200  # devices; more are given by their names
BY_NAME = {"devices": "hostnames", "excluded_devices": "excluded_hostnames"}


def used_fields(schedule_type: str, day_rule: str = "") -> set[str]:
    """Of those that belong to some types only, the ones that a type uses."""
    used = set(needed_fields(Schedule(schedule_type=schedule_type, day_rule=day_rule)))
    used |= {"day_rule"} if schedule_type in WITH_DAY_RULE else set()
    return used | ({"end_at"} if schedule_type != Schedule.Type.ONCE else set())


class ScheduleForm(Previewing, _Form):
    """A schedule with its targets; what the user does not see of those stays as it is."""

    user: ClassVar[User]
    targets: Targets

    start_at = WallField(label="Start", help_text="Nothing runs before. A run of type “once” is then.")
    end_at = WallField(label="End", required=False, help_text="Nothing runs after. Empty: no end.")
    weekdays = forms.MultipleChoiceField(
        required=False, choices=Schedule.Weekday.choices, widget=forms.CheckboxSelectMultiple
    )
    hostnames = HostnamesField(
        label="Devices by host name", help_text="One per line. They are added to the devices above."
    )
    excluded_hostnames = HostnamesField(
        label="Excluded by host name", help_text="One per line. They are added to the excluded devices above."
    )

    class Meta:
        model = Schedule
        fields: tuple[str, ...] = ()  # the console says which
        widgets = {"time": ClockInput(), "time_zone": forms.TextInput({"list": "time-zones", "class": "vTextField"})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "schedule_type" not in self.fields:  # only to look at
            return
        by_type = {kind: sorted(used_fields(kind)) for kind in Schedule.Type.values}
        self.fields["schedule_type"].widget.attrs["data-fields"] = json.dumps(by_type)
        self.fields["day_rule"].widget.attrs["data-fields"] = json.dumps(NEEDED_BY_DAY_RULE)
        for name in MOMENTS:
            self.initial[name] = self._on_the_wall(self.initial.get(name, getattr(self.instance, name)))
        for relation, by_name in BY_NAME.items():
            self._name_many(relation, by_name)
            if number := len(self._unseen(relation)):
                self.fields[relation].help_text = f"{number} more, which you do not see, stay chosen."

    def clean(self) -> dict[str, Any]:
        """Forget what the type does not use, place times in the zone, collect the targets."""
        super().clean()
        self._forget_unused()
        self._place_in_zone()
        self.targets = self._collect_targets()
        if not set(self.errors) & {*RELATIONS, *BY_NAME.values()}:
            try:
                validate_targets(self.targets)
            except ValidationError as error:
                self.add_error(None, error)
        return self.cleaned_data

    def _post_clean(self) -> None:
        """As every form; and then the service is asked whether it would take it."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors or self.previewing:
            return
        try:
            with transaction.atomic():
                save_schedule(copy(self.instance))
                transaction.set_rollback(True)
        except ValidationError as error:
            self.add_error(None, error)

    def _name_many(self, relation: str, by_name: str) -> None:
        """More devices than a form may send one by one (DATA_UPLOAD_MAX_NUMBER_FIELDS) are given by their names."""
        if len(self.initial.get(relation, ())) > MOST_PICKED:
            chosen = getattr(self.instance, relation).filter(pk__in=self._offered(relation).order_by().values("pk"))
            self.initial[relation] = []
            self.initial[by_name] = "\n".join(chosen.values_list("hostname", flat=True))
            self.fields[
                by_name
            ].help_text = "One per line. All that are chosen are here: take away a name to take it out."

    def _on_the_wall(self, moment: datetime | None) -> datetime | None:
        """In the schedule's zone; a new schedule starts at a whole minute."""
        if moment is None:
            return None
        with suppress(ValueError):  # there is no such zone any more: one is to be chosen
            moment = moment.astimezone(self.instance.zone)
        whole = {"second": 0, "microsecond": 0} if self.instance._state.adding else {"microsecond": 0}
        return moment.replace(tzinfo=None, **whole)

    def _forget_unused(self) -> None:
        kind = self.cleaned_data.get("schedule_type")
        if not kind:
            return
        blank = Schedule()
        for name in set(OWN_FIELDS) - used_fields(kind, self.cleaned_data.get("day_rule", "")):
            self.errors.pop(name, None)
            self.cleaned_data[name] = getattr(blank, name)
        self.cleaned_data["weekdays"] = sorted(self.cleaned_data.get("weekdays", []), key=WEEKDAYS.index)

    def _place_in_zone(self) -> None:
        """What was left alone stays the same instant, also one that the clock shows twice."""
        try:
            zone = Schedule(time_zone=self.cleaned_data.get("time_zone", "")).zone
        except ValueError:  # which its own field says
            zone = ZoneInfo("UTC")
        stored = not self.instance._state.adding and self.instance.time_zone == self.cleaned_data.get("time_zone")
        for name in MOMENTS:
            wall = self.cleaned_data.get(name)
            if wall is None:
                continue
            if stored and name not in self.changed_data:
                self.cleaned_data[name] = getattr(self.instance, name)
                continue
            try:
                self.cleaned_data[name] = resolve(wall, zone)
            except OverflowError:
                self.add_error(name, "The calendar does not reach so far.")

    def _collect_targets(self) -> Targets:
        ids = {name: self._chosen(name) | self._unseen(name) for name in RELATIONS}
        for relation, name in BY_NAME.items():
            ids[relation] |= self._named(relation, name)
        return Targets(
            all_devices=bool(self.cleaned_data.get("all_devices")),
            tag_match=self.cleaned_data.get("tag_match", Schedule.TagMatch.ANY),
            **cast("Mapping[str, Any]", ids),
        )

    def _chosen(self, relation: str) -> set[UUID]:
        return {record.pk for record in self.cleaned_data.get(relation) or ()}

    def _unseen(self, relation: str) -> set[UUID]:
        """Those that the schedule names already, and that this user could not choose."""
        if self.instance._state.adding:
            return set()
        offered = self._offered(relation).order_by().values("pk")
        return set(getattr(self.instance, relation).exclude(pk__in=offered).values_list("pk", flat=True))

    def _named(self, relation: str, name: str) -> set[UUID]:
        names = self.cleaned_data.get(name) or []
        found = dict(self._offered(relation).filter(hostname__in=names).values_list("hostname", "pk")) if names else {}
        if missing := [hostname for hostname in names if hostname not in found]:
            shown = ", ".join(f"“{hostname}”" for hostname in missing[:10]) + (" …" if len(missing) > 10 else "")
            self.add_error(name, f"There is no device of this name, or you do not see it: {shown}")
        return set(found.values())

    def _offered(self, relation: str) -> Any:
        return cast("forms.ModelMultipleChoiceField[Any]", self.fields[relation]).queryset
