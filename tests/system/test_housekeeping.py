"""Housekeeping by real workers: beside backups, and when it is killed."""

import os
import random
import signal
import threading
import uuid

import pytest

from backups.fingerprint import content_hash
from backups.models import Backup, Job
from netraven.lab import Lab, LabDevice
from tests.conftest import wait_for
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation
from tests.system.test_damaged_files import back_up, flip_a_byte

pytestmark = pytest.mark.worker


def run_task(installation: Installation, name: str) -> None:
    """Queue a task, as its schedule does when its time has come."""
    program = f"from django_q.tasks import async_task; async_task('backups.tasks.{name}')"
    installation.must("shell", "-v0", "-c", program)


def wait_for_job(installation: Installation, job_type: Job.Type, seconds: float = 30) -> Job:
    """The newest job of this type, when it has ended."""
    ended = installation.jobs().filter(job_type=job_type, finished_at__isnull=False)
    wait_for(ended.exists, seconds, f"the {job_type} to end")
    return ended.latest("created_at")


def assert_nothing_is_lost(installation: Installation) -> list[Backup]:
    """Every file that a row names is there and whole; the rows, newest first."""
    records = Backup.objects.using(installation.alias)
    rows = list(records.order_by("-finished_at"))
    for backup in rows:
        if not backup.file_path:
            continue
        try:
            content = installation.file_of(backup).read_bytes()
        except FileNotFoundError:  # fine if its row went first, since we read it
            assert not records.filter(pk=backup.pk).exists(), backup.file_path
        else:
            assert content_hash(content) == backup.content_hash
    return rows


def test_the_weekly_verification_reaches_an_operator(any_installation: Installation, lab: Lab) -> None:
    installation = any_installation
    device = lab.add("ios")
    installation.record(device)
    installation.start_worker()
    backup = back_up(installation, device)
    flip_a_byte(installation.file_of(backup))
    run_task(installation, "verify_backups")
    job = wait_for_job(installation, Job.Type.VERIFICATION)
    assert (job.status, job.trigger, job.metadata) == ("failed", "system", {"examined": 1, "problems": 1})
    assert installation.entries(backup).filter(job=job, level="error", message__contains="SHA-256 differs").exists()


def test_a_task_that_is_killed_in_the_middle_is_taken_up(make_installation: MakeInstallation, lab: Lab) -> None:
    installation = make_installation(NETRAVEN_LEASE="1")
    device = lab.add("ios")
    installation.record(device)
    worker = installation.start_worker()
    backup = back_up(installation, device)
    file = installation.file_of(backup)
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)  # whoever opens it waits
    run_task(installation, "verify_backups")
    running = installation.jobs().filter(job_type=Job.Type.VERIFICATION, status="running")
    wait_for(running.exists, 20, "the verification to begin")
    holder = running.get().metadata["run"]["holder"]
    os.kill(int(holder.split(":")[1]), signal.SIGKILL)
    worker.kill()
    file.unlink()
    file.write_bytes(content)
    installation.start_worker()

    def taken_up() -> bool:
        installation.do_upkeep()
        return not running.exists()

    wait_for(taken_up, 40, "the run to be taken up")
    job = wait_for_job(installation, Job.Type.VERIFICATION)
    assert (job.status, job.metadata) == ("completed", {"examined": 1})
    assert installation.jobs().filter(job_type=Job.Type.VERIFICATION).count() == 1


def change(device: LabDevice) -> None:
    """Somebody configures something."""
    lines = [line for line in device.running_config.splitlines() if not line.startswith("! by a test")]
    device.running_config = "\n".join([lines[0], f"! by a test {uuid.uuid4()}", *lines[1:]]) + "\n"


@pytest.mark.endurance
@pytest.mark.parametrize(("database", "broker"), [("sqlite", "orm"), ("postgresql", "redis")])
def test_retention_beside_backups_loses_nothing(
    make_installation: MakeInstallation, lab: Lab, database: str, broker: str
) -> None:
    """The strictest policy, run without a pause, while devices are backed up over and over, changed or not."""
    installation = make_installation(database, broker, NETRAVEN_KEEP_LAST="1", NETRAVEN_THREADS="4")
    devices = [lab.add("ios") for _ in range(4)]
    installation.record(*devices)
    installation.start_worker(NETRAVEN_WORKERS="2")
    finished, failures = threading.Event(), list[str]()

    def prune() -> None:
        while not finished.is_set():
            done = installation.manage("prune_backups")
            if done.returncode:
                failures.append(done.stdout + done.stderr)

    pruner = threading.Thread(target=prune)
    pruner.start()
    try:
        for _ in range(8):
            for device in random.sample(devices, 2):
                change(device)
            installation.request(*devices)
            assert {backup.status for backup in installation.wait_until_ended(*devices)} == {"completed"}
            assert_nothing_is_lost(installation)
    finally:
        finished.set()
        pruner.join()
    assert not failures
    installation.must("prune_backups")
    for device, backup in zip(devices, [installation.backups(device).get() for device in devices], strict=True):
        installation.assert_holds(backup, device.running_config)
    kept = {backup.file_path for backup in assert_nothing_is_lost(installation)}
    files = {str(path.relative_to(installation.storage)) for path in installation.storage.rglob("*.txt")}
    assert files == kept
