"""The log-in that a request names, instead of those that its devices have: a credential, or a tag's credentials."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from backups.exceptions import RequestRefused
from credentials.models import Credential
from devices.models import Tag


@dataclass(frozen=True)
class NamedLogin:
    """A credential, or a tag whose credentials are meant, or neither: then each device has its own log-ins."""

    credential: Credential | None = None
    tag: Tag | None = None

    def refuse_unless_allowed(self, user: User | None) -> None:
        """Raises PermissionDenied, or RequestRefused for both at once. `user` None is the system itself."""
        if self.credential and self.tag:
            raise RequestRefused("Name a credential or a tag, not both.")
        if self.credential and not may_name_credential(user):
            raise PermissionDenied("You may not choose credentials.")
        if self.tag and not may_name_tag(user):
            raise PermissionDenied("You may not choose tags.")

    def describe(self) -> dict[str, dict[str, str]]:
        """For the metadata of a job: the name outlives what it names."""
        if self.credential:
            return {"log_in": {"credential": self.credential.name}}
        return {"log_in": {"tag": self.tag.name}} if self.tag else {}


def may_name_credential(user: User | None) -> bool:
    """Who may see credentials; None is the system itself."""
    return user is None or user.has_perm("credentials.view_credential")


def may_name_tag(user: User | None) -> bool:
    """Who may see tags; None is the system itself."""
    return user is None or user.has_perm("devices.view_tag")
