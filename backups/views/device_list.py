"""The list of devices, and "Back up these"."""

import uuid
from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from backups.models import Job
from backups.views.access import UserRequest, page, page_of, visible_devices
from backups.views.device_filter import FILTERS, DeviceFilter
from backups.views.devices import READER, active_backup, ask_for_backups
from devices.models import Device, DeviceQuerySet

NAMES_SHOWN = 20  # of the devices that are to be backed up
MOST_SELECTED = 1000  # boxes; a page has fewer


@require_safe
@page("devices.view_device")
def devices(request: UserRequest) -> HttpResponse:
    """All devices, a page at a time, with how their last backup went."""
    visible = visible_devices(request)
    filters = DeviceFilter.of(visible, request.GET)
    shown = page_of(request, filters.found().prefetch_related("tags").annotate(active=active_backup()))
    context = {"page": shown, "filters": filters, "chosen": filters.chosen}
    if request.user.has_perms(READER):
        context["stale_count"] = visible.stale().count()
    return render(request, "pages/devices.html", context)


@require_POST
@page("devices.view_device", "backups.run_backup")
def back_up_devices(request: UserRequest) -> HttpResponse:
    """Ask whether to back up the selected devices, or all that match the filters; and do so once that is confirmed."""
    selected = selected_ids(request.POST.getlist("device"))
    filters = DeviceFilter.of(visible_devices(request), request.GET)
    everything = request.POST.get("which") == "all"
    wanted = filters.found() if everything else visible_devices(request).filter(pk__in=selected)
    back = f"{reverse('pages:devices')}?{request.GET.urlencode()}".rstrip("?")
    if not everything and not selected:
        messages.error(request, "Select devices first.")
        return redirect(back)
    if request.POST.get("confirmed") == "yes":
        return ask_for_backups(
            request, Device.objects.filter(pk__in=wanted.order_by().values("pk")), Job.Trigger.PAGE, back
        )
    return _ask(request, wanted, selected if not everything else [], back, filters.chosen)


def selected_ids(texts: Iterable[str]) -> list[uuid.UUID]:
    """What of these is an id."""
    found = []
    for text in list(texts)[:MOST_SELECTED]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _ask(
    request: UserRequest, wanted: DeviceQuerySet, selected: list[uuid.UUID], back: str, chosen: dict[str, str]
) -> HttpResponse:
    enabled = wanted.filter(enabled=True)
    number, disabled = enabled.order_by().count(), wanted.filter(enabled=False).order_by().count()
    context = {
        "number": number,
        "disabled": disabled,
        "names": enabled.order_by("hostname").values_list("hostname", flat=True)[:NAMES_SHOWN],
        "selected": selected,
        "chosen": [(name, chosen[name]) for name in FILTERS if chosen[name]],
        "back": back,
    }
    return render(request, "pages/back_up_devices.html", context)
