"""Which credentials a device is offered, by itself and by its tags, and in which order. No secret is read here."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from credentials.models import Credential
from devices.models import Device, TagCredential


@dataclass(frozen=True)
class Entry:
    """An offer whose credential has not been read yet."""

    credential_id: uuid.UUID
    tag_id: uuid.UUID | None = None
    tag_name: str = ""


@dataclass(frozen=True)
class NamedOffer:
    """A credential by its name, and the tag that offers it, if one does."""

    credential_id: uuid.UUID
    name: str
    tag_name: str = ""


def offers_by_name(device: Device) -> Sequence[NamedOffer]:
    """What a device is logged in with, by priority, each credential once. Two queries."""
    entries = [Entry(device.credential_id)] if device.credential_id else []
    entries += offers_to_devices([device.pk])[device.pk]
    first = {entry.credential_id: entry for entry in reversed(entries)}
    names = dict(Credential.objects.filter(pk__in=first).values_list("pk", "name"))
    order = dict.fromkeys(entry.credential_id for entry in entries)
    return [NamedOffer(pk, names[pk], first[pk].tag_name) for pk in order if pk in names]


def offers_of_tags(tag_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Entry]]:
    """What each tag offers, the lowest priority first."""
    found: dict[uuid.UUID, list[Entry]] = defaultdict(list)
    if tag_ids:
        ordered = TagCredential.objects.filter(tag__in=tag_ids).order_by("priority", "credential__name")
        for tag_id, tag_name, credential_id in ordered.values_list("tag_id", "tag__name", "credential_id"):
            found[tag_id].append(Entry(credential_id, tag_id, tag_name))
    return found


def offers_to_devices(device_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Entry]]:
    """What the tags of each device offer, the lowest priority first."""
    found: dict[uuid.UUID, list[Entry]] = defaultdict(list)
    if device_ids:
        offers = Device.tags.through.objects.filter(device__in=device_ids, tag__tag_credentials__isnull=False)
        offer = "tag__tag_credentials"
        ordered = offers.order_by(f"{offer}__priority", f"{offer}__credential__name", "tag__name")
        for device_id, *entry in ordered.values_list("device_id", f"{offer}__credential_id", "tag_id", "tag__name"):
            found[device_id].append(Entry(*entry))
    return found
