"""Who sends an API request: `Authorization: Bearer <token>`; POST /api/auth/token makes the tokens."""

from django.contrib.auth.models import User
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from netraven.api_tokens.models import ScopedUser, TokenDetails


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no annotations
    """Knox's tokens, and their limits. Whatever a view allows, a token for reading writes nothing, and the user of a
    token with scopes has no permission beyond them. Knox itself answers a header that is not UTF-8 with a traceback."""

    refuses_writing = True

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        """The user and the token's record, None without a token. Raises AuthenticationFailed, PermissionDenied."""
        found: tuple[User, AuthToken] | None = super().authenticate(request)
        if found is None:
            return None
        user, record = found
        details, is_new = TokenDetails.objects.get_or_create(token=record, defaults={"last_used_at": timezone.now()})
        if not is_new:
            details.note_use()
        record.details = details
        if self.refuses_writing and details.read_only and request.method not in SAFE_METHODS:
            raise PermissionDenied("This token is for reading only.")
        return (ScopedUser.of(user, details.scopes) if details.scopes else user), record

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The user and the token's record. Raises AuthenticationFailed if it is unknown or expired."""
        if not token.isalnum():
            raise AuthenticationFailed("Invalid token.")
        user, record = super().authenticate_credentials(token)
        return user, record


class RevokingAuthentication(BearerAuthentication):
    """Every token may be given back, by itself."""

    refuses_writing = False
