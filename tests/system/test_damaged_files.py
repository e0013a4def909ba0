"""A byte on the disk flips: everybody who reads the file is told, and no new backup relies on it."""

from pathlib import Path

import pytest

from backups.models import Backup
from netraven.lab import Lab, LabDevice
from tests.system.api import api_of
from tests.system.installation import Installation

pytestmark = pytest.mark.worker


def flip_a_byte(file: Path) -> None:
    """Change one bit in the middle, as a failing disk does."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def back_up(installation: Installation, device: LabDevice) -> Backup:
    installation.request(device)
    (backup,) = installation.wait_until_ended(device)
    assert backup.status == Backup.Status.COMPLETED, backup.error
    return backup


def test_a_flipped_byte_is_found_and_never_shared(installation: Installation, lab: Lab) -> None:
    damaged_device, other = lab.add("ios"), lab.add("eos")
    installation.record(damaged_device, other)
    installation.start_worker()
    damaged, _ = back_up(installation, damaged_device), back_up(installation, other)
    assert "2 backups verified, none damaged" in installation.must("verify_backups")
    flip_a_byte(installation.file_of(damaged))

    verified = installation.manage("verify_backups")
    assert verified.returncode == 1
    (line,) = verified.stdout.splitlines()
    assert line.startswith(f"{damaged_device.name} ")
    assert line.endswith(f"The file {damaged.file_path} is not what was stored: its SHA-256 differs from the record.")
    assert verified.stderr.strip().endswith("1 of 2 backups are damaged.")

    answer = api_of(installation).get(f"/api/backups/{damaged.pk}/content")
    assert answer.status_code == 409
    assert "SHA-256 differs" in answer.json()["detail"]

    unchanged = back_up(installation, damaged_device)
    assert (unchanged.changed, unchanged.version) == (False, 1)
    assert unchanged.file_path != damaged.file_path
    installation.assert_holds(unchanged, damaged_device.running_config)


def test_a_missing_file_is_found(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios")
    installation.record(device)
    installation.start_worker()
    backup = back_up(installation, device)
    installation.file_of(backup).unlink()
    verified = installation.manage("verify_backups", "--device", device.name)
    assert verified.returncode == 1
    assert f"{backup.file_path} is missing" in verified.stdout
