"""Caps on gateways, tags and everything: never exceeded by workers that claim at once, and in nobody else's way."""

import random
import threading
import time
import uuid
from collections import Counter

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from backups.claims import PASSES, anything_waits, claim_next
from backups.models import Backup, Job
from backups.services import request_backups
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

HELD_SECONDS = 0.02
PATIENCE = 60  # seconds for all claimers to end
MOST_STATEMENTS = (
    3 + 5 * PASSES + 3
)  # of one claim: BEGIN and caps; queue, tags, two locks, count; UPDATE, SELECT, COMMIT


def add_gateway(name: str, most: int) -> Gateway:
    credential = Credential.objects.create(name=f"log-in at {name}", username="backup")
    return Gateway.objects.create(name=name, address="192.0.2.254", credential=credential, max_sessions=most)


def add_devices(name: str, count: int, gateway: Gateway | None = None, tag: Tag | None = None) -> list[Device]:
    """Devices `name00`, `name01`, …"""
    platform = Platform.objects.get(slug="ios")
    rows = [
        Device(hostname=f"{name}{number:02}", address="192.0.2.1", platform=platform, gateway=gateway)
        for number in range(count)
    ]
    devices = Device.objects.bulk_create(rows)
    if tag:
        tag.devices.add(*devices)
    return devices


def request(prefix: str = "") -> Job:
    devices = Device.objects.filter(hostname__startswith=prefix)
    return request_backups(devices, user=None, trigger=Job.Trigger.API).job


def claimed(limit: int, worker: str = "w", *, first_only: bool = False) -> list[str]:
    return [backup.device.hostname for backup in claim_next(worker, limit, first_only=first_only)]


def end(*hostnames: str) -> None:
    ended = Backup.objects.filter(status=Backup.Status.RUNNING)
    ended = ended.filter(device__hostname__in=hostnames) if hostnames else ended
    ended.update(status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.TIMEOUT)


def test_a_gateway_takes_no_more_than_its_cap() -> None:
    add_devices("behind", 5, add_gateway("gate", 2))
    request()
    assert claimed(10) == ["behind00", "behind01"]
    assert claimed(10, "another worker") == []
    assert anything_waits()
    end("behind00")
    assert claimed(10) == ["behind02"]


def test_the_gateway_of_a_tag_counts_as_well() -> None:
    gateway = add_gateway("gate", 2)
    add_devices("behind", 2, gateway)
    add_devices("tagged", 2, tag=Tag.objects.create(name="site", gateway=gateway))
    request()
    assert claimed(10) == ["behind00", "behind01"]
    assert set(Backup.objects.values_list("gateway", flat=True)) == {gateway.pk}


def test_a_tag_takes_no_more_than_its_cap() -> None:
    add_devices("core", 5, tag=Tag.objects.create(name="core", max_sessions=2))
    add_devices("edge", 2, tag=Tag.objects.create(name="edge"))
    request()
    assert claimed(10) == ["core00", "core01", "edge00", "edge01"]


def test_all_caps_of_a_device_count() -> None:
    wide, narrow = Tag.objects.create(name="wide", max_sessions=3), Tag.objects.create(name="narrow", max_sessions=1)
    both = add_devices("both", 3, add_gateway("gate", 2), wide)
    narrow.devices.add(both[0], both[1])
    add_devices("wide", 3, tag=wide)
    request()
    assert claimed(10) == ["both00", "both02", "wide00"]


def test_there_is_a_cap_over_everything(settings: Settings) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"MAX_SESSIONS": 3}
    add_devices("any", 5)
    request()
    assert claimed(2, "one") == ["any00", "any01"]
    assert claimed(2, "two") == ["any02"]
    assert claimed(2, "three") == []
    end("any00")
    assert claimed(2, "two") == ["any03"]


def test_a_cap_that_is_lowered_below_what_runs_lets_nothing_begin_until_there_is_room() -> None:
    gateway = add_gateway("gate", 3)
    add_devices("behind", 5, gateway)
    request()
    assert len(claimed(10)) == 3
    Gateway.objects.update(max_sessions=1)
    end("behind00", "behind01")
    assert claimed(10) == []
    end("behind02")
    assert claimed(10) == ["behind03"]


def test_a_job_behind_a_full_gateway_does_not_hold_up_the_others() -> None:
    add_devices("behind", 60, add_gateway("gate", 1))
    request("behind")
    assert claimed(10) == ["behind00"]
    add_devices("free", 3)
    request("free")
    assert claimed(2) == ["free00", "free01"]
    end()
    assert claimed(2) == ["behind01", "free02"]


def test_a_device_asked_for_by_hand_is_the_next_through_a_full_gateway() -> None:
    gateway = add_gateway("gate", 2)
    add_devices("fleet", 20, gateway)
    request("fleet")
    assert len(claimed(10)) == 2
    add_devices("alone", 1, gateway)
    request("alone")
    end("fleet00")
    assert claimed(10) == ["alone00"]


