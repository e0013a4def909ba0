"""Log-ins that come from tags, against simulated devices over real sockets."""

from collections.abc import Callable

import pytest

from backups.models import Backup, JobLog
from credentials.models import Credential
from devices.models import Device, Tag, TagCredential
from netraven.lab import LabDevice
from tests.backups.conftest import BackUp
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


def offer(name: str, priority: int, password: str) -> Credential:
    credential = Credential.objects.create(
        name=name, username="netraven", password=password, enable_secret="lab-enable"
    )
    TagCredential.objects.create(tag=Tag.objects.get(), credential=credential, priority=priority)
    return credential


def tried(backup: Backup) -> list[str]:
    messages = JobLog.objects.filter(backup=backup, event=JobLog.Event.LOGIN).values_list("message", flat=True)
    return [message.split("“")[1].rstrip("”") for message in messages]


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


def test_no_account_is_locked_by_trying_too_many(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    for number in range(5):
        offer(f"wrong {number}", number, "wrong")
    backup = back_up(device)
    assert backup.failure_reason == Backup.FailureReason.AUTHENTICATION
    assert tried(backup) == ["wrong 0", "wrong 1", "wrong 2"]
    assert simulated(device).failed_logins == 3


def test_the_devices_own_login_comes_before_its_tags(device: Device, back_up: BackUp) -> None:
    offer("of the tag", 1, "lab-password")
    own = Credential.objects.create(
        name="own", username="netraven", password="lab-password", enable_secret="lab-enable"
    )
    Device.objects.update(credential=own)
    assert tried(back_up(device)) == ["own"]
