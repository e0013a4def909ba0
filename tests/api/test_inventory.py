"""Devices from tables, and to tables."""

import csv
import io
import json
from typing import Any, cast

import pytest
from django.contrib.auth.models import Group
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.inventory_csv import csv_lines, guard, read_table, unguard
from devices.models import Device, Gateway, Platform, Tag
from tests.api.conftest import MakeClient, add_backup, add_credential, add_device, problem_of, wrong_fields

pytestmark = pytest.mark.django_db
URL = "/api/devices/import"
HEAD = "hostname,address,platform"


def send(client: APIClient, table: str | bytes, query: str = "") -> Any:
    body = table.encode() if isinstance(table, str) else table
    return cast(Any, client).generic("POST", f"{URL}{query}", body, content_type="text/csv")


def exported(client: APIClient, query: str = "") -> str:
    answer: Any = client.get(f"/api/devices/export{query}")
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def hostnames() -> set[str]:
    return set(Device.objects.values_list("hostname", flat=True))


@pytest.fixture
def surroundings(db: None) -> None:
    Tag.objects.create(name="core")
    Tag.objects.create(name="a;b")
    Gateway.objects.create(name="jump1", address="192.0.2.9", credential=add_credential("of jump1"))
    add_credential("shared")


TABLE = "\n".join(
    [
        "hostname,address,platform,port,credential,tags,gateway,enabled,description",
        'core1,192.0.2.1,ios,2222,shared,"core;""a;b""",jump1,false,"two',
        'lines"',
        "",
        "edge1,edge1.example.net,eos,,,,,,",
        "",
    ]
)


@pytest.mark.usefixtures("surroundings")
def test_a_table_becomes_devices(root: APIClient) -> None:
    answer = send(root, TABLE)
    assert (answer.status_code, answer.json()) == (
        200,
        {"dry_run": False, "created": 2, "updated": 0, "unchanged": 0},
    )
    core, edge = Device.objects.all()
    assert (core.hostname, core.address, core.platform.slug, core.port) == ("core1", "192.0.2.1", "ios", 2222)
    assert core.credential is not None
    assert core.gateway is not None
    assert (core.credential.name, core.gateway.name, core.enabled) == ("shared", "jump1", False)
    assert core.description == "two\nlines"
    assert {tag.name for tag in core.tags.all()} == {"core", "a;b"}
    assert (edge.port, edge.credential, edge.gateway, edge.enabled, edge.description) == (None, None, None, True, "")


@pytest.mark.usefixtures("surroundings")
def test_a_list_becomes_devices(root: APIClient) -> None:
    rows = [
        {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "tags": ["core"], "gateway": None},
        {"hostname": "edge1", "address": "192.0.2.2", "platform": "eos", "username": "backup", "password": " s3cret "},
    ]
    assert root.post(URL, rows).json()["created"] == 2
    own = Device.objects.get(hostname="edge1").credential
    assert own is not None
    assert (own.name, own.username, own.password) == ("device edge1", "backup", " s3cret ")


def test_a_dry_run_says_what_would_be_and_changes_nothing(root: APIClient) -> None:
    add_device("core1", description="old")
    table = f"{HEAD},description,username,password\ncore1,192.0.2.1,ios,new,,\ncore2,192.0.2.2,ios,,backup,a\n"
    answer = send(root, table, "?dry_run=true&update=true").json()
    assert answer == {"dry_run": True, "created": 1, "updated": 1, "unchanged": 0}
    assert (hostnames(), Device.objects.get().description) == ({"core1"}, "old")
    assert not Credential.objects.exists()


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_one_wrong_row_keeps_all_out_and_every_wrong_row_is_named(root: APIClient, query: str) -> None:
    add_device("core0")
    table = (
        f"{HEAD},port,tags,gateway\n"
        "core1,192.0.2.1,ios,22,,\n"
        "core2,169.254.169.254,toaster,0,nowhere,jump9\n"
        "\n"
        "core3,192.0.2.3,ios,ssh,,\n"
        ",192.0.2.4,ios,,,\n"
    )
    answer = send(root, table, query)
    assert answer.status_code == 400
    errors = problem_of(answer)["errors"]
    assert set(errors) == {"3.address", "3.platform", "3.port", "3.tags.0", "3.gateway", "5.port", "6.hostname"}
    assert errors["3.platform"] == ["No such platform: toaster."]
    assert hostnames() == {"core0"}


@pytest.mark.parametrize(
    ("table", "errors"),
    [
        ("core0,192.0.2.1,ios", {"2.hostname": ["There is a device with this name already."]}),
        ("a,192.0.2.1,ios\nb,192.0.2.2,ios\na,192.0.2.3,ios", {"4.hostname": ["a is in 2 already."]}),
    ],
)
def test_a_name_that_is_taken_is_named_with_its_line(root: APIClient, table: str, errors: dict[str, list[str]]) -> None:
    add_device("core0")
    assert problem_of(send(root, f"{HEAD}\n{table}\n"))["errors"] == errors
    assert hostnames() == {"core0"}


