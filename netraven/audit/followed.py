"""The records whose changes the library writes down, and the fields that count: those that people change.

What backups write is not among them (facts, last states, host keys first seen, runs of schedules), so a backup costs no
statement more.
"""

from auditlog.registry import auditlog
from django.contrib.auth.models import Group, User

from backups.models import Channel
from credentials.fields import Secret
from credentials.models import Credential
from devices.models import Device, Gateway, Platform, Tag, TagCredential
from netraven.api_tokens.models import TokenDetails
from scheduling.models import Schedule

HIDDEN = "(hidden)"
_HERE = f"{__name__}.hide"
PERSON = ["username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser"]
# Of a schedule, and of a channel
BY_NETRAVEN = {
    *("id", "created_by", "created_at", "updated_at", "next_run_at"),
    *("all_devices", "disabled_reason", "failing_since"),
}


def follow() -> None:
    """Call it once, when all apps are ready."""
    secrets = list(Credential.SECRET_FIELDS)
    auditlog.register(
        Credential,
        include_fields=["name", "username", *secrets, "description"],
        mask_fields=[*secrets, "description"],
        mask_callable=_HERE,
    )
    auditlog.register(
        Device,
        include_fields=["hostname", "address", "platform", "port", "credential", "gateway", "enabled", "description"],
        m2m_fields=["tags"],
        **_free_text("description"),
    )
    auditlog.register(Platform, include_fields=_all(Platform), **_free_text("optional_args"))
    auditlog.register(Tag, include_fields=_all(Tag), m2m_fields=["groups"], **_free_text("description"))
    auditlog.register(TagCredential, include_fields=_all(TagCredential))
    auditlog.register(
        Gateway,
        include_fields=["name", "address", "port", "credential", "max_sessions", "description"],
        **_free_text("description"),
    )
    auditlog.register(
        Schedule,
        include_fields=[name for name in _all(Schedule) if name not in BY_NETRAVEN],
        m2m_fields=["devices", "tags", "platforms", "excluded_devices", "excluded_tags"],
        **_free_text("comments"),
    )
    auditlog.register(
        Channel,
        include_fields=[name for name in _all(Channel) if name not in BY_NETRAVEN],
        m2m_fields=["tags"],
        **_free_text("secret", "url"),
    )
    auditlog.register(
        User,
        include_fields=[*PERSON, "password"],
        m2m_fields=["groups", "user_permissions"],
        mask_fields=["password"],
        mask_callable=f"{__name__}.hide_all",
    )
    auditlog.register(Group, include_fields=["name"], m2m_fields=["permissions"])
    auditlog.register(TokenDetails, include_fields=["name", "read_only", "scopes"])


def hide(value: str) -> str:
    """Of a secret, whether there is one; of free text, all but what looks like a secret."""
    from backups.secrecy import mask_quotation

    if value == "None":
        return ""
    return hide_all(value) if isinstance(value, Secret) else mask_quotation(value)


def hide_all(value: str) -> str:
    """Whether there is any."""
    return HIDDEN if value and value != "None" else ""


def _free_text(*names: str) -> dict[str, object]:
    return {"mask_fields": list(names), "mask_callable": _HERE}


def _all(model: type) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if field.name != "id"]  # type: ignore[attr-defined]
