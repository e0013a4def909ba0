"""What the tests of the trail share."""

from typing import Any

import pytest
from django.db.models import Q
from rest_framework.test import APIClient

from netraven.audit.models import AuditEntry
from tests.api.conftest import client_of, own_cache
from tests.pages.conftest import MakeUser, login, make_user

__all__ = ["Action", "entries", "login", "make_user", "own_cache", "the_entry"]

Action = AuditEntry.Action


@pytest.fixture
def root(make_user: MakeUser) -> APIClient:
    """A client of the API with the token of a superuser."""
    return client_of(make_user("superuser"))


def entries(*conditions: Q, **fields: Any) -> list[AuditEntry]:
    """Those of the trail, the oldest first."""
    return list(AuditEntry.objects.filter(*conditions, **fields).order_by("id"))


def the_entry(**fields: Any) -> AuditEntry:
    """The only one."""
    return AuditEntry.objects.get(**fields)
