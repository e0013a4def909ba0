"""`manage.py backup`, for a person at a terminal and for a script."""

import json
import uuid
from datetime import UTC, datetime

import pytest

from credentials.models import Credential
from netraven.lab import Fault, Lab, LabDevice
from tests.system.installation import Installation


@pytest.mark.worker
def test_the_backup_command_tells_a_script_how_it_went(installation: Installation, lab: Lab) -> None:
    good, bad, untagged = lab.add("ios"), lab.add("eos", fault=Fault.WRONG_PASSWORD), lab.add("nxos")
    installation.record(good, bad, tags=["core"])
    installation.record(untagged)
    installation.start_worker()

    one = installation.manage("backup", "--wait", good.name, "--comments", "before the upgrade")
    assert one.returncode == 0, one.stderr
    assert "1 backups queued" in one.stdout
    assert "first backup" in row_of(one.stdout, good.name)
    assert "\x1b" not in one.stdout, "colours and cursor movements are for terminals"
    assert installation.backups(good).get().comments == "before the upgrade"

    tagged = installation.manage("backup", "--wait", "--tag", "core")
    assert tagged.returncode == 1
    assert tagged.stderr.strip().endswith("Not every backup completed.")
    assert "no change" in row_of(tagged.stdout, good.name)
    assert "authentication" in row_of(tagged.stdout, bad.name)
    assert untagged.name not in tagged.stdout

    everything = installation.manage("backup", "--wait", "--all")
    assert everything.returncode == 1
    assert "3 backups queued" in everything.stdout
    assert "first backup" in row_of(everything.stdout, untagged.name)


@pytest.mark.worker
def test_the_backup_command_names_the_log_in(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios", password="new-password")
    installation.record(device)
    offer(installation, device, old="old", new="new-password")
    installation.start_worker()

    by_credential = installation.manage("backup", "--wait", device.name, "--credential", "new")
    assert by_credential.returncode == 0, by_credential.stderr
    by_tag = installation.manage("backup", "--wait", device.name, "--login-tag", "emergency")
    assert by_tag.returncode == 0, by_tag.stderr
    used = installation.backups(device).values_list("credential__name", flat=True)
    assert list(used) == ["new", "new"]
    assert device.failed_logins == 0, "the one that worked goes first"
    wrong = installation.manage("backup", "--wait", device.name, "--credential", "old")
    assert wrong.returncode == 1
    assert "authentication" in row_of(wrong.stdout, device.name)
    assert device.failed_logins == 1


def test_the_test_command_tells_a_script_whether_the_device_lets_us_in(installation: Installation, lab: Lab) -> None:
    device, other = lab.add("ios"), lab.add("ios", fault=Fault.WRONG_PASSWORD)
    installation.record(device, other)
    credential = f"login of {device.name}"
    good = installation.manage("test_login", device.name, "--credential", credential)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith(f"{device.name} accepted the credential “{credential}”.")
    bad = installation.manage("test_login", other.name, "--credential", credential)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.strip() == f"CommandError: rejected: {other.name} rejected the log-in."


def offer(installation: Installation, device: LabDevice, **passwords: str) -> None:
    """Make the tag “emergency” with credentials of these names and passwords, by priority in this order."""
    now = datetime.now(UTC).isoformat()
    login = {"username": device.username, "enable_secret": device.enable_secret, "created_at": now, "updated_at": now}
    tag = str(uuid.uuid4())
    rows: list[dict[str, object]] = [{"model": "devices.tag", "pk": tag, "fields": {"name": "emergency"}}]
    for priority, (name, password) in enumerate(passwords.items()):
        key = str(uuid.uuid4())
        fields = login | {"name": name, "password": password}
        rows.append({"model": "credentials.credential", "pk": key, "fields": fields})
        link = {"tag": tag, "credential": key, "priority": priority}
        rows.append({"model": "devices.tagcredential", "pk": str(uuid.uuid4()), "fields": link})
    installation.must("loaddata", "--format=json", "-", stdin=json.dumps(rows))


def row_of(output: str, hostname: str) -> str:
    """The table's row about a device."""
    (row,) = [line for line in output.splitlines() if f" {hostname} " in line]
    return row


def test_the_backup_command_refuses_what_it_cannot_do_in_one_sentence(installation: Installation, lab: Lab) -> None:
    installation.record(lab.add("ios"), tags=["core"])
    Credential.objects.using(installation.alias).create(name="shared", username="netraven")
    refusals = {
        ("nowhere",): "No such device: nowhere",
        (): "Name devices, or give --tag, or --all.",
        ("--all", "--credential", "nothing"): "No such credential: nothing",
        ("--all", "--login-tag", "core", "--credential", "shared"): "Name a credential or a tag, not both.",
    }
    for arguments, sentence in refusals.items():
        refused = installation.manage("backup", *arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.strip() == f"CommandError: {sentence}"
    assert not installation.jobs().exists()
