"""Files without a record: which are deleted, and when none is."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from moto.server import ThreadedMotoServer

from backups import storage
from backups.housekeeping import orphans as module
from backups.housekeeping.orphans import OLD, Orphans
from backups.housekeeping.steps import Stopped
from backups.models import Job
from tests.backups.housekeeping.conftest import (
    FragileStorage,
    History,
    ago,
    carry_out,
    counts_of,
    days,
    rehearse,
    set_age,
    stored_files,
)

pytestmark = pytest.mark.django_db


def add_orphan(history: History, age: float = 31, folder: str = storage.CONFIGS) -> str:
    name = storage.file_name(history.device.pk, history.device.hostname, ago(days(age)), folder)
    path = storage.store(b"hostname x\n", name)
    set_age(path, days(age))
    return path


def test_old_orphans_go_and_everything_else_stays(history: History, disk: Path) -> None:
    kept = {history.changed(days(90)).file_path, history.incomplete(days(80)).file_path, add_orphan(history, 29)}
    gone = {add_orphan(history), add_orphan(history, 400, storage.INCOMPLETE)}
    run = carry_out(Orphans())
    assert stored_files(disk) == kept
    assert counts_of(run) == {"examined": 5, "orphans": 2, "young": 1, "files": 2, "bytes": 22}
    assert run.result == "5 files looked at, orphans: 2 of 2 deleted (22 bytes). 1 more are younger than 30 days."
    assert gone.isdisjoint(stored_files(disk))
    assert not Job.objects.get(pk=run.job.pk).log.filter(message__contains=history.device.hostname).exists()


def test_a_file_that_a_killed_worker_was_writing_goes(history: History, disk: Path) -> None:
    kept = history.changed(days(90)).file_path
    unfinished = str(Path(kept).with_name(".writing-k3_x9abc"))
    (disk / unfinished).write_text("hostna")
    set_age(unfinished, days(29))
    carry_out(Orphans())
    assert stored_files(disk) == {kept, unfinished}
    set_age(unfinished, days(31))
    carry_out(Orphans())
    assert stored_files(disk) == {kept}


def test_what_is_not_ours_is_left_alone(history: History, disk: Path) -> None:
    device = f"configs/{history.device.pk}"
    names = [
        f"{device}/README.txt",
        f"{device}/core1.cfg",
        f"{device}/deeper/core1_20261102_034000.txt",
        "configs/lost+found/core1_20261102_034000.txt",
        f"configs/{uuid.uuid4().hex}/core1_20261102_034000.txt",
        f"elsewhere/{uuid.uuid4()}/core1_20261102_034000.txt",
        "core1_20261102_034000.txt",
    ]
    for name in names:
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_text("not NetRaven's")
        os.utime(disk / name, (0, 0))
    carry_out(Orphans(believe=True))
    assert stored_files(disk) == set(names)


def test_a_storage_without_a_file_is_no_problem(disk: Path) -> None:
    assert counts_of(carry_out(Orphans())) == {}


def test_nothing_goes_if_most_files_belong_to_no_backup(
    history: History, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOLERATED", 3)
    history.changed(days(90))
    history.changed(days(80))
    for _ in range(3):
        add_orphan(history)
    assert carry_out(Orphans()).result.startswith("5 files looked at, orphans: 3 of 3 deleted")
    for _ in range(4):
        add_orphan(history)
    before = stored_files(disk)
    run = carry_out(Orphans())
    assert run.result.startswith("4 of 6 files belong to no backup. Nothing was deleted")
    assert Job.objects.get(pk=run.job.pk).status == "failed"
    assert stored_files(disk) == before
    carry_out(Orphans(believe=True))
    assert len(stored_files(disk)) == 2


def test_a_run_that_goes_on_remembers_what_it_has_seen(
    history: History, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slice that ends the search refuses for what the one before has found."""
    monkeypatch.setattr(module, "TOLERATED", 1)
    for other in (history, History()):
        for folder in (storage.CONFIGS, storage.INCOMPLETE):
            add_orphan(other, folder=folder)
    first = next(iter(Orphans().steps([])))
    steps = Orphans().steps(first.cursor)
    with pytest.raises(Stopped, match="4 of 4 files"):
        list(steps)
    assert len(stored_files(disk)) == 4


def test_every_folder_is_searched_once_however_often_a_run_is_interrupted(history: History, disk: Path) -> None:
    others = [History() for _ in range(3)]
    for other in others:
        other.changed(days(90))
        add_orphan(other, folder=storage.INCOMPLETE)
    cursor, folders = list[str](), []
    while step := next(iter(Orphans().steps(cursor)), None):
        cursor = step.cursor
        folders.append(tuple(cursor[:2]))
    assert len(folders) == len(set(folders)) == Orphans().total() == 12
    assert {Path(path).parts[0] for path in stored_files(disk)} == {"configs"}


def test_a_file_that_cannot_be_deleted_is_told_and_found_again(history: History, disk: Path) -> None:
    history.changed(days(90))
    orphan = add_orphan(history)
    FragileStorage.forbidden = True
    run = carry_out(Orphans())
    assert run.failed
    assert counts_of(run)["problems"] == 1
    FragileStorage.forbidden = False
    assert not carry_out(Orphans()).failed
    assert orphan not in stored_files(disk)


def test_files_of_a_device_are_compared_in_batches(
    history: History, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    kept = {history.changed(days(age)).file_path for age in range(40, 50)}
    for _ in range(9):
        add_orphan(history)
    carry_out(Orphans())
    assert stored_files(disk) == kept


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """S3, over real HTTP; the name of its bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "bucket_name": "netraven",
        "endpoint_url": f"http://{host}:{port}",
        "access_key": "lab",
        "secret_key": "only-for-tests",
        "region_name": "eu-central-1",
        "file_overwrite": False,
    }
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    with override_settings(STORAGES=settings.STORAGES | {"configs": backend}):
        storage.config_storage().connection.create_bucket(  # type: ignore[attr-defined]
            Bucket="netraven", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield "netraven"
    server.stop()


def test_orphans_are_found_in_an_object_store(object_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.backups.housekeeping.conftest.set_age", lambda path, age: None)
    history = History()
    kept = {history.changed(days(2)).file_path, history.incomplete(days(1)).file_path}
    orphan = storage.store(b"x", storage.file_name(history.device.pk, "d", ago(days(3))))
    told, lines = rehearse(Orphans(dry_run=True))
    assert (told["orphans"], told["young"], lines) == (0, 1, [])
    told, lines = rehearse(Orphans(older_than=days(0), dry_run=True))
    assert lines == [orphan]
    run = carry_out(Orphans(older_than=days(0)))
    assert counts_of(run) == {"examined": 3, "orphans": 1, "young": 0, "files": 1, "bytes": 1}
    client = storage.config_storage().connection.meta.client  # type: ignore[attr-defined]
    assert {row["Key"] for row in client.list_objects_v2(Bucket=object_store)["Contents"]} == kept


def test_a_month_is_time_to_notice() -> None:
    assert days(30) == OLD
