"""The system check: the keys fit the data."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credentials.checks import SAMPLE_SIZE, check_keys_fit, require_fitting_keys
from credentials.models import Credential
from credentials.stored import models_with_secrets
from tests.credentials.conftest import UseKeys, new_key


def make(count: int, prefix: str = "c") -> None:
    Credential.objects.bulk_create(Credential(name=f"{prefix}{i}", username="u", password="p") for i in range(count))


@pytest.mark.django_db
def test_keys_that_fit_are_no_news() -> None:
    make(3)
    Credential.objects.create(name="no secrets", username="u")
    assert check_keys_fit() == []
    require_fitting_keys()


@pytest.mark.django_db
def test_keys_that_do_not_fit_are_an_error_that_says_what_to_do(use_keys: UseKeys) -> None:
    make(3)
    use_keys(new_key())
    make(2, "newer")
    (error,) = [error for error in run_checks(tags=["credentials"]) if error.id == "credentials.E001"]
    assert "3 of 5 sampled rows of credentials.Credential" in error.msg
    assert "rotate_keys" in str(error.hint)
    with pytest.raises(ImproperlyConfigured, match="3 of 5 sampled rows"):
        require_fitting_keys()


@pytest.mark.django_db
def test_the_check_reads_a_sample_of_a_large_table(use_keys: UseKeys) -> None:
    make(SAMPLE_SIZE * 2 + 50)
    use_keys(new_key())
    with CaptureQueriesContext(connection) as queries:
        (error,) = check_keys_fit()
    assert len(queries) == 2 * len(list(models_with_secrets()))
    assert f"{SAMPLE_SIZE * 2} of {SAMPLE_SIZE * 2} sampled rows" in error.msg
