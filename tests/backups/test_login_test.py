"""Trying a credential against a device now, over real sockets."""

import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from backups.exceptions import TooManyTests
from backups.login_test import TESTS, try_login
from backups.models import Backup, Job, LoginAttempt
from credentials.models import Credential
from devices.models import Device, Tag
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import make_unreadable
from tests.conftest import MakeDevice

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Simulated = Callable[[Device], LabDevice]
PLATFORMS = ["ios", "iosxr", "iosxr_netconf", "nxos", "nxos_ssh", "eos", "junos"]


@pytest.fixture
def tester() -> User:
    user = User.objects.create_user("tester")
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_credential", "run_backup"]))
    return user


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_good_login_is_accepted_and_recorded(
    make_device: MakeDevice, simulated: Simulated, tester: User, platform: str
) -> None:
    device = make_device(platform)
    credential = Credential.objects.get()
    test = try_login(credential, device, user=tester)
    assert (test.result, test.accepted) == ("accepted", True)
    assert test.message == f"{device.hostname} accepted the credential “{credential.name}”."
    assert 0 < test.seconds < 10
    attempt = LoginAttempt.objects.get()
    assert (attempt.credential, attempt.device, attempt.accepted) == (credential, device, True)
    assert (attempt.backup, attempt.tag, attempt.tested_by) == (None, None, tester)
    assert (Backup.objects.count(), Job.objects.count()) == (0, 0)
    assert simulated(device).failed_logins == 0


@pytest.mark.parametrize(
    ("fault", "result", "recorded"),
    [
        (Fault.WRONG_PASSWORD, "rejected", [False]),
        (Fault.WRONG_ENABLE, "rejected", [False]),
        (Fault.REFUSES, "unreachable", []),
        (Fault.SILENT, "timeout", []),
        (Fault.TRUNCATES, "accepted", [True]),
        (Fault.HANGS, "accepted", [True]),
    ],
)
def test_what_else_a_device_may_say(
    make_device: MakeDevice, simulated: Simulated, fault: Fault, result: str, recorded: list[bool]
) -> None:
    device = make_device("ios", fault)
    test = try_login(Credential.objects.get(), device, user=None)
    assert test.result == result
    assert device.hostname in test.message
    assert list(LoginAttempt.objects.values_list("accepted", flat=True)) == recorded
    assert simulated(device).failed_logins == (fault is Fault.WRONG_PASSWORD)


def test_only_the_credential_in_question_is_tried(make_device: MakeDevice, simulated: Simulated) -> None:
    device = make_device("ios")
    other = Credential.objects.create(name="other", username="netraven", password="wrong")
    assert try_login(other, device, user=None).result == "rejected"
    assert (simulated(device).logins, simulated(device).failed_logins) == (0, 1)


def test_an_unusable_private_key_is_a_rejection(make_device: MakeDevice) -> None:
    device = make_device("ios")
    Credential.objects.update(private_key="no key")
    test = try_login(Credential.objects.get(), device, user=None)
    assert (test.result, LoginAttempt.objects.get().accepted) == ("rejected", False)
    assert "private key cannot be used" in test.message


def test_a_credential_that_cannot_be_read_is_told_and_not_tried(make_device: MakeDevice, simulated: Simulated) -> None:
    device = make_device("ios")
    credential = Credential.objects.without_secrets().get()
    make_unreadable(credential)
    test = try_login(credential, device, user=None)
    assert test.result == "unreadable"
    assert test.message == f"No key in NETRAVEN_FIELD_KEYS fits the credential “{credential.name}”."
    assert (simulated(device).logins, LoginAttempt.objects.count()) == (0, 0)


def test_no_secret_is_in_the_answer(make_device: MakeDevice) -> None:
    for fault in (Fault.WRONG_PASSWORD, Fault.WRONG_ENABLE, Fault.NONE):
        device = make_device("ios", fault, password="s3cret-password", enable_secret="s3cret-enable")
        test = try_login(Credential.objects.get(name__endswith=device.hostname), device, user=None)
        assert "s3cret" not in repr(test)


def test_testing_needs_both_permissions_and_a_device_that_is_seen(make_device: MakeDevice, tester: User) -> None:
    device, credential = make_device("ios"), Credential.objects.get()
    for name in ("view_credential", "run_backup"):
        user = User.objects.create_user(f"only {name}")
        user.user_permissions.set(Permission.objects.filter(codename=name))
        with pytest.raises(PermissionDenied):
            try_login(credential, device, user=user)
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    device.tags.add(theirs)
    with pytest.raises(PermissionDenied):
        try_login(credential, device, user=tester)
    assert not LoginAttempt.objects.exists()


def test_one_login_on_one_device_is_not_tried_so_often_that_it_locks(
    make_device: MakeDevice, simulated: Simulated
) -> None:
    device, other = make_device("ios", Fault.WRONG_PASSWORD), make_device("ios", Fault.WRONG_PASSWORD)
    credential = Credential.objects.get(name__endswith=device.hostname)
    for _ in range(TESTS):
        try_login(credential, device, user=None)
    with pytest.raises(TooManyTests):
        try_login(credential, device, user=None)
    assert (simulated(device).failed_logins, LoginAttempt.objects.count()) == (TESTS, TESTS)
    assert try_login(credential, other, user=None).result == "rejected"


def test_a_place_for_a_test_is_free_again_a_minute_later(
    make_device: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, began = make_device("ios"), time.time()
    for _ in range(TESTS):
        try_login(Credential.objects.get(), device, user=None)
    ended = time.time()
    monkeypatch.setattr(time, "time", lambda: began + 59)
    with pytest.raises(TooManyTests):
        try_login(Credential.objects.get(), device, user=None)
    monkeypatch.setattr(time, "time", lambda: ended + 61)
    assert try_login(Credential.objects.get(), device, user=None).accepted


def test_a_device_that_says_nothing_costs_no_more_than_twenty_seconds(make_device: MakeDevice) -> None:
    from backups.login_test import _timeouts

    timeouts = _timeouts()
    assert timeouts.tcp <= 5
    assert timeouts.connect <= 15
    assert timeouts.deadline <= 20


def test_the_command_says_what_the_device_said(make_device: MakeDevice) -> None:
    device, credential = make_device("ios"), Credential.objects.get()
    output = StringIO()
    call_command("test_login", device.hostname, credential=credential.name, stdout=output)
    assert output.getvalue().startswith(f"{device.hostname} accepted the credential “{credential.name}”. (")
    assert LoginAttempt.objects.get().tested_by is None
    Credential.objects.update(password="wrong")
    refusals = {
        (device.hostname, credential.name): f"rejected: {device.hostname} rejected the log-in.",
        ("nowhere", credential.name): "No such device: nowhere",
        (device.hostname, "nothing"): "No such credential: nothing",
    }
    for (hostname, name), sentence in refusals.items():
        with pytest.raises(CommandError, match=sentence):
            call_command("test_login", hostname, credential=name)


def test_a_web_server_does_not_load_napalm_for_it() -> None:
    code = (
        "import django, sys; django.setup(); import netraven.urls, backups.admin, backups.login_test; "
        "sys.exit('napalm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
