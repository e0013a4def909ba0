"""A device that shows another key than before: its backup fails, no log-in leaves, and a person decides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backups import recording
from backups.claims import claim_next
from backups.models import Backup, Job, JobLog
from backups.outcome import Outcome
from backups.services import request_backups
from backups.worker import work
from devices import host_keys
from devices.models import Device, HostKey
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp
from tests.backups.test_pipeline import PLATFORMS
from tests.conftest import MakeDevice
from tests.devices.test_host_keys import key

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]
State = HostKey.State


@pytest.fixture
def strict(settings: Any) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"HOST_KEYS": "strict"}


def key_events(backup: Backup) -> list[JobLog]:
    return list(JobLog.objects.filter(backup=backup, event=JobLog.Event.HOST_KEY).order_by("pk"))


def log_ins(device: LabDevice) -> tuple[int, int]:
    return device.logins, device.failed_logins


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_changed_key_fails_the_backup_until_it_is_accepted(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp, admin_user: User, platform: str
) -> None:
    device = make_device(platform)
    assert back_up(device).status == Backup.Status.COMPLETED
    first = HostKey.objects.get()
    assert (first.device, first.state) == (device, State.TRUSTED)
    before = log_ins(simulated(device))

    simulated(device).change_identity()
    refused = back_up(device)
    assert (refused.status, refused.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.SECURITY)
    assert log_ins(simulated(device)) == before
    offered = HostKey.objects.get(state=State.OFFERED)
    assert offered.kind == first.kind
    assert first.fingerprint in refused.error
    assert offered.fingerprint in refused.error
    assert refused.credential is None
    device.refresh_from_db()
    assert (device.last_status, device.last_failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.SECURITY)

    host_keys.accept(offered, admin_user)
    good = back_up(device)
    assert (good.status, good.changed, good.credential) == (Backup.Status.COMPLETED, False, device.credential)
    assert sorted(HostKey.objects.values_list("state", flat=True)) == [State.RETIRED, State.TRUSTED]


@pytest.mark.parametrize("platform", ["ios", "eos"])
def test_when_strict_the_first_key_waits_for_a_person(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp, admin_user: User, strict: None, platform: str
) -> None:
    device = make_device(platform)
    refused = back_up(device)
    assert (refused.status, refused.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.SECURITY)
    offered = HostKey.objects.get()
    assert offered.state == State.OFFERED
    assert offered.fingerprint in refused.error
    assert log_ins(simulated(device)) == (0, 0)
    host_keys.accept(offered, admin_user)
    assert back_up(device).status == Backup.Status.COMPLETED


def test_a_first_and_a_refused_key_are_in_the_log_and_a_known_one_is_not(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("ios")
    (first,) = key_events(back_up(device))
    assert first.level == "info"
    assert first.details == {"known": HostKey.objects.get().fingerprint}
    assert key_events(back_up(device)) == []
    simulated(device).change_identity()
    (refusal,) = key_events(back_up(device))
    trusted, offered = (HostKey.objects.get(state=state) for state in (State.TRUSTED, State.OFFERED))
    assert refusal.level == "error"
    assert refusal.details == {"known": trusted.fingerprint, "offered": offered.fingerprint}


def test_neither_the_connection_nor_another_log_in_is_tried_again(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("ios")
    back_up(device)
    simulated(device).change_identity()
    events = list(JobLog.objects.filter(backup=back_up(device)).values_list("event", flat=True))
    assert events.count("connect") == events.count("login") == 1
    assert "retry" not in events


def test_the_first_key_counts_even_if_the_log_in_is_rejected(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("ios", Fault.WRONG_PASSWORD)
    assert back_up(device).failure_reason == Backup.FailureReason.AUTHENTICATION
    assert HostKey.objects.get().state == State.TRUSTED


def test_the_newest_refused_key_is_the_one_that_waits(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("ios")
    back_up(device)
    for _ in range(3):
        simulated(device).change_identity()
        backup = back_up(device)
    assert HostKey.objects.count() == 2
    assert HostKey.objects.get(state=State.OFFERED).fingerprint in backup.error


def test_a_device_that_moves_to_another_transport_has_a_first_key_there(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("nxos_ssh")
    back_up(device)
    over_https = make_device("nxos")
    Device.objects.filter(pk=device.pk).update(port=over_https.port, platform=over_https.platform)
    device.refresh_from_db()
    assert back_up(device).status == Backup.Status.COMPLETED
    assert set(device.host_keys.values_list("kind", "state")) == {("ssh", State.TRUSTED), ("tls", State.TRUSTED)}


def test_a_known_key_costs_no_statement_until_a_day_has_passed(make_device: MakeDevice, back_up: BackUp) -> None:
    device = make_device("eos")
    back_up(device)
    assert written_by(back_up, device) == 0
    yesterday = timezone.now() - timedelta(hours=25)
    HostKey.objects.update(last_seen_at=yesterday)
    assert written_by(back_up, device) == 1
    assert HostKey.objects.get().last_seen_at > yesterday + timedelta(hours=24)


def written_by(back_up: BackUp, device: Device) -> int:
    """How many rows of host keys a backup writes."""
    with CaptureQueriesContext(connection) as queries:
        assert back_up(device).status == Backup.Status.COMPLETED
    writes = ('UPDATE "devices_hostkey"', 'INSERT INTO "devices_hostkey"', 'DELETE FROM "devices_hostkey"')
    return sum(query["sql"].startswith(writes) for query in queries)


def test_trusted_keys_of_many_devices_cost_one_query(make_device: MakeDevice) -> None:
    for _ in range(8):
        make_device("eos")
    for _ in range(2):
        request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
        with CaptureQueriesContext(connection) as queries:
            work()
    assert Backup.objects.completed().count() == 16
    assert sum('FROM "devices_hostkey"' in query["sql"] for query in queries) == 1


def test_a_worker_that_lost_its_claim_records_no_key(make_device: MakeDevice) -> None:
    device = make_device("ios")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    (zombie,) = claim_next("zombie", 1)
    Backup.objects.update(worker="successor")
    shown = [host_keys.ShownKey(device, key("shown"), refused=False)]
    recording.record([Outcome(zombie, reason=Backup.FailureReason.TIMEOUT, error="Late.", shown=shown)])
    assert not HostKey.objects.exists()


def test_backups_that_end_together_record_each_its_key(make_device: MakeDevice) -> None:
    for _ in range(3):
        make_device("ios")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    outcomes = [
        Outcome(
            backup,
            reason=Backup.FailureReason.TIMEOUT,
            error="Late.",
            shown=[host_keys.ShownKey(backup.device, key(backup.device.hostname), refused=False)],
        )
        for backup in claim_next("me", 3)
    ]
    recording.record(outcomes)
    recording.record(outcomes)  # again, as after a commit whose answer was lost
    assert HostKey.objects.filter(state=State.TRUSTED).count() == HostKey.objects.count() == 3
