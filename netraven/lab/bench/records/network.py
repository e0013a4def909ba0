"""The network: platforms as they are shipped, log-ins, gateways, tags, devices and their host keys."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from credentials.models import Credential
from devices.models import Device, Gateway, HostKey, Platform, Tag, TagCredential, effective_gateway
from netraven.lab.bench.records.people import REGIONS, People
from netraven.lab.bench.records.writing import new_id, write
from netraven.lab.platforms import PLATFORMS, serial_number

# How many in a hundred
PLATFORM_SHARES = {"ios": 52, "nxos_ssh": 12, "nxos": 6, "eos": 10, "junos": 14, "iosxr": 6}
ROLES = {"core": 4, "distribution": 12, "access": 64, "firewall": 10, "wan": 10}
OBJECTIVES = {"core": 24, "distribution": 26, "firewall": 48}  # hours, by role; access and wan have none
OPEN, DISABLED, OWN_GATEWAY, OWN_CREDENTIAL = 20, 2, 3, 5
SITES, LABELS, CREDENTIALS, GATEWAYS = 240, 40, 40, 24
DAY = timedelta(days=1)


@dataclass
class Network:
    """What there is, and the devices' last state, which the history fills in."""

    devices: list[Device]
    credentials: list[Credential]
    gateways: list[Gateway]
    tags: dict[str, Tag] = field(default_factory=dict)
    logs_in_with: dict[int, Credential] = field(default_factory=dict)  # by place in `devices`

    def effective_gateways(self) -> list[UUID | None]:
        """The ids of the gateways that the devices go through, in the order of those."""
        found = Device.objects.annotate(way=effective_gateway()).order_by()
        ways = dict(found.values_list("pk", "way"))
        return [ways[device.pk] for device in self.devices]


def make_network(number: int, people: People, random: Random, now: datetime) -> Network:
    """So many devices, and all they need."""
    credentials = [
        Credential(id=new_id(random), name=f"TACACS {place:02}", username=f"backup{place:02}", password=f"pass{place}")
        for place in range(CREDENTIALS)
    ]
    Credential.objects.bulk_create(credentials)
    gateways = [
        Gateway(id=new_id(random), name=f"jump{place:02}", address=f"198.51.100.{place + 1}", credential=credentials[0])
        for place in range(GATEWAYS)
    ]
    Gateway.objects.bulk_create(gateways)
    network = Network([], credentials, gateways, _make_tags(people, gateways, random))
    _make_tag_credentials(network)
    links = list(_devices(network, number, random, now))
    write(Device, network.devices)
    write(Device.tags.through, links)
    write(HostKey, _host_keys(network, random, now))
    return network


def _make_tags(people: People, gateways: list[Gateway], random: Random) -> dict[str, Tag]:
    """Roles with objectives, regions that only their people see, sites (some behind gateways), and labels."""
    names = {name: {"max_age_hours": OBJECTIVES.get(name)} for name in ROLES}
    names |= {f"region-{region}": {} for region in REGIONS}
    names |= {f"site-{number:03}": {} for number in range(SITES)}
    names |= {f"label-{number:02}": {} for number in range(LABELS)}
    tags = {
        name: Tag(id=new_id(random), name=name, color=f"#{random.getrandbits(24):06x}", **fields)
        for name, fields in names.items()
    }
    for place, gateway in enumerate(gateways):
        tags[f"site-{place:03}"].gateway = gateway
    Tag.objects.bulk_create(tags.values())
    for region, group in people.groups.items():
        tags[f"region-{region}"].groups.add(group)
    return tags


def _make_tag_credentials(network: Network) -> None:
    """Each role has a log-in, and each region a second one."""
    offering = [*ROLES, *(f"region-{region}" for region in REGIONS)]
    TagCredential.objects.bulk_create(
        TagCredential(tag=network.tags[name], credential=network.credentials[place + 1], priority=10 + place)
        for place, name in enumerate(offering)
    )


def _devices(network: Network, number: int, random: Random, now: datetime) -> Iterator[Any]:
    """Fills `network.devices`; the links to their tags, four or five each."""
    platforms = {platform.slug: platform for platform in Platform.objects.all()}
    for place in range(number):
        slug, role = _one_of(PLATFORM_SHARES, random), _one_of(ROLES, random)
        site = random.randrange(SITES)
        region = REGIONS[site % len(REGIONS)]
        name = f"{region}-s{site:03}-{role[:4]}-{place:05}"
        known = PLATFORMS[slug]
        device = Device(
            id=new_id(random),
            hostname=name,
            address=f"10.{place >> 16}.{place >> 8 & 255}.{place & 255}",
            platform=platforms[slug],
            enabled=random.randrange(100) >= DISABLED,
            description=f"Rack {random.randint(1, 40)}, floor {random.randint(0, 9)}",
            vendor="Cisco" if slug.startswith(("ios", "nxos")) else "Arista" if slug == "eos" else "Juniper",
            model=known.model,
            os_version=known.os_version,
            serial_number=serial_number(known, name),
            created_at=now - 400 * DAY,
            updated_at=now,
        )
        if random.randrange(100) < OWN_GATEWAY:
            device.gateway = random.choice(network.gateways)
        if random.randrange(100) < OWN_CREDENTIAL:
            device.credential = random.choice(network.credentials)
        network.logs_in_with[place] = device.credential or network.credentials[list(ROLES).index(role) + 1]
        network.devices.append(device)
        tags = [role, f"site-{site:03}", f"label-{random.randrange(LABELS):02}"]
        tags += [] if random.randrange(100) < OPEN else [f"region-{region}"]
        for tag in tags:
            yield Device.tags.through(device=device, tag=network.tags[tag])


def _host_keys(network: Network, random: Random, now: datetime) -> Iterator[HostKey]:
    """A trusted one each; every fiftieth has retired one, every hundredth shows another that waits."""
    for place, device in enumerate(network.devices):
        yield _host_key(device, HostKey.State.TRUSTED, now - 300 * DAY, now, random)
        if place % 50 == 0:
            yield _host_key(device, HostKey.State.RETIRED, now - 400 * DAY, now - 300 * DAY, random)
        if place % 100 == 7:
            yield _host_key(device, HostKey.State.OFFERED, now - 3 * DAY, now, random)


def _host_key(device: Device, state: HostKey.State, first: datetime, last: datetime, random: Random) -> HostKey:
    key = random.randbytes(32)
    print_of = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    text = f"ssh-ed25519 {base64.b64encode(key).decode()}"
    first += timedelta(seconds=random.randrange(86_400))
    return HostKey(
        id=new_id(random), device=device, kind=HostKey.Kind.SSH, text=text, fingerprint=f"SHA256:{print_of}",
        state=state, first_seen_at=first, last_seen_at=last,
    )  # fmt: skip


def _one_of(shares: dict[str, int], random: Random) -> str:
    return random.choices(list(shares), list(shares.values()))[0]
