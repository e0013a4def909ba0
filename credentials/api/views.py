"""/api/credentials: log-ins for devices."""

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.viewsets import ModelViewSet

from credentials.api.serializers import CredentialSerializer
from credentials.models import Credential
from credentials.usage import count_uses, in_words
from netraven.permissions import ModelPermissions


class CredentialInUse(APIException):
    """Devices log in with it, or tags and gateways have it for theirs."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "in_use"

    def __init__(self, uses: dict[str, int]) -> None:
        if sum(uses.values()) == 1:
            what = f"a {next(iter(uses))} logs in with it. Give it another one first."
        else:
            what = f"{in_words(uses)} log in with it. Give them another one first."
        super().__init__(f"This credential cannot be deleted: {what}")


class CredentialViewSet(ModelViewSet[Credential]):
    """Log-ins: list, read, make, change, delete; their secrets are write-only."""

    queryset = Credential.objects.all()
    serializer_class = CredentialSerializer
    permission_classes = [ModelPermissions]
    filterset_fields = {"name": ["exact", "icontains"], "username": ["exact", "icontains"]}
    search_fields = ["name", "username", "description"]
    ordering_fields = ["name", "username", "created_at", "updated_at"]

    def perform_destroy(self, instance: Credential) -> None:
        """Raises CredentialInUse if devices, tags or gateways have it."""
        if uses := count_uses([instance]):
            raise CredentialInUse(uses)
        instance.delete()
