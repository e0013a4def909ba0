"""Many devices, several worker processes: caps hold for all of them together, and nobody waits behind a fleet."""

import pytest

from backups.models import Backup, BackupQuerySet
from devices.models import Tag
from netraven.lab import Fault, Lab, LabDevice
from tests.conftest import wait_for
from tests.system.api import Api, api_of
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, worker_process

pytestmark = pytest.mark.worker

FLEET = 30
THREADS = 4
WORKERS = 2
CAP = 5
SESSION_SECONDS = 2.0
CLAIMED_WITHIN_SECONDS = 5  # a place is free every second or so; the rest is for a busy machine


@pytest.fixture(params=[("sqlite", "orm"), ("postgresql", "redis")], ids="-".join)
def installation(request: pytest.FixtureRequest, make_installation: MakeInstallation) -> Installation:
    """With small workers that do not make room by parking: nothing here takes that long."""
    small = {"NETRAVEN_WORKERS": str(WORKERS), "NETRAVEN_THREADS": str(THREADS), "NETRAVEN_SLOW": "60"}
    return make_installation(*request.param, **small)


@pytest.fixture
def fleet(installation: Installation, lab: Lab) -> list[LabDevice]:
    """Recorded devices that take a second or two each, with a tag."""
    devices = [lab.add("eos", fault=Fault.SLOW, delay=SESSION_SECONDS) for _ in range(FLEET)]
    installation.record(*devices, tags=["fleet"])
    return devices


def ask_for_fleet(installation: Installation, api: Api) -> BackupQuerySet:
    """The backups of the job, with worker processes at work on them."""
    asked = api.post("/api/jobs", json={"tags": ["fleet"]}).json()
    assert asked["requested"] == FLEET
    installation.start_worker()
    backups = BackupQuerySet(Backup, using=installation.alias).filter(job=asked["id"])
    running = backups.filter(status="running")
    wait_for(lambda: len(set(running.values_list("worker", flat=True))) == WORKERS, 30, "both workers to be busy")
    return backups


def test_a_device_asked_for_by_hand_does_not_wait_behind_a_fleet(
    installation: Installation, fleet: list[LabDevice], lab: Lab
) -> None:
    by_hand = lab.add("eos")
    installation.record(by_hand)
    api = api_of(installation)
    backups = ask_for_fleet(installation, api)
    api.post(f"/api/devices/{installation.device(by_hand).pk}/backup")
    (alone,) = installation.wait_until_ended(by_hand)
    assert alone.started_at
    assert (alone.started_at - alone.created_at).total_seconds() < CLAIMED_WITHIN_SECONDS
    waiting = backups.filter(status="pending").count()
    assert waiting > FLEET / 4, "the fleet was nearly done: this proves nothing"
    before = backups.filter(started_at__gt=alone.created_at, started_at__lt=alone.started_at).count()
    assert before <= WORKERS * THREADS, "it waited while others began"
    wait_for(lambda: not backups.active().exists(), 60, "the fleet to end")
    assert set(backups.values_list("status", "attempts")) == {("completed", 1)}


def test_a_cap_holds_for_all_workers_together(installation: Installation, fleet: list[LabDevice]) -> None:
    Tag.objects.using(installation.alias).filter(name="fleet").update(max_sessions=CAP)
    backups = ask_for_fleet(installation, api_of(installation))
    running = list[int]()

    def ended() -> bool:
        running.append(backups.filter(status="running").count())
        return not backups.active().exists()

    wait_for(ended, 90, "the fleet to end")
    assert max(running) == CAP, "neither more, nor less than there is room for"
    assert set(backups.values_list("status", "attempts")) == {("completed", 1)}
    assert len({worker_process(backup) for backup in backups}) == WORKERS
