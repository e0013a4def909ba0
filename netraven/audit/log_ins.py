"""Log-ins and failed ones. Django tells of them by signals alone."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.cache import cache
from django.http import HttpRequest

from netraven.audit.models import AuditEntry
from netraven.audit.trail import note
from netraven.lock_out import client_address

Action = AuditEntry.Action
UNKNOWN_EVERY = 60  # seconds: who tries one name after the other from one address does not fill the trail


def listen() -> None:
    """Call it once, when all apps are ready."""
    user_logged_in.connect(_note_log_in, dispatch_uid="audit")
    user_login_failed.connect(_note_failure, dispatch_uid="audit")


def _note_log_in(sender: Any, request: HttpRequest, user: User, **more: Any) -> None:
    note(Action.LOG_IN, user)


def _note_failure(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """A name that nobody has is not written down: it may be a password, typed into the wrong place."""
    name = str(credentials.get("username", ""))
    user = User.objects.filter(username=name).first()
    if request is not None and not _is_news(request, name if user else ""):
        return
    if user:
        note(Action.FAILED_LOG_IN, user)
    else:
        AuditEntry.objects.create(action=Action.FAILED_LOG_IN, additional_data={"user": "unknown"})


def _is_news(request: HttpRequest, name: str) -> bool:
    """While a name is locked, that is told once."""
    locked = getattr(request, "axes_locked_out", False)
    if name and not locked:
        return True
    seconds = settings.AXES_COOLOFF_TIME.total_seconds() if name else UNKNOWN_EVERY
    told = hashlib.sha256(f"{client_address(request)} {name}".encode()).hexdigest()
    return cache.add(f"audit:failed:{told}", True, int(seconds))
