"""What can be done with schedules besides editing them: as buttons on the page of one, and as actions of the list."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from backups.views.access import UserRequest
from scheduling.models import Schedule, ScheduleRun
from scheduling.services import duplicate, run_now, set_enabled

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Schedule]
else:
    _Admin = object

Deed = Callable[[HttpRequest, Schedule], HttpResponse | None]
CHANGE = "admin:scheduling_schedule_change"


class ScheduleButtons(_Admin):
    """Run now, pause, resume, duplicate; each says what came of it, and is noted in the record's history."""

    actions = ["run_selected", "pause_selected", "resume_selected", "duplicate_selected"]

    def get_urls(self) -> list[URLPattern]:
        """The buttons' addresses beside Django's own."""
        deeds: dict[str, Deed] = {
            "run": self._run,
            "pause": self._pause,
            "resume": self._resume,
            "duplicate": self._duplicate,
        }
        own = [
            path(f"<uuid:pk>/{name}/", self._button(deed), name=f"scheduling_schedule_{name}")
            for name, deed in deeds.items()
        ]
        return [*own, *super().get_urls()]

    def has_run_permission(self, request: HttpRequest) -> bool:
        """May this user run schedules now? (Asked by Django for `permissions=["run"]`.)"""
        return self.has_change_permission(request) and request.user.has_perm("backups.run_backup")

    @admin.action(description="Run now", permissions=["run"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Each by itself."""
        self._do_each(request, queryset, self._run)

    @admin.action(description="Pause", permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Those that are enabled."""
        self._do_each(request, queryset.filter(enabled=True), self._pause)

    @admin.action(description="Resume", permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Those that are not enabled."""
        self._do_each(request, queryset.filter(enabled=False), self._resume)

    @admin.action(description="Duplicate", permissions=["add"])
    def duplicate_selected(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Each copy is switched off."""
        self._do_each(request, queryset, self._duplicate)

    def _button(self, deed: Deed) -> Callable[..., HttpResponse]:
        def press(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            schedule = get_object_or_404(Schedule, pk=pk)
            return deed(request, schedule) or redirect(CHANGE, schedule.pk)

        return cast("Callable[..., HttpResponse]", self.admin_site.admin_view(require_POST(press)))

    def _do_each(self, request: HttpRequest, schedules: QuerySet[Schedule], deed: Deed) -> None:
        chosen = list(Schedule.objects.filter(pk__in=schedules.order_by().values("pk")))
        for schedule in chosen:
            deed(request, schedule)
        if not chosen:
            self.message_user(request, "There was nothing to do for the selected schedules.", messages.WARNING)

    def _run(self, request: HttpRequest, schedule: Schedule) -> HttpResponse | None:
        """On to the job, if there is one and the user may see it."""
        run = run_now(schedule, _user(request))
        if run.outcome not in (ScheduleRun.Outcome.STARTED, ScheduleRun.Outcome.JOINED) or not run.job:
            self.message_user(request, f"“{schedule}” did not run: {run.message}", messages.WARNING)
            return None
        self.log_change(request, schedule, "Run by hand.")
        number = run.job.metadata.get("devices", 0)
        asked = f"“{schedule}” runs now: {number} device{'' if number == 1 else 's'}. {run.message}"
        self.message_user(request, asked, messages.SUCCESS)
        return redirect("pages:job", run.job.pk) if request.user.has_perm("backups.view_job") else None

    def _pause(self, request: HttpRequest, schedule: Schedule) -> None:
        set_enabled(schedule, False, _user(request))
        self.log_change(request, schedule, "Paused.")
        self.message_user(request, f"“{schedule}” is paused: it does not run until it is resumed.", messages.SUCCESS)

    def _resume(self, request: HttpRequest, schedule: Schedule) -> None:
        try:
            set_enabled(schedule, True, _user(request))
        except ValidationError as error:
            self.message_user(request, f"“{schedule}” cannot run: {_sentences(error)}", messages.ERROR)
            return
        self.log_change(request, schedule, "Resumed.")
        self.message_user(request, f"“{schedule}” is enabled.", messages.SUCCESS)

    def _duplicate(self, request: HttpRequest, schedule: Schedule) -> HttpResponse:
        copy = duplicate(schedule, _user(request))
        self.log_addition(request, copy, f"Copied from “{schedule}”.")
        self.message_user(request, f"“{copy}” was made. It is paused: change it, then resume it.", messages.SUCCESS)
        return redirect(CHANGE, copy.pk)


def _user(request: HttpRequest) -> Any:
    return cast(UserRequest, request).user


def _sentences(error: ValidationError) -> str:
    """What is wrong, each field by its name."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    names = {field.name: str(field.verbose_name) for field in Schedule._meta.concrete_fields}
    told = error.message_dict.items()
    return " ".join(f"{names.get(name, name).capitalize()}: {' '.join(sentences)}" for name, sentences in told)
