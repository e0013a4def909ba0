"""Where configurations are kept: write-once files, named so that a person finds them without NetRaven.

`backups/object_storage.py` keeps them in an object store instead.
"""

import errno
import itertools
import os
import posixpath
import re
import shutil
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone

from backups.exceptions import BackupError, CorruptBackup, StorageFailed
from backups.fingerprint import content_hash
from backups.models import Backup
from devices.text import decode_for_people

CONFIGS = "configs"  # the good ones
INCOMPLETE = "incomplete"  # kept aside, for an operator to read and accept
PAGE = 4096  # bytes


class Space(NamedTuple):
    """Of a file system, in bytes; `free` is what NetRaven may still write."""

    size: int
    free: int


class WriteOnce(Storage):
    """For a storage: a later backup within the same second gets a name of its own."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself if it is free, else `..._2.txt`, `..._3.txt` and so on."""
        root, extension = os.path.splitext(name)
        names = itertools.chain([name], (f"{root}_{number}{extension}" for number in itertools.count(2)))
        return next(candidate for candidate in names if not self.exists(candidate))


class ConfigFileStorage(WriteOnce, FileSystemStorage):
    """Files that appear whole or not at all, survive a power cut, and are readable by their owner alone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700} | options)

    def require_writable(self) -> None:
        """Write a page to a file that has no name, and so leaves nothing. Raises OSError."""
        folder = Path(self.location)
        folder.mkdir(mode=self.directory_permissions_mode or 0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PAGE))

    def space(self) -> "Space":
        """Of its file system, also before anything was stored."""
        folder = Path(self.location)
        usage = shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.is_dir()))
        return Space(usage.total, usage.free)

    def _save(self, name: str, content: "File[bytes]") -> str:
        """Write beside the target, flush to the disk, then link to the free name: a link never replaces a file."""
        target = Path(self.path(name))
        target.parent.mkdir(mode=self.directory_permissions_mode or 0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            name = self._link_to_free_name(temporary, name)
        finally:
            os.unlink(temporary)
        _flush_directory(target.parent)
        return name

    def _link_to_free_name(self, temporary: str, name: str) -> str:
        while True:
            try:
                os.link(temporary, self.path(name))
                return name
            except FileExistsError:
                name = self.get_available_name(name)


def config_storage() -> Storage:
    """The storage that the setting STORAGES["configs"] names."""
    return storages["configs"]


def file_name(device_id: uuid.UUID, hostname: str, when: datetime, folder: str = CONFIGS) -> str:
    """`configs/{device_id}/{hostname}_{YYYYMMDD_HHMMSS}.txt`, time in UTC; what a file name cannot hold becomes `_`."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", hostname).strip("._")[:100] or "device"
    return f"{folder}/{device_id}/{safe}_{when.astimezone(UTC):%Y%m%d_%H%M%S}.txt"


def store(content: bytes, name: str) -> str:
    """Keep the bytes under this name, or the next free one; returns the name taken. Raises StorageFailed."""
    try:
        return config_storage().save(name, ContentFile(content))
    except Exception as error:  # a storage backend may raise anything: boto, OSError, SuspiciousFileOperation
        raise StorageFailed(f"The configuration could not be stored: {_describe(error)}") from error


def read(backup: Backup) -> bytes:
    """The stored bytes of a backup, proven by their SHA-256. Raises CorruptBackup, or StorageFailed if unreadable."""
    try:
        with config_storage().open(backup.file_path) as file:
            content = cast(bytes, file.read())
    except FileNotFoundError as error:
        raise CorruptBackup(f"The file {backup.file_path} is missing.") from error
    except Exception as error:
        raise StorageFailed(f"The file {backup.file_path} cannot be read: {_describe(error)}") from error
    if content_hash(content) != backup.content_hash:
        raise CorruptBackup(f"The file {backup.file_path} is not what was stored: its SHA-256 differs from the record.")
    return content


def read_text(backup: Backup) -> str:
    """The stored configuration as text for people; see `read`."""
    return decode_for_people(read(backup))


def is_intact(backup: Backup) -> bool:
    """Whether the stored file still holds what was stored."""
    try:
        read(backup)
    except BackupError:
        return False
    return True


def delete(path: str) -> None:
    """Delete a file; one that is gone already is as good. Raises StorageFailed."""
    try:
        config_storage().delete(path)
    except Exception as error:
        # Without the file's name: it holds a hostname, which not everybody who reads a log may see
        raise StorageFailed(f"A file in {posixpath.dirname(path)} cannot be deleted: {_describe(error)}") from error


def list_folder(folder: str) -> tuple[list[str], list[str]]:
    """The folders and the files in a folder, in order; none if it is not there. Raises StorageFailed."""
    try:
        folders, files = config_storage().listdir(folder)
    except FileNotFoundError:
        return [], []
    except Exception as error:
        raise StorageFailed(f"The folder {folder} cannot be read: {_describe(error)}") from error
    return sorted(folders), sorted(files)


def age_and_size(path: str) -> tuple[timedelta, int] | None:
    """How long ago a file was written, and its bytes; None if it has gone. Raises StorageFailed."""
    try:
        size = config_storage().size(path)
        return timezone.now() - config_storage().get_modified_time(path), size
    except FileNotFoundError:
        return None
    except Exception as error:
        raise StorageFailed(f"A file in {posixpath.dirname(path)} cannot be looked at: {_describe(error)}") from error


def require_writable() -> None:
    """Make sure that a configuration could be stored, as far as that is cheap to know. Raises StorageFailed."""
    try:
        cast(ConfigFileStorage, config_storage()).require_writable()
    except Exception as error:
        raise StorageFailed(f"The storage cannot be written: {_describe(error)}") from error


def space() -> Space | None:
    """What the storage has room for; None where it has no end, or nobody knows."""
    return cast(ConfigFileStorage, config_storage()).space()


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"{type(error).__name__}."


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
