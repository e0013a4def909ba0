"""Backups, jobs and log entries as JSON; all of it is read-only."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from backups import secrecy
from backups.housekeeping.runs import STATE
from backups.models import Backup, Job, JobLog, Progress, progress_of
from backups.named_login import may_name_credential, may_name_tag
from credentials.models import Credential
from devices.models import Device, Tag

HOSTNAME_LISTS = ("first_devices", "disabled")  # in the metadata of a job


class BackupRequestSerializer(serializers.Serializer[Backup]):
    """What POST /api/devices/{id}/backup takes; with a credential (its id) or a tag (its name), those log-ins only."""

    comments = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)
    credential = serializers.PrimaryKeyRelatedField(
        required=False,
        allow_null=True,
        default=None,
        queryset=Credential.objects.without_secrets(),
        pk_field=serializers.UUIDField(),
    )
    tag = serializers.SlugRelatedField(
        required=False, allow_null=True, default=None, slug_field="name", queryset=Tag.objects.all()
    )

    def to_internal_value(self, data: Any) -> Any:
        """Permissions first: who may not see log-ins does not learn which there are."""
        user = self.context["request"].user
        if isinstance(data, Mapping):
            if data.get("credential") is not None and not may_name_credential(user):
                raise PermissionDenied("You may not choose credentials.")
            if data.get("tag") is not None and not may_name_tag(user):
                raise PermissionDenied("You may not choose tags.")
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One log-in at most."""
        if attrs["credential"] and attrs["tag"]:
            raise serializers.ValidationError({"tag": ["Name a credential or a tag, not both."]})
        return attrs


class CommentsSerializer(serializers.ModelSerializer[Backup]):
    """What may be changed of a backup: `{"comments": "…"}`, and nothing else."""

    comments = serializers.CharField(allow_blank=True, max_length=1000)

    class Meta:
        model = Backup
        fields = ["comments"]

    def to_internal_value(self, data: Any) -> Any:
        """Refuse other fields: who sends one believes that it is changed."""
        if isinstance(data, Mapping) and (others := [str(name)[:100] for name in data if name != "comments"]):
            raise serializers.ValidationError({name: ["This cannot be changed."] for name in others[:10]})
        return super().to_internal_value(data)


class BackupSerializer(serializers.ModelSerializer[Backup]):
    """A backup, without its configuration.

    Its `content_hash` is for those who see secrets: with it a guess at a secret could be checked. What quotes the
    configuration is told as far as the user may read it.
    """

    error = serializers.SerializerMethodField()
    comments = serializers.SerializerMethodField()
    content_hash = serializers.SerializerMethodField()
    hostname = serializers.CharField(source="device.hostname")
    failure_reason = serializers.ChoiceField(choices=Backup.FailureReason.choices, allow_blank=True)
    accepted_by = serializers.CharField(source="accepted_by.username", default=None, allow_null=True)
    gateway = serializers.CharField(source="gateway.name", default=None, allow_null=True)

    class Meta:
        model = Backup
        fields = [
            "id",
            "job",
            "device",
            "hostname",
            "status",
            "failure_reason",
            "error",
            "version",
            "changed",
            "file_path",
            "file_size",
            "content_hash",
            "serial_number",
            "os_version",
            "comments",
            "attempts",
            "credential",
            "gateway",
            "accepted_by",
            "created_at",
            "not_before",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields

    def get_error(self, backup: Backup) -> str:
        """Why it failed."""
        return secrecy.error_for(self.context["request"].user, backup)

    def get_comments(self, backup: Backup) -> str:
        """What somebody wrote about it."""
        return secrecy.comments_for(self.context["request"].user, backup)

    def get_content_hash(self, backup: Backup) -> str:
        """SHA-256 of the exact bytes; empty when there are none, or for those who do not see secrets."""
        return backup.content_hash if secrecy.sees_secrets(self.context["request"].user) else ""


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job with `counts` of its backups: {"pending": 0, "running": 1, "completed": 5, "failed": 0}.

    `credential` (an id) or `tag` (a name) is the log-in that was asked for; `log_in` in its metadata keeps the name.
    """

    requested_by = serializers.CharField(source="requested_by.username", default=None, allow_null=True)
    tag = serializers.CharField(source="tag.name", default=None, allow_null=True)
    cancelled_by = serializers.CharField(source="cancelled_by.username", default=None, allow_null=True)
    counts = serializers.SerializerMethodField()
    metadata = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id",
            "job_type",
            "trigger",
            "requested_by",
            "status",
            "counts",
            "credential",
            "tag",
            "metadata",
            "created_at",
            "started_at",
            "finished_at",
            "cancelled_by",
            "cancelled_at",
        ]
        read_only_fields = fields

    def get_counts(self, job: Job) -> Progress | None:
        """How many backups are in each status; null for a job that makes none."""
        return self._progress[job.pk] if job.job_type == Job.Type.BACKUP else None

    def get_metadata(self, job: Job) -> dict[str, Any]:
        """As it was recorded, without the names of devices that the user does not see, and without inner workings."""
        metadata: dict[str, Any] = {key: value for key, value in job.metadata.items() if key != STATE}
        if not self.context["request"].user.is_superuser:
            for key in HOSTNAME_LISTS:
                if key in metadata:
                    metadata[key] = [name for name in metadata[key] if name in self._visible]
        return metadata

    @property
    def _jobs(self) -> list[Job]:
        """All jobs on the page: what is looked up, is looked up once for all of them."""
        shown = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else [self.instance]
        return cast(list[Job], shown)

    @cached_property
    def _progress(self) -> dict[UUID, Progress]:
        return progress_of(self._jobs)

    @cached_property
    def _visible(self) -> set[str]:
        names = {name for job in self._jobs for key in HOSTNAME_LISTS for name in job.metadata.get(key, [])}
        devices = Device.objects.visible_to(self.context["request"].user).filter(hostname__in=names)
        return set(devices.values_list("hostname", flat=True))


class JobLogSerializer(serializers.ModelSerializer[JobLog]):
    """One event; `backup` and `hostname` are null for the job's own."""

    hostname = serializers.CharField(source="backup.device.hostname", default=None, allow_null=True)
    message = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField()

    class Meta:
        model = JobLog
        fields = ["id", "time", "level", "event", "message", "details", "backup", "hostname"]
        read_only_fields = fields

    def get_message(self, entry: JobLog) -> str:
        """What happened."""
        return secrecy.message_for(self.context["request"].user, entry)

    def get_details(self, entry: JobLog) -> dict[str, Any]:
        """More about it: names and JSON values."""
        details: dict[str, Any] = secrecy.details_for(self.context["request"].user, entry)
        return details
