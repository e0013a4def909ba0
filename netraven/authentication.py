"""Who sends an API request: `Authorization: Bearer <token>`; POST /api/auth/token makes the tokens."""

from django.contrib.auth.models import User
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no annotations
    """Knox's tokens; knox itself answers a header that is not UTF-8 with a traceback."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The user and the token's record. Raises AuthenticationFailed if it is unknown or expired."""
        if not token.isalnum():
            raise AuthenticationFailed("Invalid token.")
        user, record = super().authenticate_credentials(token)
        return user, record
