"""After backups that went well and backups that went wrong, no password is anywhere but in the device's own file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django_q.models import Task

from backups.models import Backup, JobLog
from netraven.lab import Fault, Lab, LabDevice
from tests.system.api import add_device, api_of
from tests.system.conftest import MakeInstallation
from tests.system.installation import ADMIN, Installation

pytestmark = pytest.mark.worker

PASSWORD = "open-sesame-Zq7#"
ENABLE_SECRET = "enable-sesame-Wx9#"
WRONG = "wrong-sesame-Kd3#"
SECRETS = (PASSWORD, ENABLE_SECRET, WRONG, ADMIN[1])
PLATFORMS = ("ios", "eos", "nxos", "junos", "iosxr")


def lab_devices(lab: Lab) -> list[LabDevice]:
    """Good ones of each kind, and those that fail at each step that handles a secret."""
    login: dict[str, Any] = {"password": PASSWORD, "enable_secret": ENABLE_SECRET}
    faults = (Fault.WRONG_ENABLE, Fault.CLI_ERROR, Fault.DROPS, Fault.HANGS)
    devices = [lab.add(platform, **login) for platform in PLATFORMS]
    devices += [lab.add(platform, fault=Fault.WRONG_PASSWORD, **login) for platform in PLATFORMS]
    return devices + [lab.add("ios", fault=fault, **login) for fault in faults]


@pytest.mark.parametrize(("database", "broker"), [("sqlite", "orm"), ("postgresql", "redis")])
def test_no_secret_is_found_anywhere(make_installation: MakeInstallation, lab: Lab, database: str, broker: str) -> None:
    installation = make_installation(database, broker, NETRAVEN_LOG_LEVEL="DEBUG", NETRAVEN_READ_TIMEOUT="3")
    devices = lab_devices(lab)
    installation.record(*devices)
    worker = installation.start_worker()
    api = api_of(installation)
    over_api = lab.add("ios", password=PASSWORD, enable_secret=ENABLE_SECRET)
    add_device(api, over_api)
    wrong = api.post("/api/devices", json=device_with_wrong_password(over_api))
    assert wrong.status_code == 201
    installation.must("backup", "--all")
    installation.wait_until_ended(*devices, over_api, seconds=60)

    ended = Backup.objects.using(installation.alias)
    assert ended.filter(status=Backup.Status.COMPLETED).count() == len(PLATFORMS) + 1
    assert ended.filter(failure_reason=Backup.FailureReason.AUTHENTICATION).count() == len(PLATFORMS) + 2
    assert JobLog.objects.using(installation.alias).filter(level="debug").exists()
    assert "backup_start" in worker.log.read_text()
    written = dict(everything_written(installation))
    assert sum(over_api.name.encode() in content for content in written.values()) >= 3, "the search would find nothing"
    for place, content in written.items():
        for secret in SECRETS:
            assert secret.encode() not in content, f"{secret} is in {place}"


def device_with_wrong_password(device: LabDevice) -> dict[str, object]:
    """A second record for the same simulated device."""
    place = {"hostname": f"{device.name}-again", "address": device.address, "port": device.port}
    return place | {"platform": device.platform, "username": device.username, "password": WRONG}


def everything_written(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """Every file and every table of an installation, but the stored configurations; (where, what)."""
    url = installation.environment["DATABASE_URL"]
    if url.startswith("postgres"):
        yield from tables(url)
    yield "dumpdata", installation.must("dumpdata").encode()
    tasks = Task.objects.using(installation.alias).values_list("args", "kwargs", "result")  # pickled in their columns
    assert tasks
    yield "task results", repr(list(tasks)).encode()
    for path in files(installation):
        yield str(path), path.read_bytes()


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    """Every PostgreSQL table, as COPY gives it."""
    with psycopg.connect(url.replace("postgres:", "postgresql:", 1)) as connection:
        names = connection.execute("SELECT relname FROM pg_stat_user_tables").fetchall()
        for (name,) in names:
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT'.encode()) as rows:
                yield name, b"".join(bytes(row) for row in rows)


def files(installation: Installation) -> list[Path]:
    """Everything below the data folder, with the database's write-ahead log; not the stored configurations."""
    found = [path for path in installation.data_dir.rglob("*") if path.is_file()]
    return [path for path in found if not path.is_relative_to(installation.storage)]
