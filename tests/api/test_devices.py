"""Devices, tags and platforms by the API."""

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient, APIRequestFactory

from credentials.models import Credential
from devices.api.serializers import DeviceSerializer
from devices.models import Device, Platform, Tag, TagCredential
from tests.api.conftest import MakeClient, MakeUser, add_backup, add_credential, add_device, wrong_fields

pytestmark = pytest.mark.django_db
NEW = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios"}
EDIT = ("devices.view_device", "devices.add_device", "devices.change_device")


def test_a_device_is_created_and_read_back(root: APIClient) -> None:
    Tag.objects.create(name="core")
    response = root.post("/api/devices", NEW | {"tags": ["core"], "description": "Rack 3"})
    assert response.status_code == 201
    device = root.get(f"/api/devices/{response.json()['id']}").json()
    assert device == response.json()
    wanted = NEW | {"tags": ["core"], "port": None, "effective_port": 22, "credential": None, "enabled": True}
    assert {name: device[name] for name in wanted} == wanted
    assert {device[name] for name in ("vendor", "model", "os_version", "serial_number", "last_status")} == {""}


def test_aliases_of_other_inventories_are_taken(root: APIClient) -> None:
    response = root.post("/api/devices", {"hostname": "core1", "ip_address": "192.0.2.7", "device_type": "eos"})
    assert response.status_code == 201
    assert (response.json()["address"], response.json()["platform"]) == ("192.0.2.7", "eos")


def test_facts_and_results_are_not_writable(root: APIClient) -> None:
    facts = {"vendor": "Forged", "serial_number": "1", "last_status": "completed", "last_success_at": "2026-01-01"}
    response = root.post("/api/devices", NEW | facts)
    assert response.status_code == 201
    device = Device.objects.get()
    assert (device.vendor, device.serial_number, device.last_status, device.last_success_at) == ("", "", "", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", "core0"),
        ("hostname", ""),
        ("hostname", None),
        ("hostname", ["core1"]),
        ("hostname", "x" * 256),
        ("address", "not an address"),
        ("address", "169.254.169.254"),
        ("platform", "toaster"),
        ("platform", {"slug": "ios"}),
        ("platform", 10**30),
        ("port", 0),
        ("port", 65536),
        ("port", 10**30),
        ("port", "ssh"),
        ("credential", "00000000-0000-4000-8000-000000000000"),
        ("credential", "nothing"),
        ("credential", 10**60),
        ("tags", ["nowhere"]),
        ("tags", "core"),
        ("tags", [["core"]]),
        ("tags", ["x"] * 101),
        ("enabled", "perhaps"),
        ("password", "without a username"),
    ],
)
def test_a_wrong_value_is_a_400_that_names_the_field(root: APIClient, field: str, value: object) -> None:
    add_device("core0")
    response = root.post("/api/devices", NEW | {field: value})
    assert response.status_code == 400
    assert wrong_fields(response) == [field if field != "password" else "username"]
    assert Device.objects.count() == 1


def test_a_log_in_becomes_the_device_s_own_credential(root: APIClient) -> None:
    login = {"username": "backup", "password": " s3cret ", "enable_secret": "more"}
    response = root.post("/api/devices", NEW | login)
    assert response.status_code == 201
    credential = Credential.objects.get()
    assert response.json()["credential"] == str(credential.pk)
    assert credential.name == "device core1"
    assert (credential.username, credential.password, credential.enable_secret) == ("backup", " s3cret ", "more")


def test_no_answer_holds_the_log_in(root: APIClient) -> None:
    response = root.post("/api/devices", NEW | {"username": "u-backup", "password": "p-s3cret"})
    pages = [response, root.get("/api/devices"), root.get(f"/api/devices/{response.json()['id']}")]
    assert not [page for page in pages if b"s3cret" in page.content or b"u-backup" in page.content]


def test_a_taken_credential_name_gets_a_number(root: APIClient) -> None:
    add_credential("device core1")
    add_credential("device core1 (2)")
    root.post("/api/devices", NEW | {"username": "backup", "password": "a"})
    assert Device.objects.values_list("credential__name", flat=True).get() == "device core1 (3)"


