"""Configurations in an object store: the promises of a folder of files, over real HTTP."""

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from backups import object_storage, storage
from backups.exceptions import CorruptBackup, StorageFailed
from backups.fingerprint import content_hash
from backups.models import Backup
from backups.services import accept_backup
from devices.models import Device
from netraven.lab import Fault, LabDevice
from tests.backups.conftest import BackUp
from tests.conftest import MakeDevice
from tests.object_store import (
    ACCESS_KEY,
    SECRET_KEY,
    Gateway,
    ObjectStore,
    running_gateway,
    running_object_store,
)

DEVICE = uuid.UUID("12345678-1234-4234-8234-123456789abc")
NAME = storage.file_name(DEVICE, "core1", datetime(2026, 11, 2, 3, 0, 5, tzinfo=UTC))
CONTENT = "hostname core1\r\n\x0c Grüße \x00\nend\n".encode()

UsePlace = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with running_object_store() as store:
        yield store


@pytest.fixture
def use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> UsePlace:
    """Store in this bucket at this URL, with a key of the tests unless told otherwise."""
    monkeypatch.setattr(object_storage, "CONNECT_TIMEOUT", 1)
    monkeypatch.setattr(object_storage, "READ_TIMEOUT", 1)

    def configure(url: str, bucket: str, **options: Any) -> None:
        defaults = {"region_name": "us-east-1", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        settings.STORAGES = settings.STORAGES | {
            "configs": {
                "BACKEND": "backups.object_storage.ConfigObjectStorage",
                "OPTIONS": {"endpoint_url": url, "bucket_name": bucket} | defaults | options,
            }
        }

    return configure


@pytest.fixture
def store(server: ObjectStore, use: UsePlace) -> ObjectStore:
    """A bucket of the test's own, in use."""
    store = ObjectStore(server.url)
    use(store.url, store.bucket)
    return store


@pytest.fixture
def gateway(store: ObjectStore, use: UsePlace) -> Iterator[Gateway]:
    """In use, before the store."""
    with running_gateway(store) as gateway:
        use(gateway.url, store.bucket)
        yield gateway


def backup_of(content: bytes, path: str) -> Backup:
    return Backup(device=Device(pk=DEVICE), file_path=path, content_hash=content_hash(content))


def test_stored_bytes_are_exact_and_have_no_access_list(store: ObjectStore) -> None:
    path = storage.store(CONTENT, NAME)
    assert path == f"configs/{DEVICE}/core1_20261102_030005.txt"
    assert store.names() == [path]
    assert store.read(path) == CONTENT
    assert storage.read(backup_of(CONTENT, path)) == CONTENT
    grants = store.client.get_object_acl(Bucket=store.bucket, Key=path)["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"], "its owner, and nobody else"


def test_two_backups_in_one_second_get_two_objects(store: ObjectStore) -> None:
    paths = [storage.store(text, NAME) for text in (b"one", b"two", b"three")]
    assert [path.rsplit("/")[-1] for path in paths] == [
        "core1_20261102_030005.txt",
        "core1_20261102_030005_2.txt",
        "core1_20261102_030005_3.txt",
    ]
    assert [store.read(path) for path in paths] == [b"one", b"two", b"three"]


def test_many_writers_at_once_never_share_or_replace_an_object(store: ObjectStore) -> None:
    paths: dict[int, str] = {}

    def write(number: int) -> None:
        paths[number] = storage.store(b"%d" % number, NAME)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: int(store.read(path)) for number, path in paths.items()} == {n: n for n in range(12)}
    assert len(store.names()) == 12


def test_an_object_that_appeared_in_between_is_not_replaced(gateway: Gateway, store: ObjectStore) -> None:
    store.overwrite(NAME, b"somebody else's")
    gateway.denies = 1
    taken = storage.store(b"ours", NAME)
    assert taken == NAME.replace(".txt", "_2.txt")
    assert (store.read(NAME), store.read(taken)) == (b"somebody else's", b"ours")


