"""One backup, from claim to record. Every path through `run_backup` ends it completed, or failed with a reason."""

import traceback
import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from backups import recording, storage
from backups.completeness import check_complete
from backups.database import patiently
from backups.exceptions import ClaimLost, StorageFailed
from backups.fingerprint import change_hash, content_hash
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.recording import Content
from backups.services import close_job
from devices.connection import RetryPolicy, Timeouts, fetch
from devices.exceptions import DeviceError, IncompleteConfig
from devices.login import choose_credential, login_of, target_of
from devices.text import encode

Event = JobLog.Event
Reason = Backup.FailureReason


def run_backup(backup_id: uuid.UUID, worker: str) -> Backup.Status | None:
    """Back up one device; None if it was not there to claim (done, or somebody else's), or lost on the way."""
    backup = patiently(claim, backup_id, worker)
    if backup is None:
        return None
    log = JobLogger(backup.job_id, backup)
    try:
        _carry_out(backup, log)
    except ClaimLost:
        log(Event.BACKUP_FAILURE, "Given up: another worker has taken this backup over", level="warning")
        return None
    patiently(close_job, backup.job_id)
    return Backup.Status(backup.status)


def _carry_out(backup: Backup, log: JobLogger) -> None:
    """Completed, or failed with a reason. Raises ClaimLost if another worker has taken the backup over."""
    try:
        _start(backup, log)
        _back_up(backup, log)
    except DeviceError as error:
        _fail(backup, Reason(error.reason), error, log)
    except StorageFailed as error:
        _fail(backup, Reason.STORAGE, error, log)
    except ClaimLost:
        raise
    except Exception as error:
        log(Event.BACKUP_FAILURE, "Unexpected error", level="debug", traceback=_frames(error))
        _fail(backup, Reason.UNEXPECTED, error, log)


def claim(backup_id: uuid.UUID, worker: str) -> Backup | None:
    """Take a pending backup: one UPDATE decides, so a task that is delivered twice finds nothing to do."""
    now = timezone.now()
    Backup.objects.filter(pk=backup_id, status=Backup.Status.PENDING).update(
        status=Backup.Status.RUNNING,
        worker=worker,
        attempts=F("attempts") + 1,
        started_at=now,
        lease_expires_at=now + timedelta(seconds=settings.NETRAVEN["LEASE"]),
    )
    mine = Backup.objects.filter(pk=backup_id, status=Backup.Status.RUNNING, worker=worker)
    return mine.select_related("device__platform").first()


def _start(backup: Backup, log: JobLogger) -> None:
    started = patiently(
        Job.objects.filter(pk=backup.job_id, status=Job.Status.PENDING).update,
        status=Job.Status.RUNNING,
        started_at=timezone.now(),
    )
    if started:
        JobLogger(backup.job_id)(Event.SESSION_START, "Job started")
    log(Event.BACKUP_START, f"Backup of {backup.device.hostname} started", attempt=backup.attempts)


def _back_up(backup: Backup, log: JobLogger) -> None:
    device = backup.device
    last_good = patiently(Backup.objects.last_good, device.pk)
    backup.credential = choose_credential(device)
    facts, text = fetch(
        target_of(device), login_of(backup.credential), timeouts=_timeouts(), log=log, retry=_retry_policy()
    )
    check_complete(text, device.platform, last_good.file_size if last_good else None)
    content = _store(backup, text, last_good)
    patiently(recording.complete, backup, content, facts)
    log(
        Event.BACKUP_SUCCESS,
        f"Stored as {content.file_path}" if backup.changed else "No change since the last good backup",
        file_path=content.file_path,
        size_bytes=content.size,
        version=backup.version,
    )


def _store(backup: Backup, text: str, last_good: Backup | None, folder: str = storage.CONFIGS) -> Content:
    """Keep the text, or share the last good file if it holds the same bytes (and still does: it is read again)."""
    content = encode(text)
    digest = content_hash(content)
    if last_good and last_good.content_hash == digest and storage.is_intact(last_good):
        path = last_good.file_path
    else:
        path = storage.store(
            content, storage.file_name(backup.device_id, backup.device.hostname, timezone.now(), folder)
        )
    return Content(path, len(content), digest, change_hash(text, backup.device.platform.volatile_patterns))


def _fail(backup: Backup, reason: Backup.FailureReason, error: Exception, log: JobLogger) -> None:
    message = str(error) if isinstance(error, DeviceError | StorageFailed) else f"{type(error).__name__} in NetRaven."
    content = None
    if isinstance(error, IncompleteConfig) and error.config:
        content = _keep_aside(backup, error.config, log)
    patiently(recording.fail, backup, reason, message, content)
    log(Event.BACKUP_FAILURE, message, level="error", reason=reason)


def _keep_aside(backup: Backup, text: str, log: JobLogger) -> Content | None:
    """What came, for an operator to read; failing to keep it does not change why the backup failed."""
    try:
        return _store(backup, text, None, storage.INCOMPLETE)
    except StorageFailed as error:
        log(Event.BACKUP_FAILURE, f"What came could not be kept aside: {error}", level="warning")
        return None


def _frames(error: BaseException) -> list[str]:
    """Where it happened, without the values in the message: those may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _timeouts() -> Timeouts:
    config = settings.NETRAVEN
    return Timeouts(
        tcp=config["TCP_TIMEOUT"],
        connect=config["CONNECT_TIMEOUT"],
        read=config["READ_TIMEOUT"],
        deadline=config["DEADLINE"],
    )


def _retry_policy() -> RetryPolicy:
    config = settings.NETRAVEN
    return RetryPolicy(attempts=config["RETRY_ATTEMPTS"], base=config["RETRY_BASE"], factor=config["RETRY_FACTOR"])
