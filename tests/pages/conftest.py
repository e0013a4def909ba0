"""A small network in the database, with stored configurations, and people with more and fewer permissions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from backups import storage
from backups.fingerprint import change_hash, content_hash
from backups.models import Backup, Job, JobLog
from devices.models import Device, HostKey, Platform, Tag
from devices.text import encode

OLD_CONFIG = """! Last configuration change at 10:00:00 UTC
hostname {name}
!
interface Vlan10
 description users
!
end
"""
NEW_CONFIG = OLD_CONFIG.replace("10:00:00", "11:00:00").replace("users", "staff of {name}")

PERMISSIONS = {
    "nobody": [],
    "viewer": ["devices.view_device", "devices.view_hostkey", "backups.view_backup", "backups.view_job"],
    "reader": [
        "devices.view_device",
        "devices.view_hostkey",
        "backups.view_backup",
        "backups.view_job",
        "backups.view_config",
    ],
    "operator": [
        "devices.view_device",
        "devices.view_hostkey",
        "devices.accept_hostkey",
        "backups.view_backup",
        "backups.view_job",
        "backups.view_config",
        "backups.run_backup",
        "backups.accept_backup",
    ],
}

MakeUser = Callable[..., User]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """Make a user of a kind named above, or "superuser"; `staff=True` lets it into the console."""

    def make(kind: str, *more: str, staff: bool = False) -> User:
        user = User.objects.create_user(f"{kind}{User.objects.count()}", password="only for tests", is_staff=staff)
        if kind == "superuser":
            user.is_staff = user.is_superuser = True
            user.save()
        for name in [*PERMISSIONS.get(kind, []), *more]:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        return user

    return make


@pytest.fixture
def login(make_user: MakeUser) -> Callable[..., Client]:
    """A browser of a user of a kind; "anonymous" is not logged in."""

    def log_in(kind: str, *more: str, staff: bool = False) -> Client:
        client = Client()
        if kind != "anonymous":
            client.force_login(make_user(kind, *more, staff=staff))
        return client

    return log_in


@dataclass
class Network:
    """One device with its history: two good versions, one failure, one incomplete configuration, and a changed key."""

    device: Device
    job: Job
    old: Backup
    new: Backup
    failed: Backup
    incomplete: Backup
    known_key: HostKey
    offered_key: HostKey


def make_backup(job: Job, device: Device, text: str = "", *, minutes_ago: int, **fields: object) -> Backup:
    """A backup that ended; with a text, its file is stored."""
    moment = timezone.now() - timedelta(minutes=minutes_ago)
    if text:
        content = encode(text)
        fields = {
            "file_path": storage.store(content, storage.file_name(device.pk, device.hostname, moment)),
            "file_size": len(content),
            "content_hash": content_hash(content),
            "change_hash": change_hash(text, device.platform.volatile_patterns),
        } | fields
    times = dict.fromkeys(("created_at", "started_at", "finished_at"), moment)
    return Backup.objects.create(job=job, device=device, **({"status": "completed"} | times | fields))


def make_key(device: Device, name: str, state: HostKey.State) -> HostKey:
    """A key as it is recorded."""
    fingerprint = f"ssh-ed25519 SHA256:{device.hostname}+{name}"
    return device.host_keys.create(kind="ssh", text=f"ssh-ed25519 {name}", fingerprint=fingerprint, state=state)


def make_network(name: str = "core1", error: str = "core1 port 22 refused the connection.") -> Network:
    """Records as the pipeline leaves them."""
    device = Device.objects.create(hostname=name, address="192.0.2.1", platform=Platform.objects.get(slug="ios"))
    device.tags.add(Tag.objects.get_or_create(name="branch")[0])
    job = Job.objects.create(
        trigger=Job.Trigger.COMMAND, status="failed", metadata={"devices": 4, "first_devices": [name]}
    )
    job.finished_at = job.started_at = job.created_at
    job.save()
    network = Network(
        device=device,
        job=job,
        old=make_backup(job, device, OLD_CONFIG.format(name=name), minutes_ago=40, version=1, changed=True),
        new=make_backup(job, device, NEW_CONFIG.format(name=name), minutes_ago=30, version=2, changed=True),
        failed=make_backup(job, device, minutes_ago=20, status="failed", failure_reason="unreachable", error=error),
        incomplete=make_backup(
            job,
            device,
            "hostname half\n",
            minutes_ago=10,
            status="failed",
            failure_reason="incomplete",
            error="The configuration stops before its end: its last line is “hostname half”.",
        ),
        known_key=make_key(device, "known", HostKey.State.TRUSTED),
        offered_key=make_key(device, "new", HostKey.State.OFFERED),
    )
    JobLog.objects.create(job=job, event="session_start", message="Job started")
    JobLog.objects.create(job=job, backup=network.failed, event="backup_failure", level="error", message=error)
    JobLog.objects.create(
        job=job,
        backup=network.incomplete,
        event="backup_failure",
        level="error",
        message=network.incomplete.error,
        details={"reason": "incomplete"},
    )
    Device.objects.filter(pk=device.pk).update(
        last_status="failed",
        last_failure_reason="incomplete",
        last_attempt_at=network.incomplete.finished_at,
        last_success_at=network.new.finished_at,
    )
    device.refresh_from_db()
    return network


@pytest.fixture
def network(db: None) -> Network:
    return make_network()
