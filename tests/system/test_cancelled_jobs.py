"""A running job is cancelled, with real processes at work on it."""

import time

import pytest

from backups.models import Backup, Job, JobLog
from netraven.lab import Fault, Lab, LabDevice
from tests.conftest import wait_for
from tests.system.api import api_of
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation

pytestmark = pytest.mark.worker

CUT_WITHIN_SECONDS = 5  # the worker looks every second; the rest is for a busy machine


@pytest.fixture
def hanging(lab: Lab) -> list[LabDevice]:
    """Devices of several kinds that would keep their sessions for minutes."""
    faults = {"ios": Fault.HANGS, "junos": Fault.SILENT, "eos": Fault.SLOW, "nxos_ssh": Fault.HANGS}
    return [lab.add(platform, fault=fault, delay=600) for platform, fault in faults.items()]


def are_running(installation: Installation, devices: list[LabDevice]) -> None:
    wait_for(lambda: all(device.active_sessions for device in devices), 20, "the sessions")
    assert {installation.backups(device).get().status for device in devices} == {Backup.Status.RUNNING}


def test_a_cancelled_job_ends_in_seconds_and_its_devices_are_let_go(
    any_installation: Installation, hanging: list[LabDevice], lab: Lab
) -> None:
    installation = any_installation
    installation.environment |= {"NETRAVEN_THREADS": "4", "NETRAVEN_MAX_THREADS": "4"}
    waiting = [lab.add("ios", f"waiting-{len(lab)}") for _ in range(3)]  # the last ones, by their names
    installation.record(*hanging, *waiting)
    api = api_of(installation)
    asked = api.post("/api/jobs", json={"all": True})
    assert (asked.status_code, asked.json()["requested"]) == (202, 7)
    job = installation.jobs().get()
    installation.start_worker()
    are_running(installation, hanging)

    began = time.monotonic()
    answer = api.post(f"/api/jobs/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["counts"]["pending"]) == (202, 0)
    wait_for(lambda: api.get(answer.headers["Location"]).json()["status"] == "cancelled", 20, "the job to end")
    assert time.monotonic() - began < CUT_WITHIN_SECONDS
    ends = set(job.backups.values_list("status", "failure_reason", "error"))
    assert ends == {("failed", "cancelled", "Cancelled by admin.")}
    wait_for(lambda: not any(device.active_sessions for device in hanging), 5, "the devices to be let go")
    log = JobLog.objects.using(installation.alias).filter(job=job, backup=None)
    assert list(log.values_list("event", flat=True)) == ["session_start", "cancelled", "session_end"]
    assert api.post(f"/api/jobs/{job.pk}/cancel").status_code == 200

    for device in hanging:  # the worker is as good as before
        device.fault = Fault.NONE
    assert api.post("/api/jobs", json={"all": True}).json()["requested"] == 7
    anew = installation.wait_until_ended(*hanging, *waiting)
    assert {backup.status for backup in anew} == {Backup.Status.COMPLETED}


def test_a_job_whose_worker_was_killed_is_cancelled_by_upkeep(
    make_installation: MakeInstallation, hanging: list[LabDevice]
) -> None:
    installation = make_installation("postgresql", NETRAVEN_LEASE="2")
    installation.record(*hanging)
    job = installation.request(*hanging)
    worker = installation.start_worker()
    are_running(installation, hanging)
    worker.kill()
    assert "4 being cut" in installation.must("cancel_job", str(job.pk))
    installation.start_worker()
    time.sleep(3)  # the leases
    installation.do_upkeep()
    ends = installation.wait_until_ended(*hanging)
    assert {(backup.status, backup.failure_reason, backup.attempts) for backup in ends} == {("failed", "cancelled", 1)}
    assert installation.jobs().get(pk=job.pk).status == Job.Status.CANCELLED
    assert [device.active_sessions for device in hanging] == [0] * 4
    refused = installation.manage("cancel_job", "not an id")
    assert (refused.returncode, refused.stderr.strip()) == (1, "CommandError: No such job: not an id")
