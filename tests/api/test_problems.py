"""Errors are problem documents, and each request has an id, wherever in NetRaven it fails."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.core.signals import got_request_exception
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from backups.models import Job
from credentials.models import Credential
from netraven.logs import SHARED_PROCESSORS
from netraven.problems import KINDS, kind_of, split_errors
from tests.api.conftest import MakeClient, add_device, problem_of

pytestmark = pytest.mark.django_db
UNTOUCHED = "an untouched request id".replace(" ", "-")


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """What the process log gets, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=list(SHARED_PROCESSORS))
    )
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def break_serializer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("s3cret inner detail")

    monkeypatch.setattr("credentials.api.serializers.IsSetField.to_representation", fail)


def test_a_wrong_value_is_a_document_with_sentences_by_field(root: APIClient) -> None:
    answer = root.post("/api/devices", {"hostname": "core1", "port": 0})
    document = problem_of(answer)
    assert (document["type"], document["status"]) == ("/problems/validation", 400)
    assert document["instance"] == "/api/devices"
    assert list(document["errors"]) == ["address", "platform", "port"]
    assert document["errors"]["address"] == ["This field is required."]
    assert "port: Ensure this value is greater than or equal to 1." in document["detail"]


def test_an_entry_of_a_list_is_named_by_its_place(root: APIClient) -> None:
    document = problem_of(root.post("/api/jobs", {"devices": ["x"]}))
    assert list(document["errors"]) == ["devices.0"]


@pytest.mark.parametrize(
    ("data", "detail", "errors"),
    [
        ({"detail": "A sentence."}, "A sentence.", {}),
        (["One.", "Two."], "One. Two.", {}),
        ({"non_field_errors": ["Both at once."]}, "Both at once.", {}),
        ({"a": ["b", "c"]}, "a: b", {"a": ["b", "c"]}),
        ({"a": {"b": {"non_field_errors": ["c"]}}}, "a.b: c", {"a.b": ["c"]}),
        ({"a": [{}, {"b": ["c"]}]}, "a.1.b: c", {"a.1.b": ["c"]}),
        ({n: [n] for n in "abcde"}, "a: a b: b c: c 2 more fields are wrong.", {n: [n] for n in "abcde"}),
    ],
)
def test_errors_are_flat(data: Any, detail: str, errors: dict[str, list[str]]) -> None:
    assert split_errors(data) == (detail, errors)


def test_every_kind_has_its_own_uri_and_unknown_statuses_one_too() -> None:
    assert len({kind.uri for kind in KINDS}) == len(KINDS)
    assert (kind_of(418).uri, kind_of(418).status) == ("/problems/other", 418)


def test_each_kind_is_documented(settings: Settings) -> None:
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    assert not [kind.uri for kind in KINDS if f"`{kind.uri}`" not in text]


@pytest.mark.parametrize("debug", [False, True])
def test_what_django_refuses_is_a_document(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    answer = Client().get("/api/devices", headers={"host": "evil.example.net"})
    assert answer.status_code == 400
    assert problem_of(answer)["type"] == "/problems/bad-request"
    assert b"evil" not in answer.content


@pytest.mark.parametrize("debug", [False, True])
def test_a_mistake_of_our_own_is_a_document_without_a_traceback(
    root: APIClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: io.StringIO,
    debug: bool,
) -> None:
    settings.DEBUG = debug
    Credential.objects.create(name="core", username="u")
    break_serializer(monkeypatch)
    root.raise_request_exception = False
    answer = root.get("/api/credentials", HTTP_X_REQUEST_ID="the-one-that-failed")
    assert answer.status_code == 500
    assert problem_of(answer)["request_id"] == "the-one-that-failed"
    assert b"s3cret" not in answer.content
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["request_id"] for line in lines if "exception" in line] == ["the-one-that-failed"]


def test_a_mistake_is_still_signalled(root: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    Credential.objects.create(name="core", username="u")
    break_serializer(monkeypatch)
    seen: list[object] = []

    def note(**details: object) -> None:
        seen.append(details["request"])

    got_request_exception.connect(note)
    root.raise_request_exception = False
    root.get("/api/credentials")
    got_request_exception.disconnect(note)
    assert len(seen) == 1


def test_pages_keep_their_own_errors(client: Client) -> None:
    answer = client.get("/nothing-here")
    assert answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_the_root_without_a_slash_is_not_redirected(method: str) -> None:
    answer = getattr(APIClient(), method)("/api")
    assert (answer.status_code, problem_of(answer)["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "host:17.4_x-" + "y" * 52])
def test_a_request_id_is_taken_and_given_back(sent: str) -> None:
    assert APIClient().get("/api/nothing", HTTP_X_REQUEST_ID=sent)["X-Request-ID"] == sent
    assert Client().get(reverse("admin:login"), headers={"x-request-id": sent})["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "ä", "a\tb", "<script>", '"', "\x00", "{}"])
def test_a_request_id_that_could_do_harm_is_replaced(sent: str) -> None:
    given = [APIClient().get("/api/nothing", HTTP_X_REQUEST_ID=sent)["X-Request-ID"] for _ in range(2)]
    assert all(len(request_id) == 32 and request_id != sent for request_id in given)
    assert given[0] != given[1]


def test_the_id_of_a_request_is_kept_with_its_job_and_no_longer_bound_after_it(client_with: MakeClient) -> None:
    client = client_with("backups.run_backup")
    client.post(f"/api/devices/{add_device().pk}/backup", HTTP_X_REQUEST_ID=UNTOUCHED)
    assert Job.objects.get().metadata["request_id"] == UNTOUCHED
    assert "request_id" not in structlog.contextvars.get_contextvars()
