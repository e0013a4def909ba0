"""NetRaven as an operator runs it: a data folder, an environment, and processes."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings
from django.db.models import QuerySet

from backups.models import Backup, Job, JobLog
from devices.models import Device, Platform
from netraven.lab import LabDevice
from tests.conftest import wait_for

MANAGE_SECONDS = 60
ADMIN = ("admin", "a-good-passphrase-4711")

# Every event of a first backup that goes well: the configuration is asked for first, then the facts.
GOOD_BACKUP = [
    "backup_start",
    "login",
    "connect",
    "host_key",
    "connect_success",
    "command",
    "response",
    "command",
    "response",
    "backup_success",
]

# As in production, but with short waits.
SETTINGS = {
    "NETRAVEN_HTTPS": "0",
    "NETRAVEN_LOG_LEVEL": "INFO",
    "NETRAVEN_LOG_JSON": "1",
    "NETRAVEN_TCP_TIMEOUT": "2",
    "NETRAVEN_CONNECT_TIMEOUT": "10",
    "NETRAVEN_READ_TIMEOUT": "60",
    "NETRAVEN_DEADLINE": "90",
    "NETRAVEN_RETRY_ATTEMPTS": "2",
    "NETRAVEN_RETRY_BASE": "0.05",
    "NETRAVEN_LEASE": "3",
    "NETRAVEN_WORKERS": "1",
}


def environment_of(data_dir: Path, database_url: str, redis_url: str = "") -> dict[str, str]:
    """A whole environment, with keys of its own and nothing of NetRaven's from this process."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("NETRAVEN_", "DJANGO_"))}
    return (
        inherited
        | SETTINGS
        | {
            "DJANGO_SETTINGS_MODULE": "netraven.settings",
            "NETRAVEN_SECRET_KEY": uuid.uuid4().hex * 2,
            "NETRAVEN_FIELD_KEYS": Fernet.generate_key().decode(),
            "NETRAVEN_DATA_DIR": str(data_dir),
            "NETRAVEN_REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "COLUMNS": "200",
        }
    )


def with_hostname(name: str) -> list[str]:
    """A command to run another with, on a host of this name as far as it can tell."""
    namespace = ["unshare", "--uts"] if os.geteuid() == 0 else ["unshare", "--uts", "--map-root-user"]
    return [*namespace, "sh", "-c", f'hostname {name} && exec "$@"', "sh"]


def can_have_hostnames() -> bool:
    """Whether this process may run others like that."""
    return subprocess.run([*with_hostname("a-name"), "true"], capture_output=True, check=False).returncode == 0


def run_manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`manage.py …` as a process."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=MANAGE_SECONDS,
        check=False,
    )


