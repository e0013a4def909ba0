"""The one door: every request for backups, whoever makes it, comes through here."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.utils import timezone
from django_q.tasks import async_task

from backups import recording
from backups.exceptions import RequestRefused
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.named_login import NamedLogin
from credentials.models import Credential
from devices.models import Device, DeviceQuerySet, Tag

logger = structlog.get_logger("netraven.backups")

BATCH = 1000  # rows per INSERT, and ids per query


@dataclass(frozen=True)
class BackupRequest:
    """What became of a request: the job to follow, the backups it made, and those that were already under way."""

    job: Job
    backups: list[Backup]
    already_active: list[Backup]


def request_backups(
    devices: DeviceQuerySet,
    *,
    user: User | None,
    trigger: Job.Trigger,
    comments: str = "",
    credential: Credential | None = None,
    tag: Tag | None = None,
) -> BackupRequest:
    """Record one job with one pending backup per device, and wake the workers once that is committed.

    `user` None is the system itself (command line, schedule). A device that is already being backed up is not asked
    twice: its backup in progress is in `already_active`, and when there is nothing else, its job is the answer.
    A `credential`, or a `tag` for its credentials, is tried instead of the log-ins that the devices have.
    Raises PermissionDenied, or RequestRefused when no device is left to back up.
    """
    log_in = NamedLogin(credential, tag)
    log_in.refuse_unless_allowed(user)
    if user is not None:
        if not user.has_perm("backups.run_backup"):
            raise PermissionDenied("You may not run backups.")
        devices = devices.visible_to(user)
    wanted, disabled = _split_enabled(devices)
    with transaction.atomic():
        job = Job.objects.create(
            trigger=trigger,
            requested_by=user,
            metadata=_describe(wanted, disabled) | log_in.describe(),
            credential=credential,
            tag=tag,
        )
        backups = _create_backups(job, list(wanted), comments)
        created_for = {backup.device_id for backup in backups}
        already_active = _active_backups([pk for pk in wanted if pk not in created_for])
        if backups:
            transaction.on_commit(wake_workers)
            return BackupRequest(job, backups, already_active)
        job.delete()
    if not already_active:  # they ended while we looked: nothing stands in the way of a second try
        return request_backups(devices, user=user, trigger=trigger, comments=comments, credential=credential, tag=tag)
    return BackupRequest(already_active[0].job, [], already_active)


def accept_backup(backup: Backup, *, user: User) -> Backup:
    """An operator says that what was kept aside as incomplete is right: it becomes the last good one."""
    if not user.has_perm("backups.accept_backup") or not user.has_perm("backups.view_config"):
        raise PermissionDenied("You may not accept incomplete configurations.")
    return recording.accept(backup, user)


def wake_workers() -> None:
    """Have a worker look for pending backups. One task is enough: a worker with its hands full wakes the next.

    A queue that is away is no reason to fail: upkeep wakes a worker as long as anything is pending.
    """
    try:
        async_task("backups.tasks.work")
    except Exception as error:  # each broker has errors of its own
        logger.warning("The task queue is away: upkeep will wake a worker", error=type(error).__name__)


def start_jobs(job_ids: Iterable[uuid.UUID]) -> None:
    """Note that work on these jobs has begun; the first one to say so logs it."""
    for job in Job.objects.filter(pk__in=job_ids, status=Job.Status.PENDING):
        with transaction.atomic():
            pending = Job.objects.filter(pk=job.pk, status=Job.Status.PENDING)
            if pending.update(status=Job.Status.RUNNING, started_at=timezone.now()):
                JobLogger(job.pk)(JobLog.Event.SESSION_START, "Job started")


@transaction.atomic
def close_job(job_id: uuid.UUID) -> bool:
    """End a job whose backups have all ended; True for the one caller who did it.

    Call it after the last backup's commit: two that end at once see each other as running until then.
    """
    backups = Backup.objects.filter(job=OuterRef("pk")).order_by()
    failed = Exists(backups.filter(status=Backup.Status.FAILED))
    closed = (
        Job.objects.filter(pk=job_id, status__in=Job.ACTIVE)
        .exclude(Exists(backups.filter(status__in=Backup.ACTIVE)))
        .update(
            status=Case(When(failed, then=Value(Job.Status.FAILED)), default=Value(Job.Status.COMPLETED)),
            finished_at=timezone.now(),
        )
    )
    if closed:
        counts = Job.objects.get(pk=job_id).counts()
        done, bad = counts[Backup.Status.COMPLETED], counts[Backup.Status.FAILED]
        JobLogger(job_id)(
            JobLog.Event.SESSION_END, f"Job ended: {done} completed, {bad} failed", level="error" if bad else "info"
        )
    return bool(closed)


def _split_enabled(devices: QuerySet[Device]) -> tuple[dict[uuid.UUID, str], list[str]]:
    rows = list(devices.order_by("hostname").values_list("pk", "hostname", "enabled"))
    wanted = {pk: hostname for pk, hostname, enabled in rows if enabled}
    disabled = [hostname for _, hostname, enabled in rows if not enabled]
    if not wanted:
        raise RequestRefused(
            f"{', '.join(disabled[:5])}: disabled, so not backed up. Enable it first."
            if disabled
            else "No such device."
        )
    return wanted, disabled


def _describe(wanted: dict[uuid.UUID, str], disabled: list[str]) -> dict[str, object]:
    """What a job list shows, without looking into the backups."""
    metadata: dict[str, object] = {"devices": len(wanted), "first_devices": list(wanted.values())[:5]}
    return metadata | ({"disabled": disabled[:100], "disabled_count": len(disabled)} if disabled else {})


def _create_backups(job: Job, device_ids: list[uuid.UUID], comments: str) -> list[Backup]:
    """Insert what the one-active-per-device constraint lets in, and read back what that was."""
    Backup.objects.bulk_create(
        [Backup(job=job, device_id=pk, comments=comments, position=position) for position, pk in enumerate(device_ids)],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    return list(Backup.objects.filter(job=job).order_by("position"))


def _active_backups(device_ids: list[uuid.UUID]) -> list[Backup]:
    active: list[Backup] = []
    for start in range(0, len(device_ids), BATCH):
        batch = device_ids[start : start + BATCH]
        active += Backup.objects.active().filter(device__in=batch).select_related("job")
    return active
