"""The main job, as a client of the REST API sees it, on every database with every broker."""

import subprocess
import time
from typing import Any

import pytest

from devices.models import Platform
from netraven.lab import Fault, Lab
from tests.conftest import wait_for
from tests.system.api import Api, add_device, api_of
from tests.system.installation import GOOD_BACKUP, Installation

pytestmark = pytest.mark.worker

DEVICE_SECONDS = 3.0


def wait_for_end(api: Api, url: str) -> dict[str, Any]:
    """Poll a job until it ends; what it says then."""
    job: dict[str, Any] = {}

    def ended() -> bool:
        job.update(api.get(url).json())
        return job["status"] in ("completed", "failed")

    wait_for(ended, 40, f"{url} to end")
    return job


def test_a_device_is_backed_up_over_the_rest_api(any_installation: Installation, lab: Lab) -> None:
    installation = any_installation
    device = lab.add("ios", fault=Fault.SLOW, delay=DEVICE_SECONDS)
    installation.start_worker()
    api = api_of(installation)
    device_id = add_device(api, device)

    asked = time.monotonic()
    accepted = api.post(f"/api/devices/{device_id}/backup")
    seconds = time.monotonic() - asked
    assert accepted.status_code == 202
    assert seconds < DEVICE_SECONDS, "the request waited for the device"
    again = api.post(f"/api/devices/{device_id}/backup").json()
    assert (again["backup_id"], again["already_active"]) == (accepted.json()["backup_id"], True)

    job = wait_for_end(api, accepted.headers["Location"])
    assert (job["status"], job["counts"]["completed"], job["requested_by"]) == ("completed", 1, "admin")
    (row,) = api.get(f"/api/devices/{device_id}/backups").json()["results"]
    assert (row["id"], row["status"], row["attempts"]) == (accepted.json()["backup_id"], "completed", 1)
    assert (row["serial_number"], row["os_version"]) == (device.serial_number, device.os_version)
    assert api.get(f"/api/devices/{device_id}").json()["last_status"] == "completed"

    backup = installation.backups(device).get()
    file = installation.file_of(backup)
    printed = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout
    assert printed.split()[0] == row["content_hash"]
    assert file.stat().st_size == row["file_size"]
    installation.assert_holds(backup, device.running_config)
    assert api.get(f"/api/backups/{row['id']}/content").content == file.read_bytes()

    log = api.get(f"/api/jobs/{job['id']}/log").json()["results"]
    events = [(entry["event"], entry["backup"]) for entry in log]
    of_backup = [(event, row["id"]) for event in GOOD_BACKUP]
    assert events == [("session_start", None), *of_backup, ("session_end", None)]
    assert sorted(entry["time"] for entry in log) == [entry["time"] for entry in log]


def test_one_job_backs_up_every_platform(installation: Installation, lab: Lab) -> None:
    shipped = Platform.objects.using(installation.alias).values_list("slug", flat=True)
    devices = [lab.add(platform) for platform in shipped]
    installation.record(*devices)
    installation.start_worker()
    job = installation.request(*devices)
    for device, backup in zip(devices, installation.wait_until_ended(*devices), strict=True):
        assert backup.job_id == job.pk
        assert backup.status == "completed", f"{device.name}: {backup.error}"
        installation.assert_holds(backup, device.running_config)
