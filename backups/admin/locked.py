"""The admins that libraries bring, made harmless. Their apps come before backups in INSTALLED_APPS."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success
from knox.models import AuthToken

from backups.admin.readonly import ReadOnly

if TYPE_CHECKING:  # the type parameter is for mypy alone
    _Tokens = admin.ModelAdmin[AuthToken]
else:
    _Tokens = admin.ModelAdmin


class TokenAdmin(ReadOnly, _Tokens):
    """API tokens: who has one, and until when. They are made through the API and can be taken away here."""

    actions = ["delete_selected"]
    list_display = ["begins_with", "user", "created", "expiry"]
    list_select_related = ["user"]
    search_fields = ["token_key", "user__username"]
    fields = ["begins_with", "user", "created", "expiry"]

    def has_delete_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        """Who holds Django's own permission for it."""
        return bool(request.user.has_perm("knox.delete_authtoken"))

    @admin.display(description="Begins with")
    def begins_with(self, token: AuthToken) -> str:
        """Enough to tell tokens apart, not enough to use one."""
        return f"{token.token_key[:8]}…"


def lock_third_party_admins() -> None:
    """A queue's schedule may name any Python function: whoever could enter one would run code. So nobody sees them."""
    for model in (Schedule, Success, Failure, OrmQ):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
    if admin.site.is_registered(AuthToken):
        admin.site.unregister(AuthToken)
    admin.site.register(AuthToken, TokenAdmin)
