"""Once more, the devices whose backups failed in a job."""

from django.contrib.auth.models import User
from django.db import transaction

from backups.exceptions import RequestRefused
from backups.models import Backup, Job
from backups.services import BackupRequest, request_backups
from devices.models import Device
from netraven.audit.trail import Action, note


@transaction.atomic
def retry_job(job: Job, *, user: User | None, trigger: Job.Trigger) -> BackupRequest:
    """Ask for a new job of the devices that failed in this one, with the log-in that this one named, if it named one.

    `user` None is the system itself; devices that a user does not see are left out. The new job's metadata say which
    one it repeats. Raises PermissionDenied, or RequestRefused when there is nothing to repeat.
    """
    if job.job_type != Job.Type.BACKUP:
        raise RequestRefused("Only jobs of backups can be repeated.")
    if job.is_active:
        raise RequestRefused("This job has not ended yet.")
    if job.named_login and not (job.credential_id or job.tag_id):
        raise RequestRefused(f"This job was asked for with {job.named_login}, which is gone. Ask for a new one.")
    failed = Backup.objects.filter(job=job, status=Backup.Status.FAILED)
    if not failed.exists():
        raise RequestRefused("No backup of this job has failed.")
    devices = Device.objects.filter(pk__in=failed.values("device"))
    asked = request_backups(devices, user=user, trigger=trigger, credential=job.credential, tag=job.tag)
    if asked.made:
        asked.job.metadata |= {"retry_of": str(job.pk)}
        asked.job.save(update_fields=["metadata"])
        note(Action.RETRY_JOB, job, user=user, details={"new_job": str(asked.job.pk)})
    return asked
