"""URLs: the admin console, the REST API and the pages."""

from django.contrib import admin
from django.urls import include, path

from netraven.api import UnknownPathView
from netraven.audit.history import history
from netraven.openapi.views import DocsView

urlpatterns = [
    # In front of Django's own history of each kind of record, so that its buttons lead here
    path("admin/<slug:app_label>/<slug:model_name>/<path:object_id>/history/", admin.site.admin_view(history)),
    path("admin/", admin.site.urls),
    path("api", UnknownPathView.as_view()),
    path("api/", include("netraven.api")),
    path("api-docs/", DocsView.as_view(), name="api-docs"),
    path("", include("backups.urls")),
    path("", include("scheduling.urls")),
]
