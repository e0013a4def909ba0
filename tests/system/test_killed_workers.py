"""Workers die, hang and come back: every backup still ends, once."""

import os
import signal

import pytest
from django.utils import timezone

from backups.models import Backup, Job, JobLog
from netraven.lab import Fault, Lab, LabDevice
from tests.conftest import wait_for
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, worker_process

pytestmark = pytest.mark.worker


@pytest.fixture
def slow_device(lab: Lab) -> LabDevice:
    """It takes so long that whatever happens, happens in the middle of its backup."""
    return lab.add("ios", fault=Fault.SLOW, delay=600)


def stored_files(installation: Installation) -> list[str]:
    """Paths of everything in the storage, as backups name them."""
    files = [path for path in installation.storage.rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(installation.storage)) for path in files)


def do_upkeep_after_the_lease(installation: Installation, device: LabDevice, attempt: int = 1) -> None:
    """Run the upkeep when the lease of this attempt has run out; a living worker may have taken it back before."""

    def lease_expired() -> bool:
        backup = installation.backups(device).get()
        taken_back = backup.status != Backup.Status.RUNNING or backup.attempts > attempt
        return taken_back or bool(backup.lease_expires_at and backup.lease_expires_at < timezone.now())

    wait_for(lease_expired, 20, "the lease to run out")
    installation.do_upkeep()


def assert_backed_up_once(installation: Installation, device: LabDevice, attempts: int) -> Backup:
    """One row, one file, one version; the right content; the job is closed."""
    backup = installation.backups(device).select_related("job").get()
    assert (backup.status, backup.attempts, backup.version) == (Backup.Status.COMPLETED, attempts, 1), backup.error
    assert backup.job.status == Job.Status.COMPLETED
    installation.assert_holds(backup, device.running_config)
    return backup


def test_a_backup_whose_whole_cluster_was_killed_is_taken_back_and_completed(
    any_installation: Installation, slow_device: LabDevice
) -> None:
    installation = any_installation
    installation.record(slow_device)
    worker = installation.start_worker()
    installation.request(slow_device)
    installation.wait_until_reading(slow_device)
    worker.kill()
    slow_device.fault = Fault.NONE
    installation.start_worker()
    do_upkeep_after_the_lease(installation, slow_device)
    installation.wait_until_ended(slow_device)
    backup = assert_backed_up_once(installation, slow_device, attempts=2)
    assert stored_files(installation) == [backup.file_path]
    recovered = installation.entries(backup).get(event=JobLog.Event.RECOVERED)
    assert recovered.details["worker"] != backup.worker


def test_a_backup_whose_worker_process_was_killed_is_completed_by_its_successor(
    installation: Installation, slow_device: LabDevice
) -> None:
    installation.record(slow_device)
    installation.start_worker()
    installation.request(slow_device)
    os.kill(worker_process(installation.wait_until_reading(slow_device)), signal.SIGKILL)
    slow_device.fault = Fault.NONE
    do_upkeep_after_the_lease(installation, slow_device)
    installation.wait_until_ended(slow_device)
    assert_backed_up_once(installation, slow_device, attempts=2)


def test_the_scheduled_upkeep_alone_takes_a_backup_back(
    make_installation: MakeInstallation, slow_device: LabDevice
) -> None:
    installation = make_installation(NETRAVEN_LEASE="2")
    installation.record(slow_device)
    worker = installation.start_worker()
    installation.request(slow_device)
    installation.wait_until_reading(slow_device)
    worker.kill()
    slow_device.fault = Fault.NONE
    installation.start_worker()
    installation.wait_until_ended(slow_device, seconds=70)  # the task queue looks for due schedules every 30 seconds
    assert_backed_up_once(installation, slow_device, attempts=2)


def test_a_backup_that_kills_its_workers_is_given_up(
    make_installation: MakeInstallation, slow_device: LabDevice
) -> None:
    installation = make_installation(NETRAVEN_LEASE="2", NETRAVEN_MAX_CLAIMS="2")
    installation.record(slow_device)
    installation.start_worker()
    job = installation.request(slow_device)
    os.kill(worker_process(installation.wait_until_reading(slow_device)), signal.SIGKILL)
    do_upkeep_after_the_lease(installation, slow_device)
    os.kill(worker_process(installation.wait_until_reading(slow_device, attempt=2)), signal.SIGKILL)
    do_upkeep_after_the_lease(installation, slow_device, attempt=2)
    (backup,) = installation.wait_until_ended(slow_device)
    assert (backup.status, backup.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.UNEXPECTED)
    assert "2 workers died" in backup.error
    assert installation.jobs().get(pk=job.pk).status == Job.Status.FAILED
    assert installation.device(slow_device).last_failure_reason == Backup.FailureReason.UNEXPECTED
    installation.start_worker()
    slow_device.fault = Fault.NONE
    installation.request(slow_device)  # it stands in nobody's way
    assert installation.wait_until_ended(slow_device)[0].status == Backup.Status.COMPLETED


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.HANGS], ids=["it got an answer", "it ran out of time"])
def test_a_worker_that_was_thought_dead_overwrites_nothing(
    make_installation: MakeInstallation, lab: Lab, fault: Fault
) -> None:
    installation = make_installation(
        NETRAVEN_LEASE="2", NETRAVEN_READ_TIMEOUT="60" if fault is Fault.SLOW else "3", NETRAVEN_RETRY_ATTEMPTS="1"
    )
    device = lab.add("ios", fault=fault, delay=2)
    installation.record(device)
    zombie = installation.start_worker()
    installation.request(device)
    installation.wait_until_reading(device)
    zombie.send(signal.SIGSTOP)
    device.fault = Fault.NONE
    device.running_config = device.running_config.replace("\nend", "\n! changed since\nend")
    installation.start_worker()
    do_upkeep_after_the_lease(installation, device)
    (finished,) = installation.wait_until_ended(device)
    zombie.send(signal.SIGCONT)
    warned = installation.entries(finished).filter(message__contains="another worker")
    wait_for(warned.exists, 20, "the worker to come back and find its claim lost")
    backup = assert_backed_up_once(installation, device, attempts=2)
    assert (backup.worker, backup.finished_at) == (finished.worker, finished.finished_at)
    assert "! changed since" in installation.file_of(backup).read_text()
    assert installation.device(device).last_success_at == backup.finished_at


@pytest.mark.parametrize(("database", "broker"), [("sqlite", "orm"), ("postgresql", "redis")])
def test_a_task_that_is_delivered_twice_runs_once(
    make_installation: MakeInstallation, lab: Lab, database: str, broker: str
) -> None:
    installation = make_installation(database, broker)
    device = lab.add("ios", fault=Fault.SLOW, delay=2)
    installation.record(device)
    installation.request(device)
    program = "from django_q.tasks import async_task; [async_task('backups.tasks.work') for _ in range(2)]"
    installation.must("shell", "-v0", "-c", program)
    installation.start_worker()
    installation.start_worker()
    installation.wait_until_ended(device)
    installation.must("shell", "-v0", "-c", drain_queue())
    backup = assert_backed_up_once(installation, device, attempts=1)
    assert device.logins == 1
    assert installation.log(backup).count(JobLog.Event.BACKUP_START) == 1


def drain_queue() -> str:
    """Program: wait until no task is left to take."""
    return (
        "import time; from django_q.brokers import get_broker; broker = get_broker(); ends = time.time() + 20\n"
        "while broker.queue_size() and time.time() < ends: time.sleep(0.1)\n"
        "assert not broker.queue_size()"
    )
