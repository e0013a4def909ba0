"""The history of a schedule as JSON, and what it can be narrowed to."""

from functools import cached_property
from uuid import UUID

from django_filters import rest_framework as filters
from rest_framework import serializers

from backups.models import Job, Progress, progress_of
from netraven.cursor_pagination import CursorPagination
from scheduling.api.shown import rows_of
from scheduling.models import ScheduleRun


class NewestDue(CursorPagination):
    """Runs: by the time at which they were due."""

    keys = ("due_at", "id")
    descending = True


class RunFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?outcome=missed&due_after=2026-01-31T00:00:00Z`"""

    cause = filters.ChoiceFilter(choices=ScheduleRun.Cause.choices)
    outcome = filters.ChoiceFilter(choices=ScheduleRun.Outcome.choices)
    due_after = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = ScheduleRun
        fields: list[str] = []


class RunSerializer(serializers.ModelSerializer[ScheduleRun]):
    """One due time, or one “run now”. What is told of its job is null if there is none that the user sees."""

    job = serializers.SerializerMethodField()
    job_status = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    duration_seconds = serializers.SerializerMethodField()

    class Meta:
        model = ScheduleRun
        fields = [
            "id",
            "due_at",
            "cause",
            "outcome",
            "message",
            "job",
            "job_status",
            "counts",
            "duration_seconds",
            "cancel_at",
            "created_at",
        ]
        read_only_fields = fields

    def get_job(self, run: ScheduleRun) -> str | None:
        """Its id."""
        job = self._job_of(run)
        return str(job.pk) if job else None

    def get_job_status(self, run: ScheduleRun) -> str | None:
        """Of the job."""
        job = self._job_of(run)
        return job.status if job else None

    def get_counts(self, run: ScheduleRun) -> Progress | None:
        """How many backups of the job are in each status."""
        job = self._job_of(run)
        return self._progress[job.pk] if job else None

    def get_duration_seconds(self, run: ScheduleRun) -> float | None:
        """From the job's first backup to its last; null until it has ended."""
        job = self._job_of(run)
        if not job or not job.started_at or not job.finished_at:
            return None
        return (job.finished_at - job.started_at).total_seconds()

    def _job_of(self, run: ScheduleRun) -> Job | None:
        return self._jobs.get(run.job_id) if run.job_id else None

    @cached_property
    def _jobs(self) -> dict[UUID, Job]:
        ids = [run.job_id for run in rows_of(self) if run.job_id]
        visible = Job.objects.visible_to(self.context["request"].user).filter(pk__in=ids)
        return {job.pk: job for job in visible.order_by()}

    @cached_property
    def _progress(self) -> dict[UUID, Progress]:
        return progress_of(self._jobs.values())
