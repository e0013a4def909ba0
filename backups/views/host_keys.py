"""The page on which a person compares a key with the known one, and decides."""

import uuid
from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from backups.views.access import UserRequest, page, page_of
from devices.host_keys import KeyNotOffered, accept, dismiss, trusted_keys
from devices.models import HostKey
from devices.models.host_key import HostKeyQuerySet

KEYS_AT_ONCE = 50
DECISIONS = {"accept": accept, "dismiss": dismiss}


def host_keys_path(keys: Iterable[HostKey]) -> str:
    """Where to decide on these keys."""
    return f"{reverse('pages:host-keys')}?{urlencode([('key', key.pk) for key in keys])}"


@require_http_methods(["GET", "HEAD", "POST"])
@page("devices.view_hostkey")
def host_keys(request: UserRequest) -> HttpResponse:
    """Keys (`?key=<id>&key=<id>…`) beside those that are known, and the decision on those that wait for one.

    Without any, a list of all that wait.
    """
    if request.method == "POST":
        return _decide(request)
    if "key" not in request.GET:
        waiting = _with_owners(HostKey.objects.visible_to(request.user).offered().with_known_fingerprint())
        return render(request, "pages/host_keys_waiting.html", {"page": page_of(request, waiting)})
    shown = list(_visible_keys(request, request.GET.getlist("key")))
    if not shown:
        raise Http404("There is no such host key.")
    known = trusted_keys(
        devices=[key.device_id for key in shown if key.device_id],
        gateways=[key.gateway_id for key in shown if key.gateway_id],
    )
    pairs = [(key, next((other for other in known[key.owner_id] if other.kind == key.kind), None)) for key in shown]
    undecided = [key for key in shown if key.state == HostKey.State.OFFERED]
    return render(request, "pages/host_keys.html", {"pairs": pairs, "undecided": undecided})


def _decide(request: UserRequest) -> HttpResponse:
    decision = DECISIONS.get(request.POST.get("decision", ""))
    wanted = request.POST.getlist("key")
    if decision is None:
        raise BadRequest("There is no such decision.")
    found = list(_visible_keys(request, wanted))
    for key in found:
        try:
            decided = decision(key, request.user)
        except KeyNotOffered as error:
            messages.error(request, f"{key.owner}: {error}")
        else:
            messages.success(
                request, f"{key.owner}: {decided.fingerprint} is {decided.get_state_display().lower()} now."
            )
    if len(found) < len(set(wanted)):
        messages.error(request, "Another key has been shown since, so this one is not offered any more. Look again.")
    return redirect(host_keys_path(found) if found else "pages:start")


def _visible_keys(request: HttpRequest, texts: list[str]) -> HostKeyQuerySet:
    ids = []
    for text in texts[:KEYS_AT_ONCE]:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    return _with_owners(HostKey.objects.visible_to(request.user).filter(pk__in=ids))


def _with_owners(keys: HostKeyQuerySet) -> HostKeyQuerySet:
    return keys.select_related("device", "gateway", "decided_by").order_by("first_seen_at", "pk")
