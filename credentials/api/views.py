"""/api/credentials: log-ins for devices."""

from django.db.models import ProtectedError
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.viewsets import ModelViewSet

from credentials.api.serializers import CredentialSerializer
from credentials.models import Credential
from netraven.permissions import ModelPermissions


class CredentialInUse(APIException):
    """Devices log in with it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "in_use"

    def __init__(self, devices: int) -> None:
        what, whom = ("a device logs", "it") if devices == 1 else (f"{devices} devices log", "them")
        super().__init__(f"This credential cannot be deleted: {what} in with it. Give {whom} another one first.")


class CredentialViewSet(ModelViewSet[Credential]):
    """Log-ins: list, read, make, change, delete; their secrets are write-only."""

    queryset = Credential.objects.all()
    serializer_class = CredentialSerializer
    permission_classes = [ModelPermissions]
    filter_backends = [DjangoFilterBackend, SearchFilter, OrderingFilter]
    filterset_fields = {"name": ["exact", "icontains"], "username": ["exact", "icontains"]}
    search_fields = ["name", "username", "description"]
    ordering_fields = ["name", "username", "created_at", "updated_at"]

    def perform_destroy(self, instance: Credential) -> None:
        """Raises CredentialInUse if devices have it."""
        try:
            instance.delete()
        except ProtectedError as error:
            raise CredentialInUse(len(error.protected_objects)) from None
