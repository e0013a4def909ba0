"""`GET /api/search`."""

from typing import Any

import pytest
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from backups.search import searching
from devices.models import Device
from tests.api.conftest import MakeClient, add_backup, add_device, problem_of

pytestmark = pytest.mark.django_db
READER = ("backups.view_backup", "backups.view_config")
CONFIG = b"hostname core1\n!\nsnmp-server community hunter2 RO\n!\nend\n"


@pytest.fixture
def device() -> Device:
    device = add_device()
    add_backup(device, content=CONFIG)
    return device


def test_lines_are_found_with_what_is_around_them(root: APIClient, device: Device) -> None:
    answer = root.get("/api/search", {"q": "COMMUNITY hunter"}).json()
    assert answer.pop("seconds") < 5
    (found,) = answer.pop("results")
    assert answer == {
        "next": None,
        "masked": False,
        "searched": 1,
        "total": 1,
        "timed_out": False,
        "without_configuration": 0,
        "unread": 0,
        "unreadable": [],
    }
    (run,) = found.pop("runs")
    backup = device.backups.get()
    assert found == {
        "device": str(device.pk),
        "hostname": "core1",
        "platform": "ios",
        "newest_backup": str(backup.pk),
        "whole": True,
    }
    (block,) = run["blocks"]
    assert [line["number"] for line in block] == [1, 2, 3, 4, 5]
    assert block[2] == {
        "number": 3,
        "text": "snmp-server community hunter2 RO",
        "hit": True,
        "start": 12,
        "end": 28,
    }


def test_secrets_are_masked_for_who_may_not_read_them(client_with: MakeClient, root: APIClient, device: Device) -> None:
    reader = client_with(*READER)
    answer = reader.get("/api/search", {"q": "snmp-server"})
    assert answer.json()["masked"] is True
    assert b"hunter2" not in answer.content
    assert reader.get("/api/search", {"q": "hunter2"}).json()["results"] == []
    assert reader.get("/api/search", {"q": "x", "masked": "false"}).status_code == 403
    assert root.get("/api/search", {"q": "hunter2", "masked": "true"}).json()["results"] == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, "q"),
        ({"q": "(?=a)", "regex": "true"}, "q"),
        ({"q": "a", "regex": "1"}, "regex"),
        ({"q": "a", "find": "none"}, "find"),
        ({"q": "a", "versions": "some"}, "versions"),
        ({"q": "a", "tags": "core"}, "tags"),
        ({"q": "a", "tag": "\x00"}, "tag"),
    ],
)
def test_what_is_wrong_is_named(root: APIClient, query: dict[str, str], wrong: str) -> None:
    assert list(problem_of(root.get("/api/search", query))["errors"]) == [wrong]


def test_next_leads_through_all_of_them(root: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "ABSENT", 1)
    for number in range(3):
        add_backup(add_device(f"core{number}"), content=CONFIG)
    url: Any = "/api/search?q=nothing&find=absent"
    found = []
    while url:
        answer = root.get(url).json()
        found += [row["hostname"] for row in answer["results"]]
        url = answer["next"]
    assert found == ["core0", "core1", "core2"]


def test_searches_are_counted(client_with: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "heavy", "2/min")
    reader = client_with(*READER)
    assert [reader.get("/api/search", {"q": "x"}).status_code for _ in range(3)] == [200, 200, 429]