def test_a_store_without_conditional_writes_is_asked_before(gateway: Gateway, store: ObjectStore) -> None:
    gateway.refuses_conditions = True
    paths = [storage.store(text, NAME) for text in (b"one", b"two")]
    assert [store.read(path) for path in paths] == [b"one", b"two"]
    assert sum(request.startswith("PUT") for request in gateway.requests) == 3, "the refusal is remembered"


def test_a_lost_answer_makes_no_second_object(gateway: Gateway, store: ObjectStore) -> None:
    gateway.swallows_writes = 1
    assert storage.store(CONTENT, NAME) == NAME
    assert [request.split()[0] for request in gateway.requests] == ["HEAD", "PUT", "PUT", "GET"]
    assert store.names() == [NAME]


def test_a_changed_object_is_found_when_it_is_read(store: ObjectStore) -> None:
    path = storage.store(CONTENT, NAME)
    store.overwrite(path, CONTENT.replace(b"core1", b"core0"))
    with pytest.raises(CorruptBackup, match="SHA-256"):
        storage.read(backup_of(CONTENT, path))
    assert not storage.is_intact(backup_of(CONTENT, path))


def test_a_missing_object_is_reported_as_such(store: ObjectStore) -> None:
    path = storage.store(CONTENT, NAME)
    store.remove(path)
    with pytest.raises(CorruptBackup, match="missing"):
        storage.read(backup_of(CONTENT, path))


def test_a_missing_bucket_is_no_missing_file(store: ObjectStore, use: UsePlace) -> None:
    use(store.url, "no-such-bucket")
    with pytest.raises(StorageFailed, match="no such bucket"):
        storage.store(CONTENT, NAME)
    with pytest.raises(StorageFailed, match="no such bucket"):
        storage.read(backup_of(CONTENT, NAME))


def test_what_is_stored_can_be_listed_looked_at_and_removed(store: ObjectStore) -> None:
    path = storage.store(CONTENT, NAME)
    assert storage.config_storage().size(path) == len(CONTENT)
    assert abs(datetime.now(UTC) - storage.config_storage().get_modified_time(path)) < timedelta(seconds=5)
    folder = path.rsplit("/", 1)[0]
    assert storage.config_storage().listdir("configs") == ([str(DEVICE)], [])
    assert storage.config_storage().listdir(folder) == ([], [path.rsplit("/", 1)[1]])
    storage.config_storage().delete(path)
    storage.config_storage().delete(path)
    assert store.names() == []


@pytest.mark.parametrize("name", ["../outside.txt", "configs/../../outside.txt", "/etc/passwd"])
def test_no_name_leaves_the_bucket_or_climbs(store: ObjectStore, name: str) -> None:
    with pytest.raises(StorageFailed):
        storage.store(CONTENT, name)
    assert store.names() == []


@contextmanager
def port_that_is(listening: bool) -> Iterator[str]:
    """URL of a port where nobody answers: connections are refused, or taken and left alone."""
    with socket.socket() as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        if listening:
            endpoint.listen()
        yield f"http://127.0.0.1:{endpoint.getsockname()[1]}"


@pytest.mark.parametrize(("silent", "sentence"), [(False, "cannot be reached"), (True, "did not answer in time")])
def test_a_store_that_is_away_fails_in_bounded_time(use: UsePlace, silent: bool, sentence: str) -> None:
    with port_that_is(listening=silent) as url:
        use(url, "configs")
        began = time.monotonic()
        with pytest.raises(StorageFailed, match=sentence):
            storage.store(CONTENT, NAME)
        with pytest.raises(StorageFailed, match=sentence):
            storage.read(backup_of(CONTENT, NAME))
        assert time.monotonic() - began < 60


