"""Log-ins of a device and of its tags, in order, against simulated devices over real sockets."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from backups.assignments import prepare
from backups.claims import claim_next
from backups.models import Backup, Job, JobLog, LoginAttempt
from backups.services import request_backups
from credentials.models import Credential
from devices.models import Device, Platform, Tag, TagCredential
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp, make_unreadable, tried
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]


@pytest.fixture
def device(make_device: MakeDevice) -> Device:
    """A device without a log-in of its own, and a tag to give it some."""
    device = make_device("ios")
    device.tags.add(Tag.objects.create(name="branch"))
    Device.objects.update(credential=None)
    return Device.objects.get()


def offer(name: str, priority: int, password: str, tag: str = "branch") -> Credential:
    credential, _ = Credential.objects.get_or_create(
        name=name, defaults={"username": "netraven", "password": password, "enable_secret": "lab-enable"}
    )
    TagCredential.objects.create(tag=Tag.objects.get(name=tag), credential=credential, priority=priority)
    return credential


def give_own(password: str) -> Credential:
    own = Credential.objects.create(name="own", username="netraven", password=password, enable_secret="lab-enable")
    Device.objects.update(credential=own)
    return own


def test_the_login_with_the_lowest_priority_is_tried_first(
    device: Device, simulated: Simulated, back_up: BackUp
) -> None:
    offer("second", 20, "lab-password")
    right = offer("first", 10, "lab-password")
    backup = back_up(device)
    assert (backup.status, tried(backup), backup.credential) == (Backup.Status.COMPLETED, ["first"], right)
    assert simulated(device).failed_logins == 0


def test_the_next_login_is_tried_when_one_is_rejected(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    offer("old", 10, "wrong")
    right = offer("new", 20, "lab-password")
    backup = back_up(device)
    assert (backup.status, tried(backup), backup.credential) == (Backup.Status.COMPLETED, ["old", "new"], right)
    assert simulated(device).failed_logins == 1


def test_the_one_that_worked_last_goes_first(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    offer("old", 10, "wrong")
    offer("new", 20, "lab-password")
    back_up(device)
    assert tried(back_up(device)) == ["new"]
    assert simulated(device).failed_logins == 1


def test_the_one_that_worked_last_goes_first_however_much_failed_since(
    device: Device, simulated: Simulated, back_up: BackUp
) -> None:
    offer("old", 10, "wrong")
    offer("new", 20, "lab-password")
    back_up(device)
    simulated(device).fault = Fault.WRONG_PASSWORD
    for _ in range(2):
        assert tried(back_up(device)) == ["new", "old"]
    simulated(device).fault = Fault.NONE
    assert tried(back_up(device)) == ["new"]


def test_a_login_has_worked_also_when_the_reading_failed(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    offer("old", 10, "wrong")
    offer("new", 20, "lab-password")
    simulated(device).fault = Fault.HANGS
    assert back_up(device).failure_reason == Backup.FailureReason.TIMEOUT
    simulated(device).fault = Fault.NONE
    assert tried(back_up(device)) == ["new"]


def test_without_any_attempt_on_record_the_last_good_backup_says_what_worked(device: Device, back_up: BackUp) -> None:
    offer("old", 10, "wrong")
    offer("new", 20, "lab-password")
    back_up(device)
    LoginAttempt.objects.all().delete()
    assert tried(back_up(device)) == ["new"]


def test_what_worked_last_but_is_no_longer_offered_is_not_tried(device: Device, back_up: BackUp) -> None:
    offer("old", 10, "lab-password")
    back_up(device)
    TagCredential.objects.all().delete()
    offer("wrong", 10, "wrong")
    offer("new", 20, "lab-password")
    assert tried(back_up(device)) == ["wrong", "new"]


def test_no_account_is_locked_by_trying_too_many(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    for number in range(5):
        offer(f"wrong {number}", number, "wrong")
    backup = back_up(device)
    assert backup.failure_reason == Backup.FailureReason.AUTHENTICATION
    assert tried(backup) == ["wrong 0", "wrong 1", "wrong 2"]
    assert simulated(device).failed_logins == 3
    assert backup.error == (
        f"{device.hostname} accepted none of 3 log-ins: “wrong 0”, “wrong 1”, “wrong 2”. "
        "2 more were not tried, so that no account is locked."
    )


def test_how_many_are_tried_is_a_setting(
    device: Device, simulated: Simulated, back_up: BackUp, settings: Settings
) -> None:
    settings.NETRAVEN = settings.NETRAVEN | {"LOGIN_ATTEMPTS": 1}
    offer("old", 10, "wrong")
    offer("new", 20, "lab-password")
    backup = back_up(device)
    assert (tried(backup), simulated(device).failed_logins) == (["old"], 1)
    assert backup.error.endswith("rejected the log-in. 1 more was not tried, so that no account is locked.")


def test_the_devices_own_login_comes_before_its_tags(device: Device, back_up: BackUp) -> None:
    offer("of the tag", 1, "lab-password")
    give_own("lab-password")
    assert tried(back_up(device)) == ["own"]


def test_the_tags_logins_are_tried_when_the_devices_own_is_rejected(device: Device, back_up: BackUp) -> None:
    offer("of the tag", 1, "lab-password")
    give_own("wrong")
    backup = back_up(device)
    assert (backup.status, tried(backup)) == (Backup.Status.COMPLETED, ["own", "of the tag"])
    assert tried(back_up(device)) == ["of the tag"]


def test_the_logins_of_several_tags_go_by_priority_and_each_is_tried_once(device: Device, back_up: BackUp) -> None:
    device.tags.add(Tag.objects.create(name="core"))
    offer("third", 30, "wrong", "core")
    offer("first", 10, "wrong", "core")
    offer("second", 20, "wrong", "branch")
    offer("first", 25, "wrong", "branch")
    backup = back_up(device)
    assert tried(backup) == ["first", "second", "third"]
    log = JobLog.objects.filter(backup=backup, event="login").values_list("message", flat=True)
    assert log.first() == "Trying tag core’s credential “first”"


def test_a_credential_that_cannot_be_read_is_left_out_and_named(device: Device, back_up: BackUp) -> None:
    make_unreadable(offer("lost key", 10, "lab-password"))
    offer("good", 20, "lab-password")
    backup = back_up(device)
    assert (backup.status, tried(backup)) == (Backup.Status.COMPLETED, ["good"])
    warning = JobLog.objects.get(backup=backup, level="warning")
    assert warning.message == "Leaving out the credential “lost key”: its key is missing in NETRAVEN_FIELD_KEYS"


def test_a_device_whose_credentials_cannot_be_read_fails_and_names_them(
    device: Device, simulated: Simulated, back_up: BackUp
) -> None:
    make_unreadable(give_own("lab-password"))
    make_unreadable(offer("of the tag", 10, "lab-password"))
    backup = back_up(device)
    assert backup.failure_reason == Backup.FailureReason.AUTHENTICATION
    assert backup.error == (
        f"{device.hostname} has no log-in that can be used: no key in NETRAVEN_FIELD_KEYS fits “own”, “of the tag”."
    )
    assert (simulated(device).logins, LoginAttempt.objects.count()) == (0, 0)


def test_a_tag_without_credentials_gives_no_login_and_the_backup_says_so(device: Device, back_up: BackUp) -> None:
    backup = back_up(device)
    assert (backup.failure_reason, tried(backup)) == (Backup.FailureReason.AUTHENTICATION, [])
    assert backup.error.endswith("has no log-in that can be used: give it or one of its tags a credential.")


def test_log_ins_of_many_devices_cost_no_more_queries_than_those_of_one() -> None:
    counts = []
    for number in (1, 30):
        for name in range(number):
            tag = Tag.objects.create(name=f"{number} {name}")
            device = Device.objects.create(
                hostname=f"d{number}-{name}", address="192.0.2.1", platform=Platform.objects.get(slug="ios")
            )
            device.tags.add(tag)
            for priority in (1, 2):
                make_unreadable(offer(f"lost {number} {name} {priority}", priority, "x", tag.name))
                offer(f"{number} {name} {priority}", priority, "x", tag.name)
        request_backups(Device.objects.filter(hostname__startswith=f"d{number}-"), user=None, trigger=Job.Trigger.API)
        claimed = claim_next("me", number)
        with CaptureQueriesContext(connection) as queries:
            assignments = prepare(claimed)
        assert [len(assignment.log_ins.offers) for assignment in assignments] == [2] * number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5
