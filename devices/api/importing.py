"""`POST /api/devices/import`: a table of devices, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from credentials.models import Credential
from devices.api.own_credential import LOGIN_FIELDS, save_own_credential
from devices.inventory_csv import COLUMNS
from devices.models import Device, Gateway, Platform, Tag
from netraven.audit.trail import note_created
from netraven.bounded_fields import MOST_NAMES, BoundedListField

MOST = 10_000  # rows
Rows = list[tuple[int, Any]]  # each with its number: of its line, or its place in a list


class NamedField(serializers.CharField):
    """The name of a record that is in the import's directory: 10,000 rows are not 40,000 queries."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def to_internal_value(self, data: Any) -> Any:
        """The record. Raises ValidationError."""
        name = super().to_internal_value(data)
        record = self.context["directory"][self.kind].get(name)
        if record is None:
            raise serializers.ValidationError(f"No such {self.kind}: {name}.")
        return record


class DeviceRowSerializer(serializers.ModelSerializer[Device]):
    """A row: as a device of the API, but its credential is a name. `username` and `password` make one of its own."""

    hostname = serializers.CharField(max_length=255)  # whether there is one already is asked once for all rows
    platform = NamedField("platform")
    gateway = NamedField("gateway", required=False, allow_null=True)
    credential = NamedField("credential", required=False, allow_null=True)
    tags = BoundedListField(child=NamedField("tag"), required=False, max_length=MOST_NAMES)
    username = serializers.CharField(write_only=True, required=False, max_length=200)
    password = serializers.CharField(write_only=True, required=False, max_length=1000, trim_whitespace=False)
    enable_secret = serializers.CharField(
        write_only=True, required=False, max_length=1000, trim_whitespace=False, allow_blank=True
    )

    class Meta:
        model = Device
        fields = [*COLUMNS, *LOGIN_FIELDS]

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what no row has: a typing error must not pass for a missing value."""
        if isinstance(data, dict) and (unknown := [name for name in data if name not in self.fields]):
            raise serializers.ValidationError({name[:100]: ["There is no such field."] for name in unknown[:10]})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One log-in at most, and all of it."""
        if attrs.get("credential") and any(name in attrs for name in LOGIN_FIELDS):
            raise serializers.ValidationError({"username": ["Give a credential or a log-in, not both."]})
        return attrs