def test_nothing_is_left_of_a_device_that_was_refused(root: APIClient) -> None:
    add_device("core1")
    response = root.post("/api/devices", NEW | {"username": "backup", "password": "a"})
    assert (response.status_code, wrong_fields(response)) == (400, ["hostname"])
    assert not Credential.objects.exists()


def test_a_credential_and_a_log_in_at_once_are_refused(root: APIClient) -> None:
    login = {"credential": str(add_credential().pk), "username": "backup", "password": "a"}
    assert root.post("/api/devices", NEW | login).status_code == 400


def test_a_new_password_changes_the_device_s_own_credential(root: APIClient) -> None:
    url = f"/api/devices/{root.post('/api/devices', NEW | {'username': 'backup', 'password': 'old'}).json()['id']}"
    assert root.patch(url, {"password": "new"}).status_code == 200
    credential = Credential.objects.get()
    assert (credential.username, credential.password) == ("backup", "new")


@pytest.mark.parametrize("name", ["shared log-in", "device core0"])
def test_a_new_password_leaves_a_credential_alone_that_is_not_the_device_s_own(root: APIClient, name: str) -> None:
    shared = add_credential(name)
    add_device("core0", credential=shared)
    device = add_device("core1", credential=shared)
    url = f"/api/devices/{device.pk}"
    assert root.patch(url, {"password": "new"}).json()["errors"] == {"username": ["A new credential needs this too."]}
    assert root.patch(url, {"username": "backup", "password": "new"}).status_code == 200
    own = Credential.objects.get(devices=device)
    assert (own.name, own.password) == ("device core1", "new")
    shared.refresh_from_db()
    assert shared.password == f"s3cret-of-{name}"


def test_a_new_password_leaves_a_credential_alone_that_a_tag_offers_too(root: APIClient) -> None:
    url = f"/api/devices/{root.post('/api/devices', NEW | {'username': 'backup', 'password': 'old'}).json()['id']}"
    offered = Credential.objects.get()
    TagCredential.objects.create(tag=Tag.objects.create(name="branch"), credential=offered)
    assert root.patch(url, {"username": "backup", "password": "new"}).status_code == 200
    offered.refresh_from_db()
    assert offered.password == "old"


def test_a_change_does_not_undo_the_result_of_a_backup_that_ended_meanwhile(make_user: MakeUser) -> None:
    request = APIRequestFactory().patch("/")
    request.user = make_user("anna")
    device = add_device()
    Device.objects.update(last_status="completed", serial_number="FX1")
    change = DeviceSerializer(device, {"description": "Rack 3"}, partial=True, context={"request": request})
    change.is_valid(raise_exception=True)
    change.save()
    device.refresh_from_db()
    assert (device.description, device.last_status, device.serial_number) == ("Rack 3", "completed", "FX1")


def test_tags_are_replaced_only_when_they_are_sent(root: APIClient) -> None:
    for name in ("core", "edge"):
        Tag.objects.create(name=name)
    url = f"/api/devices/{root.post('/api/devices', NEW | {'tags': ['core']}).json()['id']}"
    assert root.patch(url, {"description": "Rack 3"}).json()["tags"] == ["core"]
    assert root.patch(url, {"tags": ["edge"]}).json()["tags"] == ["edge"]
    assert root.patch(url, {"tags": []}).json()["tags"] == []


def test_a_log_in_needs_the_permission_to_add_credentials(client_with: MakeClient) -> None:
    body = NEW | {"username": "backup", "password": "a"}
    assert client_with(*EDIT).post("/api/devices", body).status_code == 403
    assert client_with(*EDIT, "credentials.add_credential").post("/api/devices", body).status_code == 201


def test_choosing_a_credential_needs_the_permission_to_see_them(client_with: MakeClient) -> None:
    credential = add_credential()
    body = NEW | {"credential": str(credential.pk)}
    assert client_with(*EDIT).post("/api/devices", body).status_code == 403
    assert client_with(*EDIT, "credentials.view_credential").post("/api/devices", body).status_code == 201
    # … but not to write back what was there.
    url = f"/api/devices/{Device.objects.get().pk}"
    assert client_with(*EDIT).put(url, body | {"description": "Rack 3"}).status_code == 200


