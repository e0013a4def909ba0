"""A NetRaven to try out: its own data folder, SQLite, the simulated network and a worker, as processes."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from devices.models import Tag

ROOT = Path(__file__).resolve().parents[2]
OWN_FOLDER = ROOT / "var" / "demo"
MARKER = ".playground"  # a folder of another name is emptied only if this file is in it
LOGIN_FILE = "admin-login"
START_SECONDS = 60

# Short waits, so that a device that never answers costs seconds; a simulated network is near.
SETTINGS = {
    "NETRAVEN_DEBUG": "1",
    "NETRAVEN_HTTPS": "0",
    "NETRAVEN_REDIS_URL": "",
    "NETRAVEN_LOG_LEVEL": "WARNING",
    "NETRAVEN_TCP_TIMEOUT": "3",
    "NETRAVEN_CONNECT_TIMEOUT": "6",
    "NETRAVEN_READ_TIMEOUT": "8",
    "NETRAVEN_DEADLINE": "30",
    "NETRAVEN_RETRY_ATTEMPTS": "2",
    "NETRAVEN_RETRY_BASE": "0.5",
    "NETRAVEN_LEASE": "20",
}


def configure(*, fresh: bool) -> Path:
    """Point this process, and those it starts, at the playground; `fresh` empties it first. Returns its folder."""
    folder = Path(os.environ.get("NETRAVEN_DATA_DIR") or OWN_FOLDER).resolve()
    if fresh and folder.exists() and any(folder.iterdir()):
        if folder != OWN_FOLDER and not (folder / MARKER).exists():
            sys.exit(f"netraven: {folder} holds other data: name an empty folder in NETRAVEN_DATA_DIR")
        try:
            shutil.rmtree(folder)
        except OSError as error:  # somebody writes there all the while
            sys.exit(f"netraven: {folder} is in use ({error.strerror}): stop `make serve` first")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    database = f"sqlite:///{folder / 'netraven.sqlite3'}"
    os.environ |= SETTINGS | {"NETRAVEN_DATA_DIR": str(folder), "DATABASE_URL": database}
    os.environ["DJANGO_SETTINGS_MODULE"] = "netraven.settings"
    os.chdir(ROOT)
    django.setup()
    return folder


@contextmanager
def running(log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, its output in a file; ended, with its children, on leaving."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def simulated_network(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The simulated network as a process; yields its inventory, and has records made for its devices."""
    inventory = folder / "lab" / "inventory.json"
    inventory.unlink(missing_ok=True)
    with running(folder / "lab.log", "-m", "netraven.lab", "--directory", str(inventory.parent)) as process:
        give_up = time.monotonic() + START_SECONDS
        while not inventory.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                sys.exit(f"netraven: the simulated network did not start; see {folder / 'lab.log'}")
            time.sleep(0.1)
        rows = json.loads(inventory.read_text())
        record_devices(rows)
        yield rows


@contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real django-q2 cluster as a process."""
    with running(folder / "worker.log", "manage.py", "run_workers") as process:
        yield process


def record_devices(rows: list[dict[str, Any]]) -> None:
    """Records for the simulated devices; their ports change with each start of the network.

    Healthy devices have their log-in from their tag, the others have it as their own. Both tags want a good backup a
    day; the others are recorded as if they had been there for some days, so that there are stale devices to look at.
    """
    from credentials.models import Credential
    from devices.models import Device, Platform, Tag, TagCredential

    daily = {"max_age_hours": 24}
    credential, _ = Credential.objects.get_or_create(
        name="lab",
        defaults={key: rows[0][key] for key in ("username", "password", "enable_secret")}
        | {"description": "The simulated network's log-in."},
    )
    healthy, _ = Tag.objects.get_or_create(name="healthy", defaults={"color": "#15803d"} | daily)
    TagCredential.objects.get_or_create(tag=healthy, credential=credential, defaults={"priority": 10})
    faulty, _ = Tag.objects.get_or_create(name="misbehaving", defaults={"color": "#b45309"} | daily)
    for row in rows:
        device, made = Device.objects.update_or_create(
            hostname=row["name"],
            defaults={"address": row["address"], "port": row["port"]},
            create_defaults={
                "address": row["address"],
                "port": row["port"],
                "platform": Platform.objects.get(slug=row["platform"]),
                "credential": None if row["fault"] == "none" else credential,
                "description": "" if row["fault"] == "none" else f"Simulated fault: {row['fault']}",
            },
        )
        device.tags.add(healthy if row["fault"] == "none" else faulty)
        if made and row["fault"] != "none":
            Device.objects.filter(pk=device.pk).update(created_at=device.created_at - timedelta(days=3))
        if row["gateway"]:
            device.tags.add(_record_gateway(row["gateway"]))


def _record_gateway(row: dict[str, Any]) -> "Tag":
    """A record for a simulated gateway, and the tag that sends its devices through it."""
    from credentials.models import Credential
    from devices.models import Gateway, Tag

    login = {"username": row["username"], "password": row["password"]}
    description = "The log-in at the simulated gateway."
    credential, _ = Credential.objects.get_or_create(
        name=f"lab {row['name']}", defaults=login | {"description": description}
    )
    gateway, _ = Gateway.objects.update_or_create(
        name=row["name"],
        defaults={"address": row["address"], "port": row["port"], "credential": credential},
    )
    branch, _ = Tag.objects.get_or_create(name="branch", defaults={"color": "#0e7490", "gateway": gateway})
    return branch


def ensure_admin(folder: Path) -> str:
    """A superuser `admin` with a random password, kept beside the data so that `make serve` can say it again."""
    from django.contrib.auth.models import User

    file = folder / LOGIN_FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9))
    password = file.read_text()
    user, created = User.objects.get_or_create(username="admin", defaults={"is_staff": True, "is_superuser": True})
    if created:
        user.set_password(password)
        user.save()
    return password
