"""Backups whose request names the log-in: a credential, or a tag's; nothing else is tried then."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied

from backups.exceptions import RequestRefused
from backups.models import Backup, Job
from backups.services import request_backups
from backups.worker import work
from credentials.models import Credential
from devices.models import Device, Tag, TagCredential
from netraven.lab import LabDevice
from tests.backups.conftest import BackUp, make_unreadable, tried
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]


@pytest.fixture
def device(make_device: MakeDevice) -> Device:
    """A device whose own log-in works, and whose tag has one that works too."""
    device = make_device("ios")
    tag = Tag.objects.create(name="branch")
    device.tags.add(tag)
    make("of the tag", tag=tag)
    return device


@pytest.fixture
def emergency(db: None) -> Tag:
    """A tag on no device, with two log-ins: the first is wrong."""
    tag = Tag.objects.create(name="emergency")
    make("wrong", "wrong", tag, 10)
    make("right", "lab-password", tag, 20)
    return tag


def make(name: str, password: str = "lab-password", tag: Tag | None = None, priority: int = 100) -> Credential:
    credential = Credential.objects.create(
        name=name, username="netraven", password=password, enable_secret="lab-enable"
    )
    if tag:
        TagCredential.objects.create(tag=tag, credential=credential, priority=priority)
    return credential


def test_a_named_credential_alone_is_tried(device: Device, simulated: Simulated, back_up: BackUp) -> None:
    backup = back_up(device, credential=make("named", "wrong"))
    assert (backup.failure_reason, tried(backup)) == (Backup.FailureReason.AUTHENTICATION, ["named"])
    assert simulated(device).failed_logins == 1


def test_a_named_credential_needs_no_tie_to_the_device(device: Device, back_up: BackUp) -> None:
    named = make("named")
    backup = back_up(device, credential=named)
    assert (backup.status, tried(backup), backup.credential) == (Backup.Status.COMPLETED, ["named"], named)
    assert backup.job.metadata["log_in"] == {"credential": "named"}
    assert backup.job.named_login == "the credential “named”"


def test_the_credentials_of_a_named_tag_are_tried_by_priority(device: Device, emergency: Tag, back_up: BackUp) -> None:
    backup = back_up(device, tag=emergency)
    assert (backup.status, tried(backup)) == (Backup.Status.COMPLETED, ["wrong", "right"])
    assert {attempt.tag for attempt in backup.login_attempts.all()} == {emergency}
    assert backup.job.metadata["log_in"] == {"tag": "emergency"}
    assert backup.job.named_login == "the credentials of the tag “emergency”"


def test_of_a_named_tag_the_one_that_worked_last_goes_first(device: Device, emergency: Tag, back_up: BackUp) -> None:
    back_up(device, tag=emergency)
    back_up(device)  # with its own log-in, which the tag does not offer
    assert tried(back_up(device, tag=emergency)) == ["right"]


def test_the_next_backup_without_a_name_has_the_devices_own_log_in(
    device: Device, emergency: Tag, back_up: BackUp
) -> None:
    back_up(device, tag=emergency)
    assert tried(back_up(device)) == [f"login of {device.hostname}"]


@pytest.mark.parametrize("kind", ["credential", "tag"])
def test_what_was_named_and_deleted_since_is_not_replaced(
    device: Device, emergency: Tag, simulated: Simulated, kind: str
) -> None:
    named: Any = emergency if kind == "tag" else make("named")
    request_backups(Device.objects.all(), user=None, trigger=Job.Trigger.API, **{kind: named})
    named.delete()
    work()
    backup = Backup.objects.get()
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.AUTHENTICATION)
    what = "the credentials of the tag “emergency”" if kind == "tag" else "the credential “named”"
    assert backup.error == f"{device.hostname} was to be backed up with {what}, which has been deleted since."
    assert simulated(device).logins == 0


def test_a_named_tag_without_credentials_fails_and_says_so(
    device: Device, simulated: Simulated, back_up: BackUp
) -> None:
    backup = back_up(device, tag=Tag.objects.create(name="empty"))
    assert backup.failure_reason == Backup.FailureReason.AUTHENTICATION
    assert (
        backup.error
        == f"{device.hostname} was to be backed up with the credentials of the tag “empty”, but there are none."
    )
    assert simulated(device).logins == 0


def test_a_named_credential_that_cannot_be_read_fails_and_says_so(device: Device, back_up: BackUp) -> None:
    named = make("named")
    make_unreadable(named)
    backup = back_up(device, credential=Credential.objects.defer(*Credential.SECRET_FIELDS).get(pk=named.pk))
    assert backup.error.endswith("no key in NETRAVEN_FIELD_KEYS fits “named”.")


@pytest.mark.parametrize(
    ("kind", "permission"), [("credential", "credentials.view_credential"), ("tag", "devices.view_tag")]
)
def test_naming_a_log_in_needs_the_permission_to_see_it(
    device: Device, emergency: Tag, kind: str, permission: str
) -> None:
    named: Any = emergency if kind == "tag" else Credential.objects.get(name="right")
    user = User.objects.create_user("operator")
    user.user_permissions.add(Permission.objects.get(codename="run_backup"))
    with pytest.raises(PermissionDenied, match=f"You may not choose {kind}s"):
        request_backups(Device.objects.all(), user=user, trigger=Job.Trigger.API, **{kind: named})
    assert not Job.objects.exists()
    user.user_permissions.add(Permission.objects.get(codename=permission.split(".")[1]))
    user = User.objects.get(pk=user.pk)
    request = request_backups(Device.objects.all(), user=user, trigger=Job.Trigger.API, **{kind: named})
    assert getattr(request.job, kind) == named


def test_a_credential_and_a_tag_at_once_are_refused(device: Device, emergency: Tag) -> None:
    with pytest.raises(RequestRefused, match="not both"):
        request_backups(
            Device.objects.all(),
            user=None,
            trigger=Job.Trigger.API,
            credential=Credential.objects.get(name="right"),
            tag=emergency,
        )
    assert not Job.objects.exists()