def test_one_claim_goes_around_several_caps_as_they_fill() -> None:
    for site in ("a", "b", "c"):
        add_devices(site, 8, add_gateway(site, 1))
    add_devices("free", 4)
    request()
    assert claimed(6) == ["a00", "b00", "c00", "free00", "free01", "free02"]


def test_the_first_of_each_job_can_be_asked_for_alone() -> None:
    for job in ("a", "b"):
        add_devices(job, 3)
        request(job)
    assert claimed(10, first_only=True) == ["a00", "b00"]
    assert claimed(10, first_only=True) == []


def test_a_claim_costs_a_bounded_number_of_statements_whatever_waits_behind_caps() -> None:
    tag = Tag.objects.create(name="core", max_sessions=3)
    for number in range(PASSES + 3):
        add_devices(f"site{number}-", 40, add_gateway(f"gate{number}", 1), tag if number % 2 else None)
    request()
    with CaptureQueriesContext(connection) as queries:
        assert claimed(50)
    assert len(queries) <= MOST_STATEMENTS
    while claimed(50):
        pass
    with CaptureQueriesContext(connection) as queries:
        assert claimed(50) == []
    assert len(queries) <= 4 + 2  # all is full: that is seen at the first look


class Claimers:
    """Workers that claim, hold and end backups until none is left; they note what they hold under which caps."""

    def __init__(self, caps: dict[uuid.UUID, set[uuid.UUID]], chance: random.Random) -> None:
        self._caps = caps  # by device
        self._chance = chance
        self._lock = threading.Lock()
        self._held: Counter[uuid.UUID | None] = Counter()
        self.most: Counter[uuid.UUID | None] = Counter()  # ever held at once; None: over everything
        self.done: list[uuid.UUID] = []
        self.errors: list[BaseException] = []

    def run(self, count: int) -> None:
        threads = [threading.Thread(target=self._work, args=(f"worker {number}",)) for number in range(count)]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + PATIENCE
        for thread in threads:
            thread.join(max(0, ends - time.monotonic()))
        assert not any(thread.is_alive() for thread in threads), "a claimer hangs"
        assert not self.errors

    def _work(self, name: str) -> None:
        try:
            while Backup.objects.active().exists():
                if mine := claim_next(name, self._chance.randint(1, 6)):
                    self._hold_and_end(mine)
                else:
                    time.sleep(HELD_SECONDS / 4)
        except BaseException as error:
            self.errors.append(error)
        finally:
            connection.close()

    def _hold_and_end(self, mine: list[Backup]) -> None:
        places = Counter(cap for backup in mine for cap in (*self._caps[backup.device_id], None))
        with self._lock:  # after the claim's commit, and below before the end's: held for sure in between
            self._held += places
            for cap in places:
                self.most[cap] = max(self.most[cap], self._held[cap])
        time.sleep(HELD_SECONDS)
        with self._lock:
            self._held -= places
            self.done += [backup.device_id for backup in mine]
        Backup.objects.filter(pk__in=[backup.pk for backup in mine]).update(
            status=Backup.Status.FAILED, failure_reason=Backup.FailureReason.TIMEOUT
        )


@pytest.mark.parametrize("overall", [0, 5])
@pytest.mark.parametrize("seed", range(4))
def test_workers_that_claim_at_once_exceed_no_cap(settings: Settings, seed: int, overall: int) -> None:
    """On a network of random caps; PostgreSQL lets the claims run side by side, SQLite one after the other."""
    settings.NETRAVEN = settings.NETRAVEN | {"MAX_SESSIONS": overall}
    chance = random.Random(seed)
    gateways = [add_gateway(f"gate{number}", chance.randint(1, 4)) for number in range(2)]
    tags = [Tag.objects.create(name=f"tag{number}", max_sessions=chance.randint(1, 4)) for number in range(3)]
    caps: dict[uuid.UUID, set[uuid.UUID]] = {}
    for number in range(40):
        gateway = chance.choice([*gateways, None])
        (device,) = add_devices(f"job{number % 4}-{number}-", 1, gateway)
        tagged = chance.sample(tags, chance.choice([0, 0, 1, 2]))
        device.tags.add(*tagged)
        caps[device.pk] = {tag.pk for tag in tagged} | ({gateway.pk} if gateway else set())
    for number in range(4):
        request(f"job{number}-")

    claimers = Claimers(caps, chance)
    claimers.run(5)

    assert sorted(claimers.done) == sorted(caps), "each once"
    limits: dict[uuid.UUID | None, int] = {gateway.pk: gateway.max_sessions for gateway in gateways}
    limits |= {tag.pk: tag.max_sessions or 0 for tag in tags} | ({None: overall} if overall else {})
    exceeded = {cap: (claimers.most[cap], most) for cap, most in limits.items() if claimers.most[cap] > most}
    assert not exceeded
    assert not Backup.objects.filter(~Q(status=Backup.Status.FAILED)).exists()
