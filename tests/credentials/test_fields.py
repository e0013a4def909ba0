"""Secrets at rest: what goes in comes out, and nothing else is possible."""

import copy
import pickle
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import FieldError, ValidationError
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credentials.fields import SecretField, SecretUnreadable
from credentials.models import Credential
from tests.credentials.conftest import UseKeys, new_key, stored

pytestmark = pytest.mark.django_db
TOKEN = Fernet(Fernet.generate_key()).encrypt(b"inner").decode()
LONG_KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "Ab1+" * 4096 + "\n-----END RSA PRIVATE KEY-----\n"


def read(credential: Credential) -> Credential:
    return Credential.objects.get(pk=credential.pk)


@pytest.mark.parametrize(
    "text",
    ["plain", "pässwörd ☃ 漢字 🔑", "  spaces and\ttabs  ", "nul\0inside", LONG_KEY, TOKEN],
    ids=["plain", "unicode", "blanks", "nul", "long key", "token"],
)
def test_a_secret_comes_back_as_it_went_in_and_is_stored_encrypted(credential: Credential, text: str) -> None:
    credential.password = text
    credential.save()
    assert read(credential).password == text
    assert stored(credential).startswith("gAAAA")
    assert text not in stored(credential)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_any_text_makes_the_round_trip(credential: Credential, text: str) -> None:
    credential.password = text
    credential.full_clean()
    credential.save()
    assert read(credential).password == text
    assert pickle.loads(pickle.dumps(read(credential))).password == text


def test_a_pasted_token_of_our_own_key_stays_text(credential: Credential) -> None:
    token = stored(credential)
    credential.enable_secret = token
    credential.full_clean()
    credential.save()
    assert read(credential).enable_secret == token


def test_an_empty_secret_is_stored_empty(credential: Credential) -> None:
    credential.password = ""
    credential.save()
    assert stored(credential) == ""
    assert read(credential).password == ""


def test_each_save_makes_another_token(credential: Credential) -> None:
    before = stored(credential)
    credential.save()
    assert stored(credential) != before


def test_values_are_decrypted(credential: Credential) -> None:
    assert Credential.objects.values("password").get() == {"password": "first-Secret"}
    assert Credential.objects.values_list("enable_secret", "passphrase").get() == ("second-Secret", "")


def test_a_deferred_secret_is_decrypted_when_it_is_asked_for(credential: Credential) -> None:
    assert Credential.objects.defer("password").get().password == "first-Secret"


def test_wrong_key_is_an_error_and_never_the_ciphertext(credential: Credential, use_keys: UseKeys) -> None:
    use_keys(new_key())
    with pytest.raises(SecretUnreadable, match="NETRAVEN_FIELD_KEYS"):
        read(credential)
    with pytest.raises(InvalidToken):
        Credential.objects.values("password").get()


def test_a_second_key_still_decrypts(credential: Credential, use_keys: UseKeys, settings: Any) -> None:
    use_keys(new_key(), *settings.FIELD_ENCRYPTION_KEY)
    assert read(credential).password == "first-Secret"


def test_bulk_create_encrypts(db: None) -> None:
    Credential.objects.bulk_create(Credential(name=f"c{i}", username="u", password=f"pass-{i}") for i in range(5))
    for i, credential in enumerate(Credential.objects.order_by("name")):
        assert credential.password == f"pass-{i}"
        assert stored(credential).startswith("gAAAA")


def test_bulk_create_that_updates_encrypts(credential: Credential) -> None:
    again = Credential(name="core", username="u", password="third")
    Credential.objects.bulk_create([again], update_conflicts=True, unique_fields=["name"], update_fields=["password"])
    assert read(credential).password == "third"
    assert stored(credential).startswith("gAAAA")


def test_bulk_update_encrypts(credential: Credential) -> None:
    other = Credential.objects.create(name="edge", username="u")
    credential.password, other.password = "new one", "ünd two"
    Credential.objects.bulk_update([credential, other], ["password"])
    assert [read(credential).password, read(other).password] == ["new one", "ünd two"]
    assert stored(other).startswith("gAAAA")


def test_update_with_text_encrypts(credential: Credential) -> None:
    Credential.objects.update(password="changed")
    assert read(credential).password == "changed"
    assert stored(credential).startswith("gAAAA")


