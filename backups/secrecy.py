"""Who sees the secrets in configurations, and what the others see instead.

`view_config` lets a person or a program read a configuration, `view_secrets` what it keeps secret. Whatever leaves
NetRaven with text of a configuration in it is read through this module.
"""

import posixpath
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.crypto import salted_hmac

from backups import storage
from backups.fingerprint import split_lines
from backups.masked_texts import masked_text
from backups.masking import mask, mask_lines
from backups.models import Backup, JobLog
from devices.models import Platform
from devices.text import decode, decode_for_people, encode

Viewer = User | AnonymousUser

VIEW_CONFIG, VIEW_SECRETS = "backups.view_config", "backups.view_secrets"
QUOTED = "The text that came is not a whole configuration. Why is told with a quotation of it, which you may not read."
# What fails for these reasons is told with a quotation of what the device, or a library, said.
QUOTING = (Backup.FailureReason.INCOMPLETE, Backup.FailureReason.UNEXPECTED)
QUOTING_DETAILS = ("error", "traceback")  # of log entries


def sees_secrets(user: Viewer) -> bool:
    """Whether this user reads configurations as they are."""
    return user.has_perm(VIEW_CONFIG) and user.has_perm(VIEW_SECRETS)


def masking_key() -> bytes:
    """The installation's own: with another secret key all markers are others."""
    return salted_hmac("backups.masking", "", algorithm="sha256").digest()


def read_content(backup: Backup, *, masked: bool) -> bytes:
    """The stored bytes, or the same with markers for secrets. Raises CorruptBackup or StorageFailed."""
    content = storage.read(backup)
    return encode(_mask(decode(content), backup)) if masked else content


def read_text(backup: Backup, *, masked: bool) -> str:
    """The same as text for people."""
    return decode_for_people(read_content(backup, masked=masked))


def read_normalized(backup: Backup, *, masked: bool) -> bytes:
    """The same text in UTF-8, its lines ended by line feeds, to search or compare; masked ones are kept ready.

    Do not look into the exact bytes first, to save time: whether a secret is in them must not be seen in anything, and
    not in the time it takes either.
    """
    if not masked:
        return _normalized(storage.read(backup))
    patterns = backup.device.platform.secret_patterns

    def make() -> bytes:
        return _normalized(read_content(backup, masked=True))

    return masked_text(backup.content_hash, patterns, masking_key(), make)


def download_name(backup: Backup, *, masked: bool) -> str:
    """The name of a download: `core1_20260302_100000.txt`, or `core1_20260302_100000.masked.txt`."""
    name, extension = posixpath.splitext(posixpath.basename(backup.file_path))
    return f"{name}.masked{extension}" if masked else name + extension


def mask_config(text: str, platform: Platform) -> list[str]:
    """The lines of a configuration that is not stored, with markers for secrets."""
    return mask_lines(split_lines(text), platform.secret_patterns, masking_key())


def mask_quotation(text: str) -> str:
    """A sentence that may quote a configuration, with markers for what looks like a secret."""
    return mask(text, "", masking_key())


def quotes(reason: object) -> bool:
    """Whether what failed for this reason is told with a quotation."""
    return reason in QUOTING


def error_for(user: Viewer, backup: Backup) -> str:
    """Why a backup failed: without the quotation, or with its secrets masked, as the user may read."""
    return _told(user, backup.error, backup.failure_reason)


def error_outside(backup: Backup, *, quoted: bool) -> str:
    """Why a backup failed, for those who are no users: masked, and with a quotation only if they get `quoted` texts."""
    if backup.failure_reason == Backup.FailureReason.INCOMPLETE and not quoted:
        return QUOTED
    return mask_quotation(backup.error)


def comments_for(user: Viewer, backup: Backup) -> str:
    """What somebody wrote about a backup; it may hold lines of a configuration."""
    return backup.comments if sees_secrets(user) else mask_quotation(backup.comments)


def message_for(user: Viewer, entry: JobLog) -> str:
    """What a log entry says; see `error_for`."""
    return _told(user, entry.message, entry.details.get("reason") if isinstance(entry.details, dict) else None)


def details_for(user: Viewer, entry: JobLog) -> Any:
    """The details of a log entry; see `error_for`."""
    if sees_secrets(user) or not isinstance(entry.details, dict):
        return entry.details
    return mask_details(entry.details)


def mask_details(details: dict[str, Any]) -> dict[str, Any]:
    """Details of a log entry, with the secrets in those that may quote a configuration masked."""
    texts = {name: details[name] for name in QUOTING_DETAILS if isinstance(details.get(name), str)}
    return details | {name: mask_quotation(text) for name, text in texts.items()}


def _told(user: Viewer, text: str, reason: object) -> str:
    if reason == Backup.FailureReason.INCOMPLETE and not user.has_perm(VIEW_CONFIG):
        return QUOTED
    return text if sees_secrets(user) or not quotes(reason) else mask_quotation(text)


def _normalized(content: bytes) -> bytes:
    """Lines as pages show and number them."""
    if not content.isascii():
        content = encode(decode_for_people(content))
    return content.rstrip(b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _mask(text: str, backup: Backup) -> str:
    return mask(text, backup.device.platform.secret_patterns, masking_key())
