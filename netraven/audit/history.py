"""The button "History" of a record in the console: what the trail says of it."""

from typing import cast

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from netraven.audit.changes import Reader
from netraven.audit.models import AuditEntry

SHOWN = 100
VIEW = "audit.view_auditentry"


def history(request: HttpRequest, app_label: str, model_name: str, object_id: str) -> HttpResponse:
    """The newest entries about a record, for who may view it; who read it, only for who may view the trail."""
    try:
        model_admin = admin.site.get_model_admin(apps.get_model(app_label, model_name))
    except (LookupError, NotRegistered):
        raise Http404("There is no such kind of record.") from None
    subject = model_admin.get_object(request, unquote(object_id))
    if subject is None:
        raise Http404("There is no such record.")
    if not model_admin.has_view_permission(request, subject):
        raise PermissionDenied
    user = cast(User, request.user)
    about = AuditEntry.objects.about(subject)
    entries = list((about if user.has_perm(VIEW) else about.changing())[:SHOWN])
    reader = Reader(entries, user)
    kind = ContentType.objects.get_for_model(subject)
    context = {
        **admin.site.each_context(request),
        "title": f"History: {subject}",
        "subject": subject,
        "opts": model_admin.opts,
        "entries": [(entry, reader.changes(entry)) for entry in entries],
        "shown": SHOWN,
        "all_of_it": urlencode({"content_type": kind.pk, "object_pk": subject.pk}),
    }
    return render(request, "admin/audit/history.html", context)
