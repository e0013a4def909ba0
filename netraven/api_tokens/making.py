"""Making tokens."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from knox.models import AuthToken
from knox.settings import knox_settings

from netraven.api_tokens.models import TokenDetails


@transaction.atomic
def make_token(
    user: User,
    *,
    name: str = "",
    life: timedelta | None = None,
    read_only: bool = False,
    scopes: Iterable[str] = (),
) -> tuple[TokenDetails, str]:
    """The record, and the token itself: nobody can read it again. `life` None is as long as after logging in.

    Raises PermissionDenied for a user who has too many.
    """
    limit = knox_settings.TOKEN_LIMIT_PER_USER
    valid = AuthToken.objects.filter(Q(expiry__gt=timezone.now()) | Q(expiry=None), user=user)
    if limit is not None and valid.count() >= limit:
        raise PermissionDenied(f"You have {limit} tokens already. Revoke one first: DELETE /api/tokens/<id>.")
    more: dict[str, Any] = {} if life is None else {"expiry": life}
    record, token = AuthToken.objects.create(user=user, **more)
    details = TokenDetails.objects.create(token=record, name=name, read_only=read_only, scopes=list(scopes))
    return details, token
