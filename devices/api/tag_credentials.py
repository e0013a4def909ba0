"""/api/tags/{id}/credentials: the log-ins of a tag, in the order in which they are tried."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListCreateAPIView, RetrieveUpdateDestroyAPIView, get_object_or_404
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from credentials.models import Credential
from devices.models import Tag, TagCredential

SEE, CHANGE = "devices.view_tag", "devices.change_tag"


class MayGiveLogIns(BasePermission):
    """To look: who sees tags and credentials. To change: who may change tags, and sees credentials."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """For the method of the request."""
        of_tag = SEE if request.method in SAFE_METHODS else CHANGE
        return bool(request.user.is_authenticated and request.user.has_perms([of_tag, "credentials.view_credential"]))


class TagCredentialSerializer(serializers.ModelSerializer[TagCredential]):
    """A log-in of a tag; the one with the lowest priority is tried first."""

    credential = serializers.PrimaryKeyRelatedField(
        queryset=Credential.objects.without_secrets(), pk_field=serializers.UUIDField()
    )
    name = serializers.CharField(source="credential.name", read_only=True)

    class Meta:
        model = TagCredential
        fields = ["credential", "name", "priority"]

    def validate_credential(self, credential: Credential) -> Credential:
        """A tag offers a credential once; another one is another offer."""
        if self.instance and self.instance.credential_id != credential.pk:
            raise serializers.ValidationError("Remove this credential from the tag, and add the other one.")
        if not self.instance and TagCredential.objects.filter(tag=self.context["tag"], credential=credential).exists():
            raise serializers.ValidationError("The tag offers this credential already: change its priority.")
        return credential


class _OfTag(GenericAPIView[TagCredential]):
    queryset = TagCredential.objects.none()  # says which model it is
    permission_classes = [MayGiveLogIns]
    serializer_class = TagCredentialSerializer

    def get_queryset(self) -> QuerySet[TagCredential]:
        """In the order in which they are tried; no secret is read."""
        secrets = [f"credential__{name}" for name in Credential.SECRET_FIELDS]
        return TagCredential.objects.filter(tag=self._tag).select_related("credential").defer(*secrets)

    def get_serializer_context(self) -> dict[str, Any]:
        """With the tag."""
        return {**super().get_serializer_context(), "tag": self._tag}

    @cached_property
    def _tag(self) -> Tag:
        return get_object_or_404(Tag, pk=self.kwargs["tag_id"])


class TagCredentialsView(_OfTag, ListCreateAPIView[TagCredential]):
    """GET lists them, POST adds one."""

    def perform_create(self, serializer: Any) -> None:
        """For the tag in the URL."""
        serializer.save(tag=self._tag)


class TagCredentialView(_OfTag, RetrieveUpdateDestroyAPIView[TagCredential]):
    """GET, PUT and PATCH of the priority, DELETE: the credential itself stays."""

    lookup_field = "credential_id"
