"""/api/tokens: a user's own tokens."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from netraven.api_tokens.api.serializers import NewTokenSerializer, TokenSerializer
from netraven.api_tokens.making import make_token
from netraven.api_tokens.models import TokenDetails
from netraven.permissions import signed_in_user


class WithFullRights(BasePermission):
    """A session, or a token without limits: a limited one must not make itself another one without."""

    message = "This token is limited: manage tokens with one that is not, or in a session of the console."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whoever is logged in, with all their rights."""
        limited = isinstance(request.auth, AuthToken) and request.auth.details.is_limited
        return bool(request.user.is_authenticated and not limited)


class TokenViewSet(ModelViewSet[TokenDetails]):
    """The user's tokens that have not expired, the newest first; none can be changed, only made and revoked."""

    queryset = TokenDetails.objects.none()  # says which model it is
    serializer_class = TokenSerializer
    permission_classes = [WithFullRights]
    search_fields = ["name"]
    ordering_fields = ["name", "last_used_at"]

    def get_queryset(self) -> QuerySet[TokenDetails]:
        """Nobody else's."""
        mine = TokenDetails.objects.valid().filter(token__user=signed_in_user(self.request))
        return mine.select_related("token").order_by("-token__created", "pk")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make one: 201 with `token`, which is never given out again."""
        form = NewTokenSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(form.validated_data)
        if expires_at := wanted.pop("expires_at", None):
            wanted["life"] = expires_at - timezone.now()
        details, token = make_token(signed_in_user(request), **wanted)
        return Response(self.get_serializer(details).data | {"token": token}, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: TokenDetails) -> None:
        """Revoke one: it is refused from now on."""
        instance.token.delete()

    @extend_schema(operation_id="tokens_destroy_all", request=None, responses={204: None})
    def destroy_all(self, request: Request) -> Response:
        """Revoke all of the user's tokens, also the one of this request."""
        AuthToken.objects.filter(user=signed_in_user(request)).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
