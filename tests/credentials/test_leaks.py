"""Known secrets go in by every way; then every place that is not a device session is searched for them."""

import json
import logging
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.connection.secrets import Scrubber
from devices.login import login_of
from tests.credentials.conftest import UseKeys, new_key

ROUTES = ("orm", "api", "admin")


def secrets_of(route: str, private_key: str) -> dict[str, str]:
    return {
        "password": f"{route}-Pässword-4711",
        "enable_secret": f"{route}-Enable-4712",
        "passphrase": f"{route}-Passphrase-4713",
        "private_key": private_key,
    }


@pytest.fixture
def needles(open_key: str) -> list[str]:
    """What to search for: each secret, also as JSON and Python spell it, and the middle of the key."""
    texts = [text for route in ROUTES for text in secrets_of(route, open_key.splitlines()[2]).values()]
    return sorted({spelling for text in texts for spelling in (text, json.dumps(text)[1:-1], ascii(text)[1:-1])})


def found_in(haystack: str | bytes, needles: list[str]) -> list[str]:
    data = haystack.encode() if isinstance(haystack, str) else haystack
    return [needle for needle in needles if needle.encode() in data]


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def api_of_root(superuser: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(superuser)
    return client


@pytest.fixture
def console(superuser: User, client: Client) -> Client:
    client.force_login(superuser)
    return client


@pytest.fixture
def answers(api_of_root: APIClient, console: Client, open_key: str) -> list[bytes]:
    """One credential by each route, then changed; what was answered."""
    Credential.objects.create(name="orm", username="u", **secrets_of("orm", open_key))
    made = api_of_root.post("/api/credentials/", {"name": "api", "username": "u", **secrets_of("api", open_key)})
    assert made.status_code == 201
    form = {"name": "admin", "username": "u", **secrets_of("admin", open_key)}
    added = console.post("/admin/credentials/credential/add/", form, follow=True)
    assert Credential.objects.count() == 3
    return [made.content, added.content]


def test_no_answer_and_no_page_holds_a_secret(
    answers: list[bytes], api_of_root: APIClient, console: Client, needles: list[str]
) -> None:
    urls = ["/admin/", "/admin/credentials/credential/", "/admin/credentials/credential/add/"]
    for credential in Credential.objects.all():
        urls += [f"/admin/credentials/credential/{credential.pk}/{page}/" for page in ("change", "history", "delete")]
        answers.append(api_of_root.get(f"/api/credentials/{credential.pk}/").content)
        answers.append(api_of_root.patch(f"/api/credentials/{credential.pk}/", {"description": "edited"}).content)
        answers.append(api_of_root.options(f"/api/credentials/{credential.pk}/").content)
    answers.append(api_of_root.get("/api/credentials/").content)
    for url in urls:
        response = console.get(url)
        assert response.status_code == 200, url
        answers.append(response.content)
    assert [found for answer in answers for found in found_in(answer, needles)] == []


@pytest.mark.usefixtures("answers")
def test_no_text_of_a_credential_holds_a_secret(needles: list[str]) -> None:
    texts = [f"{credential} {credential!r} {vars(credential)}" for credential in Credential.objects.all()]
    texts.append(repr(list(Credential.objects.values())))
    texts.append(str(Credential.objects.filter(name="orm").query))
    assert [found for text in texts for found in found_in(text, needles)] == []


def test_no_logged_query_holds_a_secret(
    caplog: pytest.LogCaptureFixture, open_key: str, needles: list[str], db: None
) -> None:
    connection.force_debug_cursor = True
    try:
        with caplog.at_level(logging.DEBUG, logger="django.db.backends"):
            credential = Credential.objects.create(name="orm", username="u", **secrets_of("orm", open_key))
            credential.save()
            Credential.objects.bulk_update([credential], ["password", "private_key"])
    finally:
        connection.force_debug_cursor = False
    assert "credentials_credential" in caplog.text
    assert found_in(caplog.text, needles) == []


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("format", ["json", "jsonl", "yaml"])
def test_a_dump_holds_ciphertext_and_loads_again(
    format: str, needles: list[str], tmp_path: Path, open_key: str
) -> None:
    dump = tmp_path / f"dump.{format}"
    call_command("dumpdata", format=format, output=str(dump))
    assert "gAAAA" in dump.read_text()
    assert found_in(dump.read_bytes(), needles) == []
    before = list(Credential.objects.values_list("pk", *Credential.SECRET_FIELDS))
    Credential.objects.all().delete()
    call_command("loaddata", str(dump), stdout=StringIO())
    assert list(Credential.objects.values_list("pk", *Credential.SECRET_FIELDS)) == before
    assert Credential.objects.get(name="orm").private_key == open_key


@pytest.mark.usefixtures("answers")
def test_a_dump_in_a_format_that_cannot_hold_ciphertext_is_refused(needles: list[str]) -> None:
    output = StringIO()
    with pytest.raises(Exception, match=r".") as caught:
        call_command("dumpdata", "credentials", format="xml", stdout=output)
    assert found_in(output.getvalue() + str(caught.value), needles) == []


@pytest.mark.usefixtures("answers")
def test_a_dump_does_not_load_under_another_key(use_keys: UseKeys, tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    call_command("dumpdata", "credentials", output=str(dump))
    use_keys(new_key())
    with pytest.raises(Exception, match="No key in NETRAVEN_FIELD_KEYS fits the secret in “password”"):
        call_command("loaddata", str(dump))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_bytes_of_the_database_hold_no_secret(answers: list[bytes], needles: list[str]) -> None:
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        data = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM credentials_credential")
            data = repr(cursor.fetchall()).encode()
    assert b"gAAAA" in data
    assert b"credentials_credential" in data or connection.vendor != "sqlite"
    assert found_in(data, needles) == []


def test_a_session_scrubs_a_secret_also_as_python_spells_it(db: None) -> None:
    password = "back\\slash-'quote\"-4711"
    Credential.objects.create(name="core", username="u", password=password)
    scrub = Scrubber(login_of(Credential.objects.get()))
    assert "4711" not in scrub(f"log-in with {password} failed, {[password]!r}")
