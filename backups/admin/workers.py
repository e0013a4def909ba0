"""Operator console: who does the work, and what waits for it."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backups.admin.readonly import ReadOnly
from backups.models import WorkerProcess
from backups.monitoring import SILENT_AFTER, TaskQueue, read_task_queue, read_workload
from backups.templatetags.records import ago, utc

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Workers = admin.ModelAdmin[WorkerProcess]
else:
    _Workers = admin.ModelAdmin

# A mark and a word go with each colour.
STATES = {
    "working": ("running", "▸", "Working"),
    "idle": ("completed", "✓", "Idle"),
    "silent": ("failed", "✕", "Silent"),
}


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnly, _Workers):
    """Worker processes of all hosts, the clusters that they belong to, and the queue."""

    list_display = ["host", "process", "state", "seen", "load", "completed", "failed", "started"]
    list_display_links = None
    list_filter = ["host"]
    ordering = ["host", "name"]
    change_list_template = "admin/backups/workerprocess/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkerProcess]:
        """With whether a living cluster names the process: one without a task has no reason to say anything."""
        queue = _task_queue(request)
        named = When(name__in=queue.workers if queue else [], then=Value(True))
        return super().get_queryset(request).annotate(named=Case(named, default=Value(False)))

    @admin.display(description="Process", ordering="name")
    def process(self, worker: WorkerProcess) -> str:
        """Its number on its host."""
        return worker.name.rpartition(":")[2]

    @admin.display(description="State")
    def state(self, worker: Any) -> SafeString:
        """As a badge."""
        return format_html(
            '<span class="nr-badge nr-{}"><span aria-hidden="true">{}</span> {}</span>', *STATES[_state(worker)]
        )

    @admin.display(description="Last seen", ordering="last_seen_at")
    def seen(self, worker: WorkerProcess) -> str | SafeString:
        """When it last gave a sign of life."""
        return ago(worker.last_seen_at)

    @admin.display(description="Devices at once")
    def load(self, worker: Any) -> str:
        """Those that it talks to, and how many could be."""
        return f"{worker.busy if _state(worker) == 'working' else 0} of {worker.threads}"

    @admin.display(description="Started", ordering="started_at")
    def started(self, worker: WorkerProcess) -> str | SafeString:
        """When."""
        return utc(worker.started_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the queue and the clusters above the list."""
        seen = WorkerProcess.objects.filter(last_seen_at__gte=timezone.now() - SILENT_AFTER)
        context = {
            "title": "Workers",
            "workload": read_workload(),
            "queue": _task_queue(request),
            "nobody_seen": not seen.exists(),
        }
        return super().changelist_view(request, context | (extra_context or {}))


def _state(worker: Any) -> str:
    if timezone.now() - worker.last_seen_at < SILENT_AFTER:
        return "working" if worker.busy else "idle"
    return "idle" if worker.named else "silent"


def _task_queue(request: HttpRequest) -> TaskQueue | None:
    """Asked once per request: while it is away each question takes seconds."""
    kept = vars(request)
    if "task_queue" not in kept:
        kept["task_queue"] = read_task_queue()
    queue: TaskQueue | None = kept["task_queue"]
    return queue
