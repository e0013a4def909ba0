"""`manage.py rotate_keys`."""

import threading
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from credentials.models import Credential
from credentials.rotation import BATCH_SIZE, rotate
from tests.credentials.conftest import UseKeys, new_key, stored


@pytest.fixture
def keys(use_keys: UseKeys, db: None) -> tuple[str, str]:
    """(old, new); the old one is in use."""
    old, new = new_key(), new_key()
    use_keys(old)
    return old, new


def make(count: int) -> list[Credential]:
    rows = [
        Credential(name=f"c{i:04}", username="u", password=f"pass {i}", private_key=f"key {i}") for i in range(count)
    ]
    return Credential.objects.bulk_create(rows)


def rotate_keys(*arguments: str) -> str:
    output = StringIO()
    call_command("rotate_keys", *arguments, stdout=output)
    return output.getvalue()


def test_every_secret_comes_under_the_first_key(keys: tuple[str, str], use_keys: UseKeys) -> None:
    old, new = keys
    rows = make(BATCH_SIZE * 2 + 3)
    use_keys(new, old)
    assert f"{len(rows)} rows encrypted anew, 0 needed nothing, 0 secrets fit no key" in rotate_keys()
    use_keys(new)
    for i, row in enumerate(Credential.objects.order_by("name")):
        assert (row.password, row.private_key, row.passphrase) == (f"pass {i}", f"key {i}", "")
    assert stored(rows[0], "passphrase") == ""


def test_rotation_does_not_count_as_an_edit(keys: tuple[str, str], use_keys: UseKeys) -> None:
    make(1)
    before = Credential.objects.get().updated_at
    use_keys(*reversed(keys))
    rotate_keys()
    assert Credential.objects.get().updated_at == before


def test_rows_under_the_first_key_are_left_alone(keys: tuple[str, str], use_keys: UseKeys) -> None:
    old, new = keys
    make(3)
    use_keys(new, old)
    Credential.objects.create(name="new", username="u", password="p")
    before = stored(Credential.objects.get(name="new"))
    assert "3 rows encrypted anew, 1 needed nothing" in rotate_keys()
    assert "0 rows encrypted anew, 4 needed nothing" in rotate_keys()
    assert stored(Credential.objects.get(name="new")) == before


def test_dry_run_counts_and_changes_nothing(keys: tuple[str, str], use_keys: UseKeys) -> None:
    rows = make(3)
    before = [stored(row) for row in rows]
    use_keys(*reversed(keys))
    assert "3 rows would be encrypted anew" in rotate_keys("--dry-run")
    assert [stored(row) for row in rows] == before


def test_an_interrupted_rotation_goes_on_where_it_stopped(keys: tuple[str, str], use_keys: UseKeys) -> None:
    make(BATCH_SIZE + 5)
    use_keys(*reversed(keys))
    batches = rotate(Credential, list(Credential.SECRET_FIELDS))
    assert next(batches).rotated == BATCH_SIZE
    batches.close()  # type: ignore[attr-defined]  # an iterator to its users
    assert f"5 rows encrypted anew, {BATCH_SIZE} needed nothing" in rotate_keys()


def test_a_secret_that_fits_no_key_is_named_and_the_others_are_rotated(
    keys: tuple[str, str], use_keys: UseKeys
) -> None:
    old, new = keys
    make(2)
    use_keys(new_key())
    lost = Credential.objects.create(name="lost", username="u", password="p-lost")
    before = stored(lost)
    use_keys(new, old)
    with pytest.raises(CommandError) as caught:
        rotate_keys()
    message = str(caught.value)
    assert f"credentials.Credential {lost.pk}, password" in message
    assert "\n" not in message
    assert before not in message
    assert stored(lost) == before
    use_keys(new)
    assert {row.password for row in Credential.objects.exclude(pk=lost.pk)} == {"pass 0", "pass 1"}


def test_of_many_secrets_that_fit_no_key_the_rest_is_counted(keys: tuple[str, str], use_keys: UseKeys) -> None:
    make(3)
    use_keys(new_key())
    with pytest.raises(CommandError, match=r"\(and 5 more\)"):
        rotate_keys("--dry-run")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_edit_in_the_middle_of_a_rotation_is_not_lost(use_keys: UseKeys) -> None:
    old, new = new_key(), new_key()
    use_keys(old)
    (row,) = make(1)
    use_keys(new, old)
    errors: list[Exception] = []

    def rotation() -> None:
        try:
            rotate_keys()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=rotation)
    with transaction.atomic():
        Credential.objects.filter(pk=row.pk).update(password="edited")
        thread.start()
        thread.join(0.5)  # it waits for this transaction now
    thread.join(30)
    assert errors == []
    assert Credential.objects.get().password == "edited"
    assert Fernet(new).decrypt(stored(row).encode()) == b"edited"
