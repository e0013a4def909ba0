"""The page of devices without a good backup in time, and its buttons "Back up now"."""

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from backups import staleness
from backups.models import Job
from backups.views.access import UserRequest, page, page_of, visible_devices
from backups.views.device_list import selected_ids
from backups.views.devices import READER, active_backup, ask_for_backups
from devices.models import Device, DeviceQuerySet, Platform, Tag

FILTERS = ("tag", "platform", "reason")


@require_safe
@page(*READER)
def stale(request: UserRequest) -> HttpResponse:
    """Stale devices, the longest first; `?tag=<name>`, `?platform=<slug>` and `?reason=` narrow them."""
    visible = visible_devices(request)
    chosen = _chosen(request)
    shown = page_of(request, _narrow(staleness.worklist(visible), chosen).annotate(active=active_backup()))
    failures = staleness.last_failures(list(shown))
    total = visible.stale().count() if any(chosen.values()) else shown.paginator.count
    tagged = Device.tags.through.objects.filter(tag=OuterRef("pk"), device__in=visible.order_by().values("pk"))
    context = {
        "page": shown,
        "rows": [(device, staleness.reason_of(device), failures.get(device.pk)) for device in shown],
        "chosen": chosen,
        "stale_count": total,
        "left_out": visible.filter(enabled=False).missing_objective().count(),
        "tags": Tag.objects.filter(Exists(tagged)),
        "platforms": Platform.objects.order_by("name"),
        "reasons": staleness.REASONS,
    }
    return render(request, "pages/stale.html", context | ({} if total else _why_empty(visible)))


@require_POST
@page(*READER, "backups.run_backup")
def back_up_stale(request: UserRequest) -> HttpResponse:
    """The buttons "Back up now": for the selected devices, or for all that are stale and match the filters."""
    back = f"{reverse('pages:stale')}?{request.GET.urlencode()}".rstrip("?")
    if request.POST.get("which") == "all":
        wanted = _narrow(visible_devices(request).stale(), _chosen(request))
        problem = "No device is stale any more." if not wanted.exists() else ""
    else:
        selected = selected_ids(request.POST.getlist("device"))
        wanted = visible_devices(request).filter(pk__in=selected)
        problem = "" if selected else "Select devices first."
    if problem:
        messages.error(request, problem)
        return redirect(back)
    return ask_for_backups(request, wanted, Job.Trigger.PAGE, otherwise=back)


def _chosen(request: UserRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in FILTERS}


def _narrow(devices: DeviceQuerySet, chosen: dict[str, str]) -> DeviceQuerySet:
    if chosen["tag"]:
        devices = devices.filter(Exists(Tag.objects.filter(devices=OuterRef("pk"), name=chosen["tag"])))
    if chosen["platform"]:
        devices = devices.filter(platform__slug=chosen["platform"])
    return staleness.narrow_to_reason(devices, chosen["reason"]) if chosen["reason"] else devices


def _why_empty(visible: DeviceQuerySet) -> dict[str, int]:
    """How many tags and devices have an objective: with none of either, nothing can be stale."""
    return {
        "objectives": Tag.objects.filter(max_age_hours__isnull=False).count(),
        "with_objective": visible.filter(enabled=True).with_objective().count(),
    }
