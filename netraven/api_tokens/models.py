"""What NetRaven knows of a token beyond the library that makes them, and the user that a limited token stands for."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from knox.models import AuthToken

from netraven.api_tokens.scopes import allows

NOTED_EVERY = timedelta(minutes=1)  # the last use is not written at each request


class TokenDetailsQuerySet(models.QuerySet["TokenDetails"]):
    """Reads over tokens."""

    def valid(self) -> "TokenDetailsQuerySet":
        """Not expired."""
        return self.filter(Q(token__expiry__gt=timezone.now()) | Q(token__expiry=None))


class TokenDetails(models.Model):
    """What a token is for, and what it may do; the token itself is with its digest in the library's table."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.OneToOneField(AuthToken, on_delete=models.CASCADE, related_name="details")
    name = models.CharField(max_length=100, blank=True, help_text="Empty: made by logging in.")
    read_only = models.BooleanField(default=False)
    scopes = models.JSONField(default=list, help_text="Empty: all that the user may do.")
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = TokenDetailsQuerySet.as_manager()

    class Meta:
        ordering = ["-token__created"]
        verbose_name_plural = "token details"

    def __str__(self) -> str:
        return self.name or "log-in"

    @property
    def name_in_trail(self) -> str:
        """Whose it is, too."""
        return f"{self} of {self.token.user.get_username()}"

    @property
    def is_limited(self) -> bool:
        """May do less than its user."""
        return self.read_only or bool(self.scopes)

    def note_use(self) -> None:
        """Now, unless that was noted a moment ago."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at >= NOTED_EVERY:
            TokenDetails.objects.filter(pk=self.pk).update(last_used_at=now)


class ScopedUser(User):
    """A user as a limited token sees them: with no permission that its scopes do not hold, superuser or not.

    Everything that asks `has_perm` (views, serializers, services) so keeps to the scopes without knowing of them.
    """

    class Meta:
        proxy = True
        default_permissions = ()

    scopes: tuple[str, ...] = ()

    @classmethod
    def of(cls, user: User, scopes: Iterable[str]) -> "ScopedUser":
        """The same user, limited."""
        limited = cls()
        limited.__dict__.update(user.__dict__)
        limited.scopes = tuple(scopes)
        return limited

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Theirs, and in the scopes."""
        return allows(self.scopes, perm) and super().has_perm(perm, obj)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        """Theirs that are in the scopes."""
        return {perm for perm in super().get_all_permissions(obj) if allows(self.scopes, perm)}