REFUSALS = [
    (403, "InvalidAccessKeyId", "does not know the access key"),
    (403, "SignatureDoesNotMatch", "does not accept the secret key"),
    (403, "AccessDenied", "refuses access"),
    (507, "XMinioStorageFull", "no space left"),
    (400, "Something<b>New", r"answered SomethingbNew \(HTTP 400\)"),
]


@pytest.mark.parametrize(("status", "code", "sentence"), REFUSALS)
def test_a_refusal_is_a_sentence_without_keys(
    gateway: Gateway, status: int, code: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = f"<Error><Code>{code.replace('<', '&lt;')}</Code><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>"
    gateway.answers_with = (status, body.encode())
    with caplog.at_level(logging.DEBUG, "netraven"), pytest.raises(StorageFailed, match=sentence) as caught:
        storage.read(backup_of(CONTENT, NAME))
    error: BaseException | None = caught.value
    while error:
        assert ACCESS_KEY not in f"{error!r} {vars(error)}"
        error = error.__cause__
    assert ACCESS_KEY not in caplog.text


def test_without_any_key_there_is_a_sentence(
    store: ObjectStore, use: UsePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    use(store.url, store.bucket, access_key=None, secret_key=None)
    with pytest.raises(StorageFailed, match="no key for the object store"):
        storage.store(CONTENT, NAME)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    use(store.url, store.bucket, access_key=None, secret_key=None)
    assert store.read(storage.store(CONTENT, NAME)) == CONTENT


# The whole way


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_device_is_backed_up_into_the_store_and_read_through_the_api(
    store: ObjectStore,
    make_device: MakeDevice,
    simulated: Callable[[Device], LabDevice],
    back_up: BackUp,
    admin_user: User,
) -> None:
    device = make_device()
    first, second = back_up(device), back_up(device)
    assert (first.status, first.version, second.version) == (Backup.Status.COMPLETED, 1, 1), first.error
    assert store.names() == [first.file_path], "equal bytes share one object"
    assert simulated(device).running_config.strip().encode() in store.read(first.file_path)
    answer = api_of(admin_user).get(f"/api/backups/{first.pk}/content")
    assert content_hash(answer.content) == first.content_hash
    call_command("verify_backups")

    store.overwrite(first.file_path, b"hostname intruder\nend\n")
    with pytest.raises(CommandError, match="damaged"):
        call_command("verify_backups")
    assert api_of(admin_user).get(f"/api/backups/{first.pk}/content").status_code == 409
    third = back_up(device)
    assert (third.status, third.version) == (Backup.Status.COMPLETED, 1)
    assert content_hash(store.read(third.file_path)) == first.content_hash, "kept anew, beside the damaged one"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_incomplete_configuration_is_kept_aside_in_the_store(
    store: ObjectStore, make_device: MakeDevice, back_up: BackUp, admin_user: User
) -> None:
    backup = back_up(make_device("ios", Fault.TRUNCATES))
    assert backup.failure_reason == Backup.FailureReason.INCOMPLETE
    assert backup.file_path.startswith(f"incomplete/{backup.device_id}/")
    assert content_hash(store.read(backup.file_path)) == backup.content_hash
    assert accept_backup(backup, user=admin_user).status == Backup.Status.COMPLETED


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_backup_fails_with_the_reason_while_the_store_is_away(
    store: ObjectStore, use: UsePlace, make_device: MakeDevice, back_up: BackUp, admin_user: User
) -> None:
    device = make_device()
    good = back_up(device)
    with port_that_is(listening=False) as url:
        use(url, store.bucket)
        failed = back_up(device)
        assert (failed.status, failed.failure_reason) == (Backup.Status.FAILED, Backup.FailureReason.STORAGE)
        assert failed.error == "The configuration could not be stored: the object store cannot be reached."
        assert api_of(admin_user).get(f"/api/backups/{good.pk}/content").status_code == 503
    use(store.url, store.bucket)
    assert back_up(device).version == 1
    assert store.names() == [good.file_path]