def test_update_with_another_secret_copies_it(credential: Credential) -> None:
    Credential.objects.update(password=F("enable_secret"), private_key=F("private_key"))
    assert read(credential).password == "second-Secret"
    assert read(credential).private_key == ""


def test_saving_an_expression_copies_the_secret(credential: Credential) -> None:
    credential.password = F("enable_secret")  # type: ignore[assignment]  # Django allows it, the stubs do not
    credential.save()
    assert read(credential).password == "second-Secret"


def test_update_with_case_encrypts_each_result(credential: Credential) -> None:
    other = Credential.objects.create(name="edge", username="u", password="kept")
    chosen = Value("chosen", output_field=SecretField())
    Credential.objects.update(password=Case(When(name="core", then=chosen), default=F("password")))
    assert [read(credential).password, read(other).password] == ["chosen", "kept"]
    Credential.objects.update(password=Case(When(name="core", then=Value("", SecretField())), default=F("password")))
    assert [read(credential).password, read(other).password] == ["", "kept"]


@pytest.mark.parametrize(
    "expression",
    [
        Value("in the clear"),
        F("username"),
        Case(When(name="core", then=Value("in the clear")), default=F("password"), output_field=SecretField()),
        Concat(F("password"), Value("in the clear"), output_field=SecretField()),
    ],
    ids=["value", "other column", "case", "function"],
)
def test_an_expression_that_would_store_plain_text_is_refused(credential: Credential, expression: Any) -> None:
    with pytest.raises(FieldError, match="encrypted"), transaction.atomic():
        Credential.objects.update(password=expression)
    credential.password = expression
    with pytest.raises(FieldError), transaction.atomic():
        credential.save()
    assert read(credential).password == "first-Secret"


@pytest.mark.parametrize(
    "lookup",
    [
        {"password": "first-Secret"},
        {"password__iexact": "first-Secret"},
        {"password__in": ["first-Secret"]},
        {"password__contains": "first-Secret"},
        {"password__startswith": "first-Secret"},
        {"password__regex": "first-Secret"},
        {"password__gt": "first-Secret"},
        {"password": F("enable_secret")},
        {"password__length": 12},
    ],
    ids=str,
)
def test_filtering_by_a_secret_is_refused_without_repeating_it(credential: Credential, lookup: dict[str, Any]) -> None:
    for query in (Q(**lookup), ~Q(**lookup)):
        with pytest.raises(FieldError, match="encrypted") as caught:
            Credential.objects.filter(query).exists()
        assert "first-Secret" not in str(caught.value)


def test_filtering_by_whether_a_secret_is_set_works(credential: Credential) -> None:
    assert Credential.objects.filter(passphrase="").exclude(password="").get() == credential
    assert not Credential.objects.filter(password__isnull=True).exists()
    assert not Credential.objects.filter(password=None).exists()


def test_no_repr_shows_a_secret(credential: Credential) -> None:
    fresh = Credential(name="new", password="first-Secret")
    values = Credential.objects.values("password").get()
    for text in (repr(credential), str(credential), repr(vars(read(credential))), repr(vars(fresh)), repr(values)):
        assert "Secret-" not in text
        assert "first-Secret" not in text


def test_a_pickle_holds_ciphertext_and_opens_again(credential: Credential) -> None:
    for thing in (read(credential), list(Credential.objects.values()), Credential(password="first-Secret")):
        assert b"first-Secret" not in pickle.dumps(thing)
    assert pickle.loads(pickle.dumps(read(credential))).password == "first-Secret"
    assert copy.deepcopy(read(credential)).password == "first-Secret"


def test_a_token_is_never_decrypted_by_cleaning(credential: Credential) -> None:
    field = Credential._meta.get_field("password")
    assert field.clean(stored(credential), credential) == stored(credential)


def test_a_sealed_value_that_no_key_fits_is_a_validation_error(credential: Credential) -> None:
    for sealed in ({"encrypted": TOKEN}, {"other": TOKEN}, {"encrypted": "rubbish"}):
        with pytest.raises(ValidationError):
            Credential._meta.get_field("password").to_python(sealed)
