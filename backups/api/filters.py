"""What lists of backups, jobs and log entries can be narrowed to."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from backups.models import Backup, BackupQuerySet, Job, JobLog
from devices.models import Device, Gateway
from netraven.filtering import FlagFilter

MAX_ID = 2**63 - 1


class BackupFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?status=failed&failure_reason=timeout&created_after=2026-01-31T00:00:00Z`"""

    status = filters.ChoiceFilter(choices=Backup.Status.choices)
    device = filters.UUIDFilter(field_name="device_id")
    job = filters.UUIDFilter(field_name="job_id")
    gateway = filters.CharFilter(method="through")
    platform = filters.CharFilter(method="of_platform")
    tag = filters.CharFilter(method="tagged")
    failure_reason = filters.ChoiceFilter(choices=Backup.FailureReason.choices)
    changed = FlagFilter()
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Backup
        fields: list[str] = []

    def tagged(self, backups: BackupQuerySet, name: str, tag: str) -> QuerySet[Backup]:
        """Of the devices that have the tag of this name now."""
        return backups.of_devices(Device.objects.filter(tags__name=tag))

    def of_platform(self, backups: BackupQuerySet, name: str, slug: str) -> QuerySet[Backup]:
        """Of the devices of the platform with this slug."""
        return backups.of_devices(Device.objects.filter(platform__slug=slug))

    def through(self, backups: BackupQuerySet, name: str, gateway: str) -> QuerySet[Backup]:
        """That went through the gateway of this name; it is looked up first, so that there is none at once."""
        found = Gateway.objects.filter(name=gateway).first()
        return backups.filter(gateway=found) if found else backups.none()


class JobFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?status=running&trigger=schedule&requested_by=anna`"""

    job_type = filters.ChoiceFilter(choices=Job.Type.choices)
    status = filters.ChoiceFilter(choices=Job.Status.choices)
    trigger = filters.ChoiceFilter(choices=Job.Trigger.choices)
    requested_by = filters.CharFilter(field_name="requested_by__username")
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Job
        fields: list[str] = []


class JobLogFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?after=<id>`: what came after the entry with that id, to follow a job while it runs."""

    after = filters.NumberFilter(field_name="id", lookup_expr="gt", min_value=0, max_value=MAX_ID)
    backup = filters.UUIDFilter(field_name="backup_id")
    level = filters.ChoiceFilter(choices=JobLog.Level.choices)
    event = filters.ChoiceFilter(choices=JobLog.Event.choices)

    class Meta:
        model = JobLog
        fields: list[str] = []