@dataclass
class DeviceImport:
    """One import by one user. `update` changes devices that are there; without it they are errors."""

    user: User
    update: bool = False
    dry_run: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"created": 0, "updated": 0, "unchanged": 0})

    @transaction.atomic
    def run(self, rows: Rows) -> dict[str, int]:
        """How many devices were created, updated and unchanged; in a dry run, would be.

        Raises ValidationError with the errors of all rows by their numbers, or PermissionDenied; then nothing has
        changed.
        """
        if not rows:
            raise serializers.ValidationError({"detail": "There is no device in it."})
        if len(rows) > MOST:
            raise serializers.ValidationError({"detail": f"{len(rows)} rows: give {MOST} at most."})
        self._look_up([row.get("hostname") for _, row in rows if isinstance(row, dict)])
        self._refuse_unless_allowed([row for _, row in rows if isinstance(row, dict)])
        checked = self._check(rows)
        self._create([(number, attrs) for number, attrs in checked if attrs["hostname"] not in self._there])
        for number, attrs in checked:
            if device := self._there.get(attrs["hostname"]):
                self._change(number, device, attrs)
        if self.dry_run:
            transaction.set_rollback(True)
        return self.counts

    def _check(self, rows: Rows) -> list[tuple[int, dict[str, Any]]]:
        form = DeviceRowSerializer(context={"directory": _directory()})
        checked, errors = list[tuple[int, dict[str, Any]]](), dict[int, Any]()
        for number, row in rows:
            try:
                checked.append((number, form.run_validation(row)))
            except serializers.ValidationError as error:
                errors[number] = error.detail
        errors = errors or self._clashes(checked)
        if errors:
            raise serializers.ValidationError({str(number): wrong for number, wrong in errors.items()})
        return checked

    def _look_up(self, hostnames: list[Any]) -> None:
        """What is there already, by host name, and what of it the user sees."""
        found = Device.objects.filter(hostname__in=[name.strip() for name in hostnames if isinstance(name, str)])
        self._seen = set(found.visible_to(self.user).values_list("hostname", flat=True))
        devices = found.select_related("platform", "gateway").prefetch_related("tags")
        self._there = {device.hostname: device for device in devices}

    def _refuse_unless_allowed(self, rows: list[dict[str, Any]]) -> None:
        """As for one device, and first of all: who may not see gateways does not learn which there are."""
        may = self.user.has_perm
        if any(row.get(name) for row in rows for name in LOGIN_FIELDS) and not may("credentials.add_credential"):
            raise PermissionDenied("You may not give devices a log-in.")
        if any(row.get("credential") for row in rows) and not may("credentials.view_credential"):
            raise PermissionDenied("You may not choose credentials.")
        if any(self._chooses_gateway(row) for row in rows) and not may("devices.view_gateway"):
            raise PermissionDenied("You may not choose gateways.")

    def _chooses_gateway(self, row: dict[str, Any]) -> bool:
        hostname = row.get("hostname")
        device = self._there.get(hostname) if isinstance(hostname, str) and hostname in self._seen else None
        return row.get("gateway") not in (None, "", device.gateway.name if device and device.gateway else None)

    def _clashes(self, checked: Sequence[tuple[int, dict[str, Any]]]) -> dict[int, Any]:
        errors, first = dict[int, Any](), dict[str, int]()
        for number, attrs in checked:
            name = attrs["hostname"]
            if name in first:
                errors[number] = {"hostname": [f"{name} is in {first[name]} already."]}
            elif name in self._there and not (self.update and name in self._seen):
                errors[number] = {"hostname": ["There is a device with this name already."]}
            first.setdefault(name, number)
        return errors

    def _create(self, rows: list[tuple[int, dict[str, Any]]]) -> None:
        devices, links, tagged = list[Device](), list[Any](), dict[Any, list[Tag]]()
        for number, attrs in rows:
            login, tags = _take(attrs, *LOGIN_FIELDS), attrs.pop("tags", [])
            device = Device(**attrs)
            if login:
                device.credential = self._own_credential(number, device, login)
            devices.append(device)
            tagged[device.pk] = list(dict.fromkeys(tags))
            links += [Device.tags.through(device_id=device.pk, tag_id=tag.pk) for tag in tagged[device.pk]]
        Device.objects.bulk_create(devices, batch_size=500)
        Device.tags.through.objects.bulk_create(links, batch_size=1000)
        note_created(devices, "tags", tagged)
        self.counts["created"] = len(devices)

    def _change(self, number: int, device: Device, attrs: dict[str, Any]) -> None:
        login, tags = _take(attrs, *LOGIN_FIELDS), attrs.pop("tags", None)
        if login:
            attrs["credential"] = self._own_credential(number, device, login)
        changed = [name for name, value in attrs.items() if getattr(device, name) != value]
        for name in changed:
            setattr(device, name, attrs[name])
        retagged = tags is not None and set(tags) != set(device.tags.all())
        if retagged:
            device.tags.set(tags)
        if changed or retagged or login:
            device.save(update_fields=[*changed, "updated_at"])
        self.counts["updated" if changed or retagged or login else "unchanged"] += 1

    def _own_credential(self, number: int, device: Device, login: dict[str, Any]) -> Credential:
        try:
            return save_own_credential(device, login)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({str(number): error.detail}) from None


def _directory() -> dict[str, dict[str, Any]]:
    return {
        "platform": {platform.slug: platform for platform in Platform.objects.all()},
        "gateway": {gateway.name: gateway for gateway in Gateway.objects.all()},
        "tag": {tag.name: tag for tag in Tag.objects.all()},
        "credential": {credential.name: credential for credential in Credential.objects.without_secrets()},
    }


def _take(attrs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: attrs.pop(name) for name in names if name in attrs}
