"""URLs of the REST API, with and without a trailing slash."""

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from backups.api.channels import ChannelViewSet
from backups.api.deliveries import DeliveryViewSet
from backups.api.log_ins import (
    CredentialStatisticsListView,
    CredentialStatisticsView,
    LoginTestView,
    TagStatisticsListView,
    TagStatisticsView,
)
from backups.api.search import SearchView
from backups.api.staleness import StaleDevicesView
from backups.api.views import (
    BackupViewSet,
    DeviceBackupsView,
    DeviceBackupView,
    JobBackupsView,
    JobLogView,
    JobViewSet,
)
from credentials.api.views import CredentialViewSet
from devices.api.gateways import GatewayViewSet
from devices.api.host_keys import HostKeyViewSet
from devices.api.tag_credentials import TagCredentialsView, TagCredentialView
from devices.api.views import DeviceViewSet, PlatformViewSet, TagViewSet
from netraven.api_tokens.api.log_in import TokenView
from netraven.api_tokens.api.views import TokenViewSet
from netraven.audit.api.views import AuditView
from netraven.health import HealthView
from netraven.me import MeView
from netraven.openapi.descriptions import describe
from netraven.openapi.views import SchemaView
from scheduling.api.views import DeviceSchedulesView, ScheduleDevicesView, ScheduleRunsView, ScheduleViewSet


class UnknownPathView(APIView):
    """A 404 in JSON; Django's own is a page, or a redirect that loses the body of a POST."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Whatever the method."""
        raise NotFound("There is nothing at this path.")


ALL_TOKENS: dict[str, Any] = {"get": "list", "post": "create", "delete": "destroy_all"}
ONE_TOKEN: dict[str, Any] = {"get": "retrieve", "delete": "destroy"}

describe()
router = SimpleRouter()
router.trailing_slash = "/?"  # a redirect to the other form would lose the body of a POST
router.register("devices", DeviceViewSet, basename="api-device")
router.register("tags", TagViewSet, basename="api-tag")
router.register("platforms", PlatformViewSet, basename="api-platform")
router.register("host-keys", HostKeyViewSet, basename="api-hostkey")
router.register("gateways", GatewayViewSet, basename="api-gateway")
router.register("credentials", CredentialViewSet, basename="api-credential")
router.register("backups", BackupViewSet, basename="api-backup")
router.register("jobs", JobViewSet, basename="api-job")
router.register("channels", ChannelViewSet, basename="api-channel")
router.register("deliveries", DeliveryViewSet, basename="api-delivery")
router.register("schedules", ScheduleViewSet, basename="api-schedule")

log_in_urls = [
    re_path(
        r"^credentials/statistics/?$", CredentialStatisticsListView.as_view(), name="api-credential-statistics-list"
    ),
    re_path(
        r"^credentials/(?P<pk>[^/]+)/statistics/?$",
        CredentialStatisticsView.as_view(),
        name="api-credential-statistics",
    ),
    re_path(r"^credentials/(?P<pk>[^/]+)/test/?$", LoginTestView.as_view(), name="api-credential-test"),
    re_path(r"^tags/statistics/?$", TagStatisticsListView.as_view(), name="api-tag-statistics-list"),
    re_path(r"^tags/(?P<pk>[^/]+)/statistics/?$", TagStatisticsView.as_view(), name="api-tag-statistics"),
    re_path(r"^tags/(?P<tag_id>[^/]+)/credentials/?$", TagCredentialsView.as_view(), name="api-tag-credentials"),
    re_path(
        r"^tags/(?P<tag_id>[^/]+)/credentials/(?P<credential_id>[^/]+)/?$",
        TagCredentialView.as_view(),
        name="api-tag-credential",
    ),
]
schedule_urls = [
    re_path(r"^schedules/(?P<schedule_id>[^/]+)/jobs/?$", ScheduleRunsView.as_view(), name="api-schedule-jobs"),
    re_path(
        r"^schedules/(?P<schedule_id>[^/]+)/devices/?$", ScheduleDevicesView.as_view(), name="api-schedule-devices"
    ),
    re_path(r"^devices/(?P<device_id>[^/]+)/schedules/?$", DeviceSchedulesView.as_view(), name="api-device-schedules"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^schema/?$", SchemaView.as_view(), name="api-schema"),
    re_path(r"^health/?$", HealthView.as_view(), name="api-health"),
    re_path(r"^me/?$", MeView.as_view(), name="api-me"),
    re_path(r"^tokens/?$", TokenViewSet.as_view(ALL_TOKENS), name="api-owntoken-list"),
    re_path(r"^tokens/(?P<pk>[^/.]+)/?$", TokenViewSet.as_view(ONE_TOKEN), name="api-owntoken-detail"),
    re_path(r"^auth/token/?$", TokenView.as_view(), name="api-token"),
    re_path(r"^devices/(?P<device_id>[^/]+)/backup/?$", DeviceBackupView.as_view(), name="api-device-backup"),
    re_path(r"^devices/(?P<device_id>[^/]+)/backups/?$", DeviceBackupsView.as_view(), name="api-device-backups"),
    re_path(r"^audit/?$", AuditView.as_view(), name="api-audit"),
    re_path(r"^search/?$", SearchView.as_view(), name="api-search"),
    re_path(r"^stale/?$", StaleDevicesView.as_view(), name="api-stale"),
    re_path(r"^jobs/(?P<job_id>[^/]+)/backups/?$", JobBackupsView.as_view(), name="api-job-backups"),
    re_path(r"^jobs/(?P<job_id>[^/]+)/log/?$", JobLogView.as_view(), name="api-job-log"),
    *log_in_urls,
    *schedule_urls,
    *router.urls,
    re_path(r"", UnknownPathView.as_view(), name="api-unknown"),
]
