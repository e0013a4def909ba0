"""What a token may be limited to: each scope is a set of Django's permissions. The user still needs them."""

from collections.abc import Collection
from fnmatch import fnmatchcase

_FOLLOW = ("backups.view_backup", "backups.view_job")
# Patterns of permissions, as in `backups.run_backup`.
SCOPES: dict[str, tuple[str, ...]] = {
    "devices:read": ("devices.view_*",),
    "devices:write": ("devices.*",),
    "backups:read": _FOLLOW,
    "backups:run": ("backups.run_backup", *_FOLLOW),
    "backups:write": ("backups.change_backup", "backups.accept_backup", *_FOLLOW),
    "config:read": ("backups.view_config",),
    "secrets:read": ("backups.view_config", "backups.view_secrets"),
    "credentials": ("credentials.*",),
    "schedules": ("scheduling.*",),
    # Of the trail it sees what the other scopes let it view
    "audit:read": ("audit.view_auditentry", "auth.view_*", "tokens.view_*"),
    "notifications": ("backups.*_channel", "backups.view_delivery"),
}


def allows(scopes: Collection[str], permission: str) -> bool:
    """Whether one of the scopes holds the permission; no scopes at all are no limit."""
    patterns = (pattern for scope in scopes for pattern in SCOPES.get(scope, ()))
    return not scopes or any(fnmatchcase(permission, pattern) for pattern in patterns)
