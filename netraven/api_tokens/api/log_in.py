"""API tokens: log in for one, and revoke it."""

import hashlib

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from knox.settings import knox_settings
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from netraven.api_tokens.making import make_token
from netraven.authentication import RevokingAuthentication


class AddressThrottle(SimpleRateThrottle):
    """So many log-ins from one address."""

    scope = "log-in"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Where the client is counted."""
        return f"log-in:from:{self.get_ident(request)}"


class UsernameThrottle(SimpleRateThrottle):
    """So many log-ins with one username, from however many addresses."""

    scope = "log-in"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Where the username is counted; a digest, because a username may hold anything."""
        username = request.data.get("username") if isinstance(request.data, dict) else None
        return f"log-in:as:{hashlib.sha256(str(username).casefold().encode()).hexdigest()}"


class LogInSerializer(serializers.Serializer[User]):
    """{"username": …, "password": …}"""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class TokenView(APIView):
    """`POST` {username, password} -> {token, expiry}; `DELETE` revokes the token that it is sent with."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """None for logging in: a client renews an expired token with the old one still in its headers."""
        method = getattr(self.request, "method", "POST")  # no request yet when the view is described
        return [] if method == "POST" else [RevokingAuthentication()]

    def get_authenticate_header(self, request: Request) -> str:
        """The `WWW-Authenticate` of a wrong password too."""
        return str(knox_settings.AUTH_HEADER_PREFIX)

    def get_permissions(self) -> list[BasePermission]:
        """Anybody may try to log in."""
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated()]

    def get_throttles(self) -> list[BaseThrottle]:
        """Passwords can be guessed, tokens cannot."""
        return [AddressThrottle(), UsernameThrottle()] if self.request.method == "POST" else []

    def post(self, request: Request) -> Response:
        """Make a token. 401 for a wrong password as for an inactive user."""
        form = LogInSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request._request, **form.validated_data)
        if not isinstance(user, User):
            raise AuthenticationFailed("Wrong username or password.")
        request.user = user  # it is they who make the token
        details, token = make_token(user)
        user_logged_in.send(sender=User, request=request._request, user=user)
        return Response({"token": token, "expiry": details.token.expiry})

    def delete(self, request: Request) -> Response:
        """Revoke the token."""
        request.auth.delete()
        user_logged_out.send(sender=User, request=request._request, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
