"""Credentials in the admin: secrets go in, none comes out."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from credentials.models import Credential
from devices.models import Device
from tests.credentials.conftest import PASSPHRASE, MakeUser, stored

LIST = "/admin/credentials/credential/"


@pytest.fixture
def console(client: Client, make_user: MakeUser) -> Client:
    """Somebody who may do everything with credentials."""
    client.force_login(make_user("view", "add", "change", "delete", is_staff=True))
    return client


def change_url(credential: Credential) -> str:
    return reverse("admin:credentials_credential_change", args=[credential.pk])


def save(console: Client, credential: Credential, **fields: str) -> str:
    """Send the form; the text of the page if it is refused, else empty."""
    data = {"name": credential.name, "username": credential.username, **fields}
    response = console.post(change_url(credential), data)
    if response.status_code == 302:
        credential.refresh_from_db()
        return ""
    return response.content.decode()


def test_the_list_says_which_secrets_are_set_and_who_uses_them(console: Client, device: Device) -> None:
    Device.objects.create(hostname="r2", address="127.0.0.1", platform=device.platform, credential=device.credential)
    page = console.get(LIST).content.decode()
    assert "password, enable secret" in page
    assert '<td class="field-device_count">2</td>' in page


def test_the_list_can_be_searched(console: Client, credential: Credential) -> None:
    assert "core" in console.get(LIST, {"q": "backup"}).content.decode()
    assert "field-username" not in console.get(LIST, {"q": "nobody"}).content.decode()
    assert console.get(LIST, {"q": "first-Secret"}).context["cl"].result_count == 0


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(console: Client, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    Credential.objects.bulk_create(Credential(name=f"c{i}", username="u", password="p") for i in range(30))
    with django_assert_max_num_queries(7):
        console.get(LIST)


def test_a_credential_is_added_with_its_secrets(console: Client, protected_key: str) -> None:
    data = {"name": "new", "username": "u", "password": " spaced ", "private_key": protected_key.replace("\n", "\r\n")}
    response = console.post(LIST + "add/", data | {"passphrase": PASSPHRASE})
    assert response.status_code == 302
    credential = Credential.objects.get(name="new")
    assert credential.password == " spaced "
    assert credential.private_key == protected_key
    assert credential.passphrase == PASSPHRASE
    assert credential.enable_secret == ""


def test_the_page_says_what_is_set_without_showing_it(console: Client, credential: Credential) -> None:
    page = console.get(change_url(credential)).content.decode()
    assert page.count("Set. Leave this empty to keep it.") == 2
    assert page.count("Not set.") == 2
    assert 'name="password-remove"' in page
    assert 'name="passphrase-remove"' not in page
    assert "Secret" not in page.replace("Enable secret", "").replace("Secrets", "")


def test_an_empty_input_keeps_what_is_stored(console: Client, credential: Credential) -> None:
    assert save(console, credential, username="renamed", password="", enable_secret="") == ""
    assert (credential.username, credential.password, credential.enable_secret) == (
        "renamed",
        "first-Secret",
        "second-Secret",
    )


def test_a_form_without_the_secrets_keeps_them(console: Client, credential: Credential) -> None:
    assert save(console, credential, description="edited") == ""
    assert credential.password == "first-Secret"


def test_a_new_secret_replaces_the_stored_one(console: Client, credential: Credential) -> None:
    assert save(console, credential, password="third-Secret") == ""
    assert (credential.password, credential.enable_secret) == ("third-Secret", "second-Secret")


def test_remove_clears_a_secret(console: Client, credential: Credential) -> None:
    assert save(console, credential, **{"password-remove": "on"}) == ""
    assert (credential.password, credential.enable_secret) == ("", "second-Secret")


def test_remove_and_a_new_secret_together_are_refused(console: Client, credential: Credential) -> None:
    page = save(console, credential, **{"password": "third-Secret", "password-remove": "on"})
    assert "Either enter a new one or tick “Remove”, not both." in page
    assert "third-Secret" not in page


def test_a_pasted_token_is_stored_as_the_text_it_is(console: Client, credential: Credential) -> None:
    token = stored(credential)
    assert save(console, credential, enable_secret=token) == ""
    assert credential.enable_secret == token
    assert save(console, credential, enable_secret=f'{{"encrypted": "{token}"}}') == ""
    assert credential.enable_secret == f'{{"encrypted": "{token}"}}'


def test_a_form_with_errors_does_not_repeat_the_secrets(console: Client, credential: Credential) -> None:
    page = save(console, credential, name="", password="third-Secret", private_key="fourth-Secret\nline")
    assert "This field is required." in page
    assert "This is not a private key" in page
    assert "-Secret" not in page
    credential.refresh_from_db()
    assert credential.password == "first-Secret"


def test_a_protected_key_needs_its_passphrase_new_or_stored(
    console: Client, credential: Credential, protected_key: str
) -> None:
    assert "This private key is protected: give its passphrase." in save(console, credential, private_key=protected_key)
    assert "does not open" in save(console, credential, private_key=protected_key, passphrase="wrong")
    assert save(console, credential, private_key=protected_key, passphrase=PASSPHRASE) == ""
    assert save(console, credential, private_key=protected_key) == ""
    assert "does not open" in save(console, credential, passphrase="wrong")
    assert "give its passphrase" in save(console, credential, **{"passphrase-remove": "on"})
    assert save(console, credential, **{"passphrase-remove": "on", "private_key-remove": "on"}) == ""
    assert (credential.private_key, credential.passphrase) == ("", "")


def test_the_history_names_what_changed_and_not_to_what(console: Client, credential: Credential) -> None:
    save(console, credential, password="third-Secret", username="renamed")
    assert LogEntry.objects.get().get_change_message() == "Changed Username and Password."
    save(console, credential, username="renamed")
    assert LogEntry.objects.first().get_change_message() == "No fields changed."  # type: ignore[union-attr]
    assert "-Secret" not in console.get(f"{LIST}{credential.pk}/history/").content.decode()


def test_a_credential_in_use_cannot_be_deleted(console: Client, device: Device, make_user: MakeUser) -> None:
    credential = device.credential
    url = f"{LIST}{credential.pk}/delete/"  # type: ignore[union-attr]
    for response in (console.get(url), console.post(url, {"post": "yes"})):
        assert response.status_code == 200
        assert "1 device logs in with this: choose another credential there first." in response.content.decode()
    selected = {"action": "delete_selected", "_selected_action": str(credential.pk), "post": "yes"}  # type: ignore[union-attr]
    assert "1 device logs in with this" in console.post(LIST, selected).content.decode()
    assert Credential.objects.exists()


def test_an_unused_credential_can_be_deleted(console: Client, credential: Credential) -> None:
    assert console.post(f"{LIST}{credential.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Credential.objects.exists()


def test_somebody_who_may_only_look_sees_no_secret(client: Client, credential: Credential, make_user: MakeUser) -> None:
    client.force_login(make_user("view", is_staff=True))
    page = client.get(change_url(credential)).content.decode()
    assert "first-Secret" not in page
    assert "Secret(" not in page
    assert "password, enable secret" in page


def test_staff_without_permission_is_refused(client: Client, credential: Credential, make_user: MakeUser) -> None:
    client.force_login(make_user(is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.get(change_url(credential)).status_code == 403
