"""Operator console: schedules, what each will do and what came of it."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.admin.states import state_badge
from backups.templatetags.records import ago
from backups.views.access import UserRequest
from devices.models import Device, Platform, Tag
from scheduling.admin.buttons import ScheduleButtons
from scheduling.admin.fields import SearchMany
from scheduling.admin.form import ScheduleForm
from scheduling.admin.preview import make_preview
from scheduling.history import SHOWN, newest_runs, past_runs
from scheduling.models import Schedule, ScheduleRun, last_run
from scheduling.services import save_schedule
from scheduling.targeted import Targeted
from scheduling.targets import RELATIONS, Targets
from scheduling.templatetags.schedules import outcome, schedule_moment, viewer_moment, words

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Schedules = admin.ModelAdmin[Schedule]
else:
    _Schedules = admin.ModelAdmin

ONLY = "This counts for {} only; for others it is ignored."
# Those that belong to some types only: the script hides what does not belong to the chosen one.
PART = {"classes": ["nr-part"]}
FIELDSETS: Any = [
    (None, {"fields": ["name", "enabled"]}),
    ("When", {"fields": ["schedule_type", "time_zone"], "classes": ["nr-when"]}),
    (
        "Interval",
        PART | {"fields": ["interval_minutes"], "description": ONLY.format("“every so many minutes”")},
    ),
    ("Days of the week", PART | {"fields": ["weekdays"], "description": ONLY.format("weekly schedules")}),
    (
        "Day of the month",
        PART
        | {
            "fields": ["month", "day_rule", "day", ("ordinal", "ordinal_weekday")],
            "description": ONLY.format("monthly and yearly schedules, and the month for yearly ones"),
        },
    ),
    (
        "Time of day",
        PART | {"fields": ["time"], "description": ONLY.format("daily, weekly, monthly and yearly schedules")},
    ),
    ("Cron expression", PART | {"fields": ["cron"], "description": ONLY.format("“cron expression”")}),
    ("From and until", {"fields": ["start_at", "end_at", "spread_minutes"], "classes": ["nr-span"]}),
    ("Devices", {"fields": ["all_devices", "devices", "hostnames", "tags", "tag_match", "platforms"]}),
    ("Except", {"fields": ["excluded_devices", "excluded_hostnames", "excluded_tags"]}),
    ("How", {"fields": ["missed", "overlap", "max_run_minutes", "comments"]}),
]
TO_LOOK_AT: Any = [
    (None, {"fields": ["name", "what", "tag_names", "platform_names", "spread_minutes"]}),
    ("How", {"fields": ["missed", "overlap", "max_run_minutes", "comments"]}),
]


class StateFilter(admin.SimpleListFilter):
    """Whether it runs, and if not, who says so."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three there are."""
        return [("enabled", "Enabled"), ("paused", "Paused"), ("disabled", "Disabled by NetRaven")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> QuerySet[Schedule]:
        """Those of the chosen state."""
        if self.value() == "enabled":
            return queryset.filter(enabled=True)
        if self.value() == "paused":
            return queryset.filter(enabled=False, disabled_reason="")
        return queryset.filter(pk__in=Schedule.objects.switched_off().values("pk")) if self.value() else queryset


@admin.register(Schedule)
class ScheduleAdmin(ScheduleButtons, _Schedules):
    """Schedules: a form that asks for what the type needs, with a preview and the history."""

    form = ScheduleForm
    list_display = ["name", "state", "what", "next_run", "devices_now", "last"]
    list_filter = [StateFilter, "schedule_type", "tags"]
    search_fields = ["name", "comments", "tags__name"]
    ordering = ["name"]
    list_per_page = 50
    show_full_result_count = False
    filter_horizontal = ["tags", "excluded_tags"]
    fieldsets = FIELDSETS
    change_form_template = "admin/scheduling/schedule/change_form.html"
    change_list_template = "admin/scheduling/schedule/change_list.html"

    class Media:
        js = [Script("netraven/schedules.js", defer=True)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """With its newest run."""
        return Schedule.objects.annotate(last_run_id=last_run("pk"))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the devices and the last runs of a page, found once for all its schedules."""
        changes = super().get_changelist_instance(request)
        shown = list(changes.result_list)
        user = cast(UserRequest, request).user
        targeted = Targeted(shown, user)
        runs = ScheduleRun.objects.filter(pk__in=[schedule.last_run_id for schedule in shown])
        last = {past.run.schedule_id: past for past in past_runs(runs, user)}
        for schedule in shown:
            schedule.number = targeted.count(schedule)
            schedule.last_past = last.get(schedule.pk)
            schedule.link_job = user.has_perm("backups.view_job")
        changes.result_list = shown
        return changes

    @admin.display(description="When")
    def what(self, schedule: Schedule) -> str:
        """In words."""
        return words(schedule)

    @admin.display(description="Next run", ordering="next_run_at")
    def next_run(self, schedule: Schedule) -> str | SafeString:
        """For the viewer, and below for the schedule, where its clock shows another time."""
        if not schedule.next_run_at:
            return "–"
        own = schedule_moment(schedule.next_run_at, schedule)
        shown = viewer_moment(schedule.next_run_at)
        return format_html('{}<br><span class="nr-quiet">{}</span>', shown, own) if own else shown

    @admin.display(description="Devices")
    def devices_now(self, schedule: Any) -> int:
        """How many it means now, of those that the user sees."""
        return int(schedule.number)

    @admin.display(description="Last run")
    def last(self, schedule: Any) -> str | SafeString:
        """How it went and when, with a link to its job."""
        past = schedule.last_past
        if not past:
            return "–"
        when = ago(past.run.created_at)
        if past.job and schedule.link_job:
            when = format_html('<a href="{}">{}</a>', reverse("pages:job", args=[past.job.pk]), when)
        return format_html("{} {}", outcome(past), when)

    @admin.display(description="State", ordering="enabled")
    def state(self, schedule: Schedule) -> SafeString:
        """As a badge; why NetRaven disabled it, if it did."""
        return state_badge(schedule, by_netraven="Disabled", by_hand="Paused")

    @admin.display(description="Tags")
    def tag_names(self, schedule: Schedule) -> str:
        """All tags, and those that are left out."""
        return _named(schedule.tags, schedule.excluded_tags, schedule.get_tag_match_display())

    @admin.display(description="Platforms")
    def platform_names(self, schedule: Schedule) -> str:
        """All platforms."""
        return ", ".join(schedule.platforms.values_list("name", flat=True)) or "–"

    def get_fieldsets(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        """Who may only look gets it in words: Django would name devices that they do not see."""
        if obj and not self.has_change_permission(request, obj):
            return TO_LOOK_AT
        return FIELDSETS

    def get_form(self, request: HttpRequest, obj: Schedule | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of this user."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Devices, tags and platforms that the user sees."""
        model = {"device": Device, "tag": Tag, "platform": Platform}[RELATIONS[db_field.name]]
        offered: Any = Device.objects.visible_to(request.user) if model is Device else model._default_manager.all()
        allowed = request.user.has_perm(f"devices.view_{RELATIONS[db_field.name]}")
        kwargs["queryset"] = offered if allowed else offered.none()
        if model is Device:
            kwargs["widget"] = SearchMany(db_field, self.admin_site)
        elif model is Platform:
            kwargs["widget"] = forms.CheckboxSelectMultiple()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Through the service, with its targets."""
        if not change:
            obj.created_by = cast(UserRequest, request).user
        save_schedule(obj, targets=form.targets)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has saved them."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Names: Django's own would list every run in the history of each."""
        names = [str(schedule) for schedule in objs]
        lacking = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return names, {str(self.opts.verbose_name_plural): len(names)}, lacking, []

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """With what the schedule would do: the stored one, or the one that is filled in."""
        form, stored = context["adminform"].form, context.get("original")
        user = cast(UserRequest, request).user
        context |= {"time_zones": time_zones(), "previewing": form.is_bound and form.previewing and not form.errors}
        if context["previewing"]:
            context["preview"] = make_preview(form.instance, form.targets, user)
        elif stored and not form.is_bound:
            context["preview"] = make_preview(stored, Targets.of(stored), user)
        if stored:
            context |= {"runs": newest_runs(stored, user), "runs_shown": SHOWN}
            context["may_run"] = self.has_run_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With a hint when there is no schedule at all."""
        no_schedules = not Schedule.objects.exists()
        return super().changelist_view(request, {"no_schedules": no_schedules} | (extra_context or {}))


@lru_cache(maxsize=1)
def time_zones() -> list[str]:
    """The names to choose from; more are accepted."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


def _named(tags: Any, excluded: Any, match: str) -> str:
    names, without = (", ".join(some.values_list("name", flat=True)) for some in (tags, excluded))
    return "; ".join(filter(None, (f"{match}: {names}" if names else "", f"not {without}" if without else ""))) or "–"
