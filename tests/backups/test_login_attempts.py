"""What is recorded of each try of a credential: what the device said, once, and only by the worker it counts for."""

from collections.abc import Callable

import pytest

from backups import recording
from backups.claims import claim_next
from backups.models import Backup, Job, LoginAttempt
from backups.outcome import Content, Outcome
from backups.services import request_backups
from backups.worker import work
from credentials.models import Credential
from devices.connection import Facts
from devices.login import Offer
from devices.models import Device, Tag, TagCredential
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]
CONTENT = Content("configs/x.txt", 1, "a" * 64, "b" * 64)


def recorded() -> list[tuple[str, bool]]:
    return list(LoginAttempt.objects.order_by("id").values_list("credential__name", "accepted"))


def test_each_try_is_recorded_with_its_backup_and_the_tag_that_offered_it(
    make_device: MakeDevice, back_up: BackUp
) -> None:
    device = make_device("ios")
    right = Credential.objects.get()
    wrong = Credential.objects.create(name="wrong", username="netraven", password="wrong")
    tag = Tag.objects.create(name="branch")
    device.tags.add(tag)
    TagCredential.objects.create(tag=tag, credential=right)
    Device.objects.update(credential=wrong)
    backup = back_up(device)
    first, second = LoginAttempt.objects.order_by("id")
    assert (first.credential, first.tag, first.accepted) == (wrong, None, False)
    assert (second.credential, second.tag, second.accepted) == (right, tag, True)
    for attempt in (first, second):
        assert (attempt.backup, attempt.device, attempt.tested_by) == (backup, device, None)
        assert backup.started_at <= attempt.time <= backup.finished_at  # type: ignore[operator]
    assert first.time < second.time


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        (Fault.NONE, True),
        (Fault.WRONG_PASSWORD, False),
        (Fault.WRONG_ENABLE, False),
        (Fault.TRUNCATES, True),
        (Fault.HANGS, True),
        (Fault.DROPS, True),
        (Fault.CLI_ERROR, True),
        (Fault.REFUSES, None),
        (Fault.SILENT, None),
    ],
)
def test_only_what_the_device_said_counts(
    make_device: MakeDevice, back_up: BackUp, fault: Fault, accepted: bool | None
) -> None:
    device = make_device("ios", fault)
    back_up(device)
    assert recorded() == ([] if accepted is None else [(f"login of {device.hostname}", accepted)])


def test_a_private_key_that_cannot_be_used_counts_as_rejected(make_device: MakeDevice, back_up: BackUp) -> None:
    device = make_device("ios")
    Credential.objects.update(private_key="no key")
    assert back_up(device).failure_reason == Backup.FailureReason.AUTHENTICATION
    assert recorded() == [(f"login of {device.hostname}", False)]


def test_a_task_that_is_delivered_twice_records_each_try_once(make_device: MakeDevice) -> None:
    make_device("ios")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    work()
    work()
    assert LoginAttempt.objects.count() == 1


@pytest.fixture
def mine(make_device: MakeDevice) -> Outcome:
    """A backup that came out well, claimed by this worker and not recorded yet; its credential is of no device."""
    make_device("ios")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API)
    credential = Credential.objects.get()
    tag = Tag.objects.create(name="branch")
    Device.objects.update(credential=None)
    (claimed,) = claim_next("me", 1)
    claimed.credential = credential
    outcome = Outcome(claimed, Facts(), CONTENT)
    outcome.note_answer(Offer(credential, tag.pk, tag.name), accepted=True)
    return outcome


def test_recording_again_after_a_lost_answer_adds_no_attempt(mine: Outcome) -> None:
    recording.record([mine])
    recording.record([mine])
    assert LoginAttempt.objects.count() == 1


def test_a_worker_that_lost_its_claim_records_no_attempt(mine: Outcome) -> None:
    Backup.objects.update(worker="successor")
    recording.record([mine])
    assert (mine.lost, LoginAttempt.objects.count()) == (True, 0)


def test_a_result_that_is_not_recorded_has_no_attempt(mine: Outcome) -> None:
    mine.content = Content("", 1, "", "")  # a completed backup without a file: a constraint forbids it
    recording.record([mine])
    assert (Backup.objects.get().status, LoginAttempt.objects.count()) == ("failed", 0)


def test_the_last_word_of_a_device_counts(mine: Outcome) -> None:
    offer = Offer(Credential.objects.get())
    mine.note_answer(offer, accepted=True)
    mine.note_answer(offer, accepted=False)
    recording.record([mine])
    assert [accepted for _, accepted in recorded()] == [False]


def test_a_credential_that_was_deleted_meanwhile_does_not_spoil_the_backup(mine: Outcome) -> None:
    Credential.objects.all().delete()
    recording.record([mine])
    backup = Backup.objects.get()
    assert (backup.status, backup.error, backup.credential) == (Backup.Status.COMPLETED, "", None)
    assert not LoginAttempt.objects.exists()


def test_a_tag_that_was_deleted_meanwhile_is_left_out_of_the_attempt(mine: Outcome) -> None:
    Tag.objects.all().delete()
    recording.record([mine])
    attempt = LoginAttempt.objects.get()
    assert (Backup.objects.get().status, attempt.tag, attempt.accepted) == (Backup.Status.COMPLETED, None, True)


def test_an_attempt_goes_with_its_credential(mine: Outcome) -> None:
    recording.record([mine])
    Credential.objects.all().delete()
    assert not LoginAttempt.objects.exists()
    assert Backup.objects.get().status == Backup.Status.COMPLETED
