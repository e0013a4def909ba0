"""One backup from claim to record, against simulated devices over real sockets."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backups import recording, storage
from backups.claims import claim_next
from backups.models import Backup, Job, JobLog
from backups.outcome import Content, Outcome
from backups.services import accept_backup, request_backups
from backups.worker import work
from devices.connection import Facts
from devices.models import Device, Platform
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]

CONTENT = Content("configs/x.txt", 1, "a" * 64, "b" * 64)
PLATFORMS = ["ios", "iosxr", "iosxr_netconf", "nxos", "nxos_ssh", "eos", "junos"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_is_backed_up_line_for_line(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp, platform: str
) -> None:
    device = make_device(platform)
    backup = back_up(device)
    assert (backup.status, backup.error) == (Backup.Status.COMPLETED, "")
    file = Path(storage.config_storage().path(backup.file_path))
    content = file.read_bytes()
    assert backup.file_size == len(content)
    assert backup.content_hash == hashlib.sha256(content).hexdigest()
    assert subprocess.run(["sha256sum", file], capture_output=True, text=True).stdout.split()[0] == backup.content_hash
    held = [line.rstrip() for line in simulated(device).running_config.splitlines() if line.strip()]
    stored = [line.rstrip() for line in content.decode().splitlines() if line.strip()]
    assert stored[-len(held) :] == held, "the configuration, after what the platform writes above it"
    device.refresh_from_db()
    assert (device.serial_number, device.model) == (simulated(device).serial_number, simulated(device).model)
    assert (device.last_status, device.last_success_at) == (Backup.Status.COMPLETED, backup.finished_at)
    assert backup.serial_number == device.serial_number
    assert backup.credential == device.credential


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_tells_a_change_from_a_repetition(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp, platform: str
) -> None:
    device = make_device(platform)
    first, second = back_up(device), back_up(device)
    assert [(backup.version, backup.changed) for backup in (first, second)] == [(1, True), (1, False)]
    text = simulated(device).running_config
    middle = next(line for line in text.splitlines() if "description" in line)
    simulated(device).running_config = text.replace(middle, middle.replace("description", "description new"), 1)
    third = back_up(device)
    assert (third.version, third.changed) == (2, True)
    assert [(b.lines_added, b.lines_removed) for b in (first, second, third)] == [(None, None), (None, None), (1, 1)]


def test_a_new_rule_is_no_change_of_the_device(make_device: MakeDevice, simulated: Simulated, back_up: BackUp) -> None:
    device = make_device("ios")
    first = back_up(device)
    rules = device.platform.volatile_patterns
    Platform.objects.filter(slug="ios").update(volatile_patterns=f"{rules}\n^hostname")
    second = back_up(device)
    assert first.change_hash != second.change_hash
    assert (second.version, second.changed) == (1, False)
    Platform.objects.filter(slug="ios").update(volatile_patterns=rules)
    simulated(device).running_config = simulated(device).running_config.replace("hostname ", "hostname x", 1)
    third = back_up(device)
    assert (third.version, third.changed) == (2, True), "by the rules of now, on both sides"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.WRONG_PASSWORD, "authentication"),
        (Fault.WRONG_ENABLE, "authentication"),
        (Fault.REFUSES, "unreachable"),
        (Fault.DROPS, "unreachable"),
        (Fault.SILENT, "timeout"),
        (Fault.SLOW, "timeout"),
        (Fault.HANGS, "timeout"),
        (Fault.TRUNCATES, "incomplete"),
        (Fault.CLI_ERROR, "incomplete"),
    ],
)
def test_every_fault_ends_failed_with_its_reason(
    make_device: MakeDevice, back_up: BackUp, fault: Fault, reason: str
) -> None:
    device = make_device("ios", fault)
    backup = back_up(device)
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, reason)
    assert backup.error
    assert "Traceback" not in backup.error
    device.refresh_from_db()
    assert (device.last_status, device.last_failure_reason) == (Backup.Status.FAILED, reason)
    assert device.last_success_at is None
    backup.job.refresh_from_db()
    assert (backup.job.status, backup.job.finished_at is not None) == (Job.Status.FAILED, True)


def test_a_rejected_password_is_tried_once(make_device: MakeDevice, simulated: Simulated, back_up: BackUp) -> None:
    device = make_device("ios", Fault.WRONG_PASSWORD)
    back_up(device)
    assert simulated(device).failed_logins == 1


def test_a_device_without_a_credential_fails_and_says_so(make_device: MakeDevice, back_up: BackUp) -> None:
    device = make_device("ios")
    Device.objects.update(credential=None)
    backup = back_up(device)
    assert backup.failure_reason == Backup.FailureReason.AUTHENTICATION
    assert "no log-in" in backup.error


def test_the_same_bytes_share_one_file(make_device: MakeDevice, simulated: Simulated, back_up: BackUp) -> None:
    device = make_device("eos")
    first, second = back_up(device), back_up(device)
    assert first.content_hash == second.content_hash
    assert first.file_path == second.file_path
    folder = Path(storage.config_storage().path(first.file_path)).parent
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_file_is_not_shared(make_device: MakeDevice, back_up: BackUp) -> None:
    device = make_device("eos")
    first = back_up(device)
    file = Path(storage.config_storage().path(first.file_path))
    file.write_bytes(file.read_bytes().replace(b"e", b"f", 1))
    second = back_up(device)
    assert second.content_hash == first.content_hash
    assert second.file_path != first.file_path
    assert storage.is_intact(second)


def test_a_change_without_the_file_before_it_has_no_size(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("ios")
    storage.delete(back_up(device).file_path)
    simulated(device).running_config = simulated(device).running_config.replace("description", "description new", 1)
    second = back_up(device)
    assert (second.status, second.version, second.lines_added) == (Backup.Status.COMPLETED, 2, None)


def test_half_a_configuration_is_kept_aside_and_the_last_good_one_stays(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp
) -> None:
    device = make_device("nxos_ssh")
    good = back_up(device)
    simulated(device).running_config = "\n".join(simulated(device).running_config.splitlines()[:20]) + "\n"
    bad = back_up(device)
    assert (bad.status, bad.failure_reason, bad.version) == (Backup.Status.FAILED, "incomplete", None)
    assert bad.file_path.startswith("incomplete/")
    assert "smaller than the last good one" in bad.error
    assert Backup.objects.last_good(device.pk) == good
    device.refresh_from_db()
    assert device.last_success_at == good.finished_at


def test_an_operator_accepts_what_was_kept_aside(
    make_device: MakeDevice, simulated: Simulated, back_up: BackUp, admin_user: object
) -> None:
    device = make_device("nxos_ssh")
    back_up(device)
    simulated(device).running_config = "\n".join(simulated(device).running_config.splitlines()[:20]) + "\n"
    bad = back_up(device)
    accepted = accept_backup(bad, user=admin_user)  # type: ignore[arg-type]
    assert accepted.lines_added == 0
    assert accepted.lines_removed
    assert (accepted.status, accepted.version, accepted.changed) == (Backup.Status.COMPLETED, 2, True)
    assert accepted.accepted_by == admin_user
    again = back_up(device)
    assert (again.status, again.version, again.changed) == (Backup.Status.COMPLETED, 2, False)
    assert JobLog.objects.filter(backup=bad, event=JobLog.Event.BACKUP_ACCEPTED).count() == 1


def test_the_log_tells_the_whole_story_in_order(make_device: MakeDevice, back_up: BackUp) -> None:
    backup = back_up(make_device("ios"))
    events = list(JobLog.objects.filter(job=backup.job).values_list("event", flat=True))
    assert events == [
        "session_start",
        "backup_start",
        "login",
        "connect",
        "host_key",
        "connect_success",
        "command",
        "response",
        "command",
        "response",
        "backup_success",
        "session_end",
    ]
    config = JobLog.objects.filter(job=backup.job, event="response").first()
    assert config
    assert config.details["size_bytes"] == backup.file_size
    assert config.details["seconds"] > 0


def test_no_secret_reaches_the_log_or_the_record(make_device: MakeDevice, back_up: BackUp) -> None:
    for fault in (Fault.NONE, Fault.WRONG_PASSWORD, Fault.WRONG_ENABLE, Fault.CLI_ERROR, Fault.DROPS):
        backup = back_up(make_device("ios", fault, password="s3cret-password", enable_secret="s3cret-enable"))
        told = [str(row) for row in JobLog.objects.filter(job=backup.job).values()] + [backup.error]
        assert not [text for text in told if "s3cret" in text]


def test_a_second_claim_finds_nothing(make_device: MakeDevice, back_up: BackUp) -> None:
    backup = back_up(make_device("ios"))
    assert claim_next("another", 10) == []
    backup.refresh_from_db()
    assert backup.attempts == 1


def test_a_worker_that_lost_its_claim_cannot_record(make_device: MakeDevice) -> None:
    device = make_device("ios")
    backup = request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API).backups[0]
    (zombie,) = claim_next("zombie", 1)
    Backup.objects.filter(pk=backup.pk).update(worker="successor")
    outcome = Outcome(zombie, Facts(), CONTENT)
    recording.record([outcome])
    assert outcome.lost
    backup.refresh_from_db()
    device.refresh_from_db()
    assert (backup.status, backup.file_path, device.last_status) == (Backup.Status.RUNNING, "", "")


def test_recording_again_after_a_lost_answer_changes_nothing(make_device: MakeDevice) -> None:
    make_device("ios")
    backup = request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API).backups[0]
    (mine,) = claim_next("me", 1)
    recording.record([Outcome(mine, Facts(), CONTENT)])
    recording.record([Outcome(mine, Facts(), CONTENT)])
    backup.refresh_from_db()
    assert (backup.status, backup.version) == (Backup.Status.COMPLETED, 1)


def test_unknown_facts_do_not_overwrite_known_ones(make_device: MakeDevice) -> None:
    device = make_device("ios")
    Device.objects.update(serial_number="KNOWN1", os_version="17.1")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    (mine,) = claim_next("me", 1)
    recording.record([Outcome(mine, Facts(os_version="17.2"), CONTENT)])
    device.refresh_from_db()
    assert (device.serial_number, device.os_version) == ("KNOWN1", "17.2")


def test_a_backup_costs_few_queries(make_device: MakeDevice) -> None:
    for _ in range(10):
        make_device("eos")
    for _ in range(2):  # the second time with a last good backup
        request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
        with CaptureQueriesContext(connection) as queries:
            work()
    assert Backup.objects.completed().count() == 20
    assert len(queries) <= 15 * 10


def test_a_result_that_the_database_refuses_fails_alone(make_device: MakeDevice) -> None:
    for _ in range(3):
        make_device("eos")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    outcomes = [Outcome(backup, Facts(), CONTENT) for backup in claim_next("me", 3)]
    outcomes[1].content = Content("", 1, "", "")  # a completed backup without a file: a constraint forbids it
    recording.record(outcomes)
    assert [backup.status for backup in Backup.objects.order_by("position")] == ["completed", "failed", "completed"]
    assert "refused the result" in Backup.objects.get(status="failed").error
