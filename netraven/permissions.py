"""Who may do what in the REST API. Not visible is 404 (by the querysets), not allowed is 403 (by these classes)."""

from typing import TYPE_CHECKING, cast

from django.contrib.auth.models import User
from rest_framework.permissions import BasePermission, DjangoModelPermissions
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

VIEW = ["%(app_label)s.view_%(model_name)s"]


class ModelPermissions(DjangoModelPermissions):
    """DRF's model permissions, which check nothing on reading, with the view permission for reading."""

    perms_map = DjangoModelPermissions.perms_map | {"GET": VIEW, "HEAD": VIEW, "OPTIONS": VIEW}


def requires(*names: str) -> type[BasePermission]:
    """A permission class for a view that needs these permissions, whatever the method: `backups.run_backup`."""

    class Required(BasePermission):
        def has_permission(self, request: Request, view: "APIView") -> bool:
            return bool(request.user.is_authenticated and request.user.has_perms(names))

    return Required


def signed_in_user(request: Request) -> User:
    """The user of a request that has passed one of the classes above."""
    return cast(User, request.user)