class Service:
    """A long-running process of an installation, with its children in a process group of its own."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], log: Path, passed: Sequence[int] = ()
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=passed,
            )

    def send(self, number: signal.Signals) -> None:
        """A signal to the process and all its children."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """`kill -9` of the process and all its children."""
        with contextlib.suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self.process.wait()

    def log_lines(self) -> list[str]:
        """What it has written so far."""
        return self.log.read_text().splitlines()


class Installation:
    """One NetRaven; `alias` is the Django database alias to read its records through."""

    def __init__(self, data_dir: Path, environment: dict[str, str], alias: str) -> None:
        self.data_dir = data_dir
        self.environment = environment
        self.alias = alias
        self.services: list[Service] = []

    @property
    def storage(self) -> Path:
        """Where the configurations are."""
        return self.data_dir / "storage"

    def manage(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """`manage.py …` as a process, whatever its exit status."""
        return run_manage(self.environment | environment, *arguments, stdin=stdin)

    def must(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """Output of a `manage.py …` that succeeds."""
        done = self.manage(*arguments, stdin=stdin, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_worker(self, *wrapper: str, options: Sequence[str] = (), **environment: str) -> Service:
        """A worker cluster; `wrapper` is a command to run it with."""
        command = [*wrapper, sys.executable, "manage.py", "run_workers", *options]
        return self._start(command, f"worker-{len(self.services)}.log", environment)

    def start_web(self, **environment: str) -> str:
        """A web server on a port of the kernel's choice; its base URL. It listens from now on, and answers soon."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = [sys.executable, "-m", "gunicorn", "netraven.wsgi", "--workers", "1", "--threads", "4"]
            command += ["--bind", f"fd://{listener.fileno()}"]
            self._start(command, f"web-{len(self.services)}.log", environment, passed=[listener.fileno()])
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def create_admin(self) -> tuple[str, str]:
        """A superuser's name and password."""
        name, password = ADMIN
        arguments = ("createsuperuser", "--noinput", "--username", name, "--email", "admin@example.net")
        self.must(*arguments, DJANGO_SUPERUSER_PASSWORD=password)
        return ADMIN

    def record(self, *devices: LabDevice, tags: Sequence[str] = (), **credential: str) -> None:
        """Records for simulated devices, each with its own credential; `credential` overrides what is in those."""
        now = datetime.now(UTC).isoformat()
        times = {"created_at": now, "updated_at": now}
        tag_ids = {name: str(uuid.uuid4()) for name in tags}
        rows = [{"model": "devices.tag", "pk": pk, "fields": {"name": name}} for name, pk in tag_ids.items()]
        platforms = dict(Platform.objects.using(self.alias).values_list("slug", "pk"))
        for device in devices:
            key = str(uuid.uuid4())
            secrets = {name: getattr(device, name) for name in ("username", "password", "enable_secret")} | credential
            login = {"name": f"login of {device.name}"} | secrets | times
            place = {"hostname": device.name, "address": device.address, "port": device.port}
            links = {"platform": str(platforms[device.platform]), "credential": key, "tags": list(tag_ids.values())}
            rows.append({"model": "credentials.credential", "pk": key, "fields": login})
            rows.append({"model": "devices.device", "pk": str(uuid.uuid4()), "fields": place | links | times})
        self.must("loaddata", "--format=json", "-", stdin=json.dumps(rows))

    def request(self, *devices: LabDevice) -> Job:
        """Ask for backups of these devices, on the command line; the job."""
        self.must("backup", *(device.name for device in devices))
        return self.jobs().latest("created_at")

    def do_upkeep(self) -> None:
        """Queue the upkeep that is due every minute, now."""
        self.must("shell", "-v0", "-c", "from django_q.tasks import async_task; async_task('backups.tasks.reap')")

    def stop(self) -> None:
        """Kill whatever still runs."""
        for service in self.services:
            service.kill()

    # Its records

    def jobs(self) -> QuerySet[Job]:
        return Job.objects.using(self.alias)

    def backups(self, device: LabDevice) -> QuerySet[Backup]:
        """Backups of a device, oldest first."""
        return Backup.objects.using(self.alias).filter(device__hostname=device.name).order_by("created_at")

    def log(self, backup: Backup) -> list[str]:
        """The events of a backup, oldest first."""
        return list(self.entries(backup).values_list("event", flat=True))

    def entries(self, backup: Backup) -> QuerySet[JobLog]:
        """The log of a backup, oldest first."""
        return JobLog.objects.using(self.alias).filter(backup=backup).order_by("pk")

    def device(self, device: LabDevice) -> Device:
        """The record of a simulated device."""
        return Device.objects.using(self.alias).get(hostname=device.name)

    def file_of(self, backup: Backup) -> Path:
        """Where a backup's configuration is."""
        return self.storage / backup.file_path

    def assert_holds(self, backup: Backup, configuration: str) -> None:
        """The stored file is the device's configuration, line for line, maybe with comments before or after it."""
        stored = self.file_of(backup).read_text()
        head, found, tail = stored.partition(configuration.strip())
        assert found, f"{backup.file_path} is not the configuration"
        assert all(line.startswith(("!", "#")) for line in f"{head}\n{tail}".splitlines() if line)

    # Waiting

    def wait_until_reading(self, device: LabDevice, attempt: int = 1) -> Backup:
        """Wait until the newest backup of a device is in the middle: asked for the configuration, not answered."""

        def reading() -> bool:
            backup = self.backups(device).last()
            return bool(
                backup
                and backup.attempts == attempt
                and backup.status == Backup.Status.RUNNING
                and self.log(backup)[-1:] == [JobLog.Event.COMMAND]
                and device.active_sessions
            )

        wait_for(reading, 30, f"{device.name} to be read")
        backup = self.backups(device).last()
        assert backup
        return backup

    def wait_until_ended(self, *devices: LabDevice, seconds: float = 40) -> list[Backup]:
        """Wait until the newest backup of each device has ended, and its job is closed; those backups."""

        def ended() -> bool:
            found = [self.backups(device).select_related("job").last() for device in devices]
            return all(backup and not backup.is_active and backup.job.status not in Job.ACTIVE for backup in found)

        wait_for(ended, seconds, f"the backups of {[device.name for device in devices]} to end")
        return [self.backups(device).select_related("job", "device").latest("created_at") for device in devices]

    def _start(
        self, command: Sequence[str], log: str, environment: dict[str, str], passed: Sequence[int] = ()
    ) -> Service:
        service = Service(command, self.environment | environment, self.data_dir / log, passed)
        self.services.append(service)
        return service


def worker_process(backup: Backup) -> int:
    """Process id of the worker that has a running backup."""
    return int(backup.worker.split(":")[1])
