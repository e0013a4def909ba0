"""`manage.py run_workers`: it ends when told to, and ends by itself when its cluster has stalled."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from backups.models import Backup, WorkerProcess
from netraven.lab import Fault, Lab
from tests.conftest import wait_for
from tests.system.conftest import MakeInstallation
from tests.system.installation import Installation, Service
from tests.system.processes import Processes, members

pytestmark = pytest.mark.worker

PATIENT = ("--stalled-after", "3")


def start(installation: Installation, *options: str, workers: int = 1) -> tuple[Service, Processes]:
    """A cluster, and its processes, once it has done its first upkeep and is idle."""
    service = installation.start_worker(options=options, NETRAVEN_WORKERS=str(workers), NETRAVEN_LEASE="60")
    processes = Processes.of(service.process.pid, workers)
    wait_for(WorkerProcess.objects.using(installation.alias).exists, 30, "the first upkeep")
    processes.wait_until_idle()
    return service, processes


def wait_for_exit(service: Service, seconds: float) -> tuple[int, float]:
    """Exit status, and the seconds it took."""
    began = time.monotonic()
    wait_for(lambda: service.process.poll() is not None, seconds, "the cluster to end")
    return service.process.returncode, time.monotonic() - began


def last_line(service: Service) -> str:
    return service.log_lines()[-1]


@pytest.mark.parametrize(
    ("victim", "broker", "sentence"),
    [
        ("worker", "orm", "tasks wait, and idle workers do not take them"),
        ("worker", "redis", "tasks wait, and idle workers do not take them"),
        ("monitor", "orm", "results of tasks wait, and nobody saves them"),
        ("sentinel", "redis", "its sentinel has died"),
    ],
)
def test_a_stalled_cluster_ends_so_that_another_is_started(
    make_installation: MakeInstallation, lab: Lab, victim: str, broker: str, sentence: str
) -> None:
    installation = make_installation(broker=broker)
    device = lab.add("ios")
    installation.record(device)
    service, processes = start(installation, *PATIENT)
    os.kill(getattr(processes, victim), signal.SIGKILL)
    installation.request(device)
    status, seconds = wait_for_exit(service, 30)
    print(f"{victim} killed: the cluster ended after {seconds:.1f} s")
    assert status == 1
    assert last_line(service) == (
        f"CommandError: The cluster has stalled: {sentence}. It was ended, for another to be started."
    )
    assert members(service.process.pid) == set(), "nothing is left behind"
    start(installation)
    assert installation.wait_until_ended(device)[0].status == Backup.Status.COMPLETED


def test_a_killed_pusher_is_replaced_and_nothing_ends(installation: Installation, lab: Lab) -> None:
    device = lab.add("ios")
    installation.record(device)
    service, processes = start(installation, *PATIENT)
    os.kill(processes.pusher, signal.SIGKILL)
    installation.request(device)
    assert installation.wait_until_ended(device)[0].status == Backup.Status.COMPLETED
    time.sleep(4)  # longer than it may be stalled
    assert service.process.poll() is None


def test_a_stopped_sentinel_is_noticed(installation: Installation) -> None:
    service, processes = start(installation, *PATIENT)
    os.kill(processes.sentinel, signal.SIGSTOP)
    assert wait_for_exit(service, 30)[0] == 1
    assert "its sentinel gives no sign of life" in last_line(service)
    assert members(service.process.pid) == set()


def test_a_worker_that_is_busy_while_its_cluster_stalls_finishes_first(installation: Installation, lab: Lab) -> None:
    device, other = lab.add("ios", fault=Fault.SLOW, delay=8), lab.add("ios")
    installation.record(device, other)
    service, processes = start(installation, *PATIENT, workers=2)
    installation.request(device)
    busy = int(installation.wait_until_reading(device).worker.split(":")[1])
    (idle,) = set(processes.workers) - {busy}
    os.kill(idle, signal.SIGKILL)
    installation.must("shell", "-v0", "-c", "from backups.services import wake_workers; wake_workers()")
    assert wait_for_exit(service, 40)[0] == 1
    (backup,) = installation.wait_until_ended(device)
    assert (backup.status, backup.attempts) == (Backup.Status.COMPLETED, 1)
    assert members(service.process.pid) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_cluster_stops_at_once(installation: Installation, number: signal.Signals) -> None:
    service, _ = start(installation, workers=2)
    os.kill(service.process.pid, number)
    status, seconds = wait_for_exit(service, 15)
    print(f"stopped after {seconds:.1f} s")
    assert status == 0
    assert seconds < 8
    assert members(service.process.pid) == set()


def test_a_busy_cluster_finishes_what_it_has_and_begins_nothing(installation: Installation, lab: Lab) -> None:
    slow, waiting = lab.add("ios", fault=Fault.SLOW, delay=12), lab.add("ios")
    installation.record(slow, waiting)
    service = installation.start_worker(NETRAVEN_THREADS="1", NETRAVEN_MAX_THREADS="1")
    installation.request(slow)
    installation.wait_until_reading(slow)
    installation.request(waiting)
    os.kill(service.process.pid, signal.SIGTERM)
    status, seconds = wait_for_exit(service, 30)
    print(f"stopped after {seconds:.1f} s, with a session of 12 s under way")
    assert status == 0
    assert members(service.process.pid) == set()
    done, left = installation.backups(slow).get(), installation.backups(waiting).get()
    assert (done.status, done.attempts) == (Backup.Status.COMPLETED, 1)
    assert (left.status, left.attempts) == (Backup.Status.PENDING, 0)
    start(installation)
    installation.wait_until_ended(waiting, seconds=20)  # long before the upkeep of each minute: a task was left for it


def test_the_service_manager_hears_how_it_is(installation: Installation, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        service = installation.start_worker(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert manager.recv(100) == b"READY=1"
        assert [manager.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        os.kill(service.process.pid, signal.SIGTERM)
        while (told := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert told == b"STOPPING=1"
        assert wait_for_exit(service, 15)[0] == 0


def test_a_queue_that_cannot_be_reached_is_one_line(make_installation: MakeInstallation) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        done = make_installation().manage("run_workers", NETRAVEN_REDIS_URL=url)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["CommandError: The task queue cannot be reached (ConnectionError)."]
