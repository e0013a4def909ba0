"""How backups end: one transaction for backup, device and log, and only for the worker whose claim still holds."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace

from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from backups import daily
from backups.bulk import insert_rows, update_rows
from backups.database import patiently, storable
from backups.exceptions import RequestRefused
from backups.joblog import JobLogger
from backups.models import Backup, JobLog, LoginAttempt
from backups.outcome import Content, Outcome
from backups.tallies import forget_tally
from credentials.models import Credential
from devices import host_keys
from devices.models import Device, Tag

UNEXPECTED = Backup.FailureReason.UNEXPECTED
# Facts that a device row keeps, and the characters it has room for
FACTS = {"vendor": 100, "model": 100, "os_version": 500, "serial_number": 100}
# What is written when a backup ends: of the backup, and of its device
ENDED = (
    "status", "failure_reason", "error", "version", "changed", "lines_added", "lines_removed", "file_path", "file_size",
    "content_hash", "change_hash", "serial_number", "os_version", "credential", "finished_at", "lease_expires_at",
)  # fmt: skip
TOLD = ("last_attempt_at", "last_status", "last_failure_reason", "last_success_at", *FACTS)


def record(outcomes: Sequence[Outcome], events: Sequence[JobLog] = ()) -> None:
    """Record what came of backups, what happened on the way, and which host keys were shown.

    An outcome whose backup is no longer its worker's changes nothing and is marked `lost`.
    """
    try:
        patiently(_record_together, outcomes, events)
    except (DataError, IntegrityError):  # one of them holds what the database refuses: the others must not suffer
        for event in events:
            with suppress(DataError, IntegrityError):
                patiently(event.save, force_insert=True)
        for outcome in outcomes:
            _record_alone(outcome)


def _record_alone(outcome: Outcome) -> None:
    try:
        patiently(_forget_deleted, outcome)
        patiently(_record_together, [outcome], [])
    except (DataError, IntegrityError) as error:
        sentence = f"The database refused the result ({type(error).__name__})."
        refused = Outcome(Backup.objects.get(pk=outcome.backup.pk), reason=UNEXPECTED, error=sentence)
        patiently(_record_together, [refused], [])
        outcome.backup, outcome.lost = refused.backup, refused.lost


def _forget_deleted(outcome: Outcome) -> None:
    """A credential or a tag may be deleted while its device is talked to; the backup is as good without it."""
    tried = [pk for pk in (outcome.backup.credential_id, *outcome.answers) if pk]
    credentials = set(Credential.objects.filter(pk__in=tried).values_list("pk", flat=True))
    offering = [answer.tag_id for answer in outcome.answers.values() if answer.tag_id]
    tags = set(Tag.objects.filter(pk__in=offering).values_list("pk", flat=True))
    if outcome.backup.credential_id not in credentials:
        outcome.backup.credential = None
    outcome.answers = {
        pk: answer if answer.tag_id in tags else replace(answer, tag_id=None)
        for pk, answer in outcome.answers.items()
        if pk in credentials
    }


@transaction.atomic
def _record_together(outcomes: Sequence[Outcome], events: Sequence[JobLog]) -> None:
    entries = list(events)
    ours = _ours(outcomes)
    ending = [outcome for outcome in outcomes if outcome.backup.pk in ours]
    for outcome in outcomes:
        _settle(outcome)
        log = JobLogger(outcome.backup.job_id, outcome.backup, keep=entries.append)
        outcome.lost = outcome.backup.pk not in ours and not _is_recorded(outcome.backup)
        if outcome.lost:
            log(JobLog.Event.BACKUP_FAILURE, "Given up: another worker has taken this backup over", level="warning")
        else:
            _log_end(outcome.backup, log)
    update_rows([outcome.backup for outcome in ending], ENDED)
    update_rows([_told(outcome) for outcome in ending], TOLD)
    insert_rows(entries)
    if shown := [key for outcome in outcomes if not outcome.lost for key in outcome.shown]:
        host_keys.record(shown)
    insert_rows([attempt for outcome in ending for attempt in _login_attempts(outcome)])


@transaction.atomic
def accept(backup: Backup, user: User, change: tuple[int, int] | None = None) -> Backup:
    """Turn a kept-aside configuration into the last good one; `change` is how many lines it adds and removes.

    Raises RequestRefused if that would be wrong.
    """
    # The lock keeps new backups of the device out meanwhile: their rows refer to it.
    device = Device.objects.select_for_update().get(pk=backup.device_id)
    backup = Backup.objects.select_for_update(of=("self",)).select_related("device", "job").get(pk=backup.pk)
    if not backup.can_be_accepted:
        raise RequestRefused("Only a backup that failed as incomplete, with its text kept, can be accepted.")
    if device.backups.active().exists():
        raise RequestRefused("A backup of this device is under way: accept this one when that has ended.")
    last_good = Backup.objects.last_good(backup.device_id)
    if last_good and backup.finished_at and last_good.finished_at and last_good.finished_at > backup.finished_at:
        raise RequestRefused("A newer good backup exists: accepting this one would put an older one on top.")
    _set_version(backup, last_good, change)
    backup.status = Backup.Status.COMPLETED
    backup.failure_reason = ""
    backup.accepted_by = user
    backup.noticed = False  # it is good now: that is news
    backup.save()
    daily.recount([backup.finished_at])
    device.last_success_at = backup.finished_at
    if device.last_attempt_at == backup.finished_at:
        device.last_status, device.last_failure_reason = backup.status, ""
    device.save(update_fields=["last_success_at", "last_status", "last_failure_reason"])
    forget_tally(backup.job)
    JobLogger(backup.job_id, backup)(JobLog.Event.BACKUP_ACCEPTED, f"Accepted as complete by {user.get_username()}")
    return backup


def _settle(outcome: Outcome) -> None:
    """Put the outcome into the backup's fields."""
    backup, facts = outcome.backup, outcome.facts
    backup.finished_at, backup.lease_expires_at = timezone.now(), None
    if outcome.content:
        _set_content(backup, outcome.content)
    if facts is None:
        backup.status = Backup.Status.FAILED
        backup.failure_reason = outcome.reason or UNEXPECTED
        backup.error = storable(outcome.error)
        return
    # Still the last good one: nothing is accepted while a backup of the device is under way.
    _set_version(backup, outcome.last_good, outcome.change)
    backup.serial_number = storable(facts.serial_number)[: FACTS["serial_number"]]
    backup.os_version = storable(facts.os_version)[: FACTS["os_version"]]
    backup.status = Backup.Status.COMPLETED


