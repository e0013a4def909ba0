"""Who read, downloaded, compared or exported what."""

from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from credentials.models import Credential
from netraven.api_tokens.making import make_token
from netraven.audit.trail import note_search
from tests.api.conftest import add_device
from tests.audit.conftest import Action, entries, the_entry
from tests.credentials.conftest import UseKeys, new_key, use_keys
from tests.pages.conftest import MakeUser, Network, make_network

pytestmark = pytest.mark.django_db
__all__ = ["use_keys"]


@pytest.fixture
def network() -> Network:
    return make_network()


def read() -> list[tuple[Any, ...]]:
    told = entries(action__in=[Action.READ_CONFIG, Action.DOWNLOAD_CONFIG, Action.COMPARE_CONFIGS])
    return [(entry.action, entry.object_pk, entry.masked, entry.via) for entry in told]


def test_pages_say_who_read_what_masked_or_not(network: Network, login: Any) -> None:
    reader, root = login("reader"), login("superuser")
    new, old = str(network.new.pk), str(network.old.pk)
    reader.get(reverse("pages:backup", args=[new]))
    root.get(reverse("pages:backup", args=[new]) + "?secrets=1")
    root.get(reverse("pages:download", args=[new]))
    root.get(reverse("pages:diff", args=[old, new]) + "?secrets=1")
    assert read() == [
        (Action.READ_CONFIG, new, True, "page"),
        (Action.READ_CONFIG, new, False, "page"),
        (Action.DOWNLOAD_CONFIG, new, True, "page"),
        (Action.COMPARE_CONFIGS, new, False, "page"),
    ]
    first, *_, compared = entries(action__gte=Action.READ_CONFIG, via="page")
    assert (first.actor_name, first.device_id, first.token_name) == ("reader0", network.device.pk, "")
    assert compared.additional_data == {"with": [old]}


def test_what_was_not_read_is_not_written_down(network: Network, login: Any) -> None:
    viewer, root = login("viewer"), login("superuser")
    viewer.get(reverse("pages:backup", args=[network.new.pk]))  # without the configuration
    viewer.get(reverse("pages:download", args=[network.new.pk]))
    root.head(reverse("pages:download", args=[network.new.pk]))
    root.get(reverse("admin:backups_backup_change", args=[network.new.pk]))  # the console shows none
    assert read() == []


def test_the_api_says_which_token_read_what(network: Network, make_user: MakeUser) -> None:
    _, token = make_token(make_user("superuser"), name="nightly script")
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    url = f"/api/backups/{network.new.pk}"
    etag = client.get(f"{url}/content")["ETag"]
    assert client.get(f"{url}/content", HTTP_IF_NONE_MATCH=etag).status_code == 304  # nothing was given out
    client.get(f"{url}/content?masked=true&download=1")
    client.get(f"{url}/diff")
    new = str(network.new.pk)
    assert read() == [
        (Action.READ_CONFIG, new, False, "api"),
        (Action.DOWNLOAD_CONFIG, new, True, "api"),
        (Action.COMPARE_CONFIGS, new, False, "api"),
    ]
    assert {entry.token_name for entry in entries(action__gte=Action.READ_CONFIG, via="api")} == {"nightly script"}


def test_a_comparison_of_two_devices_is_in_the_trail_of_both(network: Network, login: Any) -> None:
    other = make_network("core2")
    login("superuser").get(reverse("pages:diff", args=[network.new.pk, other.new.pk]))
    told = entries(action=Action.COMPARE_CONFIGS)
    assert {entry.device_id for entry in told} == {network.device.pk, other.device.pk}
    assert not [entry for entry in told if "core" in str(entry.additional_data)], "each names its own device alone"


def test_an_export_says_how_many_devices(root: APIClient) -> None:
    add_device()
    b"".join(root.get("/api/devices/export?format=json").streaming_content)  # type: ignore[attr-defined]
    entry = the_entry(action=Action.EXPORT_DEVICES)
    assert (entry.object_pk, entry.additional_data) == ("", {"format": "json", "devices": 1})


def test_a_search_for_a_secret_does_not_tell_the_secret() -> None:
    note_search("hunter2", masked=False, found=3)
    note_search("snmp-server community hunter2", masked=True, found=0)
    plain, masked = entries(action=Action.SEARCH_CONFIGS)
    assert plain.additional_data == {"found": 3}
    assert masked.additional_data["text"].startswith("snmp-server community <secret:")


def test_new_keys_for_secrets_are_in_the_trail(use_keys: UseKeys) -> None:
    old = new_key()
    use_keys(old)
    Credential.objects.create(name="one", username="backup", password="s3cret")
    use_keys(new_key(), old)
    call_command("rotate_keys", "--dry-run")
    assert not entries(action=Action.ROTATE_KEYS)
    call_command("rotate_keys")
    assert the_entry(action=Action.ROTATE_KEYS).additional_data == {"rows": 1}
