"""The disk is full, read-only, or lies: nothing bad is kept, nothing good is lost."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backups.models import Backup
from netraven.lab import Lab, LabDevice
from tests.conftest import wait_for
from tests.services import missing
from tests.system.installation import Installation, Service

pytestmark = pytest.mark.worker

# A disk that the worker alone sees, in a mount namespace of its own: it is gone with the process.
NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
FILLING = "filling"


class TinyDisk:
    """A worker on a disk of a few pages."""

    def __init__(self, installation: Installation, size: str = "64k") -> None:
        installation.storage.mkdir()
        script = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
        wrapper = [*NAMESPACE, "sh", "-c", script, str(installation.storage)]
        self.worker: Service = installation.start_worker(*wrapper)
        seen_by_worker = Path(f"/proc/{self.worker.process.pid}/root{installation.storage}")
        wait_for(lambda: os.path.ismount(seen_by_worker), 10, "the disk to be mounted")
        self.root = seen_by_worker

    def files(self) -> list[str]:
        """Paths of all files, as backups name them."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def fill(self) -> None:
        """Leave not one byte free."""
        with (self.root / FILLING).open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 512):
                pass
        assert shutil.disk_usage(self.root).free == 0

    def free(self) -> None:
        (self.root / FILLING).unlink()

    def remount_read_only(self) -> None:
        command = ["nsenter", "--mount", "--target", str(self.worker.process.pid)]
        if os.geteuid() != 0:
            command += ["--user", "--preserve-credentials"]
        subprocess.run([*command, "mount", "-o", "remount,ro", self.root.resolve()], check=True)


@pytest.fixture
def disk(installation: Installation) -> TinyDisk:
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        missing("may not make a mount namespace")
    return TinyDisk(installation)


@pytest.fixture
def device(installation: Installation, lab: Lab) -> LabDevice:
    device = lab.add("ios")
    installation.record(device)
    return device


def back_up(installation: Installation, device: LabDevice) -> Backup:
    installation.request(device)
    (backup,) = installation.wait_until_ended(device)
    return backup


def change(device: LabDevice, remark: str) -> None:
    """Change the configuration, so that its backup needs a file of its own."""
    device.running_config = device.running_config.replace("\nend", f"\n! {remark}\nend")


def test_a_full_disk_fails_the_backup_and_leaves_the_last_good_one(
    installation: Installation, disk: TinyDisk, device: LabDevice
) -> None:
    good = back_up(installation, device)
    assert good.status == Backup.Status.COMPLETED
    disk.fill()
    change(device, "while the disk was full")
    failed = back_up(installation, device)
    assert (failed.status, failed.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.STORAGE)
    assert "no space left on the disk" in failed.error
    assert (failed.file_path, failed.version) == ("", None)
    assert disk.files() == sorted([good.file_path, FILLING])
    record = installation.device(device)
    assert (record.last_status, record.last_success_at) == ("failed", good.finished_at)

    disk.free()
    recovered = back_up(installation, device)
    assert (recovered.status, recovered.version) == (Backup.Status.COMPLETED, 2)
    assert disk.files() == sorted([good.file_path, recovered.file_path])
    assert device.running_config.strip() in (disk.root / recovered.file_path).read_text()


def test_an_unchanged_configuration_needs_no_space(
    installation: Installation, disk: TinyDisk, device: LabDevice
) -> None:
    good = back_up(installation, device)
    disk.fill()
    again = back_up(installation, device)
    assert (again.status, again.file_path) == (Backup.Status.COMPLETED, good.file_path)


def test_a_storage_that_cannot_be_written_to_fails_the_backup_with_the_reason(
    installation: Installation, disk: TinyDisk, device: LabDevice
) -> None:
    good = back_up(installation, device)
    change(device, "while the disk was read-only")
    disk.remount_read_only()
    failed = back_up(installation, device)
    assert (failed.status, failed.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.STORAGE)
    assert "Read-only file system" in failed.error
    assert disk.files() == [good.file_path]
