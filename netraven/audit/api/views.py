"""`GET /api/audit`: the audit trail, newest first."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework.generics import ListAPIView
from rest_framework.serializers import BaseSerializer

from netraven.audit.acting import Via
from netraven.audit.api.serializers import ACTIONS, AuditEntrySerializer
from netraven.audit.changes import Reader
from netraven.audit.kinds import KINDS
from netraven.audit.models import AuditEntry
from netraven.cursor_pagination import CursorPagination
from netraven.filtering import FlagFilter, StrictFilter
from netraven.permissions import requires, signed_in_user

Rows = QuerySet[AuditEntry]


class AuditFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """`?actor=anna&action=update&kind=device&since=2026-01-31T00:00:00Z`"""

    actor = filters.CharFilter(field_name="actor_name")
    action = filters.MultipleChoiceFilter(choices=[(name, name) for name in ACTIONS], method="doing")
    kind = filters.ChoiceFilter(choices=[(name, name) for name in KINDS], method="about")
    object = filters.CharFilter(field_name="object_pk", max_length=255)
    name = filters.CharFilter(field_name="object_repr", lookup_expr="startswith", max_length=255)
    device = filters.UUIDFilter(field_name="device_id")
    via = filters.ChoiceFilter(choices=Via.choices)
    request_id = filters.CharFilter(field_name="cid")
    masked = FlagFilter()
    since = filters.IsoDateTimeFilter(field_name="timestamp", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="timestamp", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    @extend_schema_field({"type": "string", "enum": list(ACTIONS)})
    def doing(self, entries: Rows, name: str, actions: list[str]) -> Rows:
        """Any of these."""
        return entries.filter(action__in=[ACTIONS[action] for action in actions]) if actions else entries

    def about(self, entries: Rows, name: str, kind: str) -> Rows:
        """About a record of this kind."""
        return entries.filter(content_type=ContentType.objects.get_for_model(KINDS[kind]))


class NewestEntries(CursorPagination):
    """By time."""

    keys = ("timestamp", "id")
    descending = True


class AuditView(ListAPIView[AuditEntry]):
    """Who changed what, and who read or exported which configuration: newest first.

    Entries about records of a kind that you may not view, and about devices that you do not see, are left out.
    """

    permission_classes = [requires("audit.view_auditentry")]
    queryset = AuditEntry.objects.none()  # says which model it is
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    pagination_class = NewestEntries
    filter_backends = [StrictFilter]  # no search: see `name`

    def get_queryset(self) -> Rows:
        """What the user may know of."""
        return AuditEntry.objects.visible_to(signed_in_user(self.request)).select_related("content_type")

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[AuditEntry]:
        """With what tells the changes of all entries of the page."""
        reader = Reader(args[0] if args else [], signed_in_user(self.request))
        kwargs["context"] = {**self.get_serializer_context(), "reader": reader}
        return super().get_serializer(*args, **kwargs)
