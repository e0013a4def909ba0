"""URLs: the admin console, the REST API and the pages."""

from django.contrib import admin
from django.urls import include, path

from netraven.api import UnknownPathView
from netraven.openapi.views import DocsView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api", UnknownPathView.as_view()),
    path("api/", include("netraven.api")),
    path("api-docs/", DocsView.as_view(), name="api-docs"),
    path("", include("backups.urls")),
    path("", include("scheduling.urls")),
]
