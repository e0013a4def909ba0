"""Who works at the console."""

import pytest
from django.test import Client

from tests.pages.conftest import login, make_backup, make_user  # noqa: F401 (fixtures)
from tests.scheduling.console.forms import EDITOR, Login


@pytest.fixture
def root(login: Login) -> Client:  # noqa: F811
    return login("superuser")


@pytest.fixture
def editor(login: Login) -> Client:  # noqa: F811
    return login("nobody", *EDITOR, staff=True)