@pytest.mark.usefixtures("surroundings")
def test_devices_that_are_there_are_changed_when_that_is_asked_for(root: APIClient) -> None:
    device = add_device("core1", description="old", credential=Credential.objects.get(name="shared"), port=23)
    same = add_device("same")
    add_backup(device)
    device.tags.add(Tag.objects.get(name="a;b"))
    table = f"{HEAD},port,tags\ncore1,192.0.2.7,eos,,core\nsame,192.0.2.1,ios,,\nnew,192.0.2.8,ios,,\n"
    answer = send(root, table, "?update=true").json()
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (1, 1, 1)
    device.refresh_from_db()
    assert (device.address, device.platform.slug, device.port) == ("192.0.2.7", "eos", None)
    # Columns that are not there change nothing.
    assert (device.description, str(device.credential)) == ("old", "shared")
    assert [tag.name for tag in device.tags.all()] == ["core"]
    before = same.updated_at
    same.refresh_from_db()
    assert same.updated_at == before


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        ("", ["detail"]),
        ("\n\n", ["detail"]),
        ("hostname,address", ["platform"]),
        ("hostname,address,platform,colour", ["colour"]),
        ("hostname,address,platform,port,port", ["port"]),
        ("hostname;address;platform", ["hostname;address;platform", "hostname", "address", "platform"]),
    ],
)
def test_a_first_line_that_names_other_columns_is_refused(root: APIClient, head: str, fields: list[str]) -> None:
    assert wrong_fields(send(root, f"{head}\ncore1,192.0.2.1,ios\n" if head.strip() else head)) == fields


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (f"{HEAD}\ncore1,192.0.2.1\n", "2"),
        (f'{HEAD}\n"core1,192.0.2.1,ios\n', "2"),
        (f'{HEAD}\n"core1"x,192.0.2.1,ios\n', "2"),
        (b"\xff\xfe", "detail"),
        (f"{HEAD}\ncore\0,192.0.2.1,ios\n", "detail"),
        (HEAD.encode("utf-16"), "detail"),
        (f"{HEAD}\n{'x' * 200_000},192.0.2.1,ios\n", "2"),
    ],
    ids=["a cell is missing", "an open quote", "text after a quote", "not text", "NUL", "UTF-16", "an endless cell"],
)
def test_what_is_no_table_is_a_400(root: APIClient, table: str | bytes, field: str) -> None:
    assert wrong_fields(send(root, table)) == [field]
    assert not hostnames()


def test_a_byte_order_mark_and_dos_line_ends_are_taken(root: APIClient) -> None:
    assert send(root, f"\ufeff{HEAD}\r\ncore1,192.0.2.1,ios\r\n".encode()).json()["created"] == 1


def test_a_table_that_is_too_large_is_a_413(root: APIClient, settings: Settings) -> None:
    assert send(root, b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)).status_code == 413


def test_too_many_rows_are_refused(root: APIClient) -> None:
    rows = "".join(f"d{number},192.0.2.1,ios\n" for number in range(10_001))
    answer = send(root, f"{HEAD}\n{rows}")
    assert (answer.status_code, "10000 at most" in problem_of(answer)["detail"]) == (400, True)


@pytest.mark.parametrize("body", [{}, [], {"devices": []}, "text", 1, [1], [[]], [None], [{"hostname": ["a"]}]])
def test_other_bodies_are_refused(root: APIClient, body: Any) -> None:
    answer = root.post(URL, body)
    assert (answer.status_code, hostnames()) == (400, set())


def test_a_field_that_no_row_has_is_named(root: APIClient) -> None:
    row = {"hostname": "core1", "address": "192.0.2.1", "platform": "ios", "serial_number": "1"}
    assert list(problem_of(root.post(URL, [row]))["errors"]) == ["1.serial_number"]


@pytest.mark.parametrize("query", ["?dry_run=yes", "?update=1", "?dryrun=true"])
def test_a_wrong_option_is_a_400_and_imports_nothing(root: APIClient, query: str) -> None:
    answer = send(root, f"{HEAD}\ncore1,192.0.2.1,ios\n", query)
    assert wrong_fields(answer) == [query.strip("?").split("=")[0]]
    assert not hostnames()


ADD = ("devices.view_device", "devices.add_device")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    ("column", "cell", "permission"),
    [
        ("credential", "shared", "credentials.view_credential"),
        ("credential", "unknown", "credentials.view_credential"),
        ("gateway", "jump1", "devices.view_gateway"),
        ("gateway", "unknown", "devices.view_gateway"),
        ("username", "backup", "credentials.add_credential"),
    ],
)
def test_what_takes_a_permission_for_one_device_takes_it_for_many(
    client_with: MakeClient, column: str, cell: str, permission: str
) -> None:
    more = (",password", ",a") if column == "username" else ("", "")
    table = f"{HEAD},{column}{more[0]}\ncore1,192.0.2.1,ios,{cell}{more[1]}\n"
    refused = send(client_with(*ADD), table)
    assert (refused.status_code, cell in problem_of(refused)["detail"]) == (403, False)
    assert not hostnames()
    assert send(client_with(*ADD, permission), table).status_code == (400 if cell == "unknown" else 200)