def test_a_device_without_history_is_deleted(root: APIClient) -> None:
    assert root.delete(f"/api/devices/{add_device().pk}").status_code == 204
    assert not Device.objects.exists()


def test_a_device_with_history_is_kept(root: APIClient) -> None:
    device = add_device()
    add_backup(device)
    response = root.delete(f"/api/devices/{device.pk}")
    assert response.status_code == 409
    assert "disable it instead" in response.json()["detail"]
    assert Device.objects.exists()


def test_a_platform_in_use_is_kept(root: APIClient) -> None:
    add_device()
    response = root.delete("/api/platforms/ios")
    assert (response.status_code, response.json()["detail"]) == (409, "Still in use by devices.")
    assert Platform.objects.filter(slug="ios").exists()


def test_a_platform_keeps_the_spaces_in_its_patterns(root: APIClient) -> None:
    response = root.patch("/api/platforms/ios", {"volatile_patterns": " ^! Time: "})
    assert response.json()["volatile_patterns"] == " ^! Time: "


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("driver", "os.system"),
        ("volatile_patterns", "(["),
        ("volatile_patterns", "a{99999999999}"),
        ("optional_args", {"ssh_config_file": "/etc/passwd"}),
        ("optional_args", []),
        ("default_port", 70000),
        ("slug", "eos"),
    ],
)
def test_a_wrong_value_of_a_platform_is_a_400(root: APIClient, field: str, value: object) -> None:
    response = root.patch("/api/platforms/ios", {field: value})
    assert response.status_code == 400
    assert wrong_fields(response) in ([field], ["detail"])


def test_a_device_of_others_does_not_exist(client_with: MakeClient) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    hidden, seen = add_device("hidden"), add_device("seen")
    hidden.tags.add(theirs)
    client = client_with(*EDIT, "devices.delete_device", "backups.run_backup", "backups.view_backup")
    assert [row["hostname"] for row in client.get("/api/devices").json()["results"]] == ["seen"]
    url = f"/api/devices/{hidden.pk}"
    answers = [
        client.get(url),
        client.patch(url, {"enabled": False}),
        client.delete(url),
        client.post(f"{url}/backup"),
        client.get(f"{url}/backups"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert client.get(f"/api/devices/{seen.pk}").status_code == 200
    User.objects.get().groups.add(Group.objects.get())
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("query", "hostnames"),
    [
        ("", ["core1", "edge1"]),
        ("?platform=eos", ["edge1"]),
        ("?tag=core", ["core1"]),
        ("?enabled=false", ["edge1"]),
        ("?last_status=failed", ["core1"]),
        ("?hostname=core1", ["core1"]),
        ("?search=192.0.2.9", ["edge1"]),
        ("?ordering=-hostname", ["edge1", "core1"]),
        ("?last_success_after=2026-01-02T00:00:00Z", ["edge1"]),
        ("?last_success_before=2026-01-02T00:00:00Z", ["core1"]),
        ("?last_attempt_after=2026-01-03T00:00:00Z&last_attempt_before=2026-01-04T00:00:00Z", ["core1"]),
        ("?page_size=1&page=2", ["edge1"]),
    ],
)
def test_the_list_is_narrowed_and_ordered(root: APIClient, query: str, hostnames: list[str]) -> None:
    core = {
        "last_status": "failed",
        "last_attempt_at": "2026-01-03T12:00:00Z",
        "last_success_at": "2026-01-01T12:00:00Z",
    }
    add_device("core1", **core).tags.add(Tag.objects.create(name="core"))
    edge = {"platform": Platform.objects.get(slug="eos"), "last_success_at": "2026-01-02T12:00:00Z"}
    add_device("edge1", address="192.0.2.9", enabled=False, **edge)
    assert [row["hostname"] for row in root.get(f"/api/devices{query}").json()["results"]] == hostnames


def test_a_tag_names_its_groups(root: APIClient) -> None:
    Group.objects.create(name="core team")
    response = root.post("/api/tags", {"name": "core", "groups": ["core team"]})
    assert response.status_code == 201
    assert response.json()["groups"] == ["core team"]
    assert root.post("/api/tags", {"name": "edge", "groups": ["nobody"]}).status_code == 400
    assert root.post("/api/tags", {"name": "edge", "color": "red"}).status_code == 400
