"""URLs: the admin console, the REST API and the pages."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("netraven.api")),
    path("", include("backups.urls")),
    path("", include("scheduling.urls")),
]
