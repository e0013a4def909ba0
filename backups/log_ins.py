"""The log-ins of a device by name: in which order they are tried, and which worked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backups.models import LoginAttempt
from devices.models import Device
from devices.offers import NamedOffer, offers_by_name


@dataclass(frozen=True)
class LogIn:
    """A credential that a device is offered."""

    offer: NamedOffer
    worked_at: datetime | None  # when the device accepted it, of the one that it accepted last


def log_ins_of(device: Device) -> Sequence[LogIn]:
    """In the order in which the next backup tries them: the one that worked last, then by priority. Three queries."""
    offers = offers_by_name(device)
    offered = [offer.credential_id for offer in offers]
    accepted = LoginAttempt.objects.filter(device=device, credential__in=offered, accepted=True)
    worked = accepted.order_by("-time", "-id").values_list("credential", "time").first()
    pk, moment = worked or (None, None)
    found = [LogIn(offer, moment if offer.credential_id == pk else None) for offer in offers]
    return sorted(found, key=lambda log_in: log_in.worked_at is None)
