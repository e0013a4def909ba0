"""The page on which one picks what a backup is compared with: a version of its device, or of another."""

import uuid

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from backups.models import Backup
from backups.views.access import UserRequest, page, page_of, visible_backup, visible_devices
from backups.views.configs import READER

DEVICES_FOUND = 20


@require_safe
@page(*READER, "devices.view_device")
def compare_with(request: UserRequest, pk: uuid.UUID) -> HttpResponse:
    """`?q=` looks for a device, `?device=` picks one; its versions lead to their diff with this backup."""
    subject, query = visible_backup(request, pk), request.GET.get("q", "").replace("\x00", "").strip()[:200]
    try:
        device_pk = uuid.UUID(request.GET.get("device", ""))
    except ValueError:
        device_pk = subject.device_id
    picked = get_object_or_404(visible_devices(request), pk=device_pk)
    good = Backup.objects.completed().filter(device=picked).exclude(pk=subject.pk)
    last = Backup.objects.last_good(picked.pk)
    versions = good.filter(Q(changed=True) | Q(pk=last.pk if last else None)).order_by("-finished_at", "-pk")
    context = {"backup": subject, "picked": picked, "page": page_of(request, versions), "query": query}
    if query:
        words = Q(hostname__icontains=query) | Q(address__icontains=query)
        found = visible_devices(request).filter(words, last_success_at__isnull=False).order_by("hostname")
        context["devices"] = found[: DEVICES_FOUND + 1]
    return render(request, "pages/compare.html", context)
