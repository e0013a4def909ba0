import stat
import subprocess
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import storage
from backups.exceptions import CorruptBackup, StorageFailed
from backups.fingerprint import content_hash
from backups.models import Backup
from devices.models import Device

DEVICE = uuid.UUID("12345678-1234-4234-8234-123456789abc")
NIGHT = datetime(2026, 11, 2, 3, 0, 5, tzinfo=UTC)


def stored_path(name: str) -> Path:
    return Path(storage.config_storage().path(name))


def backup_of(content: bytes, path: str) -> Backup:
    return Backup(device=Device(pk=DEVICE), file_path=path, content_hash=content_hash(content))


def test_file_names_say_device_hostname_and_utc_time() -> None:
    berlin = NIGHT.astimezone(timezone(timedelta(hours=1)))
    assert storage.file_name(DEVICE, "core1.example.net", berlin) == (
        f"configs/{DEVICE}/core1.example.net_20261102_030005.txt"
    )


@given(st.text(max_size=300))
def test_no_hostname_leaves_the_folder_of_its_device(hostname: str) -> None:
    name = storage.file_name(DEVICE, hostname, NIGHT)
    assert name.startswith(f"configs/{DEVICE}/")
    assert stored_path(name).parent == stored_path(f"configs/{DEVICE}")
    assert len(Path(name).name) <= 255


@pytest.mark.parametrize(
    "hostname", ["../../etc/passwd", "a/b", "..", "", "core 1", "name\x00nul", "ümläut", "." * 300]
)
def test_odd_hostnames_are_stored_and_read_back(hostname: str) -> None:
    path = storage.store(b"hostname x\n", storage.file_name(uuid.uuid4(), hostname, NIGHT))
    assert storage.read(backup_of(b"hostname x\n", path)) == b"hostname x\n"


def test_two_backups_in_one_second_get_two_files() -> None:
    name = storage.file_name(uuid.uuid4(), "core1", NIGHT)
    paths = [storage.store(text, name) for text in (b"one", b"two", b"three")]
    assert [Path(path).name for path in paths] == [
        "core1_20261102_030005.txt",
        "core1_20261102_030005_2.txt",
        "core1_20261102_030005_3.txt",
    ]
    assert [stored_path(path).read_bytes() for path in paths] == [b"one", b"two", b"three"]


def test_many_writers_at_once_never_share_or_replace_a_file() -> None:
    name = storage.file_name(uuid.uuid4(), "core1", NIGHT)
    paths: dict[int, str] = {}

    def write(number: int) -> None:
        paths[number] = storage.store(b"%d" % number, name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: int(stored_path(path).read_bytes()) for number, path in paths.items()} == {n: n for n in range(16)}
    assert len(list(stored_path(name).parent.iterdir())) == 16, "no temporary file stays behind"


def test_stored_bytes_are_exact_and_only_the_owner_may_read_them() -> None:
    content = "banner ^C\r\n\x0c Grüße \ud800 \x00 end \n\n".encode("utf-8", "surrogatepass")
    path = storage.store(content, storage.file_name(uuid.uuid4(), "core1", NIGHT))
    file = stored_path(path)
    assert file.read_bytes() == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    printed = subprocess.run(["sha256sum", file], capture_output=True, check=True, text=True).stdout
    assert printed.split()[0] == content_hash(content)


def test_a_flipped_bit_is_found_when_the_file_is_read() -> None:
    content = b"hostname core1\nend\n"
    path = storage.store(content, storage.file_name(uuid.uuid4(), "core1", NIGHT))
    file = stored_path(path)
    file.write_bytes(b"hostname core0\nend\n")
    with pytest.raises(CorruptBackup, match="SHA-256"):
        storage.read(backup_of(content, path))
    assert not storage.is_intact(backup_of(content, path))


def test_a_missing_file_is_reported_as_such() -> None:
    with pytest.raises(CorruptBackup, match="missing"):
        storage.read(backup_of(b"", f"configs/{uuid.uuid4()}/gone.txt"))


def test_a_folder_that_cannot_be_written_is_a_storage_failure() -> None:
    device = uuid.uuid4()
    blocker = stored_path(f"configs/{device}")
    blocker.parent.mkdir(parents=True, exist_ok=True)
    blocker.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="could not be stored"):
        storage.store(b"x", storage.file_name(device, "core1", NIGHT))
