"""The page of a device: what it is, its history, and the button "Back up now"."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from backups.damage import with_damage
from backups.exceptions import RequestRefused
from backups.log_ins import log_ins_of
from backups.models import Backup, Job
from backups.services import BackupRequest, request_backups
from backups.versions import versions_of
from backups.views.access import UserRequest, page, page_of, visible_devices
from devices.models import Device, DeviceQuerySet

READER = ("devices.view_device", "backups.view_backup")


@require_safe
@page(*READER)
def device(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """One device: its versions, and its attempts, newest first."""
    seen = visible_devices(request).select_related("gateway").prefetch_related("tags__gateway")
    subject = get_object_or_404(seen, pk=pk)
    history = subject.backups.order_by("-created_at", "-id")
    before = request.GET.get("before", "")
    versions, older = versions_of(subject.pk, int(before) if before.isdecimal() and len(before) < 9 else None)
    waiting = Backup.objects.filter(device=subject).awaiting_decision()
    context = {
        "device": subject,
        "page": page_of(request, with_damage(history)),
        "active": history.active().first(),
        "versions": versions,
        "older": versions[-1].number if older else None,
        "present": not before,
        "waiting": waiting.first() if subject.last_status == Device.LastStatus.FAILED else None,
        "log_ins": log_ins_of(subject) if request.user.has_perm("credentials.view_credential") else None,
    }
    return render(request, "pages/device.html", context)


@require_POST
@page("devices.view_device")
def back_up(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """The button "Back up now"."""
    subject = get_object_or_404(visible_devices(request), pk=pk)
    wanted = Device.objects.filter(pk=subject.pk)
    return ask_for_backups(request, wanted, Job.Trigger.PAGE, otherwise=reverse("pages:device", args=[pk]))


@require_safe
@page("devices.view_device", "backups.view_backup", "backups.view_config")
def compare(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """Two backups picked in a device's history: on to their diff."""
    subject = get_object_or_404(visible_devices(request), pk=pk)
    try:
        old, new = (uuid.UUID(request.GET.get(name, "")) for name in ("old", "new"))
    except ValueError:
        messages.error(request, "Pick two backups to compare.")
        return redirect("pages:device", pk=subject.pk)
    if old == new:
        messages.error(request, "Pick two different backups to compare.")
        return redirect("pages:device", pk=subject.pk)
    return redirect("pages:diff", old, new)


def active_backup() -> Exists:
    """For annotating devices: is one being backed up, or waiting for it, and not for a later time?"""
    return Exists(Backup.objects.active().exclude(not_before__gt=timezone.now()).filter(device=OuterRef("pk")))


def ask_for_backups(
    request: UserRequest, wanted: DeviceQuerySet, trigger: Job.Trigger, otherwise: str, **log_in: Any
) -> HttpResponse:
    """Request backups and say what came of it; on to the job's page, or `otherwise` if there is none to show.

    `log_in` may name a `credential` or a `tag`. Raises PermissionDenied.
    """
    try:
        asked = request_backups(wanted, user=request.user, trigger=trigger, **log_in)
    except RequestRefused as error:
        messages.error(request, str(error))
        return redirect(otherwise)
    tell(request, asked)
    return redirect("pages:job", asked.job.pk) if request.user.has_perm("backups.view_job") else redirect(otherwise)


def tell(request: HttpRequest, asked: BackupRequest) -> None:
    """Say what became of a request."""
    if made := asked.made:
        messages.success(request, f"Backup of {made} device{'s' if made > 1 else ''} requested.")
    if active := len(asked.active_ids):
        sooner = f" {asked.brought_forward} brought forward." if asked.brought_forward else ""
        messages.info(request, f"{active} device{'s are' if active > 1 else ' is'} being backed up already.{sooner}")
    if made and (disabled := asked.job.metadata.get("disabled_count")):
        messages.warning(request, f"{disabled} disabled, so not backed up.")
