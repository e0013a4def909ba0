"""The audit trail: one table for what people change and for what they read."""

from typing import TYPE_CHECKING, Any, cast

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.models import Device
from netraven.audit import acting
from netraven.audit.changes import Changes, describe_linked, with_names

if TYPE_CHECKING:
    _Manager = models.Manager["AuditEntry"]
else:
    _Manager = LogEntryManager


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reads over the trail."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "AuditQuerySet":
        """Entries about kinds of records that the user may view, without devices that the user does not see.

        A device that is gone is seen by superusers alone: nobody can say any more who was to know of it.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_superuser", False) and not getattr(user, "scopes", ()):
            return self
        may = cast(PermissionsMixin, user).has_perm
        kinds = [kind.pk for kind in _kinds() if may(f"{kind.app_label}.view_{kind.model}")]
        about = Q(content_type=None) | Q(content_type__in=kinds)
        return self.filter(about, Q(device_id=None) | Q(device_id__in=Device.objects.visible_to(user).values("pk")))

    def naming(self, text: str) -> "AuditQuerySet":
        """Entries about a record whose name begins so, or by that user, or with that id of a record or a request: all
        of them by an index, where a search in the middle of names would go through the whole table."""
        begins = Q(object_repr__startswith=text)
        return self.filter(begins | Q(actor_name=text) | Q(object_pk=text) | Q(cid=text))

    def changing(self) -> "AuditQuerySet":
        """Entries that tell of a change."""
        action = AuditEntry.Action
        return self.filter(action__in=[action.CREATE, action.UPDATE, action.DELETE])

    def about(self, subject: models.Model) -> "AuditQuerySet":
        """Entries about this record, the newest first."""
        kind = ContentType.objects.get_for_model(subject)
        return self.filter(content_type=kind, object_pk=str(subject.pk)).order_by("-timestamp", "-id")


class AuditManager(_Manager):
    """Writes entries; the library calls it for every change of a record that it follows."""

    def get_queryset(self) -> AuditQuerySet:
        """With the reads above."""
        return AuditQuerySet(self.model, using=self._db)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> AuditQuerySet:
        """See the query set."""
        return self.get_queryset().visible_to(user)

    def about(self, subject: models.Model) -> AuditQuerySet:
        """See the query set."""
        return self.get_queryset().about(subject)

    def create(self, **fields: Any) -> "AuditEntry":
        """With who does it, by what way, and from where."""
        return super().create(**acting.facts() | fields)

    def log_create(
        self, instance: models.Model, force_log: bool = False, changes: Changes | None = None, **fields: Any
    ) -> "AuditEntry | None":
        """An entry about a record; None if nothing worth telling has changed and it is not forced."""
        named = with_names(instance, changes or {})
        if not named and not force_log and fields.get("action") == AuditEntry.Action.UPDATE:
            return None
        return self.create(**fields_about(instance) | fields, changes=named)

    def log_m2m_changes(
        self,
        changed_queryset: models.QuerySet[Any],
        instance: models.Model,
        operation: str,
        field_name: str,
        **fields: Any,
    ) -> "AuditEntry | None":
        """An entry about records that were linked to this one, or are not any more."""
        changes = describe_linked(instance, changed_queryset, field_name, added=operation == "add")
        if not changes:
            return None
        fields |= fields_about(instance) | {"action": AuditEntry.Action.UPDATE}
        return self.create(changes=changes, **fields)


class AuditEntry(AbstractLogEntry):  # type: ignore[misc]  # the library has no types for others
    """Somebody changed, read, compared, exported or decided something. Nobody changes or deletes an entry; those that
    are older than NETRAVEN_KEEP_AUDIT_DAYS are pruned.

    `actor_name` stays when the user is deleted.
    """

    class Action(models.IntegerChoices):
        # Those of the library; it writes the first three
        CREATE = 0, "Created"
        UPDATE = 1, "Changed"
        DELETE = 2, "Deleted"
        ACCESS = 3, "Looked at"
        # Reading
        READ_CONFIG = 10, "Read configuration"
        DOWNLOAD_CONFIG = 11, "Downloaded configuration"
        COMPARE_CONFIGS = 12, "Compared configurations"
        SEARCH_CONFIGS = 13, "Searched configurations"
        EXPORT_DEVICES = 14, "Exported devices"
        # Decisions
        ACCEPT_BACKUP = 20, "Accepted incomplete configuration"
        ACCEPT_HOST_KEY = 21, "Accepted host key"
        DISMISS_HOST_KEY = 22, "Dismissed host key"
        CANCEL_JOB = 23, "Cancelled job"
        RETRY_JOB = 24, "Repeated job"
        ROTATE_KEYS = 25, "Encrypted secrets anew"
        # Log-ins
        LOG_IN = 30, "Logged in"
        FAILED_LOG_IN = 31, "Failed to log in"

    id = models.BigAutoField(primary_key=True)
    # The library's own fields without an index each: those below answer what is asked
    content_type = models.ForeignKey(
        ContentType,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        verbose_name="kind",
    )
    object_pk = models.CharField(max_length=255, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    action = models.PositiveSmallIntegerField(choices=Action.choices)
    cid = models.CharField("request", max_length=64, blank=True, default="")
    timestamp = models.DateTimeField("time", default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # What NetRaven adds
    actor_name = models.CharField("user name", max_length=150, blank=True)
    via = models.CharField("way", max_length=10, choices=acting.Via.choices)
    token_name = models.CharField("token", max_length=100, blank=True)
    device_id = models.UUIDField("device", null=True, blank=True, help_text="Whoever does not see it, sees no entry.")
    masked = models.BooleanField(null=True, blank=True, help_text="Whether secrets were masked in what was read.")

    objects: AuditManager = AuditManager()

    class Meta:
        ordering = ["-timestamp", "-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit trail"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-timestamp", "-id"], name="audit_newest"),
            models.Index(fields=["actor_name", "-timestamp", "-id"], name="audit_actor_newest"),
            models.Index(fields=["action", "-timestamp", "-id"], name="audit_action_newest"),
            models.Index(fields=["content_type", "-timestamp", "-id"], name="audit_kind_newest"),
            models.Index(fields=["object_pk", "-timestamp", "-id"], name="audit_object_newest"),
            # For the beginning of a name, whatever the database's order of letters
            models.Index(fields=["object_repr"], opclasses=["text_pattern_ops"], name="audit_name"),
            models.Index(fields=["device_id", "-timestamp", "-id"], name="audit_device_newest"),
            models.Index(fields=["cid"], name="audit_request"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.object_repr}" if self.object_repr else self.get_action_display()

    @property
    def details(self) -> str:
        """What else was written down, in words."""
        rows = (
            (name, what if isinstance(what, list) else [what]) for name, what in (self.additional_data or {}).items()
        )
        return "; ".join(f"{name.replace('_', ' ')}: {', '.join(map(str, what))}" for name, what in rows)

    @property
    def who(self) -> str:
        """The user's name; without one, what it was instead."""
        instead = {acting.Via.COMMAND.value: "command line", acting.Via.SYSTEM.value: "NetRaven"}
        return self.actor_name or instead.get(self.via, "nobody")


def fields_about(subject: models.Model) -> dict[str, Any]:
    """The fields that say which record it is; `device_id` decides who sees the entry."""
    device_id = subject.pk if isinstance(subject, Device) else getattr(subject, "device_id", None)
    return {
        "content_type": ContentType.objects.get_for_model(subject),
        "object_pk": str(subject.pk),
        "object_repr": str(getattr(subject, "name_in_trail", subject)),
        "device_id": device_id,
    }


def _kinds() -> list[ContentType]:
    from netraven.audit.kinds import KINDS

    return list(ContentType.objects.get_for_models(*KINDS.values()).values())