def test_changing_takes_the_right_to_change(client_with: MakeClient) -> None:
    add_device("core1")
    table = f"{HEAD}\ncore1,192.0.2.7,ios\n"
    assert send(client_with(*ADD), table, "?update=true").status_code == 403
    assert send(client_with("devices.view_device", "devices.change_device"), table, "?update=true").status_code == 403
    assert send(client_with(*ADD, "devices.change_device"), table, "?update=true").status_code == 200


def test_a_device_of_others_is_not_changed(client_with: MakeClient) -> None:
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    add_device("core1").tags.add(theirs)
    answer = send(client_with(*ADD, "devices.change_device"), f"{HEAD}\ncore1,192.0.2.7,ios\n", "?update=true")
    assert list(problem_of(answer)["errors"]) == ["2.hostname"]
    assert Device.objects.get().address == "192.0.2.1"


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_can_be_imported_again(root: APIClient, form: str) -> None:
    send(root, TABLE)
    add_device("formula", description='=HYPERLINK("http://x")')
    add_device("quoted", description="'=1+1")
    add_device("mark", description="'")
    text = exported(root, f"?format={form}")
    facts = ("hostname", "address", "platform", "port", "credential", "gateway", "enabled", "description", "tags__name")
    before = sorted(Device.objects.values_list(*facts), key=str)
    unchanged = send(root, text, "?update=true") if form == "csv" else root.post(f"{URL}?update=true", json.loads(text))
    assert unchanged.json()["unchanged"] == 5
    Device.objects.all().delete()
    again = send(root, text) if form == "csv" else root.post(URL, json.loads(text))
    assert again.json()["created"] == 5
    assert sorted(Device.objects.values_list(*facts), key=str) == before


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_an_export_is_a_formula(root: APIClient, text: str) -> None:
    device = add_device("core1", description=f"{text} of")
    device.tags.add(Tag.objects.create(name=text.strip() or text))
    for row in csv.reader(io.StringIO(exported(root), newline="")):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(st.text())
def test_a_guarded_cell_is_itself_again_and_never_a_formula(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(description=_TEXTS, tags=st.lists(_TEXTS.map(str.strip).filter(bool), max_size=3, unique=True))
def test_any_text_survives_the_table(description: str, tags: list[str]) -> None:
    row = {"hostname": "a", "address": "b", "platform": "c", "description": description, "tags": tags}
    table = "".join(csv_lines(iter([row]), list(row)))
    assert read_table(table) == [(2, row)]


def test_who_may_not_see_credentials_exports_none_and_takes_none_away(client_with: MakeClient) -> None:
    device = add_device("core1", credential=add_credential("shared"))
    client = client_with(*ADD, "devices.change_device")
    text = exported(client)
    assert "shared" not in text
    assert text.splitlines()[0] == "hostname,address,platform,port,tags,gateway,enabled,description"
    assert send(client, text, "?update=true").json()["unchanged"] == 1
    device.refresh_from_db()
    assert device.credential is not None


def test_no_secret_is_exported(root: APIClient) -> None:
    add_device("core1", credential=add_credential("shared"))
    assert "s3cret" not in exported(root) + exported(root, "?format=json")


def test_an_export_has_the_filters_of_the_list(root: APIClient, client_with: MakeClient) -> None:
    hidden = add_device("hidden")
    theirs = Tag.objects.create(name="theirs")
    theirs.groups.add(Group.objects.create(name="others"))
    hidden.tags.add(theirs)
    add_device("core1")
    add_device("edge1", platform=Platform.objects.get(slug="eos"))
    assert [row["hostname"] for row in json.loads(exported(root, "?format=json&platform=eos"))] == ["edge1"]
    mine = json.loads(exported(client_with("devices.view_device"), "?format=json&ordering=-hostname"))
    assert [row["hostname"] for row in mine] == ["edge1", "core1"]
    assert json.loads(exported(root, "?format=json&search=nothing")) == []
    for query in ("format=xml", "platfrom=ios", "page=2"):
        assert wrong_fields(root.get(f"/api/devices/export?{query}")) == [query.split("=")[0]]


def test_a_large_table_costs_a_bounded_number_of_queries(root: APIClient, django_assert_max_num_queries: Any) -> None:
    tag = Tag.objects.create(name="core")
    rows = "".join(f"d{number:04},192.0.2.1,ios,core\n" for number in range(2000))
    with django_assert_max_num_queries(100):  # SQLite takes fifty rows at once
        assert send(root, f"{HEAD},tags\n{rows}").json()["created"] == 2000
    assert tag.devices.count() == 2000
    with django_assert_max_num_queries(40):
        assert len(exported(root).splitlines()) == 2001
