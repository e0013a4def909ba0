"""The one door: every request for backups, whoever makes it, comes through here."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.utils import timezone

from backups import recording
from backups.cancelling import end_waiting
from backups.change_size import measure_change
from backups.exceptions import RequestRefused
from backups.joblog import JobLogger
from backups.models import Backup, Job, JobLog
from backups.named_login import NamedLogin
from backups.queueing import BATCH, queue_backups
from backups.spread import Spread, bring_forward
from backups.tallies import keep_tally
from backups.waking import wake_workers
from credentials.models import Credential
from devices.models import Device, DeviceQuerySet, Tag
from netraven.audit.trail import Action, note
from netraven.request_ids import request_facts


@dataclass(frozen=True)
class BackupRequest:
    """What became of a request: the job to follow, how many backups it made, and which were already under way.

    `brought_forward` of those waited for a later time, and wait no longer for it.
    The backups themselves are read when they are asked for: there may be 10,000.
    """

    job: Job
    made: int
    active_ids: list[uuid.UUID] = field(default_factory=list)
    brought_forward: int = 0

    @cached_property
    def backups(self) -> list[Backup]:
        """Those that the request made, in their order."""
        return list(self.job.backups.order_by("position")) if self.made else []

    @cached_property
    def already_active(self) -> list[Backup]:
        """Those that were under way when it was made; some may have ended since."""
        batches = (self.active_ids[start : start + BATCH] for start in range(0, len(self.active_ids), BATCH))
        return [backup for ids in batches for backup in Backup.objects.filter(pk__in=ids).select_related("job")]


def request_backups(
    devices: DeviceQuerySet,
    *,
    user: User | None,
    trigger: Job.Trigger,
    comments: str = "",
    credential: Credential | None = None,
    tag: Tag | None = None,
    metadata: Mapping[str, object] | None = None,
    spread: Spread | None = None,
) -> BackupRequest:
    """Record one job with one pending backup per device, and wake the workers once that is committed.

    `user` None is the system itself (command line, schedule). A device that is already being backed up is not asked
    twice: its backup in progress is in `already_active`, and when there is nothing else, its job is the answer. It
    takes a bounded number of queries, and for 10,000 devices about a second.
    A `credential`, or a `tag` for its credentials, is tried instead of the log-ins that the devices have. `metadata` is
    kept with the job. With a `spread` each backup waits for its time; one under way that waits for a later time is
    brought forward.
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
            metadata=_describe(wanted, disabled) | log_in.describe() | request_facts() | dict(metadata or {}),
            credential=credential,
            tag=tag,
            device_id=next(iter(wanted)) if len(wanted) == 1 else None,
        )
        made = queue_backups(job, list(wanted), comments, spread)
        all_made = made == len(wanted)
        active_ids = [] if all_made else _active_beside(job, list(wanted))
        brought_forward = 0 if all_made else bring_forward(job, list(wanted), spread)
        if made or brought_forward:
            transaction.on_commit(partial(wake_workers, made + brought_forward))
        if made:
            return BackupRequest(job, made, active_ids, brought_forward)
        job.delete()
    if not active_ids:  # they ended while we looked: nothing stands in the way of a second try
        return request_backups(
            devices,
            user=user,
            trigger=trigger,
            comments=comments,
            credential=credential,
            tag=tag,
            metadata=metadata,
            spread=spread,
        )
    return BackupRequest(Job.objects.get(backups=active_ids[0]), 0, active_ids, brought_forward)


def accept_backup(backup: Backup, *, user: User) -> Backup:
    """An operator says that what was kept aside as incomplete is right: it becomes the last good one."""
    if not user.has_perm("backups.accept_backup") or not user.has_perm("backups.view_config"):
        raise PermissionDenied("You may not accept incomplete configurations.")
    last_good = Backup.objects.last_good(backup.device_id)
    change = measure_change(last_good, backup, backup.device.platform.volatile_patterns)
    with transaction.atomic():
        accepted = recording.accept(backup, user, change)
        note(Action.ACCEPT_BACKUP, accepted, user=user)
    return accepted


def cancel_job(job: Job, *, user: User | None) -> Job:
    """End a job of backups before its time: what waits ends now, what runs is cut by its worker in a second or two.

    It needs the permission to run backups, and the job must be the user's own, or hold no device that the user does not
    see; `user` None is the system itself. The job ends as cancelled with its last backup, so perhaps later than this.
    To repeat it does no harm. Raises PermissionDenied, or RequestRefused for a job that has ended otherwise.
    """
    _refuse_to_cancel_unless_allowed(job, user)
    with transaction.atomic():
        active = Job.objects.filter(pk=job.pk, job_type=Job.Type.BACKUP, status__in=Job.ACTIVE)
        if active.filter(cancelled_at=None).update(cancelled_at=timezone.now(), cancelled_by=user):
            by = f" by {user.get_username()}" if user else ""
            JobLogger(job.pk)(JobLog.Event.CANCELLED, f"Cancelled{by}", level="warning")
            note(Action.CANCEL_JOB, job, user=user)
    job.refresh_from_db()
    if job.cancelled_at is None:
        raise RequestRefused(
            f"This job has ended already: {job.get_status_display().lower()}."
            if job.job_type == Job.Type.BACKUP
            else "Only jobs of backups can be cancelled."
        )
    end_waiting(job)
    close_job(job.pk)
    job.refresh_from_db()
    return job


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
            status=Case(
                When(cancelled_at__isnull=False, then=Value(Job.Status.CANCELLED)),
                When(failed, then=Value(Job.Status.FAILED)),
                default=Value(Job.Status.COMPLETED),
            ),
            finished_at=timezone.now(),
        )
    )
    if closed:
        job = Job.objects.get(pk=job_id)
        tally = keep_tally(job)
        how = "cancelled" if job.status == Job.Status.CANCELLED else "ended"
        message = f"Job {how}: {tally.completed} completed, {tally.failed} failed"
        JobLogger(job_id)(JobLog.Event.SESSION_END, message, level="error" if tally.failed else "info")
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


def _active_beside(job: Job, device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """The backups of these devices that other jobs have under way."""
    active: list[uuid.UUID] = []
    for start in range(0, len(device_ids), BATCH):
        others = Backup.objects.active().filter(device__in=device_ids[start : start + BATCH]).exclude(job=job)
        active += others.order_by("device__hostname").values_list("pk", flat=True)
    return active


def _refuse_to_cancel_unless_allowed(job: Job, user: User | None) -> None:
    if user is None:
        return
    if not user.has_perm("backups.run_backup"):
        raise PermissionDenied("You may not cancel jobs.")
    hidden = Backup.objects.filter(job=job).exclude(device__in=Device.objects.visible_to(user))
    if job.requested_by_id != user.pk and not user.is_superuser and hidden.exists():
        raise PermissionDenied("This job holds devices that you do not see: only whoever asked for it may cancel it.")
