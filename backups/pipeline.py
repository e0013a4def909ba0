"""One backup, from an assignment to its outcome: reach, log in, read, check, keep. No database in here.

Every path ends in an outcome, completed or failed with a reason that an operator understands.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from backups import storage
from backups.assignments import Assignment
from backups.change_size import measure_change
from backups.completeness import check_complete
from backups.exceptions import BackupError, StorageFailed
from backups.fingerprint import change_hash, content_hash
from backups.joblog import JobLogger
from backups.models import Backup, JobLog
from backups.outcome import Content, Outcome
from backups.secrecy import mask_quotation
from devices.connection import Facts, RetryPolicy, Timeouts, fetch
from devices.exceptions import (
    AuthenticationFailed,
    DeviceError,
    HostKeyRejected,
    IncompleteConfig,
    UnexpectedDeviceError,
)
from devices.gateways import jump_host_of
from devices.host_keys import guard_of, worth_recording
from devices.login import login_of, target_of
from devices.text import decode, encode

Event = JobLog.Event
Reason = Backup.FailureReason
Read = Callable[..., tuple[Facts, str]]  # `fetch`, told all but the log-in and the time that is left


def carry_out(assignment: Assignment, log: JobLogger) -> Outcome:
    """Back up one device. Raises nothing."""
    backup = assignment.backup
    outcome = Outcome(backup, last_good=assignment.last_good)
    guard, way = guard_of(backup.device, assignment.host_keys), assignment.way
    target = target_of(backup.device, jump_host_of(way) if way else None)
    read = partial(fetch, target, guard=guard, log=log, retry=_retry_policy(), switch=assignment.switch)
    log(Event.BACKUP_START, f"Backup of {backup.device.hostname} started", attempt=backup.attempts)
    try:
        _back_up(assignment, read, outcome, log)
    except DeviceError as error:
        outcome.reason, outcome.error = Reason(error.reason), str(error)
        if isinstance(error, UnexpectedDeviceError):
            outcome.error = mask_quotation(outcome.error)
        if isinstance(error, HostKeyRejected):
            backup.credential = None  # it was not sent
        if isinstance(error, IncompleteConfig) and error.config:
            outcome.content = _keep_aside(backup, error.config, log)
    except StorageFailed as error:
        outcome.reason, outcome.error = Reason.STORAGE, str(error)
    except Exception as error:
        log(Event.BACKUP_FAILURE, "Unexpected error", level="debug", traceback=_frames(error))
        outcome.reason, outcome.error = Reason.UNEXPECTED, f"{type(error).__name__} in NetRaven."
    outcome.shown = worth_recording(backup.device, assignment.host_keys, guard)
    if way and target.gateway:
        outcome.shown += worth_recording(way.gateway, way.host_keys, target.gateway.guard)
    return outcome


def _back_up(assignment: Assignment, read: Read, outcome: Outcome, log: JobLogger) -> None:
    facts, text = _fetch(assignment, read, outcome, log)
    last_good = assignment.last_good
    check_complete(text, outcome.backup.device.platform, last_good.file_size if last_good else None)
    outcome.content = _store(outcome.backup, text, last_good)
    if last_good and last_good.change_hash != outcome.content.change_hash:
        _hash_by_present_rules(last_good, outcome.backup.device.platform.volatile_patterns)
    if last_good and last_good.change_hash != outcome.content.change_hash:
        outcome.change = measure_change(last_good, text, outcome.backup.device.platform.volatile_patterns)
    outcome.facts = facts


def _fetch(assignment: Assignment, read: Read, outcome: Outcome, log: JobLogger) -> tuple[Facts, str]:
    """Facts and configuration with the first log-in that the device accepts. Each is tried once: accounts lock."""
    log_ins, ends = assignment.log_ins, time.monotonic() + settings.NETRAVEN["DEADLINE"]
    for name in log_ins.unreadable:
        message = f"Leaving out the credential “{name}”: its key is missing in NETRAVEN_FIELD_KEYS"
        log(Event.LOGIN, message, level="warning")
    refusals: list[AuthenticationFailed] = []
    for offer in log_ins.offers[: settings.NETRAVEN["LOGIN_ATTEMPTS"]]:
        outcome.backup.credential = offer.credential
        log(Event.LOGIN, f"Trying {offer}", credential=str(offer.credential.pk))
        try:
            return read(
                login_of(offer.credential),
                timeouts=_timeouts(ends - time.monotonic()),
                on_login=partial(outcome.note_answer, offer, accepted=True),
            )
        except AuthenticationFailed as error:
            outcome.note_answer(offer, accepted=False)
            refusals.append(error)
    raise _rejected(assignment, refusals) if refusals else AuthenticationFailed(assignment.why_no_log_in())


def _rejected(assignment: Assignment, refusals: Sequence[AuthenticationFailed]) -> AuthenticationFailed:
    """The refusal of one log-in as it is; of several, a sentence that names them. Which were left untried is told."""
    offers, tried = assignment.log_ins.offers, len(refusals)
    names = ", ".join(f"“{offer.credential.name}”" for offer in offers[:tried])
    hostname = assignment.backup.device.hostname
    sentence = str(refusals[0]) if tried == 1 else f"{hostname} accepted none of {tried} log-ins: {names}."
    if left := len(offers) - tried:
        sentence += f" {left} more {'was' if left == 1 else 'were'} not tried, so that no account is locked."
    return AuthenticationFailed(sentence)


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


def _hash_by_present_rules(last_good: Backup, volatile_patterns: str) -> None:
    """The platform's rules may have been others when it was recorded: that they changed is no change of the device."""
    with suppress(BackupError):  # then the recorded hash has to do
        last_good.change_hash = change_hash(decode(storage.read(last_good)), volatile_patterns)


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