def _set_content(backup: Backup, content: Content) -> None:
    backup.file_path = content.file_path
    backup.file_size = content.size
    backup.content_hash = content.content_hash
    backup.change_hash = content.change_hash


def _set_version(backup: Backup, last_good: Backup | None, change: tuple[int, int] | None) -> None:
    backup.changed = last_good is None or last_good.change_hash != backup.change_hash
    backup.lines_added, backup.lines_removed = change if change and backup.changed else (None, None)
    backup.version = (last_good.version or 0 if last_good else 0) + (1 if backup.changed else 0)


def _ours(outcomes: Sequence[Outcome]) -> set[uuid.UUID]:
    """The backups that are still their worker's, locked: its name is the fence against one that was thought dead."""
    workers = {outcome.backup.pk: outcome.backup.worker for outcome in outcomes}
    running = Backup.objects.filter(pk__in=workers, status=Backup.Status.RUNNING).select_for_update()
    return {pk for pk, worker in running.values_list("pk", "worker") if worker == workers[pk]}


def _is_recorded(backup: Backup) -> bool:
    """Whether we have written it already: this happens again after a commit whose answer was lost."""
    return Backup.objects.filter(pk=backup.pk, status=backup.status, worker=backup.worker).exists()


def _login_attempts(outcome: Outcome) -> list[LoginAttempt]:
    """New rows each time: those of a transaction that was rolled back have keys that are not theirs."""
    backup = outcome.backup
    return [
        LoginAttempt(backup=backup, device_id=backup.device_id, **asdict(answer)) for answer in outcome.answers.values()
    ]


def _told(outcome: Outcome) -> Device:
    """The backup's device: its row says how the last backup went, and keeps the facts that it told.

    Nobody else writes these fields while a backup is under way, so those read with the claim are still right.
    """
    backup, device = outcome.backup, outcome.backup.device
    device.last_attempt_at = backup.finished_at
    device.last_status = backup.status
    device.last_failure_reason = backup.failure_reason
    if outcome.facts:
        device.last_success_at = backup.finished_at
        for name, length in FACTS.items():
            if fact := storable(getattr(outcome.facts, name))[:length]:
                setattr(device, name, fact)
    return device


def _log_end(backup: Backup, log: JobLogger) -> None:
    if backup.status == Backup.Status.FAILED:
        log(JobLog.Event.BACKUP_FAILURE, backup.error, level="error", reason=backup.failure_reason)
        return
    log(
        JobLog.Event.BACKUP_SUCCESS,
        f"Stored as {backup.file_path}" if backup.changed else "No change since the last good backup",
        file_path=backup.file_path,
        size_bytes=backup.file_size,
        version=backup.version,
    )
