"""URLs of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from backups.views import (
    backup_list,
    backup_live,
    comparing,
    configs,
    dashboard,
    device_list,
    devices,
    diffs,
    host_keys,
    job_list,
    jobs,
    search,
    staleness,
)

app_name = "pages"
urlpatterns = [
    path("", dashboard.dashboard, name="start"),
    path("dashboard/jobs/", dashboard.dashboard_jobs, name="dashboard-jobs"),
    path("logout/", LogoutView.as_view(next_page="admin:login"), name="logout"),
    path("devices/", device_list.devices, name="devices"),
    path("devices/backup/", device_list.back_up_devices, name="back-up-devices"),
    path("devices/<uuid:pk>/", devices.device, name="device"),
    path("devices/<uuid:pk>/backup/", devices.back_up, name="back-up"),
    path("devices/<uuid:pk>/compare/", devices.compare, name="compare"),
    path("stale/", staleness.stale, name="stale"),
    path("stale/backup/", staleness.back_up_stale, name="back-up-stale"),
    path("backups/", backup_list.backups, name="backups"),
    path("backups/<uuid:pk>/", configs.backup, name="backup"),
    path("backups/<uuid:pk>/download/", configs.download, name="download"),
    path("backups/<uuid:pk>/accept/", configs.accept, name="accept"),
    path("backups/<uuid:pk>/compare/", comparing.compare_with, name="compare-with"),
    path("backups/<uuid:pk>/diff/", diffs.diff_with_previous, name="diff-with-previous"),
    path("backups/<uuid:old_pk>/diff/<uuid:new_pk>/", diffs.diff, name="diff"),
    path("search/", search.search, name="search"),
    path("host-keys/", host_keys.host_keys, name="host-keys"),
    path("jobs/", job_list.jobs, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/live/", jobs.live, name="job-live"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="retry"),
    path("backups/<uuid:pk>/live/", backup_live.live, name="backup-live"),
]
