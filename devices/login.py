"""Which log-ins a device gets, and in which order they are tried."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from credentials.fields import SecretUnreadable, decrypt
from credentials.models import Credential
from credentials.stored import with_ciphertexts
from devices.connection import JumpHost, Login, Target
from devices.models import Device
from devices.offers import Entry, offers_of_tags, offers_to_devices


@dataclass(frozen=True)
class LoginRequest:
    """A device to log in to, and the credential or the tag that was named for it, if one was."""

    device: Device
    credential_id: uuid.UUID | None = None
    tag_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Offer:
    """A credential to try, and the tag that offers it, if one does."""

    credential: Credential
    tag_id: uuid.UUID | None = None
    tag_name: str = ""

    def __str__(self) -> str:
        return (
            f"tag {self.tag_name}’s credential “{self.credential}”"
            if self.tag_id
            else f"the credential “{self.credential}”"
        )


@dataclass(frozen=True)
class LogIns:
    """What to try on a device, in this order, and the names of credentials left out because no key decrypts them."""

    offers: Sequence[Offer]
    unreadable: Sequence[str] = ()


def log_ins_for(requests: Sequence[LoginRequest]) -> list[LogIns]:
    """For each request: the credential that it names; or its tag's by priority; or the device's own, then its tags'.

    Each credential is in once. Three queries at most, for any number of requests.
    """
    of_tags = offers_of_tags({request.tag_id for request in requests if request.tag_id})
    of_devices = offers_to_devices([r.device.pk for r in requests if not (r.credential_id or r.tag_id)])
    lists = []
    for request in requests:
        first = request.credential_id or (None if request.tag_id else request.device.credential_id)
        others = of_tags[request.tag_id] if request.tag_id else of_devices[request.device.pk]
        lists.append([*([Entry(first)] if first else []), *others])
    readable, unreadable = read_credentials({entry.credential_id for entries in lists for entry in entries})
    return [
        LogIns(
            list(_once(entries, readable)),
            list(dict.fromkeys(unreadable[e.credential_id] for e in entries if e.credential_id in unreadable)),
        )
        for entries in lists
    ]


def login_of(credential: Credential) -> Login:
    """The secrets of a credential, in the form that a session takes: plain text, which the scrubber then looks for."""
    return Login(
        username=credential.username,
        password=str(credential.password),
        enable_secret=str(credential.enable_secret),
        private_key=str(credential.private_key),
        passphrase=str(credential.passphrase),
    )


def target_of(device: Device, gateway: JumpHost | None = None) -> Target:
    """Where and how to connect."""
    return Target(
        hostname=device.hostname,
        address=device.address,
        port=device.effective_port,
        driver=device.platform.driver,
        optional_args=device.platform.optional_args,
        gateway=gateway,
    )


def _once(entries: Sequence[Entry], readable: dict[uuid.UUID, Credential]) -> Iterator[Offer]:
    """The offers of readable credentials; one that is offered twice keeps its first place."""
    seen = set[uuid.UUID]()
    for entry in entries:
        if entry.credential_id in readable and entry.credential_id not in seen:
            seen.add(entry.credential_id)
            yield Offer(readable[entry.credential_id], entry.tag_id, entry.tag_name)


def read_credentials(ids: Collection[uuid.UUID]) -> tuple[dict[uuid.UUID, Credential], dict[uuid.UUID, str]]:
    """Credentials by id, and the names of those that no key can decrypt: one does not take the others with it."""
    readable, unreadable = {}, {}
    secrets = list(Credential.SECRET_FIELDS)
    for credential in with_ciphertexts(Credential.objects.filter(pk__in=ids), secrets).only("name", "username"):
        try:
            for name in secrets:
                setattr(credential, name, decrypt(getattr(credential, f"stored_{name}")))
        except SecretUnreadable:
            unreadable[credential.pk] = credential.name
        else:
            readable[credential.pk] = credential
    return readable, unreadable
