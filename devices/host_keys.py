"""The keys that devices and gateways show: the trusted one, the one that waits for a person, and who decided.

The first key of a device or gateway is trusted (setting NETRAVEN_HOST_KEYS: trust), or waits for a person (strict).
Another one is refused and waits as the one offered key; a newer one takes its place.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from devices.models import Device, Gateway, HostKey
from netraven.audit.trail import Action, note

if TYPE_CHECKING:  # importing it for real loads NAPALM, which a web server does not need
    from devices.connection.peer_keys import KeyGuard, PeerKey

logger = structlog.get_logger("netraven.devices")

Owner = Device | Gateway
State = HostKey.State
DECISIONS = {State.TRUSTED: Action.ACCEPT_HOST_KEY, State.DISMISSED: Action.DISMISS_HOST_KEY}
CURRENT = (State.TRUSTED, State.OFFERED)

# How exact `last_seen_at` is: a backup whose key was seen within this time needs no write.
SEEN_EVERY = timedelta(days=1)


class KeyNotOffered(Exception):
    """The key does not wait for a decision, or does so no more; str() is a sentence for the operator."""


@dataclass(frozen=True)
class ShownKey:
    """A key that was shown by a device or a gateway, its owner; `refused` if no log-in was sent to who showed it."""

    owner: Owner
    key: "PeerKey"
    refused: bool


def trusted_keys(*, devices: Iterable[UUID] = (), gateways: Iterable[UUID] = ()) -> dict[UUID, list[HostKey]]:
    """The trusted keys by the id of their device or gateway, one of each kind at most. One query for any number."""
    found: dict[UUID, list[HostKey]] = defaultdict(list)
    owned = Q(device__in=list(devices)) | Q(gateway__in=list(gateways))
    for row in HostKey.objects.filter(owned, state=State.TRUSTED):
        found[row.owner_id].append(row)
    return found


def guard_of(owner: Owner, trusted: Iterable[HostKey]) -> "KeyGuard":
    """What lets only `owner` pass, whose trusted keys these are. Needs no database."""
    from devices.connection.peer_keys import KeyGuard, PeerKey

    strict = settings.NETRAVEN["HOST_KEYS"] == "strict"
    return KeyGuard(str(owner), (PeerKey(row.kind, row.text) for row in trusted), strict=strict)


def worth_recording(owner: Owner, trusted: Iterable[HostKey], guard: "KeyGuard") -> list[ShownKey]:
    """What the guard was shown, without trusted keys that were seen lately. Needs no database."""
    recent = timezone.now() - SEEN_EVERY
    known = {(row.kind, row.text) for row in trusted if row.last_seen_at > recent}
    shown = (ShownKey(owner, key, refused) for key, refused in guard.shown.items())
    return [each for each in shown if each.refused or (each.key.kind, each.key.text) not in known]


@transaction.atomic
def record(shown: Sequence[ShownKey]) -> None:
    """Keep what was shown. Several sessions with one owner may do so at once: the first key of all is the trusted one.

    In the order of the owners' ids, so that two of these never wait for each other.
    """
    for each in sorted(shown, key=lambda each: each.owner.pk):
        _record(each)


def _record(shown: ShownKey) -> None:
    if not _lock(shown.owner):
        return
    key = shown.key
    rows = {row.state: row for row in shown.owner.host_keys.filter(kind=key.kind, state__in=CURRENT)}
    # A refused key may be the trusted one by now; one that was let pass may not be it: another came first.
    if known := next((row for row in rows.values() if row.text == key.text), None):
        known.last_seen_at = timezone.now()
        known.save(update_fields=["last_seen_at"])
        return
    state = State.OFFERED if shown.refused or State.TRUSTED in rows else State.TRUSTED
    if state in rows:
        rows[state].delete()  # and not changed: whoever is about to accept it has looked at that one, not at this one
    shown.owner.host_keys.create(kind=key.kind, text=key.text, fingerprint=key.fingerprint, state=state)


def accept(host_key: HostKey, user: User) -> HostKey:
    """Trust an offered key from now on; the one before is kept as retired. A trusted one stays as it is.

    Raises PermissionDenied, or KeyNotOffered if it is not offered any more.
    """
    return _decide(host_key, user, State.TRUSTED)


def dismiss(host_key: HostKey, user: User) -> HostKey:
    """Refuse an offered key, which is kept as dismissed. When it is shown again, it is offered again.

    Raises PermissionDenied, or KeyNotOffered if it is not offered any more.
    """
    return _decide(host_key, user, State.DISMISSED)


@transaction.atomic
def _decide(host_key: HostKey, user: User, state: HostKey.State) -> HostKey:
    if not user.has_perm("devices.accept_hostkey"):
        raise PermissionDenied("You may not decide on host keys.")
    key = _locked(host_key)
    if key is not None and key.state == state:  # a second click
        return key
    if key is None or key.state != State.OFFERED:
        raise KeyNotOffered("This key is not offered any more: it was decided on, or another one has been shown since.")
    message = f"{state.label}: {key.fingerprint}"
    if state == State.TRUSTED:
        before = key.owner.host_keys.filter(kind=key.kind, state=State.TRUSTED)
        message += "".join(f"; retired: {fingerprint}" for fingerprint in before.values_list("fingerprint", flat=True))
        before.update(state=State.RETIRED)
    key.state, key.decided_by, key.decided_at = state, user, timezone.now()
    key.save(update_fields=["state", "decided_by", "decided_at"])
    note(DECISIONS[state], key, user=user, details={"decision": message})
    logger.warning("Host key decided on", owner=str(key.owner), decision=message, user=user.get_username())
    return key


def _locked(host_key: HostKey) -> HostKey | None:
    """The row as it is now, and its owner's keys locked; None if it is gone."""
    _lock(host_key.owner)
    return HostKey.objects.select_related("device", "gateway").filter(pk=host_key.pk).first()


def _lock(owner: Owner) -> bool:
    """Have its keys to ourselves until the transaction ends; False if it was deleted."""
    rows = type(owner)._default_manager.select_for_update(no_key=True)
    return bool(rows.filter(pk=owner.pk).values_list("pk"))
