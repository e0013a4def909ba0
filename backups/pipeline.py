"""One backup, from an assignment to its outcome: reach, log in, read, check, keep. No database in here.

Every path ends in an outcome, completed or failed with a reason that an operator understands.
"""

import time
import traceback
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from backups import storage
from backups.assignments import Assignment
from backups.completeness import check_complete
from backups.exceptions import StorageFailed
from backups.fingerprint import change_hash, content_hash
from backups.joblog import JobLogger
from backups.models import Backup, JobLog
from backups.outcome import Content, Outcome
from devices.connection import Facts, RetryPolicy, Timeouts, fetch
from devices.exceptions import AuthenticationFailed, DeviceError, IncompleteConfig
from devices.login import login_of, target_of
from devices.text import encode

Event = JobLog.Event
Reason = Backup.FailureReason


def carry_out(assignment: Assignment, log: JobLogger) -> Outcome:
    """Back up one device. Raises nothing."""
    backup = assignment.backup
    outcome = Outcome(backup, last_good=assignment.last_good)
    log(Event.BACKUP_START, f"Backup of {backup.device.hostname} started", attempt=backup.attempts)
    try:
        _back_up(assignment, outcome, log)
    except DeviceError as error:
        outcome.reason, outcome.error = Reason(error.reason), str(error)
        if isinstance(error, IncompleteConfig) and error.config:
            outcome.content = _keep_aside(backup, error.config, log)
    except StorageFailed as error:
        outcome.reason, outcome.error = Reason.STORAGE, str(error)
    except Exception as error:
        log(Event.BACKUP_FAILURE, "Unexpected error", level="debug", traceback=_frames(error))
        outcome.reason, outcome.error = Reason.UNEXPECTED, f"{type(error).__name__} in NetRaven."
    return outcome


def _back_up(assignment: Assignment, outcome: Outcome, log: JobLogger) -> None:
    facts, text = _fetch(assignment, outcome, log)
    last_good = assignment.last_good
    check_complete(text, outcome.backup.device.platform, last_good.file_size if last_good else None)
    outcome.content = _store(outcome.backup, text, last_good)
    outcome.facts = facts


def _fetch(assignment: Assignment, outcome: Outcome, log: JobLogger) -> tuple[Facts, str]:
    """Facts and configuration with the first log-in that the device accepts. Each is tried once: accounts lock."""
    device, refused, ends = assignment.backup.device, None, time.monotonic() + settings.NETRAVEN["DEADLINE"]
    for candidate in assignment.logins[: settings.NETRAVEN["LOGIN_ATTEMPTS"]]:
        outcome.backup.credential = candidate
        log(Event.LOGIN, f"Trying the credential “{candidate.name}”", credential=str(candidate.pk))
        try:
            timeouts = _timeouts(ends - time.monotonic())
            return fetch(
                target_of(device),
                login_of(candidate),
                timeouts=timeouts,
                log=log,
                retry=_retry_policy(),
                switch=assignment.switch,
            )
        except AuthenticationFailed as error:
            refused = error
    raise refused or AuthenticationFailed(
        f"{device.hostname} has no log-in that can be used: give it or one of its tags a credential. "
        "If it has one, its key is missing in NETRAVEN_FIELD_KEYS."
    )


def _store(backup: Backup, text: str, last_good: Backup | None, folder: str = storage.CONFIGS) -> Content:
    """Keep the text, or share the last good file if it holds the same bytes (and still does: it is read again)."""
    content = encode(text)
    digest = content_hash(content)
    if last_good and last_good.content_hash == digest and storage.is_intact(last_good):
        path = last_good.file_path
    else:
        name = storage.file_name(backup.device_id, backup.device.hostname, timezone.now(), folder)
        path = storage.store(content, name)
    return Content(path, len(content), digest, change_hash(text, backup.device.platform.volatile_patterns))


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


def _timeouts(deadline: float) -> Timeouts:
    config = settings.NETRAVEN
    return Timeouts(
        tcp=config["TCP_TIMEOUT"],
        connect=config["CONNECT_TIMEOUT"],
        read=config["READ_TIMEOUT"],
        deadline=deadline,
    )


def _retry_policy() -> RetryPolicy:
    config = settings.NETRAVEN
    return RetryPolicy(attempts=config["RETRY_ATTEMPTS"], base=config["RETRY_BASE"], factor=config["RETRY_FACTOR"])
