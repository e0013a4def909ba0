"""Entries as JSON."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from netraven.audit.changes import Reader
from netraven.audit.kinds import KINDS, kind_name
from netraven.audit.models import AuditEntry

ACTIONS = {action.name.lower(): action for action in AuditEntry.Action if action != AuditEntry.Action.ACCESS}
_NAMES = {action.value: name for name, action in ACTIONS.items()}


class ChangeSerializer(serializers.Serializer[Any]):
    """Of one field: from what to what, or what was linked; `hidden` counts devices that you do not see."""

    field = serializers.CharField()
    old = serializers.JSONField()
    new = serializers.JSONField()
    added = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    hidden = serializers.IntegerField()


class SubjectSerializer(serializers.Serializer[AuditEntry]):
    """The record, as it was called then; `id` is null for an entry about many of a kind."""

    kind = serializers.SerializerMethodField()
    id = serializers.SerializerMethodField()
    name = serializers.CharField(source="object_repr")

    @extend_schema_field(serializers.ChoiceField(choices=sorted(KINDS)))
    def get_kind(self, entry: AuditEntry) -> str:
        """As `?kind=` has it."""
        return kind_name(entry.content_type)

    def get_id(self, entry: AuditEntry) -> str | None:
        """As its own endpoint has it."""
        return entry.object_pk or None


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """Who did what to which record, when, and from where."""

    actor = serializers.CharField(source="actor_name", help_text="Name of a user; empty where none acted: see `via`.")
    action = serializers.SerializerMethodField()
    token = serializers.CharField(source="token_name", help_text="Name of the API token; `log-in` for one without.")
    address = serializers.CharField(source="remote_addr", allow_null=True)
    request_id = serializers.CharField(source="cid")
    object = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "timestamp",
            "actor",
            "via",
            "token",
            "address",
            "request_id",
            "action",
            "object",
            "device_id",
            "masked",
            "changes",
            "details",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=list(ACTIONS)))
    def get_action(self, entry: AuditEntry) -> str:
        """As `?action=` has it."""
        return _NAMES.get(entry.action, "access")

    @extend_schema_field(SubjectSerializer(allow_null=True))
    def get_object(self, entry: AuditEntry) -> Any:
        """Null for an entry that is about no record."""
        return SubjectSerializer(entry).data if entry.content_type_id else None

    @extend_schema_field(ChangeSerializer(many=True))
    def get_changes(self, entry: AuditEntry) -> list[dict[str, Any]]:
        """By field."""
        reader: Reader = self.context["reader"]
        return [vars(change) for change in reader.changes(entry)]

    @extend_schema_field(serializers.DictField())
    def get_details(self, entry: AuditEntry) -> dict[str, Any]:
        """What else was written down, such as the other backup of a comparison."""
        return cast("dict[str, Any]", entry.additional_data or {})
